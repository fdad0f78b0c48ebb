"""Prometheus' own programs, from Debian."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.debian import need_program


@pytest.fixture(scope="session")
def promtool() -> Path:
    return need_program("promtool", "prometheus")


@pytest.fixture(scope="session")
def prometheus() -> Path:
    return need_program("prometheus", "prometheus")


@pytest.fixture(scope="session")
def pushgateway() -> Path:
    return need_program("prometheus-pushgateway", "prometheus-pushgateway")
