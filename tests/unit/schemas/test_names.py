from __future__ import annotations

import pytest

from schemas.catalogue import Catalogue
from schemas.catalogue.labels import COCO_90
from schemas.errors import CatalogueError
from schemas.names import Names


def test_every_name_carries_the_prefix() -> None:
    names = Names("shop.")
    topics = [
        names.frames("m"),
        names.results("m"),
        names.captures,
        names.skips,
        names.dead_letters,
        names.redrives,
        names.undelivered,
    ]
    topics += [names.cameras, names.camera_status, names.inference_group("m"), names.capture_group("s")]
    assert all(name.startswith("shop.") for name in topics)
    assert len(set(topics)) == len(topics)


@pytest.mark.parametrize(
    ("topic", "model"),
    [("framebus.frames.face-detection", "face-detection"), ("framebus.results.x", None), ("frames.x", None)],
)
def test_a_frames_topic_tells_its_model(topic: str, model: str | None) -> None:
    assert Names().model_of_frames(topic) == model


def test_a_results_topic_tells_its_model() -> None:
    assert Names("").model_of_results("results.x") == "x"


def test_the_catalogue_names_its_models_when_one_is_unknown() -> None:
    with pytest.raises(CatalogueError, match=r"model 'yolo': expected one of object-detection, face-detection"):
        Catalogue().get("yolo")


def test_coco_labels_stand_at_their_published_ids() -> None:
    published = {1: "person", 27: "backpack", 31: "handbag", 33: "suitcase", 44: "bottle", 47: "cup", 90: "toothbrush"}
    assert {number: COCO_90[number] for number in published} == published
    assert COCO_90.keys().isdisjoint({0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
    assert len(COCO_90) == 80


def test_the_built_in_objects_are_24_of_them() -> None:
    labels = Catalogue().get("object-detection").labels
    assert len(labels) == 24
    assert labels.items() <= COCO_90.items()
