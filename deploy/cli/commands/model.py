"""`framebus model`: the catalogue, its networks, and a try on one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import out, progress_bars, table
from deploy.cli.options import read_settings
from schemas.catalogue import Catalogue, Model
from schemas.errors import SourceError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show, fetch and try models.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The model's name in the catalogue.")]
_TIMEOUT_S = 60.0


@app.command("list")
def list_models() -> None:
    """List the catalogue's models."""
    rows = [(model.name, model.family, f"{model.input.width}x{model.input.height}", model.title) for model in _all()]
    out.print(table(("name", "family", "input", "title"), rows))


@app.command()
def show(name: Name) -> None:
    """Show a model's whole entry as JSON."""
    out.print(_catalogue().get(name).model_dump_json(indent=2), markup=False, soft_wrap=True)


@app.command()
def fetch(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None) -> None:
    """Fetch and build networks into the cache: those named, or all."""
    models = [_catalogue().get(name) for name in names] if names else _all()
    for model in models:
        out.print(f"{model.name} {_network(model)}", markup=False, soft_wrap=True)


@app.command()
def predict(
    image: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A JPEG, PNG, … picture.")],
    model: Annotated[str, typer.Option("--model", help="The model's name in the catalogue.")],
    as_json: Annotated[bool, typer.Option("--json", help="The detections as JSON lines.")] = False,
) -> None:
    """Show what a model sees in one picture."""
    from processors.inference.core import InferenceCore  # noqa: PLC0415  # OpenVINO, for this verb only

    entry = _catalogue().get(model)
    core = InferenceCore(entry, _network(entry))
    try:
        seen = core.submit(_jpeg(image)).result(_TIMEOUT_S)
    finally:
        core.close()
    if as_json:
        for detection in seen.detections:
            out.print(detection.to_json().decode(), markup=False, soft_wrap=True)
        return
    rows = [
        (found.label, f"{found.score:.3f}", " ".join(f"{edge:.0f}" for edge in found.box)) for found in seen.detections
    ]
    out.print(table(("label", "score", "box x1 y1 x2 y2"), rows, right=("score",)))
    out.print(f"{len(rows)} in {seen.width}x{seen.height}, {core.reference.precision}, {seen.infer_s * 1000:.1f} ms")


def _catalogue() -> Catalogue:
    return read_catalogue(read_settings())


def _all() -> tuple[Model, ...]:
    return _catalogue().models


def _network(model: Model) -> Path:
    from processors.samples import prepare_network  # noqa: PLC0415

    with progress_bars() as progress:
        return prepare_network(model, read_settings().cache_dir, progress=progress)


def _jpeg(image: Path) -> bytes:
    """The picture as JPEG: as it is if it is one, else encoded anew."""
    value = image.read_bytes()
    if value.startswith(b"\xff\xd8"):
        return value
    import cv2  # noqa: PLC0415

    picture = cv2.imread(str(image))
    if picture is None:
        raise SourceError(f"picture {image}: OpenCV cannot read it; expected a JPEG, PNG, WebP, BMP or TIFF file")
    encoded: bytes = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return encoded
