"""A network in INT8: made by NNCF from frames such as the model will see, kept by the content of all that went in.

NNCF is imported when a network is quantised, and not before: that takes a second, and half a gigabyte.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from processors.families import Placement
from processors.inference.network import fitting, is_quantised, one_line
from processors.inference.picture import decode_picture, fit_picture, normalised
from processors.samples.cachefile import exclusive, place, scratch_directory, sha256_of
from processors.samples.progress import Progress, silent
from schemas.catalogue import Model
from schemas.errors import FramebusError, ModelError
from schemas.jpeg import check_jpeg

log = logging.getLogger(__name__)

RECIPE_VERSION: Final = 1
"""Part of the cache's key: raise it with every change of what is asked of NNCF."""
FEWEST_FRAMES: Final = 10
"""With fewer, the range of what flows through the network is anybody's guess."""
_PRESET: Final = "mixed"
"""Activations with a zero point, weights without."""
_IN_FLOATS: Final[Mapping[str, Sequence[str]]] = {"ssd": ("Postprocessor/.*",)}
"""By family, patterns for the names of nodes that stay in floats: box arithmetic needs more than 256 steps."""
_LIMIT: Final = 1 << 40
_KEY_LENGTH: Final = 16


def quantize_network(model: Model, network: Path, frames: Sequence[bytes], *, progress: Progress | None = None) -> Path:
    """The path of the INT8 twin of `network`, in a folder beside it, made if it is not there yet.

    Safe from many processes. `frames` are JPEGs as capture sends them; NNCF gets of each what the network would.

    Raises:
        ModelError: There are too few frames, the network is quantised already or fits its entry in no way, or NNCF
            gives up.
        FrameError: One of the frames is no JPEG that is taken.
    """
    if len(frames) < FEWEST_FRAMES:
        raise ModelError(f"model {model.name}: {len(frames)} frames to quantise with; expected {FEWEST_FRAMES} or more")
    twin = twin_path(model, network, frames)
    with exclusive(twin.parent / ".lock"):
        if not twin.is_file():
            with scratch_directory(twin.parent) as scratch:
                made = scratch / twin.name
                ov.save_model(_quantised(model, network, frames, progress or silent), str(made), compress_to_fp16=False)
                # The weights first: who sees the .xml may read both.
                place(made.with_suffix(".bin"), twin.with_suffix(".bin"))
                place(made, twin)
            log.info("network quantised model=%s frames=%d path=%s", model.name, len(frames), twin)
    return twin


def twin_path(model: Model, network: Path, frames: Sequence[bytes]) -> Path:
    """Where the INT8 twin of `network` that is made with `frames` is, or will be."""
    return network.parent / f"int8-{_key(model, network, frames)}" / network.name


def nncf_version() -> str:
    """The version of NNCF that is installed; it is not imported for that."""
    return version("nncf")


def _calibration_of(frames: Sequence[bytes]) -> str:
    """The sha256 of the frames' own, in their order."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(hashlib.sha256(frame).digest())
    return digest.hexdigest()


def _key(model: Model, network: Path, frames: Sequence[bytes]) -> str:
    """What the content of the INT8 network depends on, as a short hash."""
    parts = (
        *(sha256_of(part) for part in (network, network.with_suffix(".bin")) if part.is_file()),
        _calibration_of(frames),
        nncf_version(),
        RECIPE_VERSION,
        _PRESET,
        model.family,
        _IN_FLOATS.get(model.family, ()),
        model.input.model_dump(mode="json"),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_KEY_LENGTH]


def _quantised(model: Model, network: Path, frames: Sequence[bytes], progress: Progress) -> ov.Model:
    label = f"{model.name}: quantising to INT8"
    progress(label, 0, len(frames))
    floats = fitting(ov.Core().read_model(str(network)), model)
    if is_quantised(floats):
        raise ModelError(f"model {model.name}: {network} is quantised already; expected a network of floats")
    told = _Told(model, progress, label, len(frames))
    try:
        with _quiet():
            import nncf  # noqa: PLC0415  # see above

            nncf.set_log_level(logging.ERROR)
            twin: ov.Model = nncf.quantize(
                floats,
                nncf.Dataset(frames, told.tensor),
                preset=nncf.QuantizationPreset(_PRESET),
                subset_size=len(frames),
                ignored_scope=nncf.IgnoredScope(patterns=list(_IN_FLOATS.get(model.family, ())), validate=False),
            )
    except FramebusError:
        raise
    except Exception as error:  # NNCF's own have no base in common, and OpenVINO's are RuntimeErrors
        raise ModelError(f"model {model.name}: NNCF cannot quantise {network}: {one_line(error)}") from error
    progress(label, len(frames), len(frames))
    return twin


class _Told:
    """Makes tensors of frames, and tells how many; NNCF goes over all of them at least once."""

    def __init__(self, model: Model, progress: Progress, label: str, total: int) -> None:
        self._model = model
        self._progress = progress
        self._label = label
        self._total = total
        self._done = 0

    def tensor(self, jpeg: bytes) -> NDArray[np.float32]:
        """The frame as the network's first layer gets it."""
        # What comes after the frames takes a third of the time, and says nothing: the bar waits just before its end.
        self._done = min(self._done + 1, self._total - 1)
        self._progress(self._label, self._done, self._total)
        return tensor_of(jpeg, self._model)


def tensor_of(jpeg: bytes, model: Model) -> NDArray[np.float32]:
    """A frame as the first layer of the network of `model` gets it: decoded, fitted and scaled as in the core."""
    width, height = check_jpeg(jpeg, limit_bytes=_LIMIT, limit_pixels=_LIMIT)
    placement = Placement.of(model.input, width, height)
    pixels = fit_picture(decode_picture(jpeg, model.input, placement), model.input, placement)
    return normalised(pixels, model.input)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep NNCF's bars and lines to itself, and the class of everybody's loggers as it was."""
    loggers = logging.getLoggerClass()
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            yield
        finally:
            logging.setLoggerClass(loggers)
