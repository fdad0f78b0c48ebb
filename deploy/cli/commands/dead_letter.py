"""`framebus dead-letter`: the frames that no retry could help, why, and how to give them another chance."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from deploy.catalogue import read_catalogue
from deploy.cli.console import err, out, print_long, table
from deploy.cli.options import Kafka, reach_kafka
from schemas.errors import SettingsError
from schemas.messages import FrameAddress
from schemas.printable import printable, shown
from schemas.window import MOMENT, Window

if TYPE_CHECKING:
    from api.dead_letters import Desk, LetterEntry, LetterFilter, Outcome

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Look at frames that could not be inferred, and send them again."
)

_KNOWN: Final = 200_000
"""Dead letters that one call knows, the newest: about 200 MB when there are that many."""
_LETHAL: Final = "LethalFrameError"

Address = Annotated[str, typer.Argument(metavar="MODEL/PARTITION/OFFSET", help="The frame's address.")]
Addresses = Annotated[
    list[str] | None, typer.Argument(metavar="[MODEL/PARTITION/OFFSET]…", help="The letters' addresses.")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Only this model's.")]
CameraOption = Annotated[str | None, typer.Option("--camera", help="Only this camera's.")]
ErrorOption = Annotated[str | None, typer.Option("--error", metavar="CLASS", help="Only these, as NotJpegError.")]
Since = Annotated[
    str | None,
    typer.Option(metavar="AGE|TIME", help=f"Only those since then: {MOMENT}."),
]
Json = Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")]


@app.command("list")
def list_letters(  # one parameter for each option
    *,
    model: ModelOption = None,
    camera: CameraOption = None,
    error: ErrorOption = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Json = False,
    kafka: Kafka = None,
) -> None:
    """List the newest dead letters, whether each was sent again, and what became of it."""
    wanted = _filter(model, camera, error, since)
    with _desk(kafka, wanted.since) as desk:
        entries = desk.entries(desk.find(wanted)[:limit])
    if as_json:
        out.print("[" + ",\n".join(entry.model_dump_json() for entry in entries) + "]", markup=False, soft_wrap=True)
        return
    rows = [(entry.at, entry.camera, entry.address, entry.error, _story(entry), entry.message) for entry in entries]
    print_long(table(("at", "camera", "address", "error", "redriven", "message"), rows))


@app.command()
def show(
    address: Address,
    save: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the original value there.")] = None,
    as_json: Json = False,
    kafka: Kafka = None,
) -> None:
    """Show one dead letter: what was wrong, its original headers, and every time that it was sent again."""
    wanted = FrameAddress.parse(address)
    with _desk(kafka) as desk:
        detail = desk.detail(wanted)
        value = desk.original(wanted).value or b"" if save is not None else b""
    if as_json:
        out.print(detail.model_dump_json(indent=2), markup=False, soft_wrap=True)
    else:
        letter = detail.letter
        lines = [
            ("address", letter.address),
            ("at", letter.at),
            ("camera", letter.camera),
            ("error", letter.error),
            ("message", letter.message),
            ("attempts", str(letter.attempts)),
            ("value", "omitted: it did not fit" if letter.size is None else f"{letter.size} bytes"),
            *([("redrive of", f"{letter.redrive_of} (number {letter.redrive})")] if letter.redrive_of else []),
        ]
        for name, text in lines:
            _print(f"{name}: {text}")
        for header in detail.headers:
            _print(f"header {header}")
        for one in detail.history:
            _print(f"redriven: number {one.number} at {one.at} from {one.letter} to {one.address}: {one.outcome}")
    if save is not None:
        _save(save, value)
        _print(f"value written to {save}", to=err if as_json else out)


@app.command()
def redrive(  # noqa: PLR0913  # one parameter for each option
    addresses: Addresses = None,
    *,
    model: ModelOption = None,
    camera: CameraOption = None,
    error: ErrorOption = None,
    since: Since = None,
    every: Annotated[bool, typer.Option("--all", help="All that are still dead.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Even what was sent again and has not died since.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    kafka: Kafka = None,
) -> None:
    """Send dead letters again: the original bytes and headers, in the lane `redrive`, which is never shed.

    Frames whose own bytes or headers are at fault die again unless the workers have learnt something since. What is
    chosen by filters leaves out frames that killed their worker: name them, or `--error LethalFrameError`.
    """
    filtered = any(option is not None for option in (model, camera, error, since))
    if bool(addresses) == (filtered or every):
        raise typer.BadParameter("expected either addresses, or --model, --camera, --error, --since or --all")
    named = [FrameAddress.parse(address) for address in addresses or ()]
    wanted = _filter(model, camera, error, since)
    with _desk(kafka, wanted.since) as desk:
        chosen = named or _choose(desk, wanted, again=again)
        outcomes: list[Outcome] = []
        if dry_run:
            outcomes = desk.refusals(chosen, again=again)
            _preview(chosen, outcomes)
        elif chosen and (named or yes or _confirmed(len(chosen))):
            desk.redrive(chosen, again=again, report=lambda outcome: _report(outcome, outcomes))
            _summarise(outcomes)
    raise typer.Exit(0 if all(outcome.to and not outcome.detail for outcome in outcomes) else 1)


@contextmanager
def _desk(kafka: str | None, since: datetime | None = None) -> Iterator[Desk]:
    from api.dead_letters import Desk  # noqa: PLC0415  # the Kafka client, which --help does without

    settings = reach_kafka(kafka)
    desk = Desk(settings, read_catalogue(settings), keep=_KNOWN, since=since, deadline_s=120.0)
    try:
        yield desk
        if desk.malformed:
            err.print(f"{desk.malformed} records could not be read: framebus audit names them", style="yellow")
    finally:
        desk.close()


def _filter(model: str | None, camera: str | None, error: str | None, since: str | None) -> LetterFilter:
    from api.dead_letters import LetterFilter  # noqa: PLC0415

    window = Window.parse(since, None, now=datetime.now(UTC))
    return LetterFilter(model, camera, error, window.since if window else None)


def _choose(desk: Desk, wanted: LetterFilter, *, again: bool) -> list[FrameAddress]:
    """The addresses to send again, the oldest first; what is left alone is said."""
    found, settled = desk.workable(wanted, again=again)
    chosen = [letter for letter in found if letter.error != _LETHAL or wanted.error == _LETHAL]
    if settled:
        _print(f"{settled} were sent again already and have not died since: left alone")
    if len(chosen) < len(found):
        _print(f"{len(found) - len(chosen)} killed their worker: left alone; --error {_LETHAL} sends them")
    if not chosen:
        _print("nothing to send again")
    return [letter.address for letter in chosen]


def _preview(chosen: Sequence[FrameAddress], refusals: Sequence[Outcome]) -> None:
    refused = {outcome.address: outcome for outcome in refusals}
    for address in chosen:
        _print(str(refused.get(address, f"would be redriven: {address}")))
    _print(f"dry run: nothing was sent; {len(chosen) - len(refused)} would be, {len(refused)} would not")


def _confirmed(number: int) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{number} letters: expected --yes where nobody can be asked, or --dry-run")
    return typer.confirm(f"Send {number} letters again?")


def _report(outcome: Outcome, outcomes: list[Outcome]) -> None:
    outcomes.append(outcome)
    _print(str(outcome))


def _summarise(outcomes: Sequence[Outcome]) -> None:
    counts = Counter(outcome.done.value for outcome in outcomes)
    rest = "".join(f", {number} {done}" for done, number in sorted(counts.items()) if done != "redriven")
    _print(f"{counts['redriven']} of {len(outcomes)} redriven{rest}")


def _story(entry: LetterEntry) -> str:
    """What a row says of the times that the frame was sent again."""
    parts = [f"number {entry.redrive} of {entry.redrive_of}"] if entry.redrive_of else []
    parts += [f"{one.outcome} at {one.address}" for one in entry.redrives[-1:]]
    return "; ".join(parts) or "-"


def _save(file: Path, value: bytes) -> None:
    try:
        file.write_bytes(value)
    except OSError as error:
        raise SettingsError(f"file {shown(str(file))}: {error.strerror}; expected one that can be written") from None


def _print(text: str, *, to: Console = out) -> None:
    to.print(printable(text), markup=False, soft_wrap=True)
