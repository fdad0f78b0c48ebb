"""The core on real networks and real video: right answers, precise refusals, and no future that nobody resolves."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from processors.families.geometry import iou
from processors.inference.core import Inference, InferenceCore
from schemas.catalogue import Catalogue, InputSpec, Model, OutputSpec, Precision
from schemas.errors import FrameError, FrameTooLargeError, ModelError, NotJpegError
from schemas.messages import Detection
from tests.integration.inference_kit import DEADLINE, infer, jpeg_of, read_frame

if TYPE_CHECKING:
    from deploy.local.media import Media

Network = Callable[[str], Path]
OBJECTS, FACES = Catalogue().get("object-detection"), Catalogue().get("face-detection")
PATIENT = OBJECTS.model_copy(update={"outputs": OutputSpec(threshold=0.4, nms_iou=0.6)})
"""Objects with the thresholds of the network's own post-processing, which UNCUT was recorded with."""


@pytest.fixture(scope="module")
def objects(network: Network) -> Iterator[InferenceCore]:
    core = InferenceCore(PATIENT, network(OBJECTS.name), precision=Precision.F32)
    yield core
    core.close()


@pytest.fixture(scope="module")
def faces(network: Network) -> Iterator[InferenceCore]:
    core = InferenceCore(FACES, network(FACES.name), precision=Precision.F32)
    yield core
    core.close()


def found_in(detections: tuple[Detection, ...], label: str, box: tuple[float, ...]) -> Detection | None:
    """The detection of `label` that covers `box` best, by at least nine tenths."""
    same = [item for item in detections if item.label == label]
    overlaps = [iou(np.array(box), np.array([item.box]))[0] for item in same]
    best = max(range(len(same)), key=overlaps.__getitem__, default=None)
    return same[best] if best is not None and overlaps[best] > 0.9 else None


# What the whole network says of these frames: not cut, all its classes, its own NMS (float32, threshold 0.4).
UNCUT = [
    (
        60,
        [
            ("car", 0.686, (141.6, 26.0, 406.2, 170.9)),
            ("car", 0.619, (46.3, 33.0, 485.6, 222.0)),
            ("car", 0.475, (0.0, 53.4, 412.8, 187.6)),
            ("car", 0.433, (2.6, 139.8, 572.7, 272.0)),
        ],
    ),
    (120, [("person", 0.953, (354.8, 14.5, 481.8, 266.6)), ("bicycle", 0.535, (364.9, 138.0, 518.1, 267.6))]),
    (200, [("handbag", 0.632, (288.4, 86.6, 405.1, 200.1)), ("person", 0.435, (289.9, 1.9, 533.4, 272.0))]),
    (0, []),
]


@pytest.mark.parametrize(("number", "expected"), UNCUT)
def test_objects_equal_those_of_the_uncut_network(
    objects: InferenceCore, media: Media, number: int, expected: list[tuple[str, float, tuple[float, ...]]]
) -> None:
    found = infer(objects, jpeg_of(read_frame(media.path("bikes.mp4"), number)))
    assert (found.width, found.height) == (640, 272)
    sure = [item for item in found.detections if item.score > 0.42]
    assert len(sure) == len(expected)
    for label, score, box in expected:
        item = found_in(found.detections, label, box)
        assert item is not None, f"{label} at {box} is missing in {found.detections}"
        assert item.score == pytest.approx(score, abs=0.03)


@pytest.mark.parametrize("number", [10, 150, 300])
def test_the_face_and_its_landmarks(faces: InferenceCore, media: Media, number: int) -> None:
    (face,) = infer(faces, jpeg_of(read_frame(media.path("WolfgangLanger_Pexels.mp4"), number))).detections
    x1, y1, x2, y2 = face.box
    assert 0.05 < (x2 - x1) * (y2 - y1) / (640 * 360) < 0.6
    assert face.keypoints is not None
    assert all(x1 <= x <= x2 and y1 <= y <= y2 for x, y in face.keypoints)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.keypoints
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_boxes_are_in_pixels_of_the_frame_whatever_its_size(objects: InferenceCore, media: Media) -> None:
    """A frame of three times the size, which is decoded at half of that, gives the same boxes times three."""
    picture = read_frame(media.path("bikes.mp4"), 120)
    large = infer(objects, jpeg_of(cv2.resize(picture, (1920, 816))))
    assert (large.width, large.height) == (1920, 816)
    person = found_in(large.detections, "person", tuple(3 * side for side in UNCUT[1][1][0][2]))
    assert person is not None
    assert person.score > 0.9


