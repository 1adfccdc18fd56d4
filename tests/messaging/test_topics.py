"""Topic names."""

from __future__ import annotations

import re

import pytest

from shared.contracts.base import Stream
from shared.messaging.topics import Topics

TOPICS = Topics()


@pytest.mark.parametrize("stream", [s for s in Stream if s is not Stream.REGISTRY])
def test_a_topic_says_whose_it_is_and_which_stream(stream: Stream):
    assert TOPICS.parse(TOPICS.of("gemeente-emmen", stream)) == ("gemeente-emmen", stream)


def test_the_registry_is_nobodys():
    assert TOPICS.of("menso", Stream.REGISTRY) == TOPICS.registry == "werkbedrijf.registry"
    assert TOPICS.parse("werkbedrijf.registry") == ("", Stream.REGISTRY)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "werkbedrijf",
        "werkbedrijf.menso",
        "werkbedrijf..intake",
        "werkbedrijf.menso.gossip",
        "werkbedrijf.menso.registry",
        "werkbedrijf.menso.extra.intake",
        "werkbedrijf.Menso.intake",
        "werkbedrijf.menso\n.intake",
        "werkbedrijf.menso.intake\n",
        "xwerkbedrijf.menso.intake",
        "other.menso.intake",
    ],
)
def test_what_is_no_topic_of_ours_is_refused(topic: str):
    with pytest.raises(ValueError, match=r"."):
        TOPICS.parse(topic)


def test_a_subscription_matches_the_streams_of_all_partners_the_registry_and_some_inboxes():
    pattern = re.compile(TOPICS.pattern({Stream.INTAKE, Stream.QUOTA}, ["menso"]))
    taken = [
        "werkbedrijf.menso.intake",
        "werkbedrijf.a-new-partner.quota",
        "werkbedrijf.registry",
        "werkbedrijf.menso.inbox",
    ]
    left = [
        "werkbedrijf.emco.inbox",
        "werkbedrijf.menso.profiles",
        "werkbedrijf.menso.registry",
        "werkbedrijfxmenso.intake",
        "werkbedrijf.menso.intake.more",
        "other.werkbedrijf.menso.intake",
    ]
    assert all(pattern.match(topic) for topic in taken)
    assert not any(pattern.match(topic) for topic in left)


def test_a_subscription_leaves_out_what_the_service_states_itself_and_nothing_more():
    own = [TOPICS.of("menso", Stream.INTAKE), TOPICS.of("gemeente-emmen", Stream.INTAKE)]
    pattern = re.compile(TOPICS.pattern({Stream.INTAKE}, ["menso"], but=own))
    taken = [
        "werkbedrijf.emco.intake",
        "werkbedrijf.menso-noord.intake",
        "werkbedrijf.menso.inbox",
        "werkbedrijf.registry",
    ]
    assert all(pattern.match(topic) for topic in taken)
    assert not any(pattern.match(topic) for topic in own)


def test_a_service_without_streams_still_follows_the_registry():
    pattern = re.compile(Topics("test").pattern(()))
    assert pattern.match("test.registry")
    assert not pattern.match("test.menso.intake")


def test_prefixes_keep_clusters_apart():
    one = Topics("t1")
    assert one.parse("t1.menso.intake") == ("menso", Stream.INTAKE)
    with pytest.raises(ValueError, match="t1"):
        one.parse("werkbedrijf.menso.intake")
