"""What can stand in the way of the local stack, told in one line."""

from __future__ import annotations


class LocalFault(Exception):  # noqa: N818  # nothing is broken: something on this machine stands in the way
    """Something stands in the way: one line says what, and the way out.

    Args:
        what: What was found, with the name, number or path that shows it.
        way_out: What the reader can type or change.
    """

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(f"{what.rstrip('.')}. {way_out}")
        self.what = what
        self.way_out = way_out
