"""What a model's network is known by: a hash of everything that decides what it answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from schemas.catalogue import Model

_LENGTH: Final = 12
_FIELDS: Final = {"family", "labels", "input", "outputs"}


def version_of(model: Model, path: Path) -> str:
    """A short hash of everything that decides what the model answers: weights, graph, pre- and post-processing."""
    digest = hashlib.sha256()
    for part in (path, path.with_suffix(".bin")):
        if part.exists():
            with part.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    fields = model.model_dump(mode="json", include=_FIELDS | ({"follows"} if model.follows else set()))
    digest.update(json.dumps(fields, sort_keys=True).encode())
    return digest.hexdigest()[:_LENGTH]
