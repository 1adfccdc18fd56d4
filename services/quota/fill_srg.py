"""Fill the BSN column of the CBS file from the vault, for who holds the vault's token and may.

    SRG_VAULT_TOKEN=... python -m services.quota.fill_srg srg-0114-2021-12.csv --vault https://door.example

It writes `<name>-met-bsn.csv` beside it and says for whom no BSN was found. The vault writes down every
look, with what for (Wabb art. 10; UAVG art. 46). Run it where the file is to be sent from, and nowhere else:
the file with the BSN is personal data, and this service keeps nothing of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx

from services.quota.rules.srg import filled

PURPOSE: Final = "CBS SRG"
_READABLE_BY_OWNER: Final = 0o600


def main(words: Sequence[str] | None = None) -> int:
    """Fill one file; 0 when every person was found, 1 when somebody was not, 2 when nothing was done."""
    parser = argparse.ArgumentParser(prog="python -m services.quota.fill_srg", description=__doc__)
    parser.add_argument("file", type=Path, help="the file as the ledger wrote it")
    parser.add_argument("--vault", required=True, help="base address of the door that holds the vault")
    asked = parser.parse_args(words)
    token = os.environ.get("SRG_VAULT_TOKEN", "")
    if not token:
        return _stop("set SRG_VAULT_TOKEN to the token with which you may look in the vault")
    try:
        text, missing = fill(asked.file.read_text(encoding="utf-8"), asked.vault, token)
    except (OSError, ValueError, httpx.HTTPError) as error:
        return _stop(str(error))
    out = asked.file.with_name(f"{asked.file.stem}-met-bsn.csv")
    out.touch(mode=_READABLE_BY_OWNER)
    out.write_text(text, encoding="utf-8", newline="")
    sys.stdout.write(f"{out}\n")
    for reference in missing:
        sys.stderr.write(f"Geen BSN gevonden voor {reference}\n")
    return 1 if missing else 0


def fill(
    text: str, vault: str, token: str, transport: httpx.BaseTransport | None = None
) -> tuple[str, list[str]]:
    """The file with the BSN of each person, and the references for which the vault has none.

    Raises:
        httpx.HTTPError: the vault does not answer, or does not let this caller look.
        ValueError: it is no file of the ledger.
    """
    found: dict[str, str | None] = {}
    headers = {"Authorization": f"Bearer {token}", "X-Purpose": PURPOSE}
    with httpx.Client(base_url=vault, headers=headers, timeout=30, transport=transport) as http:

        def bsn_of(participant: str) -> str | None:
            if participant not in found:
                answer = http.get(f"/v1/people/{quote(participant, safe='')}")
                if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
                    found[participant] = None
                else:
                    found[participant] = answer.raise_for_status().json().get("bsn")
            return found[participant]

        return filled(text, bsn_of)


def _stop(why: str) -> int:
    sys.stderr.write(f"Niet gelukt: {why}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
