"""Helm, built from its pinned module before the first test: that takes longer than a test may."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from schemas.errors import FramebusError
from schemas.settings import Settings
from tests.chart.helm import HELM, Helm
from tests.debian import lacking, need_program
from tests.go_tools import find_tool

_HERE: Final = Path(__file__).parent
_FOUND: dict[str, Path] = {}
_LACKS: dict[str, str] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have Helm ready, if any test of this folder is to run."""
    if session.config.option.collectonly or not any(_HERE in item.path.parents for item in session.items):
        return
    try:
        _FOUND[HELM.name] = find_tool(HELM, Settings().cache_dir)
    except FramebusError as error:
        _LACKS[HELM.name] = str(error)


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    if HELM.name not in _FOUND:
        lacking(_LACKS[HELM.name])
    return Helm(_FOUND[HELM.name], tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def promtool() -> Path:
    return need_program("promtool", "prometheus")
