"""One try of each message: who is it for, what does it say, and did the mail server take it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.notifications.composing import compose
from services.notifications.jobs import Due
from services.notifications.letters import Signature, Unwritable, Writer
from services.notifications.mail import Delivery, Mailer, MailServer
from services.notifications.rules.messages import Message
from services.notifications.rules.sending import Failed, Suppressed, reason_not_to_send
from services.notifications.vault import Answer, Entry, NoEntry, Question, Vaults
from shared.contracts import FailureCode
from shared.messaging.registry import AMSTERDAM, Registry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that can be written, or of which it is known already that it is not sent now.

    Attributes:
        found: who it is for; or what came of it.
        registry: the partners when it was prepared.
        now: the moment that counts, which in a scenario is not the wall's.
        at: when that was asked, by the event loop's clock.
    """

    due: Due
    found: Entry | Delivery
    registry: Registry
    now: datetime
    at: float


@dataclass(frozen=True, slots=True)
class Office:
    """What it takes to write and bring a message.

    Attributes:
        operator: the partner in whose name it is sent.
        desk: name of the desk that signs.
        phone: its telephone number.
    """

    operator: str
    vaults: Vaults
    writer: Writer
    server: MailServer
    mailer: Mailer
    desk: str
    phone: str

    async def prepare(
        self, dues: Sequence[Due], registry: Registry, now: Callable[[Message], datetime]
    ) -> list[Prepared]:
        """Find out for each message whether it is sent, and to whom.

        No vault is asked about somebody who is not written to.
        """
        at = asyncio.get_running_loop().time()
        times = [now(due.message) for due in dues]
        known = [due.earlier or _suppressed(due, moment) for due, moment in zip(dues, times, strict=True)]
        asked = [due for due, verdict in zip(dues, known, strict=True) if verdict is None]
        answers = iter(await self.vaults.look_up([_question(due, registry) for due in asked]))
        return [
            Prepared(
                due,
                _found(next(answers)) if verdict is None else Delivery(verdict),
                registry,
                moment,
                at,
            )
            for due, moment, verdict in zip(dues, times, known, strict=True)
        ]

    async def bring(self, prepared: Prepared, hand_over: Callable[[], Awaitable[None]]) -> Delivery:
        """Try to bring one message.

        Args:
            hand_over: called just before the mail server gets the message.
        """
        entry, due, registry = prepared.found, prepared.due, prepared.registry
        if isinstance(entry, Delivery):
            return entry
        assert entry.email is not None  # noqa: S101 - who has none is suppressed above
        try:
            letter = self.writer.write(
                due.message.template,
                due.params,
                name=entry.name,
                guide=_shown(registry, due.guide),
                host=_shown(registry, due.params.get("host", "")),
                signature=Signature(self.desk, self.phone, _shown(registry, self.operator)),
            )
        except Unwritable as error:
            log.error("a message cannot be written: %s", error)  # noqa: TRY400 - the sentence says it all
            return Delivery(Failed(FailureCode.TEMPLATE_INVALID))
        mail = compose(
            letter,
            notification=due.message.notification,
            to=entry.email,
            at=prepared.now,
            server=self.server,
        )
        if mail is None:
            return Delivery(Failed(FailureCode.ADDRESS_REFUSED))
        return await self.mailer.deliver(mail, hand_over)


def _suppressed(due: Due, now: datetime) -> Suppressed | None:
    last = due.params.get("expires_on")
    reason = reason_not_to_send(
        erased=due.erased,
        deceased=due.deceased,
        expires_on=None if last is None else date.fromisoformat(last),
        today=now.astimezone(AMSTERDAM).date(),
    )
    return None if reason is None else Suppressed(reason)


def _question(due: Due, registry: Registry) -> Question:
    guide = registry.partners.get(due.guide)
    return Question(
        guide=due.guide,
        dataref=due.dataref,
        vault=None if guide is None else guide.vault,
        purpose=f"notification:{due.message.template}",
    )


def _found(answer: Answer) -> Entry | Delivery:
    if isinstance(answer, NoEntry):
        return Delivery(answer.verdict, answer.reply)
    objection = answer.objection()
    return answer if objection is None else Delivery(Suppressed(objection))


def _shown(registry: Registry, partner: str) -> str:
    """A partner's name as people know it."""
    known = registry.partners.get(partner)
    return partner if known is None else known.display_name
