"""What council and college laid down for the list: its order, terms, and how hours are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from shared.contracts import AnsweredBy, OrderKey, PolicyAdopted, PolicyKind


class Policy(Struct, frozen=True):
    """One adopted policy; of two for the same first day, the one stated last."""

    municipality: str
    kind: PolicyKind
    valid_from: date
    policy: str
    keys: tuple[str, ...] = ()
    priority_groups: tuple[str, ...] = ()
    answer_days: int | None = None
    reservation_days: int | None = None
    bridge_within_days: int | None = None
    answers_needed: tuple[str, ...] = ()
    hours_per_unit: Decimal | None = None

    @property
    def order(self) -> tuple[OrderKey, ...]:
        """What the order compares, the weightiest first."""
        return tuple(OrderKey(key) for key in self.keys)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things may take, in days, and whose yes a proposal needs.

    Without adopted terms: two weeks to answer, four more to draw up a contract, the guide's word, and
    a bridge at once, since the law knows no term for it (Pw art. 10b(7)).
    """

    answer_days: int = 14
    reservation_days: int = 42
    bridge_within_days: int = 0
    answers_needed: frozenset[AnsweredBy] = frozenset({AnsweredBy.GUIDE})


DEFAULT_TERMS: Final = Terms()


def adopted(data: PolicyAdopted) -> Policy:
    """The policy as a row."""
    return Policy(
        municipality=data.municipality,
        kind=data.kind,
        valid_from=data.valid_from,
        policy=data.policy,
        keys=tuple(str(key) for key in data.order.keys) if data.order else (),
        priority_groups=data.order.priority_groups if data.order else (),
        answer_days=data.terms.answer_days if data.terms else None,
        reservation_days=data.terms.reservation_days if data.terms else None,
        bridge_within_days=data.terms.bridge_within_days if data.terms else None,
        answers_needed=tuple(str(by) for by in data.terms.answers_needed) if data.terms else (),
        hours_per_unit=data.counting.hours_per_unit if data.counting else None,
    )


def in_force(policies: Iterable[Policy], municipality: str, kind: PolicyKind, day: date) -> Policy | None:
    """The policy of that kind on that day, if one was adopted."""
    valid = [p for p in policies if (p.municipality, p.kind) == (municipality, kind) and p.valid_from <= day]
    return max(valid, key=lambda policy: policy.valid_from, default=None)


def terms(policies: Iterable[Policy], municipality: str, day: date) -> Terms:
    """The terms on that day."""
    policy = in_force(policies, municipality, PolicyKind.TERMS, day)
    if policy is None or policy.answer_days is None:
        return DEFAULT_TERMS
    return Terms(
        answer_days=policy.answer_days,
        reservation_days=policy.reservation_days or DEFAULT_TERMS.reservation_days,
        bridge_within_days=policy.bridge_within_days or DEFAULT_TERMS.bridge_within_days,
        answers_needed=frozenset(AnsweredBy(by) for by in policy.answers_needed),
    )
