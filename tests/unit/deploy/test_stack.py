from __future__ import annotations

import pytest

from deploy.local.stack import services, with_files_of, with_open_sources
from schemas.messages import Camera
from schemas.settings import Settings


@pytest.mark.parametrize(
    ("environ", "addresses", "roots"),
    [
        ({}, "unicast,loopback", "/"),
        ({"FRAMEBUS_SOURCE_ADDRESSES": "10.0.0.0/8"}, "10.0.0.0/8", "/"),
        ({"FRAMEBUS_SOURCE_ROOTS": "/videos"}, "unicast,loopback", "/videos"),
    ],
)
def test_loopback_and_files_are_for_a_broker_of_ones_own(environ: dict[str, str], addresses: str, roots: str) -> None:
    settings = with_open_sources(Settings.from_environment(environ))
    told = {service.name: service.environ for service in services(settings, ["m"])}["capture"]
    assert told["FRAMEBUS_SOURCE_ADDRESSES"] == settings.source_addresses == addresses
    assert told["FRAMEBUS_SOURCE_ROOTS"] == settings.source_roots == roots


@pytest.mark.parametrize(
    ("environ", "sources", "roots"),
    [
        ({}, ["/videos/a.mp4", "rtsp://10.0.0.7/v", "0", "pattern:", "/clips"], "/videos/a.mp4:/clips"),
        ({}, ["pattern:"], None),
        ({"FRAMEBUS_SOURCE_ROOTS": "/videos"}, ["/clips/a.mp4"], "/videos"),
    ],
)
def test_on_anothers_broker_the_demo_opens_its_own_files_only(
    environ: dict[str, str], sources: list[str], roots: str | None
) -> None:
    cameras = [Camera(id=f"c{number}", source=source, models=("m",)) for number, source in enumerate(sources)]
    settings = with_files_of(Settings.from_environment(environ), cameras)
    assert (settings.source_roots, settings.source_addresses) == (roots, "unicast")


def test_the_arenas_of_services_with_many_threads_are_bounded() -> None:
    """The API's is one, for its cache of pictures; inference has few threads, and none needs to wait for another."""
    told = {service.name: service.environ.get("MALLOC_ARENA_MAX") for service in services(Settings(), ["m"])}
    assert told == {"inference-m": None, "capture": "2", "api": "1"}
