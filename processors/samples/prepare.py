"""A model's network, ready for OpenVINO to read: fetched, built by its recipe, kept by its content."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Final

from processors.samples.cachefile import exclusive, place, scratch_directory
from processors.samples.progress import Progress, silent
from processors.samples.sources import fetch_source, sha256_of_source
from schemas.catalogue import Model
from schemas.errors import FetchError

log = logging.getLogger(__name__)

RECIPE_VERSION: Final = 2
"""Part of the cache's key: raise it with every change in recipes.py."""
_KEY_LENGTH: Final = 16


def prepare_network(model: Model, cache: Path, *, progress: Progress | None = None) -> Path:
    """The path of the IR (.xml) of `model` under `cache`, made if it is not there yet; safe from many processes.

    Raises:
        FetchError: Its file cannot be fetched, or is not the expected one.
        ModelError: Its file cannot be converted.
    """
    network = network_path(model, cache)
    folder = network.parent
    if network.is_file():
        return network
    tell = progress or silent
    with exclusive(folder / ".lock"):
        if network.is_file():
            return network
        source = fetch_source(model.source, cache, tell)
        label = f"{model.name}: building the network"
        tell(label, 0, 1)
        _build(model, source, network)
        tell(label, 1, 1)
    log.info("network built model=%s path=%s", model.name, network)
    return network


def network_path(model: Model, cache: Path) -> Path:
    """Where the IR of `model` is, or will be, under `cache`.

    Raises:
        FetchError: Its source is a file of this machine that cannot be read.
    """
    return cache / "networks" / f"{model.name}-{_key(model)}" / "network.xml"


def _key(model: Model) -> str:
    """What the network's content depends on, as a short hash."""
    parts: list[object] = [
        sha256_of_source(model.source),
        model.family,
        RECIPE_VERSION,
        model.input.width,
        model.input.height,
        sorted(model.labels),
    ]
    if model.output_names:
        parts.append(sorted(model.output_names.items()))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_KEY_LENGTH]


def _build(model: Model, source: Path, network: Path) -> None:
    from processors.samples.recipes import build, save  # noqa: PLC0415  # OpenVINO: a second that a warm start saves

    with scratch_directory(network.parent) as scratch:
        built = scratch / network.name
        save(build(model, source, scratch), built)
        if network_path(model, network.parents[2]) != network:
            raise FetchError(f"model {model.name}: {source} changed while it was read; expected it to stay as it was")
        # The weights first: who sees the .xml may read both.
        place(built.with_suffix(".bin"), network.with_suffix(".bin"))
        place(built, network)
