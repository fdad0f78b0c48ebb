"""What the benchmarks are told: the precision to run in."""

from __future__ import annotations

import pytest

from schemas.catalogue import Precision


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--precision",
        type=Precision,
        default=None,
        help=f"one of {', '.join(Precision)}; without it, what a worker chooses by itself",
    )


@pytest.fixture(scope="session")
def precision(request: pytest.FixtureRequest) -> Precision | None:
    """The precision to run in; None: what a worker chooses by itself."""
    chosen: Precision | None = request.config.getoption("--precision")
    return chosen
