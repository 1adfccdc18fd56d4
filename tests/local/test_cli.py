"""The command line: what it prints, what it sends, and that it never answers with a traceback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.local.environment import secrets_of
from deploy.local.settings import LocalSettings

Answer = tuple[int, dict[str, str], Any]


class Door:
    """A service that answers as it is told and remembers what it was sent."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self.answers: list[Answer] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("GET")

            def do_POST(self) -> None:
                self._answer("POST")

            def _answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                door.seen.append((method, self.path, headers, json.loads(body) if body else None))
                status, extra, content = door.answers.pop(0) if len(door.answers) > 1 else door.answers[0]
                told = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"content-length": str(len(told)), **extra}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def receipts(self, *states: str, status: int = 202) -> None:
        self.answers.append((status, {}, {"receipts": [{"id": "r", "state": state} for state in states]}))


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A door on the port where the commands look for it."""
    made = Door()
    monkeypatch.setenv("WERKBEDRIJF_VAR", str(tmp_path / "var"))
    for service in ("INTAKE", "QUOTA"):
        monkeypatch.setenv(f"WERKBEDRIJF_{service}_PORT", str(made.port))
    threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def lines(count: int) -> str:
    return "".join(json.dumps({"id": str(number)}) + "\n" for number in range(count))


def test_emit_sends_as_that_partner_and_prints_a_receipt_a_line(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(lines(2) + "\n")
    door.receipts("accepted", "duplicate")
    result = run("emit", str(file), "--as", "menso")
    assert result.exit_code == 0
    assert [json.loads(line)["state"] for line in result.stdout.splitlines()] == ["accepted", "duplicate"]
    [(method, path, headers, body)] = door.seen
    assert (method, path, body) == ("POST", "/v1/events", [{"id": "0"}, {"id": "1"}])
    assert headers["content-type"] == "application/cloudevents-batch+json"
    assert headers["authorization"] == f"Bearer {secrets_of(LocalSettings()).doors['menso']}"


def test_emit_ends_with_one_when_an_event_is_refused(door: Door) -> None:
    door.receipts("accepted", "refused")
    result = run("emit", "-", "--as", "emco", given=lines(2))
    assert result.exit_code == 1
    assert "1 of 2 refused" in result.stderr


def test_emit_sends_many_events_in_batches_in_order(door: Door) -> None:
    door.receipts(*["accepted"] * 500)
    door.receipts(*["accepted"] * 200)
    result = run("emit", "-", "--as", "emco", given=lines(700))
    assert result.exit_code == 0
    assert [event["id"] for seen in door.seen for event in seen[3]] == [str(n) for n in range(700)]
    assert [len(seen[3]) for seen in door.seen] == [500, 200]


@pytest.mark.parametrize("status", [429, 503])
def test_emit_comes_back_when_the_door_asks_for_it(door: Door, status: int) -> None:
    door.answers.append((status, {"retry-after": "0"}, {"title": "later"}))
    door.receipts("accepted")
    assert run("emit", "-", "--as", "emco", given=lines(1)).exit_code == 0
    assert len(door.seen) == 2


@pytest.mark.parametrize(
    ("partner", "given", "said"),
    [
        ("menso", '{"id": "0"}\n{broken\n', "line 2 is not JSON"),
        ("menso", "\n\n", "holds no event"),
        ("nobody", '{"id": "0"}\n', "There is no partner nobody here; there are buurtsupport, emco"),
    ],
)
def test_what_cannot_be_sent_whole_is_not_sent_at_all(
    door: Door, partner: str, given: str, said: str
) -> None:
    result = run("emit", "-", "--as", partner, given=given)
    assert result.exit_code == 1
    assert said in result.stderr
    assert door.seen == []


def test_a_refusal_of_the_whole_request_is_told_with_its_reason(door: Door) -> None:
    door.answers.append((401, {}, {"title": "Unauthorized", "detail": "A valid bearer token is needed"}))
    result = run("emit", "-", "--as", "menso", given=lines(1))
    assert result.exit_code == 1
    assert "The door answered 401: A valid bearer token is needed" in result.stderr


def test_a_stack_that_is_down_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKBEDRIJF_VAR", str(tmp_path))
    monkeypatch.setenv("WERKBEDRIJF_QUOTA_PORT", "1")
    result = run("dead-letters", "list", "quota")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "quota does not answer at http://127.0.0.1:1" in result.stderr


def test_dead_letters_are_listed_and_shown(door: Door) -> None:
    door.answers += [(200, {}, [{"id": 7, "code": "schema.invalid", "key": None}]), (200, {}, [])]
    result = run("dead-letters", "list", "quota")
    assert result.exit_code == 0
    assert "schema.invalid" in result.stdout
    assert door.seen.pop()[1] == "/ops/dead-letters?after=7"
    door.answers[:] = [(200, {}, {"letter": 7, "value": "{}"})]
    assert json.loads(run("dead-letters", "show", "quota", "7").stdout) == {"letter": 7, "value": "{}"}
    assert [seen[1] for seen in door.seen] == ["/ops/dead-letters", "/ops/dead-letters/7"]
    assert door.seen[0][2]["authorization"] == f"Bearer {secrets_of(LocalSettings()).ops}"


def test_redrive_says_what_it_asks_and_what_came_of_it(door: Door) -> None:
    door.answers.append((200, {}, {"dry_run": True, "outcomes": {"accepted": 2}, "refusals": []}))
    result = run("dead-letters", "redrive", "quota", "7", "8", "--dry-run", "--reason", "target added")
    assert result.exit_code == 0
    assert "Would be: 2 accepted" in result.stdout
    assert door.seen[0][3] == {"ids": [7, 8], "dry_run": True, "reason": "target added"}


def test_redrive_ends_with_one_when_a_letter_is_refused_again(door: Door) -> None:
    door.answers.append((200, {}, {"dry_run": False, "outcomes": {"refused": 1}, "refusals": ["no target"]}))
    result = run("dead-letters", "redrive", "quota", "--all", "--reason", "try")
    assert result.exit_code == 1
    assert "no target" in result.stdout
    assert door.seen[0][3]["all"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["quota", "--reason", "why"], "Name dead letters by number, or say --all"),
        (["quota", "7", "--all", "--reason", "why"], "Name dead letters by number, or say --all"),
        (["quota", "7"], "Say why with --reason"),
        (["nothing", "7", "--reason", "why"], "There is no service nothing; there are intake"),
    ],
)
def test_redrive_asks_for_what_it_needs(door: Door, words: list[str], said: str) -> None:
    result = run("dead-letters", "redrive", *words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert door.seen == []


def test_discard_gives_up_what_is_named_and_says_what_goes_on(door: Door) -> None:
    door.answers.append((200, {}, {"discarded": [7], "unknown": []}))
    result = run("dead-letters", "discard", "quota", "7", "--reason", "never was an event")
    assert result.exit_code == 0
    assert "Given up: 7" in result.stdout
    assert door.seen[0][1] == "/ops/dead-letters/discard"
    assert door.seen[0][3] == {"ids": [7], "reason": "never was an event"}


def test_discard_needs_a_reason_and_ends_with_one_for_a_number_that_is_unknown(door: Door) -> None:
    assert "Say why with --reason" in run("dead-letters", "discard", "quota", "7").stderr
    assert door.seen == []
    door.answers.append((200, {}, {"discarded": [], "unknown": [7]}))
    result = run("dead-letters", "discard", "quota", "7", "--reason", "gone")
    assert result.exit_code == 1
    assert "unknown: 7" in result.stdout


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKBEDRIJF_KAFKA_PORT", "many")
    result = run("status")
    assert result.exit_code == 1
    assert "A setting is wrong: kafka_port" in result.stderr


def test_status_of_a_stack_that_never_ran_says_so_and_ends_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKBEDRIJF_VAR", str(tmp_path / "var"))
    result = run("status")
    assert result.exit_code == 1
    assert result.stdout.count("stopped") == 7
    assert not (tmp_path / "var").exists()
