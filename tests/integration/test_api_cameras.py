"""Cameras changed through the API: what is wanted is written, read back and checked as everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from producers.control import put_camera, read_cameras
from schemas.catalogue import Catalogue
from schemas.messages import Camera, Pacing
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World, wait_for
from tests.planted import OPERATOR_TOKEN, URL_PASSWORD, VIEWER_TOKEN

CAMERAS = "/api/v1/cameras"
DOOR = {"source": "rtsp://user@10.0.0.7/s", "models": [MODEL]}


@pytest.fixture
def client(settings: Settings, catalogue: Catalogue, world: World) -> Iterator[httpx.Client]:
    with serving(settings, catalogue) as client:
        yield client


def test_a_camera_is_added_changed_and_removed(client: httpx.Client, settings: Settings) -> None:
    added = client.post(CAMERAS, json={"id": "door", "fps": 5, "loop": True, **DOOR})
    assert (added.status_code, added.headers["location"]) == (201, f"{CAMERAS}/door")
    assert added.json()["camera"]["fps"] == 5
    assert client.get(f"{CAMERAS}/door").json()["camera"]["source"] == DOOR["source"]
    assert client.post(CAMERAS, json={"id": "door", **DOOR}).status_code == 409

    for number in range(5):  # each builds on the one before
        changed = client.patch(f"{CAMERAS}/door", json={"quality": 50 + number} if number % 2 else {"fps": number + 1})
        assert changed.status_code == 200, changed.text
    assert client.patch(f"{CAMERAS}/door", json={"loop": None}).status_code == 200
    wanted = Camera(id="door", source="rtsp://user@10.0.0.7/s", models=(MODEL,), fps=5, quality=53)
    assert read_cameras(settings) == {"door": wanted}

    replaced = client.put(f"{CAMERAS}/door", json={"source": "pattern:", "models": [MODEL]})
    assert (replaced.status_code, replaced.json()["camera"]["fps"]) == (200, None)
    assert client.put(f"{CAMERAS}/yard", json={"id": "yard", **DOOR}).status_code == 201
    assert set(read_cameras(settings)) == {"door", "yard"}

    assert client.delete(f"{CAMERAS}/door").status_code == 204
    assert client.get(f"{CAMERAS}/door").status_code == 404
    assert set(read_cameras(settings)) == {"yard"}


def test_what_the_command_writes_can_be_changed_here(client: httpx.Client, settings: Settings) -> None:
    put_camera(settings, Camera(id="file", source="/v.mp4", models=(MODEL,), pacing=Pacing.MAX, site="north"))
    wait_for(lambda: client.get(f"{CAMERAS}/file").status_code == 200)
    assert client.patch(f"{CAMERAS}/file", json={"enabled": False}).status_code == 200
    camera = read_cameras(settings)["file"]
    assert (camera.pacing, camera.site, camera.enabled) == (Pacing.MAX, "north", False)


WRONG: list[tuple[str, str, object, int, str]] = [
    ("POST", "", {"id": "Door 1", **DOOR}, 422, "camera: id = 'Door 1'"),
    ("POST", "", {"id": "door", "models": [MODEL]}, 422, "camera: source = "),
    ("POST", "", {"id": "door", **DOOR, "fps": 500}, 422, "camera: fps = 500: Input should be less than or equal"),
    ("POST", "", {"id": "door", **DOOR, "colour": 1}, 422, "unknown field colour; expected one of id, source"),
    ("POST", "", {"id": "door", **DOOR, "models": ["nothing"]}, 422, "camera 'door': model 'nothing'"),
    ("POST", "", {"id": "door", **DOOR, "models": ["pose"]}, 422, "expected 'object-detection' among its models"),
    ("POST", "", {"id": "door", **DOOR, "source": "ftp://h/s"}, 422, "unknown scheme ftp; expected a video file"),
    ("POST", "", {"id": "door", **DOOR, "source": f"rtsp://me:{URL_PASSWORD}@h/s"}, 422, "holds a secret"),
    ("PUT", "/door", {"id": "yard", **DOOR}, 422, "camera: id = 'yard': expected 'door'"),
    ("PUT", "/No%20Name", DOOR, 422, "camera_id = 'No Name'"),
    ("PATCH", "/nobody", {"fps": 1}, 404, "camera 'nobody': there is none of this id"),
    ("DELETE", "/nobody", None, 404, "camera 'nobody'"),
    ("GET", "/nobody", None, 404, "camera 'nobody'"),
    ("PUT", "/door", [1], 422, "[1]"),
]


def test_what_is_wrong_is_named_and_writes_nothing(client: httpx.Client, settings: Settings) -> None:
    for method, path, body, status, says in WRONG:
        answer = client.request(method, f"{CAMERAS}{path}", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert says in answer.json()["detail"]
        assert URL_PASSWORD not in answer.text
    assert not read_cameras(settings)


def test_only_operators_change_cameras(settings: Settings, catalogue: Catalogue, world: World) -> None:
    tokens = {"api_operator_token": SecretStr(OPERATOR_TOKEN), "api_viewer_token": SecretStr(VIEWER_TOKEN)}
    locked = settings.model_copy(update=tokens)
    with serving(locked, catalogue, ready=False) as client:
        viewer, operator = ({"authorization": f"Bearer {token}"} for token in (VIEWER_TOKEN, OPERATOR_TOKEN))
        wait_for(lambda: client.get("/readyz", headers=viewer).status_code == 200)
        for headers, status in (({}, 401), (viewer, 403), (operator, 201)):
            assert client.post(CAMERAS, json={"id": "door", **DOOR}, headers=headers).status_code == status
        for headers, status in (({}, 401), (viewer, 403), (operator, 200)):
            assert client.patch(f"{CAMERAS}/door", json={"fps": 1}, headers=headers).status_code == status
            assert client.put(f"{CAMERAS}/door", json=DOOR, headers=headers).status_code == status
        assert client.get(f"{CAMERAS}/door", headers=viewer).json()["camera"]["id"] == "door"
        for headers, status in (({}, 401), (viewer, 403), (operator, 204)):
            assert client.delete(f"{CAMERAS}/door", headers=headers).status_code == status
