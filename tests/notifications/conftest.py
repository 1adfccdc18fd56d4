"""Fixtures of the tests of notifications."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.notifications.servers import Post, Vault, post_office, vault_server
from tests.notifications.site import Site, open_site
from tests.notifications.stories import PERSON


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A mail server."""
    async with post_office() as made:
        yield made


@pytest.fixture
async def vault() -> AsyncIterator[Vault]:
    """A vault that knows nobody yet."""
    async with vault_server() as made:
        yield made


@pytest.fixture
async def site(database: str, post: Post, vault: Vault) -> AsyncIterator[Site]:
    """The service on an empty database; the vault knows one person."""
    vault.know(PERSON)
    async with open_site(database, post, vault) as made:
        yield made
