"""`framebus model`: the catalogue, its networks and their tiers, and a try on one picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import err, out, progress_bars, table
from deploy.cli.model_view import show_entry, show_tiers
from deploy.cli.options import read_settings
from deploy.cli.pictures import jpeg_of
from schemas.catalogue import Catalogue, InputSpec, Model, Resize

if TYPE_CHECKING:
    from processors.inference.core import Inference
    from processors.samples.tiers import Tier

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show, fetch, add, try and quantise models.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The model's name in the catalogue.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Names in the catalogue; none: all.")]
_TIMEOUT_S = 60.0


class Form(StrEnum):
    """How models are listed."""

    TABLE = "table"
    HELM = "helm"


@app.command("list")
def list_models(
    names: Names = None,
    output: Annotated[Form, typer.Option("-o", "--output", help="helm: the models' entries as the chart's values.")] = (
        Form.TABLE
    ),
) -> None:
    """List the catalogue's models: those named, or all."""
    models = _named(names)
    if output is Form.HELM:
        from deploy.chart.snippet import as_values  # noqa: PLC0415  # PyYAML, for this form only

        typer.echo(as_values(models), nl=False)
        return
    rows = [(model.name, model.family, f"{model.input.width}x{model.input.height}", model.title) for model in models]
    out.print(table(("name", "family", "input", "title"), rows))


@app.command()
def show(
    name: Name,
    as_json: Annotated[bool, typer.Option("--json", help="The entry as JSON, and what was `measured`.")] = False,
) -> None:
    """Show a model's entry, and what this machine measured of its tiers."""
    from processors.samples.prepare import network_path  # noqa: PLC0415
    from processors.samples.tiers import read_measured  # noqa: PLC0415

    model = _catalogue().get(name)
    network = network_path(model, read_settings().cache_dir)
    measured = read_measured(model, network) if network.is_file() else None
    if as_json:
        shown = model.model_dump(mode="json") | {"measured": measured and measured.model_dump(mode="json")}
        out.print(json.dumps(shown, indent=2), markup=False, soft_wrap=True)
        return
    show_entry(model)
    if measured is not None:
        show_tiers(model, measured)
    else:
        out.print(f"tiers: not measured on this machine; framebus model quantize {model.name} does that", markup=False)


@app.command()
def quantize(
    name: Name,
    frames: Annotated[
        Path | None, typer.Option(help="A folder of pictures, or a video; else the sample videos.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was measured, as JSON.")] = False,
) -> None:
    """Make a model's INT8 network with NNCF, and measure what each tier sees and costs on this machine.

    INT8 becomes what the model runs in if it is the fastest and agrees with float32 within fixed bounds.
    """
    from deploy.local import tiers  # noqa: PLC0415

    model = _catalogue().get(name)
    with progress_bars() as progress:
        measured = tiers.quantize(model, read_settings().cache_dir, frames=frames, progress=progress)
    if as_json:
        out.print(measured.model_dump_json(indent=2), markup=False, soft_wrap=True)
    else:
        show_tiers(model, measured)


@app.command()
def fetch(names: Names = None) -> None:
    """Fetch and build networks into the cache: those named, or all."""
    for model in _named(names):
        out.print(f"{model.name} {_network(model)}", markup=False, soft_wrap=True)


@app.command()
def add(
    network: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An IR, ONNX, TFLite or Paddle file.")],
    family: Annotated[str, typer.Option(help="What its outputs mean: framebus model list shows families.")],
    name: Annotated[str | None, typer.Option(help="The model's name; else the file's.")] = None,
    labels: Annotated[Path | None, typer.Option(dir_okay=False, help="A file with a label in each line.")] = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT, for a network that takes any.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", dir_okay=False, help="The file of models that gets the entry.")
    ] = None,
) -> None:
    """Write an entry for a network of your own at the end of a file of models."""
    from deploy.cli.own_model import add_to, describe  # noqa: PLC0415  # OpenVINO, for this verb only

    given = read_settings().catalogue
    file = (output or given or Path("catalogue.yaml")).expanduser().absolute()
    entry = describe(network, family, name=name, labels=labels, size=size, beside=file)
    add_to(file, entry)
    said = [f"model {entry['name']} added to {file}: {entry['input']['width']}x{entry['input']['height']}"]
    if "output_names" in entry:
        pairs = ", ".join(f"{ours} is {theirs}" for ours, theirs in entry["output_names"].items())
        said.append(f"its outputs, in their order: {pairs}; correct output_names if that is not so")
    said.append(f"it gets {_pixels(entry['input'])}; correct its input (colour, mean, scale, resize) if that is not so")
    if given is None or given.expanduser().absolute() != file:
        said.append(f"now set FRAMEBUS_CATALOGUE={file}, here and wherever services run")
    said.append(f"try it: framebus model predict {entry['name']} PICTURE")
    for line in said:
        out.print(line, markup=False, soft_wrap=True)


