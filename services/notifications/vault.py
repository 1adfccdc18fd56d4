"""Asks the vaults of guides for name and address, at the moment of sending and not before.

What they answer is kept in no table and in no log. A vault is asked about many people at once, with
`POST <where its people are>/looks`; one that does not know that question is asked about each.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from services.notifications.rules.sending import Failed, Later, Suppressed, Verdict, may_be_asked
from shared.contracts import FailureCode, MessageChannel, SuppressReason

_TIMEOUT_S: Final = 5.0
_SILENT_S: Final = 10.0
"""For how long a vault is not asked that did not answer in time; messages to other people go on meanwhile."""
_ONE_BY_ONE_S: Final = 600.0
"""After how long a vault that could not be asked about many is tried again; it may have been renewed."""
_AT_ONCE: Final = 100
"""People in a question."""
_QUESTIONS: Final = 8
"""Questions to one vault under way at the same time."""
_MAX_BYTES: Final = 64 * 1024
"""Of what a vault says of one person."""
_OK: Final = 200
_UNAUTHORISED: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
_GONE: Final = 410
_UNKNOWN_QUESTION: Final = frozenset({400, 404, 405, 413, 415, 422, 501})


class Entry(BaseModel):
    """What the vault says of a person, as far as a message needs it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    name: str | None = None
    email: str | None = None
    channel: str | None = None
    consent: bool = False

    def objection(self) -> SuppressReason | None:
        """Why this person gets no e-mail: only who asked for it does (Awb art. 2:8)."""
        if self.channel != MessageChannel.EMAIL or not self.consent:
            return SuppressReason.NO_CONSENT
        if not self.email:
            return SuppressReason.NO_ADDRESS
        return None


