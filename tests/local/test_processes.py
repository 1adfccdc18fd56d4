"""Processes are known by number and start time, and end when they are to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.faults import LocalFault
from deploy.local.processes import MARK, PidFile, Process

SLEEP = [sys.executable, "-c", "import time; print('at work', flush=True); time.sleep(60)"]
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def test_a_pid_file_finds_the_process_and_its_note(tmp_path: Path) -> None:
    process = processes.start(SLEEP, log=tmp_path / "log")
    file = PidFile(tmp_path / "run" / "x.pid")
    file.write(process, "what it was told")
    assert file.read() == (process, "what it was told")
    processes.kill(process)
    assert file.read() is None


def test_a_number_that_another_process_has_by_now_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    ours = processes.identify(os.getpid())
    assert ours is not None
    file = PidFile(tmp_path / "x.pid")
    file.write(Process(ours.pid, ours.started - 1))
    assert file.read() is None


@pytest.mark.parametrize("content", ["", "12", "no number at all", "1 2 3\n"])
def test_a_broken_pid_file_is_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.pid"
    path.write_text(content)
    assert PidFile(path).read() is None


def test_a_zombie_counts_as_gone(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert processes.until(lambda: processes.identify(child.pid) is None, 10)
    child.wait()


def test_one_that_does_not_stop_when_asked_is_killed(tmp_path: Path) -> None:
    process = processes.start([sys.executable, "-c", DEAF], log=tmp_path / "log")
    processes.until(lambda: (tmp_path / "log").read_text() == "deaf\n", 10)
    processes.ask(process, signal.SIGTERM)
    assert processes.ended(process, 0.3) is False
    assert not process.alive


def test_what_died_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = processes.start([sys.executable, "-c", "raise SystemExit('ERROR no room')"], log=log)
    with pytest.raises(LocalFault, match="Kafka stopped while starting: ERROR no room") as fault:
        processes.wait_ready("Kafka", process, lambda: False, log=log, patience=10)
    assert str(log) in str(fault.value)


def test_what_is_not_ready_in_time_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = processes.start(SLEEP, log=log)
    with pytest.raises(LocalFault, match="is not ready after 0 seconds"):
        processes.wait_ready("Kafka", process, lambda: False, log=log, patience=0.2)
    processes.kill(process)


def test_the_mark_finds_a_process_of_which_no_pid_file_is_left(tmp_path: Path) -> None:
    environment = {**os.environ, MARK: str(tmp_path)}
    process = processes.start(SLEEP, log=tmp_path / "log", environment=environment)
    assert processes.until(lambda: list(processes.marked(tmp_path)) == [process], 5)
    processes.kill(process)
    assert list(processes.marked(tmp_path)) == []


def test_a_process_bound_to_its_parent_ends_with_it(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from deploy.local import processes; import os\n"
        "argv = processes.with_parent(['sleep', '60'])\n"
        f"process = processes.start(argv, log=Path({str(tmp_path / 'log')!r}))\n"
        "import time; time.sleep(0.5)\n"
        "print(process.pid, process.started, flush=True); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    pid, started = map(int, done.stdout.split())
    assert processes.until(lambda: not Process(pid, started).alive, 5)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("first\nERROR it went wrong\nafterwards\n", "ERROR it went wrong"),
        ("one\ntwo\n\n", "two"),
        ('{"event": "cannot go on", "level": "error"}\n', "ERROR cannot go on"),
        ("", "it said nothing"),
    ],
)
def test_last_words_are_the_last_error_else_the_last_line(tmp_path: Path, log: str, words: str) -> None:
    path = tmp_path / "log"
    path.write_text(log)
    assert processes.last_words(path) == words


def test_a_log_that_grew_large_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"x" * (6 * 1024 * 1024))
    process = processes.start([sys.executable, "-c", "print('new')"], log=log)
    processes.until(lambda: not process.alive, 10)
    assert log.read_text() == "new\n"
    assert (tmp_path / "x.log.1").stat().st_size == 6 * 1024 * 1024


def test_waiting_gives_up_after_its_patience() -> None:
    began = time.monotonic()
    assert processes.until(lambda: False, 0.1) is False
    assert time.monotonic() - began < 2
