"""Every command of the documents is run on one real installation, or listed with the reason why it is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from producers.control import read_cameras, remove_camera
from schemas.settings import Settings
from tests.documents.blocks import ROOT, commands, documents
from tests.documents.installation import Installation, Terminal
from tests.documents.plan import CAMERA, UNRUN, WAYS, Unrun, way_of

TO_RUN = [one for one in documents() if any(not isinstance(way_of(command), Unrun) for command in commands(one))]
NEEDS = {"docs/api.md": "door", "docs/capture.md": "door", "docs/consumer.md": "door", "docs/streams.md": "door"}
"""The camera that a page takes for granted."""
_ADDED = re.compile(r"framebus camera add (\w+)")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("document", TO_RUN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_does_what_it_says(document: Path, installation: Installation) -> None:
    name = str(document.relative_to(ROOT))
    terminal = installation.terminal(name.replace("/", "-"))
    if name in NEEDS:
        _type(installation, terminal, f"framebus camera add {NEEDS[name]} --source {CAMERA}")
    for command in commands(document):
        way = way_of(command)
        if isinstance(way, Unrun):
            continue
        text = installation.translate(command.text)
        for usual, other in way.instead.items():
            assert usual in text, f"{command}: no {usual}"
            text = text.replace(usual, other)
        if way.until:
            environ = installation.beside(terminal, broker=" framebus up" in text)
            code, printed = terminal.serve(text, way.until, **environ)
        else:
            code, printed = _type(installation, terminal, text)
        assert code == way.code, f"{command}\n{printed}"
        assert way.says in printed, f"{command}\n{printed}"
    settings = Settings(bootstrap_servers=f"127.0.0.1:{installation.broker}")
    for camera in read_cameras(settings):
        remove_camera(settings, camera)


def _type(installation: Installation, terminal: Terminal, text: str) -> tuple[int, str]:
    code, printed = terminal.run(text)
    if code == 0 and (added := _ADDED.search(text)):
        installation.await_results(added[1])
    return code, printed


@pytest.mark.parametrize("way", [*UNRUN, *WAYS], ids=lambda way: way.pattern)
def test_nothing_is_planned_for_a_command_that_no_document_has(way: object) -> None:
    assert any(way_of(command) is way for document in documents() for command in commands(document))
