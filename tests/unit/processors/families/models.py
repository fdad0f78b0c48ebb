"""A small catalogue entry for tests on tables."""

from __future__ import annotations

from schemas.catalogue import InputSpec, Model, OutputSpec, PackageFile, Resize


def small_model(
    family: str = "ssd",
    *,
    labels: dict[int, str] | None = None,
    size: tuple[int, int] = (100, 50),
    resize: Resize = Resize.STRETCH,
    threshold: float = 0.5,
    nms_iou: float = 0.5,
    limit: int = 100,
) -> Model:
    """A model with an input of `size`, as (width, height)."""
    source = PackageFile(
        registry="pypi", package="p", version="1", path="x", sha256="0" * 64, megabytes=1.0, licence="MIT"
    )
    return Model(
        name="small",
        title="Small",
        family=family,
        source=source,
        labels=labels or {1: "person", 3: "car"},
        input=InputSpec(width=size[0], height=size[1], resize=resize),
        outputs=OutputSpec(threshold=threshold, nms_iou=nms_iou, limit=limit),
    )
