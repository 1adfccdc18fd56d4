"""One try of one message: who is it for, what does it say, and did the mail server take it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime

from services.notifications.jobs import Due
from services.notifications.letters import Signature, Unwritable, Writer
from services.notifications.mail import Delivery, Mailer, MailServer, compose
from services.notifications.rules.sending import Failed, Suppressed, reason_not_to_send
from services.notifications.vault import Entry, NoEntry, Vaults
from shared.contracts import FailureCode, SuppressReason
from shared.messaging.registry import AMSTERDAM, Registry

log = logging.getLogger(__name__)


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

    async def bring(
        self, due: Due, registry: Registry, *, now: datetime, hand_over: Callable[[], Awaitable[None]]
    ) -> Delivery:
        """Try to bring one message.

        Args:
            now: the moment that counts, which in a scenario is not the wall's.
            hand_over: called just before the mail server gets the message.
        """
        reason = reason_not_to_send(
            erased=due.erased,
            deceased=due.deceased,
            expires_on=_expiry(due),
            today=now.astimezone(AMSTERDAM).date(),
        )
        if reason is not None:
            return Delivery(Suppressed(reason))
        guide = registry.partners.get(due.guide)
        entry = await self.vaults.look_up(
            guide=due.guide,
            dataref=due.dataref,
            vault=None if guide is None else guide.vault,
            purpose=f"notification:{due.message.template}",
        )
        if isinstance(entry, NoEntry):
            return Delivery(entry.verdict, entry.reply)
        objection = entry.objection()
        if objection is not None or entry.email is None:
            return Delivery(Suppressed(objection or SuppressReason.NO_ADDRESS))
        return await self._hand_in(due, entry, entry.email, registry, now, hand_over)

    async def _hand_in(
        self,
        due: Due,
        entry: Entry,
        address: str,
        registry: Registry,
        now: datetime,
        hand_over: Callable[[], Awaitable[None]],
    ) -> Delivery:
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
        mail = compose(letter, notification=due.message.notification, to=address, at=now, server=self.server)
        if mail is None:
            return Delivery(Failed(FailureCode.ADDRESS_REFUSED))
        return await self.mailer.deliver(mail, hand_over)


def _expiry(due: Due) -> date | None:
    last = due.params.get("expires_on")
    return None if last is None else date.fromisoformat(last)


def _shown(registry: Registry, partner: str) -> str:
    """A partner's name as people know it."""
    known = registry.partners.get(partner)
    return partner if known is None else known.display_name
