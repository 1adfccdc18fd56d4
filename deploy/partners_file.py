"""Partner files: who takes part, declared in TOML, one file a partner; `provision` carries them out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.contracts.base import Role, ServiceName, Stream
from shared.contracts.registry import Agreement, PartnerRegistered, PartnerService

_STREAM_OF_SERVICE = {
    ServiceName.INTAKE: Stream.INTAKE,
    ServiceName.MATCHING: Stream.MATCHING,
    ServiceName.QUOTA: Stream.QUOTA,
    ServiceName.NOTIFICATIONS: Stream.NOTIFICATIONS,
}


class PartnerFileError(ValueError):
    """A partner file that cannot be used; the message names the file and all that is wrong in it."""

    def __init__(self, path: Path, faults: Iterable[str]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{path.name}: {fault}" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """A partner as declared: its record in the registry, and the streams that it has use for."""

    record: PartnerRegistered
    streams: tuple[Stream, ...]

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of its topics, in the order of its streams."""
        return tuple(f"werkbedrijf.{self.record.partner}.{stream.value}" for stream in self.streams)


def load(path: Path) -> PartnerFile:
    """Read one partner file.

    Raises:
        PartnerFileError: when it cannot be read, holds a wrong or unknown field, or contradicts itself.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PartnerFileError(path, [str(error)]) from error
    named = content.pop("streams", None)
    faults = [*_stream_faults(named), *_unknown_fields(content)]
    try:
        # By way of JSON, so that a file is held to what the contract says of the wire.
        record = PartnerRegistered.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        faults += [_sentence(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise PartnerFileError(path, faults) from error
    if faults:
        raise PartnerFileError(path, faults)
    file = PartnerFile(record, tuple(Stream(name) for name in named))
    faults = list(_contradictions(path, file))
    if faults:
        raise PartnerFileError(path, faults)
    return file


def load_all(folder: Path) -> tuple[PartnerFile, ...]:
    """Read every partner file of a folder, by name.

    Raises:
        PartnerFileError: when one of them is wrong, or two contradict each other.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise PartnerFileError(folder, ["holds no partner file (*.toml)"])
    files = tuple(load(path) for path in paths)
    faults = [*_shared_urns(files), *_two_operators(files)]
    regie = [file.record.partner for file in files if Role.REGIE in file.record.roles]
    if len(regie) != 1:
        faults.append(f"one partner has the role regie, here it is {' and '.join(regie) or 'none'}")
    if faults:
        raise PartnerFileError(folder, faults)
    return files


def _stream_faults(named: Any) -> Iterable[str]:
    allowed = [stream.value for stream in Stream if stream is not Stream.REGISTRY]
    if not isinstance(named, list) or not named:
        yield f"streams: must be a list with some of {', '.join(allowed)}"
        return
    for name in named:
        if name not in allowed:
            yield f"streams: {name!r} is not one of {', '.join(allowed)}"
    if len({str(name) for name in named}) != len(named):
        yield "streams: names something twice"


def _unknown_fields(content: dict[str, Any]) -> Iterable[str]:
    """Find misspelt fields: on the wire unknown fields are kept, in a file by hand they are mistakes."""
    parts: list[tuple[str, Any, type[BaseModel]]] = [
        ("", content, PartnerRegistered),
        ("agreement.", content.get("agreement"), Agreement),
    ]
    services = content.get("services")
    if isinstance(services, list):
        parts += [(f"services.{index}.", part, PartnerService) for index, part in enumerate(services)]
    for prefix, part, model in parts:
        if isinstance(part, dict):
            for name in part.keys() - model.model_fields.keys():
                yield f"{prefix}{name}: no such field; there are {', '.join(model.model_fields)}"


def _contradictions(path: Path, file: PartnerFile) -> Iterable[str]:
    record, streams = file.record, set(file.streams)
    if path.stem != record.partner:
        yield f"partner: is {record.partner!r}, so the file must be called {record.partner}.toml"
    if not {Stream.INBOX, Stream.INTAKE} <= streams:
        yield "streams: a partner that states events needs inbox and intake"
    if Role.GUIDE in record.roles and Stream.PROFILES not in streams:
        yield "streams: a guide needs profiles"
    if Role.GUIDE in record.roles and record.vault is None:
        yield "vault: a guide holds names and addresses, so its vault's address must be given"
    run = {each.service for each in record.services}
    for service, stream in _STREAM_OF_SERVICE.items():
        if service in run and stream not in streams:
            yield f"streams: the service {service.value} needs {stream.value}"
        if stream is not Stream.INTAKE and stream in streams and service not in run:
            yield f"streams: {stream.value} is written by the service {service.value}, which is not run here"


def _shared_urns(files: Iterable[PartnerFile]) -> Iterable[str]:
    owners: dict[str, str] = {}
    for file in files:
        owner = owners.setdefault(file.record.urn, file.record.partner)
        if owner != file.record.partner:
            yield f"{owner} and {file.record.partner} have the same urn"


def _two_operators(files: Iterable[PartnerFile]) -> Iterable[str]:
    operators: dict[tuple[ServiceName, str], str] = {}
    for file in files:
        for each in file.record.services:
            for municipality in each.for_municipalities:
                first = operators.setdefault((each.service, municipality), file.record.partner)
                if first != file.record.partner:
                    both = f"{first} and {file.record.partner}"
                    yield f"{both} both run {each.service.value} for {municipality}"


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    field = ".".join(str(part) for part in location)
    said = message.removeprefix("Value error, ")
    return f"{field}: {said}" if field else said
