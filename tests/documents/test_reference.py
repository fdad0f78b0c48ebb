"""The reference is what the code says, and the code says a word about everything in it."""

from __future__ import annotations

import typer

from deploy.reference.command import verbs
from deploy.reference.pages import FOLDER, pages
from deploy.reference.rest import document
from schemas.settings import Settings


def test_every_page_is_up_to_date() -> None:
    written = {file.name: file.read_text() for file in FOLDER.glob("*.md")}
    assert written == pages(), "run: make schemas"


def test_every_option_and_argument_is_explained() -> None:
    silent = [
        (" ".join(verb.words), parameter.name)
        for verb in verbs()
        for parameter in verb.parameters
        if not parameter.help
    ]
    assert silent == []


def test_every_verb_is_explained() -> None:
    assert [verb.words for verb in verbs() if not verb.command.help] == []


def test_what_the_help_of_an_option_shows_is_in_the_reference() -> None:
    page = (FOLDER / "command.md").read_text()
    for verb in verbs():
        for parameter in verb.parameters:
            name, _ = parameter.get_help_record(typer.Context(verb.command))
            assert name.replace("|", r"\|") in page


def test_every_setting_is_explained() -> None:
    assert [name for name, one in Settings.model_fields.items() if not one.description] == []


def test_every_route_and_its_parameters_are_explained() -> None:
    silent = []
    for path, methods in document()["paths"].items():
        for method, route in methods.items():
            if not route.get("description"):
                silent.append(f"{method} {path}")
            silent += [
                f"{method} {path}: {one['name']}"
                for one in route.get("parameters", ())
                if not one.get("description") and one["in"] != "path" and one["name"] not in HEADERS
            ]
    assert silent == []


HEADERS = {"if-none-match", "last-event-id"}
"""What HTTP itself explains."""
