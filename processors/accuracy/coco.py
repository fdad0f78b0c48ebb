"""COCO's average precision of detections, computed by COCO's own code (pycocotools)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from processors.accuracy.annotations import Annotations, Category
from schemas.catalogue import Model
from schemas.errors import AnnotationsError
from schemas.messages import Detection

_ALL_AREAS: Final = 0
_MOST: Final = -1
"""Of COCO's 1, 10 and 100 detections a picture."""


@dataclass(frozen=True, slots=True)
class Scores:
    """From 0 to 1; None where there is nothing to find.

    `ap` is the mean of the average precision at IoU .50, .55, … .95, `ap50` that at .50, and `ar` the mean recall at
    all of these, with at most 100 detections a picture.
    """

    annotations: int
    ap: float | None
    ap50: float | None
    ar: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores over all categories that the model has a label for, and of each; `left_out` are the other categories."""

    all: Scores
    categories: Mapping[str, Scores]
    left_out: tuple[str, ...]


def judged(annotations: Annotations, model: Model) -> dict[str, Category]:
    """The category of each of the model's labels that has one: the same name, whatever its case.

    Raises:
        AnnotationsError: No label has one.
    """
    by_name = {category.name.strip().casefold(): category for category in annotations.categories}
    found = {label: by_name[label.casefold()] for label in model.labels.values() if label.casefold() in by_name}
    if not found:
        there, wanted = (
            ", ".join(names)
            for names in ([one.name for one in annotations.categories], sorted(set(model.labels.values())))
        )
        raise AnnotationsError(f"categories {there}: expected one or more of the labels of {model.name}: {wanted}")
    return found


def evaluate(annotations: Annotations, found: Mapping[int, Sequence[Detection]], model: Model) -> Evaluation:
    """Compare what was `found` in each image, by its id, with its annotations.

    Raises:
        AnnotationsError: No category has the name of a label.
    """
    categories = judged(annotations, model)
    names = {category.id: category.name for category in categories.values()}
    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(_truth(annotations, names), _answers(annotations, names, found, categories), "bbox")
        run.evaluate()
        run.accumulate()
    precision: NDArray[np.float64] = run.eval["precision"][:, :, :, _ALL_AREAS, _MOST]  # IoU, recall, category
    recall: NDArray[np.float64] = run.eval["recall"][:, :, _ALL_AREAS, _MOST]  # IoU, category
    marked = [one.category_id for one in annotations.annotations if not one.iscrowd]
    rows = {
        names[number]: _scores(marked.count(number), precision[:, :, [place]], recall[:, [place]])
        for place, number in enumerate(run.params.catIds)
    }
    total = sum(row.annotations for row in rows.values())
    left_out = tuple(one.name for one in annotations.categories if one.id not in names)
    return Evaluation(_scores(total, precision, recall), rows, left_out)


def _scores(annotations: int, precision: NDArray[np.float64], recall: NDArray[np.float64]) -> Scores:
    return Scores(annotations, _mean(precision), _mean(precision[:1]), _mean(recall))


def _mean(values: NDArray[np.float64]) -> float | None:
    """The mean of what is there: COCO writes -1 where a category has no annotations."""
    there = values[values > -1]
    return float(there.mean()) if there.size else None


def _truth(annotations: Annotations, names: Mapping[int, str]) -> COCO:
    boxes = [
        _box(number, one.image_id, one.category_id, one.bbox, iscrowd=one.iscrowd)
        for number, one in enumerate(annotations.annotations, 1)
        if one.category_id in names
    ]
    return _coco(annotations, names, boxes)


def _answers(
    annotations: Annotations,
    names: Mapping[int, str],
    found: Mapping[int, Sequence[Detection]],
    categories: Mapping[str, Category],
) -> COCO:
    boxes: list[dict[str, Any]] = []
    for image, detections in found.items():
        for one in detections:
            if one.label in categories:
                x1, y1, x2, y2 = one.box
                number = categories[one.label].id
                boxes.append(_box(len(boxes) + 1, image, number, (x1, y1, x2 - x1, y2 - y1), score=one.score))
    return _coco(annotations, names, boxes)


def _box(number: int, image: int, category: int, box: tuple[float, ...], **more: float) -> dict[str, Any]:
    """A box as pycocotools takes it: a number of 0 would be none."""
    area = box[2] * box[3]
    return {"id": number, "image_id": image, "category_id": category, "bbox": list(box), "area": area, **more}


def _coco(annotations: Annotations, names: Mapping[int, str], boxes: Sequence[dict[str, Any]]) -> COCO:
    made = COCO()
    made.dataset = {
        "images": [{"id": image.id} for image in annotations.images],
        "categories": [{"id": number, "name": name} for number, name in names.items()],
        "annotations": boxes,
    }
    made.createIndex()
    return made
