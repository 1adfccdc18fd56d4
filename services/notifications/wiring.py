"""The only file that knows everything: settings, process, sender and web app."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from services.notifications import api
from services.notifications.delivery import Office
from services.notifications.handlers import Notifications
from services.notifications.letters import Writer
from services.notifications.mail import Mailer, MailServer
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from services.notifications.stating import Statements
from services.notifications.store import World
from services.notifications.vault import Vaults
from shared.messaging.process import Background, Process
from shared.messaging.settings import Clock
from shared.web.app import make_web

PACKAGE = "services.notifications"


def make_service(settings: NotificationsSettings) -> Notifications:
    """The service alone, without anything that sends; a rebuild needs no more."""
    return Notifications(settings.operator)


def make_office(settings: NotificationsSettings) -> Office:
    """All that writing and bringing a message takes."""
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        sender_name=settings.desk_name,
        encryption=settings.smtp_encryption,
        user=settings.smtp_user or None,
        password=settings.smtp_password.get_secret_value() or None,
    )
    return Office(
        operator=settings.operator,
        vaults=Vaults(token=settings.vault_token, tokens=settings.vault_tokens),
        writer=Writer(),
        server=server,
        mailer=Mailer(server),
        desk=settings.desk_name,
        phone=settings.desk_phone,
    )


def build(settings: NotificationsSettings | None = None) -> tuple[Process[World], FastAPI]:
    """The process and its web app, from the environment unless settings are given."""
    settings = settings or NotificationsSettings()
    senders: list[Sender] = []

    def wake() -> None:
        for sender in senders:
            sender.wake()

    def background(process: Process[World]) -> Sequence[Background]:
        sender = Sender(
            settings.database_url.get_secret_value(),
            make_office(settings),
            Statements(
                process.runner,
                process.topics,
                operator=settings.operator,
                scenario=settings.clock is Clock.SCENARIO,
            ),
            lines=settings.smtp_connections,
        )
        senders[:] = [sender]
        return (sender,)

    service = Notifications(settings.operator, queued=wake)
    process = Process(service, settings, package=PACKAGE, background=background)
    app = make_web(
        process,
        title="Werkbedrijf: notifications",
        description="Tells participants of each step in plain Dutch, and what became of each message.",
    )
    app.include_router(api.router(process))
    return process, app
