"""`framebus frame`: frames out of the log, with what was seen in them."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.catalogue import read_catalogue
from deploy.cli.console import out, progress_bars
from deploy.cli.options import Kafka, reach_kafka
from schemas.errors import CameraError, SettingsError
from schemas.names import IDENTIFIER
from schemas.printable import shown
from schemas.window import MOMENT, Window

if TYPE_CHECKING:
    from api.export import ExportReader
    from deploy.cli.clip import Clip
    from deploy.cli.coco_folder import CocoFolder

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Take frames out of the log.")


@app.callback()
def _frames() -> None: ...


@app.command()
def export(  # noqa: PLR0913  # one parameter for each option
    *,
    camera: Annotated[str, typer.Option(help="The camera's name.")],
    model: Annotated[str, typer.Option(help="The model whose frames and results these are.")],
    since: Annotated[
        str | None, typer.Option(metavar="AGE|TIME", help=f"Frames that the broker appended then or later: {MOMENT}.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="AGE|TIME", help="Frames that the broker appended before; as --since.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", file_okay=False, help="A new folder for JPEGs and annotations.json (COCO)."),
    ] = None,
    mp4: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A clip with boxes, labels and times drawn over (VP9).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first so many frames, in the order of capture.")] = None,
    deadline: Annotated[float, typer.Option(min=1, help="Seconds to find the frames and their outcomes in.")] = 600.0,
    kafka: Kafka = None,
) -> None:
    """Write a camera's frames as they are in the log, with results: a folder for training, or a clip to look at.

    Exit code 1 if there is not one frame.
    """
    from api.export import ExportReader  # noqa: PLC0415  # the Kafka client, which --help does without

    if not IDENTIFIER.fullmatch(camera):
        raise CameraError(f"camera {shown(camera)}: expected small letters, digits, - and _, as gate-2")
    if output is None and mp4 is None:
        raise SettingsError("nothing to write: expected -o FOLDER, --mp4 FILE.mp4 or both")
    window = Window.parse(since, until, now=datetime.now(UTC)) or Window()
    settings = reach_kafka(kafka)
    entry = read_catalogue(settings).get(model)
    reader = ExportReader(settings, camera=camera, model=entry.name, window=window)
    with closing(reader), ExitStack() as stack:
        about = {"description": f"Frames of camera {camera}, and what {model} saw in them", "camera": camera}
        about |= {"model": model, "date_created": datetime.now(UTC).isoformat(timespec="seconds")}
        folder: CocoFolder | None = None
        clip: Clip | None = None
        if output is not None:
            from deploy.cli.coco_folder import CocoFolder  # noqa: PLC0415

            folder = stack.enter_context(CocoFolder(output, entry, about=about))
        if mp4 is not None:
            from deploy.cli.clip import Clip  # noqa: PLC0415  # OpenCV

            clip = stack.enter_context(Clip(mp4, camera=camera))
        reader.gather(deadline=time.monotonic() + deadline)
        if clip is not None and reader.fps is not None:
            clip.set_rate(reader.fps)
        fates = _write(reader, folder, clip, limit)
        _summarise(reader, folder, clip, fates)
    raise typer.Exit(0 if fates else 1)


def _write(reader: ExportReader, folder: CocoFolder | None, clip: Clip | None, limit: int | None) -> Counter[str]:
    """Write every frame; how many came to which end."""
    fates: Counter[str] = Counter()
    total = min(len(reader), limit or len(reader))
    with progress_bars() as progress:
        for done, (frame, jpeg) in enumerate(reader.frames(limit), 1):
            for writer in (folder, clip):
                if writer is not None:
                    writer.add(frame, jpeg)
            fates[frame.fate] += 1
            progress("exporting", done, total)
    for writer in (folder, clip):
        if writer is not None and fates:
            writer.finish()
    return fates


def _summarise(reader: ExportReader, folder: CocoFolder | None, clip: Clip | None, fates: Counter[str]) -> None:
    inferred = fates["inferred"]
    rest = [f"{number} {fate}" for fate, number in sorted(fates.items()) if fate != "inferred"]
    lines = [f"{fates.total()} frames of {len(reader)} found, {inferred} with a result"]
    if rest:
        lines.append(f"without a result: {', '.join(rest)}")
    if fates["lost"]:
        lines.append("lost: framebus audit says more")
    if reader.expired:
        lines.append(f"expired: {reader.expired} frames that were delivered are not in the log any more")
    if reader.unreadable:
        lines.append(f"unreadable: {reader.unreadable} records of this camera have not the headers of a frame")
    if folder is not None and fates:
        lines.append(f"{folder.pictures} pictures, {folder.images} images with {folder.annotations} annotations (COCO)")
    if clip is not None and fates:
        broken = f"; {clip.broken} frames are no pictures and left out" if clip.broken else ""
        lines.append(f"clip of {clip.pictures} pictures{broken}")
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
