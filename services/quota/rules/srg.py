"""The monthly file on re-integration provisions for Statistics Netherlands (CBS, SRG).

Fields after annex 2 of the Regeling statistiek Wwb (BWBR0031830, text of 2017). The ledger knows no names
and no citizen service numbers, so it writes a reference in the last column and leaves empty what only a
vault holds: the BSN is filled in by who holds the vault and may (see `services.quota.fill_srg`), and then
the reference is taken out. Birth date, sex, work capacity and wage value are nobody's here and stay empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.quota.rules.contracts import Placement, Said, Statement, history, start_of
from services.quota.rules.domicile import Domicile, stays
from shared.contracts import PlacementEndReason, Rung, Scheme

PACKAGE: Final = ("Werkbedrijf", "1")
"""Name and version of the package that made the file."""

COLUMNS: Final = (
    "statistiekjaar",
    "statistiekmaand",
    "pakketnaam",
    "pakketversie",
    "gemeentecode",
    "bsn",
    "geboortedatum",
    "geslacht",
    "positie_participatieladder",
    "begindatum_positie",
    "arbeidsvermogen",
    "volgnummer_voorziening",
    "soort_voorziening",
    "begindatum_voorziening",
    "einddatum_voorziening",
    "reden_beeindiging",
    "loonwaarde",
    "kenmerk",
)

_KINDS: Final = {
    Rung.WORK_WITH_BENEFIT: "03",
    Rung.SUPPORTED_WORK: "04",
    Rung.SHELTERED_WORK: "05",
    Rung.TRIAL_PLACEMENT: "99",
    Rung.LEARN_WORK: "99",
}
"""Kinds of provision. Day activities are one under the Wmo, regular work is none: not in this file."""

_LADDER: Final = {
    Rung.WORK_WITH_BENEFIT: "4",
    Rung.TRIAL_PLACEMENT: "4",
    Rung.LEARN_WORK: "4",
    Rung.SUPPORTED_WORK: "5",
    Rung.SHELTERED_WORK: "5",
}
"""Position on the participation ladder: 4 is work without pay, 5 paid work with support (assumed)."""

_REASONS: Final = {
    PlacementEndReason.CONTRACT_END: "1",
    PlacementEndReason.STEP_UP: "1",
    PlacementEndReason.RETIRED: "1",
    PlacementEndReason.OWN_WISH: "2",
    PlacementEndReason.STEP_DOWN: "2",
    PlacementEndReason.OTHER: "2",
    PlacementEndReason.MOVED_AWAY: "3",
    PlacementEndReason.DECEASED: "3",
}
"""1 completed, 2 stopped early, 3 moved, died and the like. The pension age as completed is assumed."""


@dataclass(frozen=True, slots=True)
class Provision:
    """Somebody has a provision from a day to a day, both inclusive.

    Attributes:
        reason: code of why it ended; empty while it runs.
    """

    participant: str
    placement: str
    rung: Rung
    from_on: date
    until_on: date | None
    reason: str


def provision(placement: Placement, statements: Sequence[Statement]) -> Provision | None:
    """The provision that a placement is; None when it is none of this file, or never came to be."""
    start = start_of(statements)
    if start is None or start.rung not in _KINDS or start.scheme is Scheme.WSW:
        return None
    stood = [(s, until) for s, until in history(statements) if s.said is not Said.ENDED]
    stood = [(s, until) for s, until in stood if until is None or until >= s.from_on]
    if not stood:
        return None
    until_on = stood[-1][1]
    ends = [s for s in statements if s.said is Said.ENDED and s.end_reason is not None]
    told = max(ends, key=lambda s: s.number).end_reason if ends else PlacementEndReason.CONTRACT_END
    reason = _REASONS[told or PlacementEndReason.CONTRACT_END] if until_on is not None else ""
    return Provision(
        placement.participant, placement.placement, start.rung, stood[0][0].from_on, until_on, reason
    )


def rows(
    municipality: str,
    codes: Iterable[str],
    month: date,
    provisions: Iterable[Provision],
    domiciles: Iterable[Domicile],
) -> list[dict[str, str]]:
    """The rows of a month: each provision that ran on a day of it, for who lived there on its last day in it.

    Args:
        month: its first day.
        codes: the municipality and what merged into it.
    """
    last = last_of(month)
    homes: dict[str, list[Domicile]] = {}
    for domicile in domiciles:
        homes.setdefault(domicile.participant, []).append(domicile)
    of_person: dict[str, list[Provision]] = {}
    for each in sorted(provisions, key=lambda p: (p.participant, p.from_on, p.placement)):
        of_person.setdefault(each.participant, []).append(each)
    whose = frozenset(codes)
    found = []
    for participant, theirs in of_person.items():
        for number, each in enumerate(theirs, 1):
            day = min(last, each.until_on or last)
            if each.from_on > last or day < month or _home(homes.get(participant, []), day) not in whose:
                continue
            found.append(_row(municipality, month, number, each, last))
    return found


def last_of(month: date) -> date:
    """The last day of a month, by its first."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def written(lines: Iterable[dict[str, str]], columns: Sequence[str] = COLUMNS) -> str:
    """The file: a header and a line a row, `;` between, as spreadsheets in the Netherlands read it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def filled(text: str, bsn_of: Callable[[str], str | None]) -> tuple[str, list[str]]:
    """The file with the BSN of each person and without references, and the references it was not found for.

    Args:
        bsn_of: asks the vault.

    Raises:
        ValueError: it is no file of ours.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"the first line must be {';'.join(COLUMNS)}")
    lines, missing = [], []
    for line in reader:
        reference = line.pop("kenmerk")
        bsn = bsn_of(reference)
        if bsn is None:
            missing.append(reference)
        lines.append({**line, "bsn": bsn or ""})
    return written(lines, [column for column in COLUMNS if column != "kenmerk"]), missing


def _home(domiciles: Iterable[Domicile], day: date) -> str | None:
    for stay in stays(domiciles):
        if (stay.from_on is None or stay.from_on <= day) and (stay.until_on is None or day <= stay.until_on):
            return stay.municipality
    return None


def _row(municipality: str, month: date, number: int, each: Provision, last: date) -> dict[str, str]:
    ended = each.until_on is not None and each.until_on <= last
    return dict.fromkeys(COLUMNS, "") | {
        "statistiekjaar": f"{month.year}",
        "statistiekmaand": f"{month.month:02d}",
        "pakketnaam": PACKAGE[0],
        "pakketversie": PACKAGE[1],
        "gemeentecode": municipality,
        "positie_participatieladder": _LADDER[each.rung],
        "begindatum_positie": f"{each.from_on:%Y%m%d}",
        "volgnummer_voorziening": f"{number}",
        "soort_voorziening": _KINDS[each.rung],
        "begindatum_voorziening": f"{each.from_on:%Y%m%d}",
        "einddatum_voorziening": f"{each.until_on:%Y%m%d}" if ended else "",
        "reden_beeindiging": each.reason if ended else "",
        "kenmerk": each.participant,
    }
