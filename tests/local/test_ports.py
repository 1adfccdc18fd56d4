"""A port that is held names its holder and the way out."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.local import ports
from deploy.local.faults import LocalFault


@pytest.fixture
def held() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server((ports.HOST, 0)) as server:
        yield server.getsockname()[1]


def test_a_held_port_names_its_holder_and_the_setting_that_moves_it(held: int) -> None:
    with pytest.raises(LocalFault) as fault:
        ports.require_free(held, "Kafka", "WERKBEDRIJF_KAFKA_PORT")
    said = str(fault.value)
    assert f"Port {held}, meant for Kafka, is held by pid {os.getpid()} (" in said
    assert "WERKBEDRIJF_KAFKA_PORT=<port>" in said
    assert "\n" not in said


def test_a_port_nobody_listens_on_is_free() -> None:
    port = ports.free_port()
    ports.require_free(port, "Kafka", "X")
    assert not ports.answers(port)


def test_connections_that_linger_after_a_server_are_no_hindrance() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((ports.HOST, port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert ports.is_free(port)
