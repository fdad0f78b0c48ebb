from __future__ import annotations

import pytest

from api.access import Role
from api.access.roles import role_for


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", None),
        ("GET", "/index.html", None),
        ("GET", "/assets/index-1a2b.js", None),
        ("GET", "/assets/../api/v1/cameras", Role.VIEWER),
        ("GET", "/favicon.svg", None),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", "/api/v1/session", None),
        ("POST", "/api/v1/session", None),
        ("DELETE", "/api/v1/session", None),
        ("GET", "/api/v1/session/", Role.VIEWER),
        ("GET", "/metrics", Role.VIEWER),
        ("GET", "/openapi.json", Role.VIEWER),
        ("GET", "/api/v1/cameras", Role.VIEWER),
        ("HEAD", "/api/v1/cameras", Role.VIEWER),
        ("OPTIONS", "/api/v1/cameras", Role.VIEWER),
        ("GET", "/nobody/thought/of/this", Role.VIEWER),
        ("POST", "/nobody/thought/of/this", Role.OPERATOR),
        ("POST", "/", Role.OPERATOR),
        ("POST", "/healthz", Role.OPERATOR),
        ("GET", "/api/v1/frames/pose/0/0/outcome", Role.VIEWER),
        ("POST", "/api/v1/frames/pose/0/0/infer", Role.OPERATOR),
        ("PUT", "/api/v1/cameras", Role.OPERATOR),
        ("PATCH", "/api/v1/cameras", Role.OPERATOR),
        ("DELETE", "/api/v1/cameras", Role.OPERATOR),
        ("get", "/", Role.OPERATOR),
        ("BREW", "/api/v1/cameras", Role.OPERATOR),
    ],
)
def test_whatever_is_not_known_to_be_open_is_closed(method: str, path: str, expected: Role | None) -> None:
    assert role_for(method, path) is expected


def test_an_operator_is_a_viewer_too() -> None:
    assert Role.OPERATOR > Role.VIEWER
    assert [role.title for role in Role] == ["viewer", "operator"]
