"""`framebus dead-letter`: the frames that no retry could help, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.console import err, out, table
from deploy.cli.options import Kafka, read_settings
from schemas.errors import MessageError
from schemas.messages import DeadLetter, FrameAddress, decode_dead_letter, format_time

if TYPE_CHECKING:
    from confluent_kafka import Message

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at frames that could not be inferred.")


@app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50, kafka: Kafka = None
) -> None:
    """List the newest dead letters."""
    letters = sorted(_read(kafka), key=lambda found: _time(found[0]), reverse=True)[:limit]
    rows = [
        (format_time(_time(message)), _camera(message), str(letter.address), letter.error, letter.message)
        for message, letter in letters
    ]
    out.print(table(("at", "camera", "address", "error", "message"), rows))


@app.command()
def show(
    address: Annotated[str, typer.Argument(metavar="MODEL/PARTITION/OFFSET", help="The frame's address.")],
    save: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the original value there.")] = None,
    kafka: Kafka = None,
) -> None:
    """Show one dead letter: what was wrong, and its original headers."""
    wanted = FrameAddress.parse(address)
    found = [(message, letter) for message, letter in _read(kafka) if letter.address == wanted]
    if not found:
        raise MessageError(f"dead letter {wanted}: there is none; framebus dead-letter list shows those there are")
    message, letter = found[-1]
    value = message.value() or b""
    lines = {
        "address": str(letter.address),
        "at": format_time(_time(message)),
        "camera": _camera(message),
        "error": letter.error,
        "message": letter.message,
        "attempts": str(letter.attempts),
        "value": "omitted: it did not fit" if letter.value_omitted else f"{len(value)} bytes",
    }
    lines |= {f"header {name}": text.decode(errors="replace") for name, text in letter.original}
    for name, text in lines.items():
        out.print(f"{name}: {text}", markup=False, soft_wrap=True)
    if save is not None:
        save.write_bytes(value)
        out.print(f"value written to {save}", markup=False, soft_wrap=True)


def _read(kafka: str | None) -> list[tuple[Message, DeadLetter]]:
    from deploy.local.records import read_records  # noqa: PLC0415  # the Kafka client, which --help does without

    settings = read_settings(kafka)
    letters: list[tuple[Message, DeadLetter]] = []

    def take(message: Message) -> None:
        try:
            letters.append((message, decode_dead_letter(message.headers())))
        except MessageError as error:
            place = f"partition {message.partition()} offset {message.offset()}"
            err.print(f"not a dead letter: {place}: {error}", style="yellow", markup=False, soft_wrap=True)

    read_records(settings, [settings.names.dead_letters], take)
    return letters


def _camera(message: Message) -> str:
    return (message.key() or b"").decode(errors="replace")


def _time(message: Message) -> datetime:
    return datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
