"""Each invariant of what the services decide sees the smallest log that breaks it, and one that does not."""

from __future__ import annotations

from typing import Any

from tests.chaos.checker.invariants.figures import FiguresAsReported
from tests.chaos.checker.invariants.messages import OneMessageAStep
from tests.chaos.checker.invariants.rounds import EveryRoundExplained
from tests.chaos.checker.invariants.ways import BridgesAndWaysBack
from tests.chaos.checker.log import Told
from tests.chaos.made_up import Saw, told, verdict

_ON = "2021-01-31"
_FUND = {"fund": "ministry", "target": "40", "provisional": False, "set_for": 2021, "source": "x"}


def _reported(contracts: int, on: str = _ON, target: str = "40") -> Told:
    fund = _FUND | {"realised": str(contracts), "target": target}
    return told(
        "figures.reported", "0114", stream="quota", partner="gemeente-emmen", municipality="0114", on=on,
        year=2021, unit="contracts", target=target, realised=str(contracts), contracts=contracts,
        funds=[fund],
    )  # fmt: skip


def _facts(person: str = "p-1", home: str = "0114", placement: str = "c") -> list[Told]:
    return [
        told("targets.set", "0114", stream="intake", year=2021, fund="ministry", number="40"),
        told("participants.registered", person, stream="intake", municipality=home),
        told(
            "placements.started", person, stream="intake", placement=placement, rung="sheltered_work",
            contract="temporary", starts_on="2021-01-04", ends_on="2021-06-30",
        ),
    ]  # fmt: skip


def _ended(on: str, **more: Any) -> Told:
    return told("placements.ended", stream="intake", placement="c", ended_on=on, **more)


def _shows(report: Told, contracts: int, waiting: int = 0, bridged: int = 0) -> Saw:
    now = {"contracts": contracts, "waiting": waiting, "bridged": bridged}
    answers: dict[str, Any] = {"quota_reports": [report.data], f"quota_{report.data['on']}": {"now": now}}
    return Saw(**answers)


async def test_a_report_is_said_once_for_each_month_and_shown_as_it_was_said() -> None:
    """Said twice; a month left out; shown otherwise."""
    facts, one = _facts(), _reported(1)
    assert await verdict(FiguresAsReported(), _shows(one, 1), *facts, one) == []
    assert await verdict(FiguresAsReported(), _shows(one, 1), *facts, one, _reported(1)) == ["doubled"]
    assert await verdict(FiguresAsReported(), _shows(_reported(0), 1), *facts, one) == ["lost"]
    march = _reported(1, "2021-03-31")
    shown = Saw(
        **_shows(one, 1).answers | _shows(march, 1).answers | {"quota_reports": [one.data, march.data]}
    )
    assert await verdict(FiguresAsReported(), shown, *facts, one, march) == ["lost"]


async def test_figures_are_what_the_log_adds_up_to() -> None:
    """More than can have been known, less than quota told to be used, nobody's number, a sum that is off."""
    facts, used = _facts(), told("reservations.used", "0114", stream="quota", placement="c")
    two, none = _reported(2), _reported(0)
    assert await verdict(FiguresAsReported(), _shows(two, 1), *facts, two) == ["doubled"]
    assert await verdict(FiguresAsReported(), _shows(none, 1), *facts, none) == []
    late = _reported(0)
    assert await verdict(FiguresAsReported(), _shows(late, 1), *facts, used, late) == ["lost"]
    other = _reported(1, target="41")
    assert await verdict(FiguresAsReported(), _shows(other, 1), *facts, other) == ["doubled"]
    one = _reported(1)
    assert await verdict(FiguresAsReported(), _shows(one, 0), *facts, one) == ["lost"]
    assert await verdict(FiguresAsReported(), _shows(one, 0), *facts, one, _ended("2021-01-20")) == []
    assert await verdict(FiguresAsReported(), _shows(one, 0), *facts, one, _ended("2021-02-20")) == ["lost"]


