"""What containers need before the services start: secrets of their own, and databases.

`python -m deploy.images.prepare secrets` fills a folder for each container below /secrets; what was made
before is kept. `python -m deploy.images.prepare databases` creates the databases that are missing.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path

from deploy.local.environment import database_of, secrets_of, services, variables_for
from deploy.local.faults import LocalFault
from deploy.local.servers import create_databases
from deploy.local.settings import LocalSettings

FOLDER = Path("/secrets")
SECRET = frozenset({"DATABASE_URL", "DOOR_TOKENS", "OPS_TOKEN", "VAULT_TOKEN"})
"""Variables that a container is given as a file; the others stand in docker-compose.yml."""


def write_secrets(folder: Path, server: str) -> None:
    """Give each container its secrets, and none of another's.

    Args:
        folder: Holds one folder a container; that of the tools keeps what was made, for the next start.
        server: PostgreSQL's `host:port` as containers reach it.
    """
    tools = folder / "tools"
    # The tools' folder is a stack's `var` to the operator's command, which then finds the tokens in it.
    settings = LocalSettings(var=tools)
    password = folder / "postgres" / "password"
    if not password.exists():
        _write(password, secrets.token_hex(24))
    base = f"postgresql://werkbedrijf:{password.read_text(encoding='utf-8')}@{server}/postgres"
    _write(tools / "DATABASE_URL", base)
    for service in services(settings):
        told = variables_for(
            service, settings, bootstrap="", base_dsn=base, tokens=secrets_of(settings), clock="wall"
        )
        for name in SECRET & told.keys():
            _write(folder / service.name / name, told[name])


def _write(path: Path, content: str) -> None:
    fresh = path.with_suffix(".new")
    # Readable for all who see the folder: that is one container, under an account of its own.
    fresh.write_text(content, encoding="utf-8")
    fresh.replace(path)


def main(step: str) -> None:
    """Carry out one step."""
    if step == "secrets":
        write_secrets(FOLDER, "postgres:5432")
        return
    settings = LocalSettings()
    names = {each.name: database_of(each, settings) for each in services(settings)}
    try:
        created = asyncio.run(create_databases(os.environ["DATABASE_URL"], names))
    except LocalFault as fault:
        sys.exit(str(fault))
    print(f"databases created: {', '.join(created) or 'none were missing'}")


if __name__ == "__main__":
    main(sys.argv[1])
