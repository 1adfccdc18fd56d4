"""Shows what is being done: a line a part that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_SECONDS_BETWEEN = 3.0


class Steps:
    """Reports the state of each part of the stack, by name.

    Args:
        console: Where to show it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._shown: dict[str, float] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("[bold]{task.fields[part]:<14}"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the screen."""
        if self._console.is_terminal:
            self._progress.stop()

    def doing(self, part: str, what: str) -> None:
        """Say what a part is busy with; said often, it is shown now and then."""
        if self._console.is_terminal:
            self._progress.update(self._task(part), description=what)
        elif time.monotonic() - self._shown.get(part, -_SECONDS_BETWEEN) >= _SECONDS_BETWEEN:
            self._shown[part] = time.monotonic()
            self._console.print(f"{part:<14} {what}", highlight=False)

    def done(self, part: str, what: str) -> None:
        """Say how a part ended up."""
        if self._console.is_terminal:
            self._progress.update(self._task(part), description=what, total=1, completed=1)
        else:
            self._console.print(f"{part:<14} {what}", highlight=False)

    def _task(self, part: str) -> TaskID:
        if part not in self._tasks:
            self._tasks[part] = self._progress.add_task("", part=part, total=None)
        return self._tasks[part]
