"""What is logged when a library says the same thing over and over."""

from __future__ import annotations

import logging

from shared.telemetry.logs import _OncePer


def _line(name: str, message: str, at: float) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.WARNING, "", 0, message, ("node 1",), None)
    record.created = at
    return record


def test_a_line_of_the_library_comes_once_in_a_while():
    once = _OncePer("aiokafka", 10.0)
    lines = [
        _line("aiokafka.conn", "cannot reach %s", 100.0),
        _line("aiokafka.conn", "cannot reach %s", 100.1),
        _line("aiokafka.conn", "lost %s", 100.2),
        _line("aiokafka.cluster", "cannot reach %s", 100.3),
        _line("aiokafka.conn", "cannot reach %s", 109.9),
        _line("aiokafka.conn", "cannot reach %s", 110.0),
    ]
    assert [once.filter(line) for line in lines] == [True, False, True, True, False, True]


def test_our_own_lines_always_come():
    once = _OncePer("aiokafka", 10.0)
    assert [once.filter(_line("shared.messaging.relay", "again", 100.0)) for _ in range(3)] == [True] * 3