@dataclass(frozen=True, slots=True)
class NoEntry:
    """The vault gave nothing to write to.

    Attributes:
        reply: HTTP status, where there was an answer.
    """

    verdict: Verdict
    reply: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Who is behind `dataref`.

    Attributes:
        vault: the address of the guide's vault, as the registry has it.
        purpose: what it is asked for; the vault notes it with every look.
    """

    guide: str
    dataref: str | None
    vault: str | None
    purpose: str


Answer = Entry | NoEntry
_UNREACHABLE: Final = NoEntry(Later(FailureCode.VAULT_UNREACHABLE))


class Vaults:
    """The vaults of all guides.

    Args:
        tokens: bearer token for each partner's vault.
        token: for a partner that is not in `tokens`.
    """

    def __init__(self, *, token: SecretStr, tokens: dict[str, SecretStr]) -> None:
        self._token = token
        self._tokens = tokens
        # No proxies from the environment and no redirects: the token goes to the address that was checked.
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)
        self._under_way: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_QUESTIONS))
        self._silent_until: dict[str, float] = {}
        self._one_by_one_until: dict[str, float] = {}

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def look_up(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask; an answer a question, in the same order."""
        answers: dict[int, Answer] = {}
        places: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for number, each in enumerate(questions):
            if each.dataref is None:
                answers[number] = NoEntry(Suppressed(SuppressReason.NO_ADDRESS))
            elif each.vault is None or not may_be_asked(each.dataref, each.vault):
                answers[number] = NoEntry(Failed(FailureCode.VAULT_REFUSED))
            else:
                # What comes before the last segment lies in the vault too, since the whole does.
                places[each.guide, each.vault, each.dataref.rpartition("/")[0]].append(number)
        await asyncio.gather(
            *(
                self._ask(place, {n: questions[n] for n in numbers[start : start + _AT_ONCE]}, answers)
                for (_, _, place), numbers in places.items()
                for start in range(0, len(numbers), _AT_ONCE)
            )
        )
        return [answers[number] for number in range(len(questions))]

    async def _ask(self, place: str, questions: Mapping[int, Question], answers: dict[int, Answer]) -> None:
        """Ask one guide's vault about people in one place of it."""
        try:
            found = await self._about(place, list(questions.values()))
        except (httpx.InvalidURL, UnicodeError):
            # The registry has a host that no name server can be asked for; others' answers must not suffer.
            found = [_UNREACHABLE] * len(questions)
        answers.update(zip(questions, found, strict=True))

    async def _about(self, place: str, questions: Sequence[Question]) -> Iterable[Answer]:
        vault = questions[0].vault or ""
        if len(questions) > 1 and not _lasts(self._one_by_one_until, vault):
            many = await self._about_many(place, questions)
            if many is not None:
                return many
            self._one_by_one_until[vault] = _in(_ONE_BY_ONE_S)
        return await asyncio.gather(*map(self._about_one, questions))

    async def _about_many(self, place: str, questions: Sequence[Question]) -> Iterable[Answer] | None:
        """Answers in order; None from a vault that does not know the question."""
        names = [_name(question) for question in questions]
        looks = [
            {"participant": name, "purpose": question.purpose}
            for name, question in zip(names, questions, strict=True)
        ]
        request = httpx.Request("POST", f"{place}/looks", json={"looks": looks})
        said = await self._said(request, questions[0], people=len(questions))
        if isinstance(said, NoEntry):
            return [said] * len(questions)
        if said.status_code in _UNKNOWN_QUESTION:
            return None
        if said.status_code != _OK:
            return [_meaning(said.status_code, None)] * len(questions)
        found = _by_name(said.content)
        return [_meaning(*found.get(name, (_OK, None))) for name in names]

    async def _about_one(self, question: Question) -> Answer:
        request = httpx.Request("GET", question.dataref or "", headers={"X-Purpose": question.purpose})
        said = await self._said(request, question, people=1)
        if isinstance(said, NoEntry):
            return said
        try:
            entry = orjson.loads(said.content) if said.status_code == _OK else None
        except orjson.JSONDecodeError:
            entry = None
        return _meaning(said.status_code, entry)

    async def _said(
        self, request: httpx.Request, about: Question, *, people: int
    ) -> httpx.Response | NoEntry:
        """The answer to a request to the vault of `about`, unless there is none."""
        vault = about.vault or ""
        token = self._tokens.get(about.guide, self._token).get_secret_value()
        request.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
        try:
            async with self._under_way[vault]:
                if _lasts(self._silent_until, vault):
                    return _UNREACHABLE
                answer = await self._http.send(request)
        except httpx.TimeoutException:
            self._silent_until[vault] = _in(_SILENT_S)
            return _UNREACHABLE
        except httpx.HTTPError:
            return _UNREACHABLE
        if answer.status_code == _OK and len(answer.content) > people * _MAX_BYTES:
            return NoEntry(Later(FailureCode.VAULT_UNREACHABLE), _OK)
        return answer


def _name(question: Question) -> str:
    return (question.dataref or "").rpartition("/")[2]


def _lasts(until: Mapping[str, float], place: str) -> bool:
    return until.get(place, 0.0) > asyncio.get_running_loop().time()


def _in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _by_name(content: bytes) -> dict[str, tuple[int, Any]]:
    """Status and entry of each person; whatever cannot be read is left out."""
    try:
        looks = orjson.loads(content)["looks"]
        return {
            look["participant"]: (int(look["status"]), look.get("entry"))
            for look in looks
            if isinstance(look["participant"], str)
        }
    except (ValueError, TypeError, LookupError, AttributeError):
        return {}


def _meaning(status: int, entry: Any) -> Answer:
    """What an answer about one person means.

    Args:
        entry: what the vault keeps, when it says 200; what is none is asked for again.
    """
    if status == _NOT_FOUND:
        return NoEntry(Suppressed(SuppressReason.NO_ADDRESS), status)
    if status == _GONE:
        return NoEntry(Suppressed(SuppressReason.ERASED), status)
    if status in _UNAUTHORISED:
        # A token that was changed on one side only is soon mended; the message need not be lost by it.
        return NoEntry(Later(FailureCode.VAULT_REFUSED), status)
    if status != _OK:
        return NoEntry(Later(FailureCode.VAULT_UNREACHABLE), status)
    try:
        return Entry.model_validate(entry)
    except ValidationError:
        return NoEntry(Later(FailureCode.VAULT_UNREACHABLE), status)