async def test_a_merged_municipality_is_counted_from_its_day() -> None:
    """Before the merger the neighbour's contract is not counted here, and from it on it is."""
    facts, none, one = _facts(home="9801"), _reported(0), _reported(1)

    def merged(code: str, into: str, on: str) -> Told:
        return told(
            "municipalities.merged", into, stream="intake", municipality=into, predecessors=[code],
            merged_on=on,
        )  # fmt: skip

    steps = [merged("9801", "9701", "2021-01-10"), merged("9701", "0114", "2021-01-31")]
    assert await verdict(FiguresAsReported(), _shows(one, 1), *facts, *steps, one) == []
    assert await verdict(FiguresAsReported(), _shows(one, 1), *facts, one) == ["doubled", "doubled"]
    later = merged("9801", "0114", "2021-02-01")
    assert await verdict(FiguresAsReported(), _shows(none, 0), *facts, later, none) == []
    assert await verdict(FiguresAsReported(), _shows(none, 1), *facts, later, none) == ["doubled"]


async def test_who_waits_and_with_what_is_what_matching_told() -> None:
    """On the list, with a bridge, without one any more, and off the list."""
    joined = told("waiting.joined", joined_on="2021-01-05", municipality="0114")
    offered = told("bridges.offered", offered_on="2021-01-06", municipality="0114")
    ended = told("bridges.ended", ended_on="2021-01-20", municipality="0114")
    left = told("waiting.left", left_on="2021-01-31", municipality="0114", reason="left")
    number, none = _facts()[0], _reported(0)

    async def found(waiting: int, bridged: int, *log: Told) -> list[str]:
        return await verdict(FiguresAsReported(), _shows(none, 0, waiting, bridged), number, *log, none)

    assert await found(1, 1, joined, offered) == []
    assert await found(1, 0, joined, offered) == ["lost"]
    assert await found(1, 0, joined, offered, ended) == []
    assert await found(1, 1, joined, offered, ended) == ["doubled"]
    assert await found(0, 0, joined, left) == []
    assert await found(1, 0, joined, left) == ["doubled"]


def _weighed(free: int, left: int, cause: str = "tick-1") -> Told:
    return told(
        "places.weighed", "emco-groen", cause=cause, place="emco-groen", seats_free=free, seats_left=left,
        weighed_on="2021-01-05",
    )  # fmt: skip


def _asked(cause: str = "tick-1", person: str = "p-2") -> Told:
    return told(
        "reservations.requested", "0114", cause=cause, participant=person, place="emco-groen",
        reservation=f"r-{person}",
    )  # fmt: skip


async def test_a_place_is_weighed_once_a_round_and_its_seats_are_accounted_for() -> None:
    """Twice in a round; a seat that went to nobody; one that was given and is still there; not weighed."""
    asked = _asked()
    assert await verdict(EveryRoundExplained(), Saw(), _weighed(2, 1), asked) == []
    assert await verdict(EveryRoundExplained(), Saw(), _weighed(2, 1), _weighed(2, 1), asked) == ["doubled"]
    assert await verdict(EveryRoundExplained(), Saw(), _weighed(2, 1)) == ["lost"]
    assert await verdict(EveryRoundExplained(), Saw(), _weighed(2, 2), asked) == ["doubled"]
    assert await verdict(EveryRoundExplained(), Saw(), asked) == ["lost"]


async def test_who_waits_without_a_proposal_was_told_why() -> None:
    """Nothing told; told; told the same twice; a proposal stands; it fell and nothing was told."""
    joined = told("waiting.joined")
    passed = told("waiting.passed-over", reason="no-room", profile="f-1", cause="tick-1")
    asked = _asked(person="p-1")
    weighed = _weighed(1, 0)
    reason = {"place": "emco-groen", "round_on": "2021-01-05", "sentence": "Vol.", "answer": "no-room"}
    shown = Saw(matching_reasons=[reason])
    assert await verdict(EveryRoundExplained(), Saw(), joined) == ["lost"]
    assert await verdict(EveryRoundExplained(), Saw(), joined, passed) == []
    assert await verdict(EveryRoundExplained(), Saw(), joined, passed, passed) == ["doubled"]
    assert await verdict(EveryRoundExplained(), shown, joined, asked, weighed) == []
    fell = told("proposals.expired", reservation="r-p-1", proposal="q")
    assert await verdict(EveryRoundExplained(), shown, joined, asked, weighed, fell) == ["lost"]
    left = told("waiting.left", reason="left")
    assert await verdict(EveryRoundExplained(), Saw(), joined, left) == []


