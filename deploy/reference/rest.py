"""The page of the REST interface, from the document that a running API gives as `/openapi.json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from api.app import create_app
from deploy.catalogue import read_catalogue
from deploy.reference.markdown import Schema, code, defined, example, fenced, kind, prose, shown, table
from schemas.settings import Settings

_HEAD: Final = """\
# REST

A running API has the same as OpenAPI at `/openapi.json`. Where tokens are set, each request carries one:
`Authorization: Bearer TOKEN`. What goes wrong is answered as `application/problem+json`; `detail` names the thing, the
value and what was expected.

"""


def document() -> dict[str, Any]:
    """The OpenAPI document of the API as it is by default."""
    settings = Settings()
    return create_app(settings, read_catalogue(settings)).openapi()


def page() -> str:
    """The page's text."""
    whole = document()
    definitions = whole["components"]["schemas"]
    routes = list(_routes(whole))
    rows = [
        [f"[`{method} {path}`](#{_anchor(method, path)})", prose(route.get("description", "")).partition("\n")[0]]
        for method, path, route in routes
    ]
    parts = [_HEAD + table(["route", "does"], rows)]
    parts += [_section(method, path, route, definitions) for method, path, route in routes]
    parts += ["## Bodies\n", defined(sorted(definitions), definitions, "###")]
    return "\n".join(parts)


def _routes(whole: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in whole["paths"].items():
        for method, route in methods.items():
            yield method.upper(), path, route


def _anchor(method: str, path: str) -> str:
    return f"{method}-{path}".lower().translate(str.maketrans("", "", "/{}."))


def _section(method: str, path: str, route: dict[str, Any], definitions: dict[str, Schema]) -> str:
    parts = [f"## {method} {path}\n", prose(route.get("description", "")) + "\n"]
    if route.get("parameters"):
        rows = [
            [
                code(one["name"]),
                one.get("description", ""),
                one["in"],
                kind(one["schema"], definitions),
                "needed" if one.get("required") else shown(one["schema"].get("default")),
            ]
            for one in route["parameters"]
        ]
        parts.append(table(["parameter", "meaning", "in", "is", "by default"], rows))
    for media, body in route.get("requestBody", {}).get("content", {}).items():
        parts.append(f"The body is {kind(body['schema'], definitions)}, as `{media}`.\n")
        parts += _examples(body)
    answers = []
    shown_examples: list[str] = []
    for status, answer in sorted(route["responses"].items()):
        content = answer.get("content", {})
        kinds = [f"{kind(body.get('schema', {}), definitions)} (`{media}`)" for media, body in content.items()]
        problem = "application/problem+json" in content
        answers.append([code(status), answer["description"], "a problem" if problem else ", ".join(kinds) or "–"])
        for body in content.values():
            shown_examples += _examples(body) if not problem else []
    parts.append(table(["status", "is", "body"], answers))
    return "\n".join([*parts, *shown_examples])


def _examples(body: dict[str, Any]) -> list[str]:
    """What the document gives as examples; of a stream the lines as they come."""
    named = [one["value"] for one in body.get("examples", {}).values() if "value" in one]
    given = [body["example"]] if "example" in body else named
    return [fenced(one, "text") if isinstance(one, str) else example(one) for one in given]
