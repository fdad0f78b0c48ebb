from __future__ import annotations

import pytest

from deploy.local.stack import services, with_loopback
from schemas.settings import Settings


@pytest.mark.parametrize(
    ("environ", "addresses"),
    [({}, "unicast,loopback"), ({"FRAMEBUS_SOURCE_ADDRESSES": "10.0.0.0/8"}, "10.0.0.0/8")],
)
def test_cameras_on_loopback_are_for_a_broker_of_ones_own(environ: dict[str, str], addresses: str) -> None:
    settings = with_loopback(Settings.from_environment(environ))
    told = {service.name: service.environ["FRAMEBUS_SOURCE_ADDRESSES"] for service in services(settings, ["m"])}
    assert told["capture"] == settings.source_addresses == addresses


def test_the_arenas_of_services_with_many_threads_are_bounded() -> None:
    """The API's is one, for its cache of pictures; inference has few threads, and none needs to wait for another."""
    told = {service.name: service.environ.get("MALLOC_ARENA_MAX") for service in services(Settings(), ["m"])}
    assert told == {"inference-m": None, "capture": "2", "api": "1"}
