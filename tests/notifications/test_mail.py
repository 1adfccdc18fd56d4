"""Handing mail over to a real server: taken, refused, to be repeated, or unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from services.notifications.composing import compose
from services.notifications.letters import Letter
from services.notifications.mail import Encryption, Mail, Mailer, MailServer
from services.notifications.rules.sending import Failed, Later, Sent
from shared.contracts import FailureCode
from tests.notifications.servers import Post, plain, post_office

LETTER = Letter("Nieuws voor u", "Beste Zoë,\n\nWij hebben nieuws voor u.\n", "<p>Beste Zoë,</p>")
AT = datetime(2020, 12, 1, 8, 0, tzinfo=UTC)


def server(port: int, **more: object) -> MailServer:
    return MailServer("127.0.0.1", port, "loket@werkbedrijf.example", "Loket Werk", **more)  # type: ignore[arg-type]


def mail(to: str = "zoe@example.org", notification: str = "n-1") -> Mail:
    composed = compose(LETTER, notification=notification, to=to, at=AT, server=server(25))
    assert composed is not None
    return composed


class Noted:
    """What was noted, and how much the server had taken by then."""

    def __init__(self, post: Post) -> None:
        self.when: list[int] = []
        self._post = post

    async def __call__(self) -> None:
        self.when.append(len(self._post.taken))


@pytest.fixture
async def mailer(post: Post) -> AsyncIterator[Mailer]:
    made = Mailer(server(post.port))
    yield made
    await made.rest()


async def test_a_message_is_noted_before_the_server_has_it(post: Post, mailer: Mailer) -> None:
    noted = Noted(post)
    delivery = await mailer.deliver(mail(), noted)
    assert (delivery.verdict, delivery.reply) == (Sent(), 250)
    assert noted.when == [0]
    ((to, message),) = post.taken
    assert to == "zoe@example.org"
    assert message["Subject"] == "Nieuws voor u"
    assert message["From"] == "Loket Werk <loket@werkbedrijf.example>"
    assert message["Message-ID"] == "<n-1@werkbedrijf.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_the_same_message_is_the_same_bytes() -> None:
    assert mail().content == mail().content
    assert mail(notification="n-2").content != mail().content


def test_the_text_survives_its_way() -> None:
    message = message_from_bytes(mail().content, policy=default)
    assert isinstance(message, EmailMessage)
    assert plain(message).replace("\r\n", "\n") == LETTER.text
    assert message["Date"] == "Tue, 01 Dec 2020 08:00:00 +0000"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "zoe",
        "zoe@example",
        "zoe@exa mple.org",
        "zoe@example.org\r\nBcc: all@example.org",
        "zoe@example.org, all@example.org",
        "Zoë <zoe@example.org>",
        "zoë@example.org",
        "@example.org",
    ],
)
def test_what_is_no_address_is_not_tried(address: str) -> None:
    assert compose(LETTER, notification="n-1", to=address, at=AT, server=server(25)) is None


async def test_a_line_is_kept_while_there_is_work(post: Post, mailer: Mailer) -> None:
    for number in range(3):
        await mailer.deliver(mail(notification=f"n-{number}"), Noted(post))
    assert (len(post.taken), post.connections) == (3, 1)
    await mailer.rest()
    await mailer.deliver(mail(), Noted(post))
    assert post.connections == 2


async def test_a_line_on_which_the_server_hung_up_is_no_failed_try(post: Post, mailer: Mailer) -> None:
    await mailer.deliver(mail(), Noted(post))
    post.hang_up()
    delivery = await mailer.deliver(mail(notification="n-2"), Noted(post))
    assert delivery.verdict == Sent()
    assert len(post.taken) == 2


async def test_a_line_that_the_server_closes_is_no_failed_try_and_a_server_that_closes_is_away(
    post: Post, mailer: Mailer
) -> None:
    await mailer.deliver(mail(), Noted(post))
    post.rcpt = ["421 4.4.2 idle for too long"]
    assert (await mailer.deliver(mail(notification="n-2"), Noted(post))).verdict == Sent()
    await mailer.rest()
    post.rcpt = ["421 4.3.2 shutting down"]
    delivery = await mailer.deliver(mail(notification="n-3"), Noted(post))
    assert (delivery.verdict, delivery.away) == (Later(FailureCode.PROVIDER_UNREACHABLE), True)


async def test_a_refused_message_does_not_cost_the_line(post: Post, mailer: Mailer) -> None:
    post.rcpt = ["550 5.1.1 nobody here", "450 4.2.1 try later"]
    post.data = ["554 5.7.1 not wanted"]
    deliveries = [await mailer.deliver(mail(notification=f"n-{n}"), Noted(post)) for n in range(4)]
    assert [each.reply for each in deliveries] == [550, 450, 554, 250]
    assert not any(each.away for each in deliveries)
    assert post.connections == 1


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("550 5.1.1 nobody here", Failed(FailureCode.ADDRESS_REFUSED)),
        ("450 4.2.1 try later", Later(FailureCode.PROVIDER_UNREACHABLE)),
    ],
)
async def test_a_refused_address_was_never_handed_over(
    post: Post, mailer: Mailer, answer: str, verdict: object
) -> None:
    post.rcpt = [answer]
    noted = Noted(post)
    delivery = await mailer.deliver(mail(), noted)
    assert (delivery.verdict, delivery.reply) == (verdict, int(answer[:3]))
    assert not noted.when
    assert (await mailer.deliver(mail(), noted)).verdict == Sent()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("554 5.7.1 not wanted", Failed(FailureCode.BOUNCED)),
        ("451 4.3.0 disk full", Later(FailureCode.PROVIDER_UNREACHABLE)),
        ("999 what", Failed(FailureCode.OUTCOME_UNKNOWN)),
        (None, Failed(FailureCode.OUTCOME_UNKNOWN)),
    ],
)
async def test_what_an_answer_to_the_message_means(
    post: Post, mailer: Mailer, answer: str | None, verdict: object
) -> None:
    post.data = [answer]
    noted = Noted(post)
    assert (await mailer.deliver(mail(), noted)).verdict == verdict
    assert noted.when == [0]


async def test_no_answer_in_time_is_an_unknown_outcome(
    post: Post, mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.mail._TIMEOUT_S", 0.5)
    post.delay_s = 1.5
    assert (await mailer.deliver(mail(), Noted(post))).verdict == Failed(FailureCode.OUTCOME_UNKNOWN)


async def test_without_a_server_nothing_is_handed_over(post: Post) -> None:
    noted = Noted(post)
    async with post_office() as other:
        gone = other.port
    delivery = await Mailer(server(gone)).deliver(mail(), noted)
    assert delivery.verdict == Later(FailureCode.PROVIDER_UNREACHABLE)
    assert not noted.when


async def test_where_encryption_is_required_nothing_goes_in_the_clear(post: Post) -> None:
    noted = Noted(post)
    mailer = Mailer(server(post.port, encryption=Encryption.REQUIRED))
    assert (await mailer.deliver(mail(), noted)).verdict == Later(FailureCode.PROVIDER_UNREACHABLE)
    assert not noted.when
    assert not post.taken


async def test_a_note_that_fails_keeps_the_message_here(post: Post, mailer: Mailer) -> None:
    async def fail() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await mailer.deliver(mail(), fail)
    assert not post.taken
    assert (await mailer.deliver(mail(), Noted(post))).verdict == Sent()