def test_exif_orientation_does_not_turn_the_boxes(objects: InferenceCore, media: Media) -> None:
    plain = jpeg_of(read_frame(media.path("bikes.mp4"), 120))
    orientation_6 = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    exif = b"Exif\0\0" + orientation_6
    turned = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    obeyed = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert obeyed is not None
    assert obeyed.shape[:2] == (640, 272)
    assert infer(objects, turned).detections == infer(objects, plain).detections


def test_many_frames_at_once_get_their_own_answers(faces: InferenceCore, media: Media) -> None:
    jpegs = [jpeg_of(read_frame(media.path("WolfgangLanger_Pexels.mp4"), number)) for number in (0, 100, 200, 300)]
    alone = [infer(faces, jpeg).detections for jpeg in jpegs]
    assert len({str(found) for found in alone}) == len(alone)
    futures = [faces.submit(jpegs[index % 4]) for index in range(40)]
    for index, future in enumerate(futures):
        assert future.result(DEADLINE).detections == alone[index % 4]


def poison() -> list[tuple[bytes, type[FrameError], str]]:
    whole = jpeg_of(np.full((64, 64, 3), 90, np.uint8))
    frame_header = whole.index(b"\xff\xc0")
    huge = whole[: frame_header + 5] + (20_000).to_bytes(2, "big") * 2 + whole[frame_header + 9 :]
    tables = whole.index(b"\xff\xc4")
    no_tables = whole[: tables + 4] + b"\xff" * 17 + whole[tables + 21 :]
    return [
        (b"", NotJpegError, "the value is empty"),
        (b"hello", NotJpegError, "looks like text"),
        (whole[:-300], NotJpegError, "cut off"),
        (cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), NotJpegError, "looks like a PNG"),
        (huge, FrameTooLargeError, "claims 20,000×20,000"),
        (no_tables, NotJpegError, "64×64 pixels in .* bytes, cannot be decoded"),
        (whole + bytes(2_000_000), FrameTooLargeError, "expected at most 1,048,576"),
    ]


@pytest.mark.parametrize(("value", "error", "message"), poison())
def test_poison_is_refused_and_the_next_frame_is_fine(
    faces: InferenceCore, media: Media, value: bytes, error: type[FrameError], message: str
) -> None:
    with pytest.raises(error, match=message):
        infer(faces, value)
    assert infer(faces, jpeg_of(read_frame(media.path("WolfgangLanger_Pexels.mp4"), 10))).detections


def test_the_reference_names_what_ran(objects: InferenceCore, network: Network) -> None:
    reference = objects.reference
    assert (reference.name, reference.precision, reference.device) == ("object-detection", "f32", "CPU")
    strict = PATIENT.model_copy(update={"outputs": OutputSpec(threshold=0.9, nms_iou=0.6)})
    older = PATIENT.model_copy(update={"max_age": 99.0, "title": "Another title"})
    path = network(OBJECTS.name)
    versions = []
    for model in (strict, older):
        core = InferenceCore(model, path, precision=Precision.F32)
        versions.append(core.reference.version)
        core.close()
    assert versions[0] != reference.version
    assert versions[1] == reference.version


def test_auto_precision_is_one_that_the_device_has(network: Network) -> None:
    core = InferenceCore(FACES, network(FACES.name))
    core.close()
    capabilities = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    names = {"bf16": "BF16", "f16": "FP16", "f32": "FP32"}
    assert names[core.reference.precision] in capabilities


def test_close_finishes_what_was_submitted_and_takes_no_more(network: Network, media: Media) -> None:
    core = InferenceCore(FACES, network(FACES.name), precision=Precision.F32)
    jpeg = jpeg_of(read_frame(media.path("WolfgangLanger_Pexels.mp4"), 10))
    futures = [core.submit(jpeg) for _ in range(12)]
    core.close()
    assert all(future.done() and future.result().detections for future in futures)
    with pytest.raises(ModelError, match="the core is closed"):
        core.submit(jpeg).result(DEADLINE)