async def test_the_door_gives_a_reason_for_each_place_weighed() -> None:
    """No row; a row; a row that says that who was passed over was not in line."""
    log = [
        told("waiting.joined"),
        _weighed(1, 1),
        told("waiting.passed-over", reason="no-fit", profile=None, cause="tick-1"),
    ]
    row = {"place": "emco-groen", "round_on": "2021-01-05", "sentence": "Past niet.", "answer": "requirement"}
    assert await verdict(EveryRoundExplained(), Saw(), *log) == ["lost"]
    assert await verdict(EveryRoundExplained(), Saw(matching_reasons=[row]), *log) == []
    unknown = row | {"answer": "not-in-line"}
    assert await verdict(EveryRoundExplained(), Saw(matching_reasons=[unknown]), *log) == ["lost"]


async def test_a_bridge_begins_and_ends_in_turn() -> None:
    """Offered twice; ended without a beginning; over, and not told."""
    joined = told("waiting.joined", joined_on="2021-01-05", decided_on="2021-01-05")
    offered = told("bridges.offered", offered_on="2021-01-06")
    ended = told("bridges.ended", ended_on="2021-01-20")
    begun = told(
        "placements.started", stream="intake", placement="c", rung="learn_work", starts_on="2021-01-06"
    )
    over = _ended("2021-01-19", reason="contract-end")
    stepped = told("participants.stepped", stream="intake", rung="learn_work", stepped_on="2021-01-10")
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, offered, ended, offered) == []
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, offered, offered) == ["doubled"]
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, ended) == ["doubled"]
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, begun, offered) == []
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, begun, offered, over) == ["lost"]
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, begun, offered, over, ended) == []
    assert await verdict(BridgesAndWaysBack(), Saw(), joined, begun, offered, over, stepped) == []


async def test_who_steps_back_from_a_job_is_in_line_as_before() -> None:
    """Never back; back with the date of before, with another, and from what was not left for a job."""
    decided = told("participants.decided", stream="intake", outcome="granted", decided_on="2021-01-04")
    first = told("waiting.joined", joined_on="2021-01-04", decided_on="2021-01-04")
    job = _facts()[2]
    left = told("waiting.left", left_on="2021-01-05", reason="placed")
    up = _ended("2021-02-01", reason="step-up")
    down = told("participants.stepped", stream="intake", rung="learn_work", stepped_on="2021-02-09")

    def back(decided_on: str) -> Told:
        return told("waiting.joined", joined_on="2021-02-09", decided_on=decided_on, back_from="c")

    before = [decided, first, job, left]
    assert await verdict(BridgesAndWaysBack(), Saw(), *before, up, down, back("2021-01-04")) == []
    assert await verdict(BridgesAndWaysBack(), Saw(), *before, up, down) == ["lost"]
    assert await verdict(BridgesAndWaysBack(), Saw(), *before, up, down, back("2021-02-09")) == ["lost"]
    other = _ended("2021-02-01", reason="contract-end")
    assert await verdict(BridgesAndWaysBack(), Saw(), *before, other, down, back("2021-01-04")) == ["doubled"]
    assert await verdict(BridgesAndWaysBack(), Saw(), *before, other, down) == []


async def test_who_lives_elsewhere_is_written_to_by_nobody_here() -> None:
    """No message; a message, which is one too many."""
    step = told("participants.registered", stream="intake", municipality="9801", registered_on="2021-01-04")
    queued = told("notifications.queued", stream="notifications", notification="m", template="welcome")
    ended = told("notifications.suppressed", stream="notifications", notification="m", code="no-address")
    assert await verdict(OneMessageAStep(), Saw(), step) == []
    assert await verdict(OneMessageAStep(), Saw(), step, queued, ended) == ["messages_doubled"]
