"""`framebus token`: a secret that opens the API, or one that a sink signs with."""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from pathlib import Path
from typing import Annotated, Final

import typer

from schemas.errors import SettingsError
from schemas.settings import WEBHOOK_PREFIX

_BYTES: Final = 32

app = typer.Typer(add_completion=False, help="Make a token for the API, or a secret that a sink signs with.")


@app.callback(invoke_without_command=True)
def token(
    file: Annotated[
        Path | None, typer.Argument(help="A new file that only you can read; without it the token is printed.")
    ] = None,
    webhook: Annotated[bool, typer.Option("--webhook", help="As Standard Webhooks has it, for a sink.")] = False,
) -> None:
    """Make a token: FRAMEBUS_API_VIEWER_TOKEN_FILE and FRAMEBUS_API_OPERATOR_TOKEN_FILE name such files.

    With --webhook: what FRAMEBUS_SINK_SECRET_FILE names.
    """
    random = secrets.token_bytes(_BYTES)
    text = f"{WEBHOOK_PREFIX}{b64encode(random).decode()}" if webhook else secrets.token_urlsafe(_BYTES)
    if file is None:
        typer.echo(text)
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SettingsError(f"token file '{file}': {error.strerror}; expected a file that does not exist yet") from None
    with os.fdopen(descriptor, "w") as out:
        out.write(f"{text}\n")
