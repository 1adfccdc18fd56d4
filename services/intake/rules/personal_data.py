"""What must not travel in an event: a citizen service number, or a way to reach somebody.

Events are kept for ever and read by many, so names, numbers and addresses stay in the vault (UAVG
art. 46, Wabb art. 10). This finds what slips in by accident, by its pattern; it is no defence against
somebody who hides it. A refusal names the field and never the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_SMALLEST_BSN: Final = 1_000_000
"""Lower numbers were never given out; counters padded with zeros look like them."""

_IBAN_LENGTHS: Final = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27,
    "GB": 22, "GR": 27, "HU": 28, "IE": 22, "IT": 27, "LT": 20, "LU": 20, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "RO": 24, "SE": 24, "SK": 24, "TR": 26,
}  # fmt: skip

_OPAQUE: Final = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b(?=[0-9]*[a-f])[0-9a-f]{16,}\b",
    re.IGNORECASE,
)
"""UUIDs and digests: nine of their digits in a row mean nothing."""

_EMAIL: Final = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255}\.[A-Za-z]{2,}")
_BSN: Final = re.compile(
    r"(?<![0-9])(?:[0-9]{9}|[0-9]{3}[. ][0-9]{3}[. ][0-9]{3}|[0-9]{4}[. ][0-9]{2}[. ][0-9]{3})(?![0-9])"
)
_PHONE: Final = re.compile(
    r"(?<![0-9+])(?:"
    r"0[1-9][0-9]{8}"  # 0612345678
    r"|06[ -](?:[0-9] ?){8}"  # 06-12345678, 06 12 34 56 78
    r"|0[1-9][0-9][ -](?:[0-9] ?){7}|0[1-9][0-9]{2}[ -](?:[0-9] ?){6}"  # 020-1234567, 0591-123456
    r"|(?:\+|00)[1-9][0-9]{0,2}[ -]?(?:\(0\))?[ -]?(?:[0-9][ -]?){8,11}"  # +31 6 1234 5678
    r")(?![0-9])"
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,24}\b", re.IGNORECASE)

_FIELD_NAMES: Final = frozenset(
    {
        "achternaam",
        "address",
        "adres",
        "birthdate",
        "bsn",
        "burgerservicenummer",
        "dateofbirth",
        "diagnose",
        "diagnosis",
        "email",
        "emailadres",
        "firstname",
        "fullname",
        "geboortedatum",
        "huisnummer",
        "iban",
        "lastname",
        "mail",
        "mobiel",
        "mobile",
        "naam",
        "name",
        "phone",
        "phonenumber",
        "roepnaam",
        "sofinummer",
        "straat",
        "straatnaam",
        "street",
        "surname",
        "telefoon",
        "telefoonnummer",
        "voornaam",
    }
)
"""Names of fields that no event has, whatever stands in them."""

_EACH_DIGIT_A_NOUGHT: Final = bytes.maketrans(b"123456789", b"0" * 9)
_BETWEEN_DIGITS: Final = b" .()-"
"""What people put between the digits of a number."""


def is_bsn(digits: str) -> bool:
    """The 11-proof on nine digits: 9, 8 ... 2 times the first eight, minus the last, divides by 11."""
    if len(digits) != len(_WEIGHTS) or int(digits) < _SMALLEST_BSN:
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11 == 0


def worth_a_look(text: bytes) -> bool:
    """Whether the rules below could find anything in a text, in UTF-8; most are clean, and soon known to be.

    They need an @, eight digits in a row (a number whose leading zero was cut off), or nine with signs
    between them. Texts may be put together: what is worth a look alone is so in any company.
    """
    if b"@" in text:
        return True
    noughts = text.translate(_EACH_DIGIT_A_NOUGHT)
    return b"00000000" in noughts or b"000000000" in noughts.translate(None, _BETWEEN_DIGITS)


def suspicion(text: str) -> str | None:
    """What a text looks like it holds, in words for its sender, or None."""
    if not worth_a_look(text.encode(errors="replace")):
        return None
    text = _OPAQUE.sub(" ", text)
    for what, found in _LOOKS_LIKE:
        if found(text):
            return what
    return None


def suspect(json: bytes, parsed: Callable[[], Any], *, unknown_fields: bool) -> tuple[str, str] | None:
    """The first suspected field of an event's data: its JSON path and what it looks like.

    Args:
        json: the data as JSON, for a first look that costs little.
        parsed: the same, parsed, for those few that deserve a second look.
        unknown_fields: whether it has fields that the contract does not know; their names are looked at.
    """
    if not unknown_fields and not worth_a_look(json):
        return None
    return next(_suspects(parsed(), "data"), None)


def _suspects(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if re.sub(r"[^a-z]", "", name.lower()) in _FIELD_NAMES:
                yield f"{path}.{name}", "a field for personal data"
            elif what := suspicion(name):
                yield path, what
            else:
                yield from _suspects(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _suspects(inner, f"{path}[{number}]")
    elif isinstance(value, str):
        if what := suspicion(value):
            yield path, what
    elif isinstance(value, int) and not isinstance(value, bool) and is_bsn(f"{value:09d}"):
        yield path, _A_BSN


def _has_email(text: str) -> bool:
    # Most texts have no @, and to look for what stands before it costs a step for every sign and length.
    return "@" in text and _EMAIL.search(text) is not None


def _has_bsn(text: str) -> bool:
    return any(is_bsn(re.sub(r"[^0-9]", "", found)) for found in _BSN.findall(text))


def _has_iban(text: str) -> bool:
    for match in _IBAN.finditer(text):
        account = match[0].replace(" ", "").upper()
        length = _IBAN_LENGTHS.get(account[:2])
        # A word may follow after a space, so what is longer than an account is cut to its length.
        if length is not None and len(account) >= length and _is_iban(account[:length]):
            return True
    return False


def _is_iban(account: str) -> bool:
    turned = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


_A_BSN: Final = "a citizen service number"
_LOOKS_LIKE: Final[tuple[tuple[str, Callable[[str], Any]], ...]] = (
    ("an e-mail address", _has_email),
    (_A_BSN, _has_bsn),
    ("an account number", _has_iban),
    ("a phone number", _PHONE.search),
)
