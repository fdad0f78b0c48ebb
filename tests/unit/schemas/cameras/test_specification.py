from __future__ import annotations

import pytest

from schemas.cameras import check_camera, followers_of, make_camera
from schemas.catalogue import Catalogue
from schemas.errors import CameraError
from schemas.messages import Camera

GOOD = {"id": "street", "source": "pattern:", "models": ["object-detection"]}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": "Street 1"}, "camera: id = 'Street 1'"),
        ({"models": []}, "camera: models = "),
        ({"models": ["m", "m"]}, "expected each model once"),
        ({"fps": 0}, "camera: fps = 0"),
        ({"quality": 101}, "camera: quality = 101"),
        ({"pacing": "slow"}, "'native' or 'max'"),
        ({"colour": "red"}, "unknown field colour; expected one of id, source, models"),
        ({"source": ""}, "camera: source = ''"),
        ({"source": "rtsp://admin:hunter2@h/" + "x" * 3000}, "camera: source = 'rtsp://admin:"),
    ],
)
def test_a_wrong_field_is_named_without_secrets(fields: dict[str, object], says: str) -> None:
    with pytest.raises(CameraError) as caught:
        make_camera({**GOOD, **fields})
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"models": ["object-detection", "telepathy"]}, "camera 'street': model 'telepathy': expected one of object-"),
        (
            {"models": ["pose"]},
            "camera 'street': model 'pose' follows 'object-detection'; expected 'object-detection' among",
        ),
        ({"models": ["pose", "face-detection"]}, "as --model object-detection --model pose"),
        ({"source": "ftp://a:hunter2@h/x"}, r"camera 'street': source 'ftp://a:\*\*\*@h/x': unknown scheme ftp"),
        ({"source": "rtsp://a:hunter2@h/x"}, r"camera 'street': source 'rtsp://a:\*\*\*@h/x' holds a secret"),
        ({"source": "http://h/x?token=hunter2"}, r"source 'http://h/x\?token=\*\*\*' holds a secret"),
        ({"source": "rtsp://[::1/x"}, r"camera 'street': source 'rtsp://\[::1/x' is a URL that nobody can read"),
        ({"source": "a\0b.mp4"}, "camera 'street': source .* no path can have"),
        ({"source": "pattern:1x1"}, "camera 'street': source 'pattern:1x1'"),
    ],
)
def test_a_camera_that_cannot_run_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(CameraError, match=says):
        check_camera(make_camera({**GOOD, **fields}), Catalogue())


def test_a_good_camera_passes() -> None:
    check_camera(make_camera(GOOD), Catalogue())


def test_second_stages_get_crops_of_those_that_they_follow() -> None:
    models = ("pose", "face-detection", "object-detection", "face-embedding")
    camera = Camera(id="street", source="pattern:", models=models)
    assert followers_of(camera, Catalogue()) == {"face-detection": ("face-embedding",), "object-detection": ("pose",)}
    plain = Camera(id="street", source="pattern:", models=("object-detection",))
    assert followers_of(plain, Catalogue()) == {"object-detection": ()}


def test_a_second_stage_without_anything_to_follow_is_refused() -> None:
    cars = Catalogue().get("object-detection").model_copy(update={"labels": {3: "car"}})
    catalogue = Catalogue((cars, *Catalogue().models[1:]))
    camera = Camera(id="street", source="pattern:", models=("object-detection", "pose"))
    with pytest.raises(CameraError, match="'pose' follows person; expected labels of 'object-detection', car"):
        check_camera(camera, catalogue)
