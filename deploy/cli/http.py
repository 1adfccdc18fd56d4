"""Asking the services over HTTP, with the stack's tokens."""

from __future__ import annotations

from typing import Any

import httpx

from deploy.cli.output import CommandFault
from deploy.local.environment import Secrets, Service, secrets_of, services
from deploy.local.settings import LocalSettings


class Services:
    """The services of the local stack, as an operator or a partner reaches them."""

    def __init__(self) -> None:
        self._settings = LocalSettings()

    @property
    def tokens(self) -> Secrets:
        """The stack's tokens."""
        return secrets_of(self._settings)

    def named(self, name: str) -> Service:
        """One service by name.

        Raises:
            CommandFault: There is none of that name.
        """
        known = {each.name: each for each in services(self._settings)}
        if name not in known:
            raise CommandFault(f"There is no service {name}; there are {', '.join(known)}.")
        return known[name]

    def door(self) -> Service:
        """The service that partners send to."""
        return self.named("intake")

    def ask(self, service: Service, method: str, path: str, token: str, **content: Any) -> Any:
        """Send one request and return the answer's JSON.

        Raises:
            CommandFault: It cannot be reached, or says no to the request as a whole.
        """
        headers = {"authorization": f"Bearer {token}", **content.pop("headers", {})}
        try:
            answer = httpx.request(method, service.url + path, headers=headers, timeout=60, **content)
        except httpx.HTTPError as error:
            raise CommandFault(
                f"{service.name} does not answer at {service.url}: {error!s}. "
                "See `werkbedrijf status`; `make up` starts it."
            ) from None
        return said_by(service.name, answer)


def said_by(who: str, answer: httpx.Response) -> Any:
    """The JSON of an answer.

    Raises:
        CommandFault: The answer is no to the request as a whole; with its reason.
    """
    try:
        said = answer.json()
    except ValueError:
        raise CommandFault(f"{who} answered {answer.status_code} and no JSON.") from None
    if not answer.is_success:
        problem = said if isinstance(said, dict) else {}
        told = problem.get("detail") or problem.get("title") or said
        raise CommandFault(f"{who} answered {answer.status_code}: {told}")
    return said
