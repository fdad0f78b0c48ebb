"""Says in the OpenAPI document who may send what."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from api.access.roles import role_for
from api.routes.prefix import API
from api.web.problems import problems

_SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer", "description": "The viewer's or the operator's token."},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-framebus", "description": "Set by signing in."},
}

_OF_A_BODY: Final = (400, 413, 415)
"""It cannot be read, is too large, or is no JSON."""


def describe(app: FastAPI) -> None:
    """Have `app` describe its routes with the role that each needs, where tokens are set."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _add_roles(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _add_roles(document: dict[str, Any]) -> None:
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            role = role_for(method.upper(), path)
            if role is None:
                if path.startswith(API):  # who tried too many tokens waits there too
                    operation["responses"] |= {str(status): text for status, text in problems(429).items()}
                continue
            operation["security"] = [{name: []} for name in _SCHEMES]
            operation["x-framebus-role"] = role.title
            refusals = problems(401, 403, 429, *(_OF_A_BODY if "requestBody" in operation else ()))
            operation["responses"] |= {str(status): text for status, text in refusals.items()}
