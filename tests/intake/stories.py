"""Stories of one person: what each partner states in turn, in which nobody speaks out of turn."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from shared.contracts import (
    ContractKind,
    Data,
    LeaveReason,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantResumed,
    ParticipantStepped,
    ParticipantTransferAccepted,
    ParticipantTransferDeclined,
    ParticipantTransferOffered,
    PlaceChanged,
    PlacementChanged,
    PlacementChangeReason,
    PlacementEnded,
    PlacementEndReason,
    Rung,
    Stream,
    TransferDeclineReason,
)
from shared.messaging.event import Event
from tests.intake.support import advised, at, decided, event, place, registered, started

GUIDES: Final = ("menso", "buurtsupport", "school")


@dataclass(slots=True)
class Teller:
    """Makes up a story, keeping to what may be stated.

    Attributes:
        told: partner and data, in the order in which it happened.
    """

    told: list[tuple[str, Data]] = field(default_factory=list)
    guide: str = "menso"
    guided: set[str] = field(default_factory=lambda: {"menso"})
    paused: bool = False
    transfers: int = 0
    running: bool = False
    placements: int = 0

    def day(self) -> date:
        """A later day each time."""
        return date(2020, 1, 6) + timedelta(days=30 * len(self.told))

    def say(self, name: str, data: Data) -> None:
        """One event more."""
        self.told.append((name, data))

    def next(self, draw: Any) -> None:
        """What happens next."""
        choices = [
            self.step,
            self.pause,
            self.advice,
            self.hand_over,
            self.decline,
            self.work,
            self.change_place,
        ]
        draw(st.sampled_from(choices))(draw)

    def step(self, draw: Any) -> None:
        """To another rung."""
        rung = draw(st.sampled_from([Rung.WORK_WITH_BENEFIT, Rung.LEARN_WORK, Rung.DAY_ACTIVITY]))
        self.say(self.guide, ParticipantStepped(participant="p-1", rung=rung, stepped_on=self.day()))

    def pause(self, _draw: Any) -> None:
        """Into a pause, or out of it."""
        day = self.day()
        data = (
            ParticipantResumed(participant="p-1", resumed_on=day)
            if self.paused
            else ParticipantPaused(participant="p-1", paused_on=day)
        )
        self.paused = not self.paused
        self.say(self.guide, data)

    def advice(self, draw: Any) -> None:
        """UWV or the municipality."""
        if draw(st.booleans()):
            self.say("uwv", advised())
        else:
            self.say("gemeente-emmen", decided(on=self.day()))

    def hand_over(self, draw: Any) -> None:
        """To a guide that never guided the person, who accepts.

        Back to one that did is left out: its second time could be taken for its first.
        """
        fresh = [name for name in GUIDES if name not in self.guided]
        if not fresh:
            return
        to = self.offer(draw, fresh)
        transfer = f"t-{self.transfers}"
        self.say(
            to, ParticipantTransferAccepted(transfer=transfer, participant="p-1", accepted_on=self.day())
        )
        self.guide = to
        self.guided.add(to)

    def decline(self, draw: Any) -> None:
        """To another guide, who declines."""
        to = self.offer(draw, [name for name in GUIDES if name != self.guide])
        declined = ParticipantTransferDeclined(
            transfer=f"t-{self.transfers}",
            participant="p-1",
            declined_on=self.day(),
            reason=TransferDeclineReason.NO_ROOM,
        )
        self.say(to, declined)

    def offer(self, draw: Any, others: Sequence[str]) -> str:
        """An offer to another guide."""
        to: str = draw(st.sampled_from(others))
        self.transfers += 1
        offer = ParticipantTransferOffered(
            transfer=f"t-{self.transfers}", participant="p-1", to=to, offered_on=self.day()
        )
        self.say(self.guide, offer)
        return to

    def work(self, draw: Any) -> None:
        """A placement starts; one that runs is changed or ends."""
        if not self.running:
            self.placements += 1
            ends_on = self.day() + timedelta(days=365)
            self.say("emco", started(f"pl-{self.placements}", on=self.day(), ends_on=ends_on))
            self.running = True
        elif draw(st.booleans()):
            changed = PlacementChanged(
                placement=f"pl-{self.placements}",
                participant="p-1",
                changed_on=self.day(),
                hours=Decimal(20),
                ends_on=self.day() + timedelta(days=100),
                contract=ContractKind.TEMPORARY,
                reason=PlacementChangeReason.HOURS,
            )
            self.say("emco", changed)
        else:
            ended = PlacementEnded(
                placement=f"pl-{self.placements}",
                participant="p-1",
                ended_on=self.day(),
                reason=PlacementEndReason.STEP_UP,
            )
            self.say("emco", ended)
            self.running = False

    def change_place(self, _draw: Any) -> None:
        """The place is described anew."""
        self.say("emco", PlaceChanged.sample().model_copy(update={"place": "emco-1"}))


@st.composite
def stories(draw: Any) -> list[tuple[str, Data]]:
    """A story that begins with a person and a place."""
    teller = Teller()
    teller.say("menso", registered())
    teller.say("emco", place())
    for _ in range(draw(st.integers(0, 14))):
        teller.next(draw)
    if draw(st.booleans()):
        left = ParticipantLeft(participant="p-1", left_on=teller.day(), reason=LeaveReason.MOVED_AWAY)
        teller.say(teller.guide, left)
    return teller.told


@st.composite
def strange_facts(draw: Any) -> list[tuple[str, Data]]:
    """Facts on partners' streams that need make no sense together: streams are other people's."""
    partners = st.sampled_from([*GUIDES, "emco"])
    transfer, to = st.sampled_from(["t-1", "t-2"]), st.sampled_from(GUIDES)
    day = st.dates(date(2020, 1, 1), date(2021, 12, 31))
    kinds = st.one_of(
        st.builds(registered, on=day, rung=st.sampled_from([Rung.WORK_WITH_BENEFIT, Rung.DAY_ACTIVITY])),
        st.builds(ParticipantMoved, participant=st.just("p-1"), municipality=st.just("0109"), moved_on=day),
        st.builds(
            ParticipantLeft, participant=st.just("p-1"), left_on=day, reason=st.just(LeaveReason.OTHER)
        ),
        st.builds(
            ParticipantTransferOffered, transfer=transfer, participant=st.just("p-1"), to=to, offered_on=day
        ),
        st.builds(
            ParticipantTransferAccepted, transfer=transfer, participant=st.just("p-1"), accepted_on=day
        ),
        st.builds(
            started,
            placement=st.sampled_from(["pl-1", "pl-2"]),
            ends_on=day.map(lambda d: d + timedelta(days=900)),
        ),
        st.builds(
            PlacementEnded,
            placement=st.sampled_from(["pl-1", "pl-2"]),
            participant=st.just("p-1"),
            ended_on=day,
            reason=st.just(PlacementEndReason.OTHER),
        ),
        st.just(place()),
    )
    facts: list[tuple[str, Data]] = draw(st.lists(st.tuples(partners, kinds), max_size=12))
    return facts


def as_events(
    story: Sequence[tuple[str, Data]], stream: Stream | None = None, minutes: Sequence[int] | None = None
) -> list[Event]:
    """The story as events; those of one partner bear times that do not go back."""
    made, last = [], dict.fromkeys((name for name, _ in story), 0)
    for number, (name, data) in enumerate(story):
        minute = last[name] = max(last[name], number if minutes is None else minutes[number])
        made.append(event(name, data, at(minute), stream=stream or Stream.INBOX, number=f"e-{number}"))
    return made


@st.composite
def interleaved(draw: Any, events: Sequence[Event]) -> list[Event]:
    """The same events in another order, in which each partner's keep theirs per key."""
    queues: dict[tuple[str, str], deque[Event]] = defaultdict(deque)
    for each in events:
        queues[each.partner, each.key].append(each)
    order = []
    while queues:
        topic = draw(st.sampled_from(sorted(queues)))
        order.append(queues[topic].popleft())
        if not queues[topic]:
            del queues[topic]
    return order
