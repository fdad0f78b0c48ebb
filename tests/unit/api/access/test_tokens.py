from __future__ import annotations

import hmac

import pytest
from pydantic import SecretStr

from api.access import Role
from api.access.tokens import Tokens
from schemas.settings import Settings

VIEWER, OPERATOR = "viewer-0123456789", "operator-0123456789"


def tokens(**given: str) -> Tokens:
    return Tokens(Settings(**{f"api_{role}_token": SecretStr(text) for role, text in given.items()}))


@pytest.mark.parametrize(
    ("given", "role"),
    [
        (VIEWER, Role.VIEWER),
        (OPERATOR, Role.OPERATOR),
        (VIEWER[:-1], None),
        (VIEWER + "0", None),
        (VIEWER.upper(), None),
        (f" {VIEWER}", None),
        ("", None),
        ("\udcff\x00é", None),
        ("x" * 100_000, None),
    ],
)
def test_only_the_whole_token_opens(given: str, role: Role | None) -> None:
    assert tokens(viewer=VIEWER, operator=OPERATOR).role_of(given) is role


def test_each_token_is_compared_in_constant_time_whichever_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    both = tokens(viewer=VIEWER, operator=OPERATOR)
    for given in (VIEWER, OPERATOR, "wrong", "much longer than any token that was given to anybody"):
        compared.clear()
        both.role_of(given)
        assert compared == [(32, 32), (32, 32)]


def test_without_tokens_nothing_opens() -> None:
    assert not tokens()
    assert tokens().role_of("") is None
    assert tokens(viewer=VIEWER)


def test_a_token_is_nowhere_in_memory_that_is_shown() -> None:
    assert VIEWER not in repr(vars(tokens(viewer=VIEWER)))
