from __future__ import annotations

import pytest

from api.access.limits import FAILURES, FAILURES_OF_ALL, UNKNOWN, WINDOW_S, Failures, Requests, client_key
from tests.unit.api.access.test_sessions import Clock


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("192.0.2.7:443", UNKNOWN),
        ("made-up\r\nwrong token client=192.0.2.7", UNKNOWN),
        ("made-up-%d", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_an_address_is_counted_as_its_customer(address: str, expected: str) -> None:
    assert client_key(address) == expected


def test_too_many_wrong_tokens_wait_until_the_oldest_is_a_minute_old() -> None:
    clock = Clock()
    failures = Failures(clock)
    for number in range(FAILURES):
        assert failures.wait("a") == 0
        assert failures.add("a") == number + 1
        clock.now += 1
    assert failures.wait("a") == WINDOW_S - FAILURES
    assert failures.wait("b") == 0
    clock.now += WINDOW_S - FAILURES
    assert failures.wait("a") == 0
    failures.add("a")
    assert failures.wait("a") > 0
    clock.now += WINDOW_S
    assert failures.wait("a") == 0
    assert len(failures) == 0


def test_many_addresses_have_one_guess_each_and_keep_nobody_out() -> None:
    failures = Failures(Clock())
    for number in range(FAILURES_OF_ALL):
        failures.add(f"guesser-{number}")
    assert failures.wait("guesser-0") == WINDOW_S
    assert failures.wait("somebody else") == 0


def test_the_memory_for_failures_is_bounded() -> None:
    failures = Failures(Clock(), clients=8)
    for number in range(1000):
        failures.add(f"{number}")
    assert len(failures) == 8


def test_requests_have_a_rate_and_a_burst() -> None:
    clock = Clock()
    requests = Requests(10, clock)
    assert [requests.take("a") for _ in range(20)] == [0] * 20
    assert requests.take("a") == pytest.approx(0.1)
    assert requests.take("b") == 0
    clock.now += 0.5
    assert [requests.take("a") for _ in range(5)] == [0] * 5
    assert requests.take("a") > 0
    clock.now += 1e6
    assert [requests.take("a") for _ in range(20)] == [0] * 20
    assert requests.take("a") > 0


def test_the_memory_for_requests_is_bounded() -> None:
    requests = Requests(10, Clock(), clients=8)
    for number in range(1000):
        requests.take(f"{number}")
    assert len(requests) == 8
