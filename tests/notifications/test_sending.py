"""When a message is tried again, given up or not sent, and which vault may be asked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.rules.sending import (
    PATIENCE,
    Failed,
    Later,
    Sent,
    Suppressed,
    Verdict,
    may_be_asked,
    pause_before,
    reason_not_to_send,
    settle,
)
from shared.contracts import FailureCode, SuppressReason

VAULT = "http://127.0.0.1:18101/menso"


@settings(deadline=None)
@given(st.integers(1, 1000))
def test_pauses_grow_up_to_five_minutes(attempt: int) -> None:
    assert timedelta(seconds=1) <= pause_before(attempt) <= pause_before(attempt + 1) <= timedelta(minutes=5)


def test_tries_of_a_whole_day_stay_within_what_the_contract_can_number() -> None:
    tried, attempt = timedelta(0), 0
    while tried < PATIENCE:
        attempt += 1
        tried += pause_before(attempt)
    assert attempt <= 1000


@settings(deadline=None)
@given(
    st.sampled_from([Sent(), Suppressed(SuppressReason.NO_CONSENT), Failed(FailureCode.OUTCOME_UNKNOWN)]),
    st.timedeltas(min_value=timedelta(0)),
)
def test_what_is_settled_stays_as_it_is(verdict: Verdict, tried_for: timedelta) -> None:
    assert settle(verdict, tried_for=tried_for) == verdict


@settings(deadline=None)
@given(st.timedeltas(min_value=timedelta(0)))
def test_a_try_that_may_be_repeated_is_given_up_after_a_day(tried_for: timedelta) -> None:
    later = Later(FailureCode.VAULT_UNREACHABLE)
    expected = Failed(later.code) if tried_for >= PATIENCE else later
    assert settle(later, tried_for=tried_for) == expected


@pytest.mark.parametrize(
    ("erased", "deceased", "expires_on", "reason"),
    [
        (True, True, date(2020, 1, 1), SuppressReason.ERASED),
        (False, True, date(2020, 1, 1), SuppressReason.DECEASED),
        (False, False, date(2020, 12, 14), SuppressReason.OVERTAKEN),
        (False, False, date(2020, 12, 15), None),
        (False, False, None, None),
    ],
)
def test_the_reason_not_to_send_is_the_weightiest(
    erased: bool,  # noqa: FBT001
    deceased: bool,  # noqa: FBT001
    expires_on: date | None,
    reason: SuppressReason | None,
) -> None:
    found = reason_not_to_send(
        erased=erased, deceased=deceased, expires_on=expires_on, today=date(2020, 12, 15)
    )
    assert found is reason


@pytest.mark.parametrize(
    "dataref",
    [
        f"{VAULT}/v1/people/p-1",
        f"{VAULT}/v1/people/p-1:2.3_4",
    ],
)
def test_an_address_in_the_guides_vault_may_be_asked(dataref: str) -> None:
    assert may_be_asked(dataref, VAULT)
    assert may_be_asked(dataref, f"{VAULT}/")


@pytest.mark.parametrize(
    "dataref",
    [
        "http://127.0.0.1:18101/mensoo/v1/people/p-1",
        "http://127.0.0.1:18101/menso",
        "http://127.0.0.1:18101/v1/people/p-1",
        "http://127.0.0.1:18101/menso/../emco/v1/people/p-1",
        "http://127.0.0.1:18101/menso/%2e%2e/emco/v1/people/p-1",
        "http://127.0.0.1:18101/menso/..%2femco/v1/people/p-1",
        "http://127.0.0.1:18101/menso/..\\emco",
        "http://127.0.0.1:18102/menso/v1/people/p-1",
        "http://127.0.0.1:18101@evil.example/menso/v1/people/p-1",
        "http://user:word@127.0.0.1:18101/menso/v1/people/p-1",
        "https://127.0.0.1:18101/menso/v1/people/p-1",
        "http://127.0.0.1:18101.evil.example/menso/v1/people/p-1",
        "http://127.0.0.1:18101/menso/v1/people/p-1?to=evil.example",
        "http://127.0.0.1:18101/menso/v1/people/p-1#x",
        "http://evil.example/http://127.0.0.1:18101/menso/v1/people/p-1",
        "//127.0.0.1:18101/menso/v1/people/p-1",
        "file:///menso/v1/people/p-1",
        "http://[::1/menso/v1/people/p-1",
        "http://127.0.0.1:18101\n.evil.example/menso/v1",
        "",
    ],
)
def test_the_token_is_shown_to_no_other_address(dataref: str) -> None:
    assert not may_be_asked(dataref, VAULT)


def test_a_guide_without_a_vault_is_not_asked() -> None:
    assert not may_be_asked(f"{VAULT}/v1/people/p-1", None)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_whatever_a_record_says_is_judged_without_a_fault(text: str) -> None:
    assert may_be_asked(text, VAULT) in {True, False}
    assert may_be_asked(f"{VAULT}{text}", VAULT) in {True, False}
