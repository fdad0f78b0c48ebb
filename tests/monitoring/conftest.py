"""Prometheus' own programs, from Debian."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FetchError
from schemas.settings import Settings
from tests.debian import find_program, lacking


def _program(name: str, package: str) -> Path:
    try:
        return find_program(name, package, cache=Settings().cache_dir)
    except FetchError as error:
        lacking(str(error))


@pytest.fixture(scope="session")
def promtool() -> Path:
    return _program("promtool", "prometheus")


@pytest.fixture(scope="session")
def prometheus() -> Path:
    return _program("prometheus", "prometheus")


@pytest.fixture(scope="session")
def pushgateway() -> Path:
    return _program("prometheus-pushgateway", "prometheus-pushgateway")
