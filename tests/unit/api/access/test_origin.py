from __future__ import annotations

import pytest

from api.access.origin import host_is_expected, is_foreign, is_loopback

NAMES = frozenset({"cameras.example"})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("cameras.example", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("192.168.1.5:8080", True),
        ("cameras.example:8443", True),
        ("Cameras.Example", True),
        ("rebinding.example:8080", False),
        ("cameras.example.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", True),  # the part before @ is no host, and no browser sends it
        ("[::1", False),
        ("", False),
        (":8080", False),
    ],
)
def test_a_name_that_somebody_else_chose_is_not_expected(host: str, expected: bool) -> None:
    assert host_is_expected(host, NAMES) is expected


@pytest.mark.parametrize(
    ("origin", "site", "is_link", "expected"),
    [
        (None, None, False, False),  # no browser
        (None, "same-origin", False, False),
        (None, "none", False, False),
        ("http://127.0.0.1:8080", "same-origin", False, False),
        ("http://127.0.0.1:8080", None, False, False),
        ("http://127.0.0.1:9999", None, False, True),
        ("https://evil.example", None, False, True),
        ("null", None, False, True),
        ("http://[", None, False, True),
        (None, "cross-site", False, True),
        (None, "same-site", False, True),
        (None, "cross-site", True, False),  # somebody followed a link to the page
    ],
)
def test_what_a_page_of_another_site_sends_is_foreign(
    origin: str | None, site: str | None, is_link: bool, expected: bool
) -> None:
    assert is_foreign(host="127.0.0.1:8080", origin=origin, site=site, is_link=is_link) is expected
