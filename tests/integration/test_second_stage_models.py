"""The built-in second stages on crops of real video, as a worker cuts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from processors.inference.core import InferenceCore
from processors.inference.cropping import cut_crops
from processors.inference.version import version_of
from processors.samples import prepare_network
from schemas.catalogue import Model, Precision
from schemas.catalogue.builtin import FACE_DETECTION, FACE_EMBEDDING, OBJECT_DETECTION, POSE
from schemas.messages import Detection, Parent
from schemas.settings import Settings
from tests.integration.inference_kit import DEADLINE, infer, jpeg_of, read_frame

if TYPE_CHECKING:
    from deploy.local.media import Media

Core = tuple[Model, InferenceCore]
WOMAN, MAN = "WolfgangLanger_Pexels.mp4", "single_face.mp4"


@pytest.fixture(scope="module")
def cores() -> Iterator[dict[str, Core]]:
    with ExitStack() as stack:
        made = {}
        for model in (OBJECT_DETECTION, POSE, FACE_DETECTION, FACE_EMBEDDING):
            core = InferenceCore(model, prepare_network(model, Settings().cache_dir), precision=Precision.F32)
            stack.callback(core.close)
            made[model.name] = model, core
        yield made


def refine(leader: Core, follower: Core, jpeg: bytes) -> list[tuple[Detection, Parent, tuple[Detection, ...]]]:
    """What the leader sees in a picture, each with its crop's place and what the follower sees in that."""
    model, core = leader
    seen = core.submit(jpeg, keep=True).result(DEADLINE)
    assert seen.picture is not None
    assert seen.picture.shape == (seen.height, seen.width, 3), "not reduced while it is decoded"
    made = cut_crops(seen.picture, model.input.colour, seen.detections, follower[0], limit_bytes=1 << 20)
    return [
        (
            seen.detections[crop.index],
            Parent(address=f"{model.name}/0/0", index=crop.index, box=crop.box, map=crop.map),
            infer(follower[1], crop.jpeg).detections,
        )
        for crop in made.crops
    ]


@pytest.mark.parametrize(("video", "number"), [("bikes.mp4", 110), ("bikes.mp4", 130), ("vtest.avi", 0)])
def test_pose_finds_the_limbs_of_each_person(cores: dict[str, Core], media: Media, video: str, number: int) -> None:
    jpeg = jpeg_of(read_frame(media.path(video), number))
    refined = refine(cores["object-detection"], cores["pose"], jpeg)
    assert refined
    for person, parent, found in refined:
        (seen,) = found
        assert (person.label, seen.label, len(seen.keypoints or ())) == ("person", "person", 17)
        points = np.array([parent.to_parent(point) for point in seen.keypoints or ()])
        sure = points[points[:, 2] >= POSE.outputs.threshold]
        assert len(sure) >= 12
        x1, y1, x2, y2 = person.box
        assert ((x1 - 0.3 * (x2 - x1) <= sure[:, 0]) & (sure[:, 0] <= x2 + 0.3 * (x2 - x1))).all()
        parts = [points[:5], points[5:7], points[11:13], points[13:15], points[15:17]]
        heights = [part[:, 1].mean() for part in parts]
        assert heights == sorted(heights), "face, shoulders, hips, knees, ankles, from above"
        assert 0.4 < (heights[-1] - heights[0]) / (y2 - y1) < 1.1


def embeddings(cores: dict[str, Core], media: Media, video: str, numbers: Sequence[int]) -> list[np.ndarray]:
    found = []
    for number in numbers:
        jpeg = jpeg_of(read_frame(media.path(video), number))
        for face, _, seen in refine(cores["face-detection"], cores["face-embedding"], jpeg):
            assert face.label == "face"
            (one,) = seen
            assert (one.label, len(one.embedding or ())) == ("face", 128)
            found.append(np.array(one.embedding))
    return found


def test_faces_of_one_person_are_nearer_than_those_of_two(cores: dict[str, Core], media: Media) -> None:
    """dlib's own limit, 0.6 between vectors of about 1.45, is about 0.42 between ours, which have length 1."""
    woman = embeddings(cores, media, WOMAN, range(60, 440, 30))
    man = embeddings(cores, media, MAN, range(0, 70, 10))
    assert (len(woman), len(man)) == (13, 7)
    assert {round(float(np.linalg.norm(one)), 3) for one in (*woman, *man)} == {1.0}
    same = [float(np.linalg.norm(a - b)) for group in (woman, man) for a, b in combinations(group, 2)]
    other = [float(np.linalg.norm(a - b)) for a, b in product(woman, man)]
    print(f"same {max(same):.3f} at most, others {min(other):.3f} at least")  # noqa: T201
    assert max(same) < min(other)
    assert np.median(same) < 0.42 < min(other)


def test_an_aligned_face_has_its_eyes_where_the_network_expects_them(cores: dict[str, Core], media: Media) -> None:
    model, core = cores["face-detection"]
    jpeg = jpeg_of(read_frame(media.path(MAN), 30))
    seen = core.submit(jpeg, keep=True).result(DEADLINE)
    assert seen.picture is not None
    (crop,) = cut_crops(seen.picture, model.input.colour, seen.detections, FACE_EMBEDDING, limit_bytes=1 << 20).crops
    assert (crop.width, crop.height) == (150, 150)
    (again,) = infer(core, crop.jpeg).detections
    assert FACE_EMBEDDING.follows is not None
    apart = np.array(again.keypoints) - np.array(FACE_EMBEDDING.follows.align)
    assert np.hypot(*apart.T).max() < 12, "pixels of 150"


def test_how_crops_are_cut_is_part_of_a_version() -> None:
    network = prepare_network(POSE, Settings().cache_dir)
    assert POSE.follows is not None
    wider = POSE.model_copy(update={"follows": POSE.follows.model_copy(update={"margin": (0.3, 0.3)})})
    patient = POSE.model_copy(update={"max_age": 60.0})
    versions = [version_of(model, network) for model in (POSE, patient, wider)]
    assert versions[0] == versions[1] != versions[2]


def test_a_picture_is_kept_whole_only_where_it_is_asked_for(cores: dict[str, Core], media: Media) -> None:
    frame = read_frame(media.path("vtest.avi"), 0)
    large = jpeg_of(frame, width=1536)
    core = cores["object-detection"][1]
    plain, kept = core.submit(large).result(DEADLINE), core.submit(large, keep=True).result(DEADLINE)
    assert plain.picture is None
    assert kept.picture is not None
    assert kept.picture.shape == (1152, 1536, 3)
    labels = [[(found.label, round(found.score, 1)) for found in seen.detections][:3] for seen in (plain, kept)]
    assert labels[0] == labels[1], "reduced while it is decoded or after it: the same is seen"
