"""One evaluation of a model: pictures of a folder through the core, against the boxes that people drew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.cli.console import out, print_long, table
from deploy.cli.pictures import jpeg_of
from processors.accuracy.annotations import Annotations, Image
from processors.accuracy.coco import Evaluation, evaluate, judged
from processors.inference.core import InferenceCore
from processors.inference.version import version_of
from processors.samples.progress import Progress
from processors.samples.tiers import Tier
from schemas.catalogue import Model
from schemas.errors import AnnotationsError, FrameError, SourceError
from schemas.messages import Detection, ModelReference

_TIMEOUT_S: Final = 60.0
_AT_ONCE: Final = 16
_LIMIT_BYTES: Final = 1 << 30


def read_annotations(file: Path, model: Model) -> Annotations:
    """The annotations in `file`, of which some are for labels of `model`.

    Raises:
        AnnotationsError: It cannot be read, is not as COCO's files are, or has no category that is a label.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise AnnotationsError(f"annotations {file}: {error.strerror}; expected a COCO file (JSON)") from None
    annotations = Annotations.parse(data, file)
    judged(annotations, model)
    return annotations


def run(
    model: Model, tier: Tier, annotations: Annotations, images: Path, *, threshold: float, progress: Progress
) -> tuple[Evaluation, ModelReference]:
    """Infer every image, in the folder `images`, and compare; scores below `threshold` are no detections.

    Raises:
        SourceError: An image cannot be read.
        ModelError: The network does not run.
    """
    patient = model.model_copy(update={"outputs": model.outputs.model_copy(update={"threshold": threshold})})
    core = InferenceCore(patient, tier.network, precision=tier.precision, limit_bytes=_LIMIT_BYTES)
    found: dict[int, Sequence[Detection]] = {}
    label = f"{model.name}: evaluating"
    with closing(core):
        for batch in _batches(annotations.images):
            futures = [(image, core.submit(jpeg_of(images / image.file_name))) for image in batch]
            for image, future in futures:
                try:
                    found[image.id] = future.result(_TIMEOUT_S).detections
                except FrameError as error:
                    raise SourceError(f"picture {images / image.file_name}: {error}") from None
                progress(label, len(found), len(annotations.images))
    # The entry's own version, by which results know it: the threshold is this evaluation's.
    reference = core.reference.model_copy(update={"version": version_of(model, tier.network)})
    return evaluate(annotations, found, model), reference


def show(evaluation: Evaluation, reference: ModelReference, *, images: int, threshold: float) -> None:
    """The scores as a table, and what they are of."""
    rows = [("all", evaluation.all), *evaluation.categories.items()]
    columns = ("category", "annotations", "AP", "AP50", "AR")
    cells = [
        (name, f"{one.annotations}", *(_share(value) for value in (one.ap, one.ap50, one.ar))) for name, one in rows
    ]
    print_long(table(columns, cells, right=columns[1:]))
    lines = [
        f"{reference.name} {reference.version}, {reference.precision}, on {images} images; scores from {threshold} on; "
        "AP and AR at IoU .50 to .95, with at most 100 detections an image"
    ]
    if evaluation.left_out:
        lines.append(f"left out, since the model has no such label: {', '.join(evaluation.left_out)}")
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def as_json(evaluation: Evaluation, reference: ModelReference, *, images: int, threshold: float) -> str:
    """The same, and nothing rounded."""
    head = {"model": reference.model_dump(mode="json"), "images": images, "threshold": threshold}
    return json.dumps(head | asdict(evaluation), indent=2)


def _batches(images: Sequence[Image]) -> Iterator[list[Image]]:
    rest = iter(images)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