def test_a_closed_core_is_freed_and_may_be_closed_again(network: Network, media: Media) -> None:
    """Nobody holds on to it, be it by the traceback of an error: networks are large."""
    core = InferenceCore(FACES, network(FACES.name), precision=Precision.F32)
    infer(core, jpeg_of(read_frame(media.path("single_face.mp4"), 0)))
    assert isinstance(core.submit(b"poison").exception(DEADLINE), NotJpegError)
    assert isinstance(core.submit(poison()[5][0]).exception(DEADLINE), NotJpegError), "by the decoder"
    core.close()
    core.close()
    there = weakref.ref(core)
    del core
    assert there() is None


def test_the_second_start_finds_what_the_first_compiled(network: Network, media: Media, tmp_path: Path) -> None:
    jpeg = jpeg_of(read_frame(media.path("WolfgangLanger_Pexels.mp4"), 10))
    found = []
    for _ in range(2):
        core = InferenceCore(FACES, network(FACES.name), precision=Precision.F32, cache=tmp_path)
        found.append(infer(core, jpeg).detections)
        core.close()
        assert len(list(tmp_path.glob("*.blob"))) == 1
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "centerface"}, r"the network's outputs are boxes, scores; expected heatmap, .* too"),
        ({"device": "NPU7"}, r"device NPU7 is not there; expected one of .*CPU"),
        ({"input": InputSpec(width=300, height=300, layout="NCHW")}, r"model object-detection: "),
    ],
)
def test_a_network_that_does_not_fit_its_entry(network: Network, change: dict[str, object], message: str) -> None:
    model = OBJECTS.model_copy(update=change)
    with pytest.raises(ModelError, match=message):
        InferenceCore(model, network(OBJECTS.name), precision=Precision.F32)


def test_no_network(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model object-detection: .*none\.xml"):
        InferenceCore(OBJECTS, tmp_path / "none.xml", precision=Precision.F32)


def touchy_network(folder: Path) -> tuple[Model, Path]:
    """An SSD of one anchor that fails, inside OpenVINO, on pictures that are not black.

    The mean of the picture becomes a dimension of a Reshape: anything above 0 does not fit.
    """
    picture = ops.parameter([1, 3, 32, 32], np.float32, name="picture")
    mean = ops.reduce_mean(picture, ops.constant(np.array([0, 1, 2, 3])), keep_dims=False)
    more = ops.convert(ops.unsqueeze(ops.ceiling(mean), ops.constant(np.array([0]))), "i64")
    shape = ops.concat([ops.constant(np.array([1, 1])), ops.add(more, ops.constant(np.array([1])))], axis=0)
    scores = ops.reshape(ops.constant(np.full(1, 0.9, np.float32)), shape, special_zero=False)
    boxes = ops.add(
        ops.constant(np.array([0, 0, 1, 1], np.float32).reshape(1, 1, 1, 4)), ops.multiply(mean, np.float32(0))
    )
    network = ov.Model([ops.result(boxes), ops.result(scores)], [picture], "touchy")
    for output, name in zip(network.outputs, ("boxes", "scores"), strict=True):
        output.get_tensor().set_names({name})
    path = folder / "touchy.xml"
    ov.save_model(network, str(path), compress_to_fp16=False)
    spec = InputSpec(width=32, height=32)
    return OBJECTS.model_copy(update={"name": "touchy", "labels": {1: "person"}, "input": spec}), path


def test_a_failure_inside_openvino_fails_its_frame_and_no_other(tmp_path: Path) -> None:
    """A thread whose inference fails goes on with the next picture, in a request that has not failed."""
    model, path = touchy_network(tmp_path)
    core = InferenceCore(model, path, precision=Precision.F32)
    # Each bright picture has a brightness of its own: OpenVINO checks a Reshape only where its shape is a new one, so
    # the same bright picture again would pass with the outputs of the one before.
    black, *bright = (jpeg_of(np.full((32, 32, 3), value, np.uint8)) for value in (0, 50, 100, 150, 200, 250))
    good: list[Future[Inference]] = []
    bad: list[Future[Inference]] = []
    for picture in bright:
        good.append(core.submit(black))
        bad.append(core.submit(picture))
        good.append(core.submit(black))
    core.close()
    done, pending = wait(good + bad, timeout=DEADLINE)
    assert not pending
    for future in bad:
        with pytest.raises(ModelError, match=r"model touchy: the inference failed: .*Reshape.*$"):
            future.result()
    assert [[item.label for item in future.result().detections] for future in good] == [["person"]] * len(good)
    assert len(done) == 15
