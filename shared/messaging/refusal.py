"""Why an event is not taken: a value, never an exception that stops a partition."""

from __future__ import annotations

from msgspec import Struct

from shared.contracts import RefusalCode


class Refusal(Struct, frozen=True):
    """An event that will not be taken, and what would be right.

    Attributes:
        code: the contract's code.
        detail: one sentence for the sender; carries nothing of the event's data.
        field: JSON path of the field at fault, where there is one.
    """

    code: RefusalCode
    detail: str
    field: str | None = None


class Refused(Exception):  # noqa: N818 - it is an answer, not an error
    """Raised by a service's `decide` to refuse the event at hand; nothing of it takes effect."""

    def __init__(self, code: RefusalCode, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.refusal = Refusal(code, detail, field)
