"""`framebus model evaluate` on frames of real video, marked with what float32 saw there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from processors.inference.core import InferenceCore
from processors.inference.version import version_of
from schemas.catalogue import Catalogue, Precision
from schemas.settings import Settings
from tests.integration.cli_kit import Run, runner
from tests.integration.inference_kit import infer, jpeg_of, read_frame

if TYPE_CHECKING:
    from deploy.local.media import Media

OBJECTS = Catalogue().get("object-detection")
NUMBERS = {"person": 1, "bicycle": 2, "zeppelin": 99}


@pytest.fixture(scope="module")
def marked(network: Callable[[str], Path], media: Media, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with eight frames and a COCO file of the people and bicycles in them."""
    folder = tmp_path_factory.mktemp("coco")
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    with closing(InferenceCore(OBJECTS, network(OBJECTS.name), precision=Precision.F32)) as core:
        for number in range(0, 800, 100):
            video, frame = ("vtest.avi", number % 700) if number % 200 else ("bikes.mp4", number // 4 + 20)
            jpeg = jpeg_of(read_frame(media.path(video), frame))
            images.append({"id": number, "file_name": f"frame {number}.jpg"})
            (folder / f"frame {number}.jpg").write_bytes(jpeg)
            for found in infer(core, jpeg).detections:
                x1, y1, x2, y2 = found.box
                box = [x1, y1, x2 - x1, y2 - y1]
                if found.label in NUMBERS:
                    boxes.append({"image_id": number, "category_id": NUMBERS[found.label], "bbox": box})
    categories = [{"id": number, "name": name} for name, number in NUMBERS.items()]
    said = {"images": images, "categories": categories, "annotations": boxes}
    (folder / "annotations.json").write_text(json.dumps(said))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(Settings(), capsys, monkeypatch)


def float32(folder: Path) -> Path:
    """A file of models in which object-detection is to run in float32."""
    entry = OBJECTS.model_dump(mode="json") | {"precision": "f32", "replaces": True}
    (folder / "models.yaml").write_text(json.dumps({"models": [entry]}))
    return folder / "models.yaml"


def test_float32_finds_what_float32_marked(
    run: Run, marked: Path, network: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever else it finds, with a lower score, comes later in the ranking: average precision is full."""
    monkeypatch.setenv("FRAMEBUS_CATALOGUE", str(float32(tmp_path)))
    code, out, err = run("model", "evaluate", OBJECTS.name, "--coco", str(marked / "annotations.json"), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["images"], found["left_out"], found["threshold"]) == (8, ["zeppelin"], 0.01)
    assert (found["model"]["precision"], found["model"]["version"]) == (
        "f32",
        version_of(OBJECTS, network(OBJECTS.name)),
    )
    people = found["categories"]["person"]
    assert people["annotations"] > 15
    for score in ("ap", "ap50", "ar"):
        assert people[score] > 0.97, found
    assert found["all"]["annotations"] == sum(row["annotations"] for row in found["categories"].values())


def test_boxes_that_are_somewhere_else_are_not_found(run: Run, marked: Path, tmp_path: Path) -> None:
    """Of people moved aside by their width none is found again; the table says so."""
    said = json.loads((marked / "annotations.json").read_text())
    for one in said["annotations"]:
        one["bbox"][0] += 2 * one["bbox"][2]
    (tmp_path / "moved.json").write_text(json.dumps(said))
    arguments = ("--coco", str(tmp_path / "moved.json"), "--images", str(marked), "--threshold", "0.5")
    code, out, err = run("model", "evaluate", OBJECTS.name, *arguments)
    assert code == 0, err
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert float(rows["person"][1]) < 0.2
    assert rows["category"] == ["annotations", "AP", "AP50", "AR"]
    assert "on 8 images; scores from 0.5 on" in out
    assert out.splitlines()[-1] == "left out, since the model has no such label: zeppelin"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"annotations": 3}, "annotations.json: annotations = 3: Input should be a valid"),
        (
            {"categories": [{"id": 1, "name": "kite"}], "annotations": []},
            "categories kite: expected one or more of the",
        ),
        ({"images": [{"id": 1, "file_name": "none.jpg"}], "annotations": []}, "none.jpg: No such file or directory"),
        ({"images": [{"id": 1, "file_name": "text.jpg"}], "annotations": []}, "text.jpg: OpenCV cannot read it"),
        ({"images": [{"id": 1, "file_name": "cut.jpg"}], "annotations": []}, "cut.jpg: the JPEG is cut off"),
    ],
)
def test_what_is_wrong_is_said(run: Run, marked: Path, tmp_path: Path, change: dict[str, object], says: str) -> None:
    said = json.loads((marked / "annotations.json").read_text())
    (tmp_path / "annotations.json").write_text(json.dumps({**said, **change}))
    (tmp_path / "text.jpg").write_text("text")
    (tmp_path / "cut.jpg").write_bytes((marked / "frame 0.jpg").read_bytes()[:2000])
    code, _, err = run("model", "evaluate", OBJECTS.name, "--coco", str(tmp_path / "annotations.json"))
    assert (code, says in " ".join(err.split())) == (2, True), err


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    code, _, err = run("model", "evaluate", OBJECTS.name, "--coco", str(tmp_path / "none.json"))
    assert (code, "none.json: No such file or directory; expected a COCO file" in " ".join(err.split())) == (2, True)