@app.command()
def predict(
    what: Annotated[list[str], typer.Argument(metavar="[NAME] IMAGE", help="The model's name, and a picture.")],
    model: Annotated[str | None, typer.Option("--model", help="The model's name, if it is not an argument.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The detections as JSON, and no picture.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", dir_okay=False, help="The picture; else NAME-IMAGE.jpg beside it.")
    ] = None,
) -> None:
    """Show what a model sees in one picture."""
    from processors.inference.core import InferenceCore  # noqa: PLC0415  # OpenVINO, for this verb only

    *names, picture = (*([model] if model else []), *what)
    if len(names) != 1:
        raise typer.BadParameter("expected NAME IMAGE, or IMAGE --model NAME", param_hint="[NAME] IMAGE")
    image = Path(picture)
    jpeg = jpeg_of(image)
    entry = _catalogue().get(names[0])
    tier = _tier(entry)
    core = InferenceCore(entry, tier.network, precision=tier.precision)
    try:
        seen = core.submit(jpeg).result(_TIMEOUT_S)
    finally:
        core.close()
    if not as_json:
        _show(seen, core.reference.precision)
    if output is not None or not as_json:
        from deploy.cli.annotate import write_annotated  # noqa: PLC0415

        drawn = output or image.with_name(f"{entry.name}-{image.stem}.jpg")
        write_annotated(jpeg, seen.detections, drawn)
        (err if as_json else out).print(f"picture {drawn}", markup=False, soft_wrap=True)
    if as_json:
        found = [json.loads(detection.to_json()) for detection in seen.detections]
        out.print(json.dumps({"detections": found}), markup=False, soft_wrap=True)


@app.command()
def evaluate(
    name: Name,
    coco: Annotated[Path, typer.Option(help="Annotations in COCO's format (JSON); categories are labels by name.")],
    images: Annotated[Path | None, typer.Option(help="The folder of images; else that of the annotations.")] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="The least score of a detection; average precision wants them all.")
    ] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="The scores as JSON.")] = False,
) -> None:
    """Compare what a model sees with what people marked: COCO's average precision, over all and by category."""
    from deploy.cli import evaluate as evaluation  # noqa: PLC0415  # OpenVINO, for this verb only

    model = _catalogue().get(name)
    annotations = evaluation.read_annotations(coco, model)
    tier = _tier(model)
    with progress_bars() as progress:
        found, reference = evaluation.run(
            model, tier, annotations, images or coco.parent, threshold=threshold, progress=progress
        )
    count = len(annotations.images)
    if as_json:
        said = evaluation.as_json(found, reference, images=count, threshold=threshold)
        out.print(said, markup=False, soft_wrap=True)
    else:
        evaluation.show(found, reference, images=count, threshold=threshold)


def _pixels(given: Mapping[str, Any]) -> str:
    """What a network gets by the fields of its entry's `input`."""
    spec = InputSpec.model_validate(given)
    ends = [[(value - mean) * scale for value in (0, 255)] for mean, scale in zip(spec.mean, spec.scale, strict=True)]
    spans = list(dict.fromkeys(f"{low:.3g} to {high:.3g}" for low, high in ends))
    how = "with borders" if spec.resize is Resize.LETTERBOX else "stretched"
    return f"{spec.colour} from {', '.join(spans)}, {how} to {spec.width}x{spec.height}"


def _show(seen: Inference, precision: str) -> None:
    rows = [
        (found.label, f"{found.score:.3f}", " ".join(f"{edge:.0f}" for edge in found.box)) for found in seen.detections
    ]
    out.print(table(("label", "score", "box x1 y1 x2 y2"), rows, right=("score",)))
    out.print(f"{len(rows)} in {seen.width}x{seen.height}, {precision}, {seen.infer_s * 1000:.1f} ms")


def _catalogue() -> Catalogue:
    return read_catalogue(read_settings())


def _named(names: list[str] | None) -> tuple[Model, ...]:
    catalogue = _catalogue()
    return tuple(map(catalogue.get, names)) if names else catalogue.models


def _network(model: Model) -> Path:
    from processors.samples import prepare_network  # noqa: PLC0415

    with progress_bars() as progress:
        return prepare_network(model, read_settings().cache_dir, progress=progress)


def _tier(model: Model) -> Tier:
    from processors.samples.tiers import ready_tier  # noqa: PLC0415

    with progress_bars() as progress:
        return ready_tier(model, read_settings().cache_dir, progress=progress)
