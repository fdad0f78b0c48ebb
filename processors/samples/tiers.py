"""A model's tiers on this machine: what INT8 and the floats were measured to see and to cost, and which of them runs.

Beside a network lie `int8-<version>.json`, which names its INT8 twin, and for each kind of machine that measured them
`measured-<version>-<machine>.json`. The version is that of the network and of how its entry reads it, so that an entry
that is changed is measured anew; the machine is its CPU, the device, and OpenVINO's release.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from processors.inference.version import version_of
from processors.samples.cachefile import exclusive, place, scratch_directory
from processors.samples.prepare import prepare_network
from processors.samples.progress import Progress
from schemas.catalogue import Model, Precision
from schemas.errors import ModelError

log = logging.getLogger(__name__)

_KEY_LENGTH: Final = 12
_QUANTISED: Final = b'type="FakeQuantize"'


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Share(_Record):
    """Of one label, or of all: how many detections float32 has, and the parts that agree; None where there are none."""

    reference: int
    recall: float | None
    precision: float | None


class TierMeasure(_Record):
    """One tier: frames a second if the device did nothing else, what a frame takes, how it agrees with float32.

    `ms` is time of one core; where the device is not the CPU, it is time on the clock.
    """

    fps: float
    ms: float
    all: Share
    labels: Mapping[str, Share]


class Measured(_Record):
    """What one kind of machine measured of a model's tiers; `against` says what speaks against INT8 as the default."""

    model: str
    version: str
    cpu: str
    cores: int
    at: datetime
    nncf: str
    source: str
    calibration_frames: int
    held_out_frames: int
    int8: str
    """The folder of the INT8 network, beside the float32 one."""
    tiers: Mapping[Precision, TierMeasure]
    default: Precision
    against: tuple[str, ...]

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The record in `file`; None where there is none, or one that cannot be read, which is as good as none."""
        try:
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("measure of a model's tiers ignored file=%s reason=%r", file, str(error)[:200])
            return None


@dataclass(frozen=True, slots=True)
class _Files:
    """What lies beside a network: who its INT8 twin is, and what this machine measured."""

    twin: Path
    measured: Path

    @classmethod
    def of(cls, model: Model, network: Path) -> Self:
        parts = (cpu_kind(), os.cpu_count(), model.device, distribution_version("openvino"))
        machine = hashlib.sha256(repr(parts).encode()).hexdigest()[:_KEY_LENGTH]
        version = version_of(model, network)
        folder = network.parent
        return cls(folder / f"int8-{version}.json", folder / f"measured-{version}-{machine}.json")


@dataclass(frozen=True, slots=True)
class Tier:
    """What runs: a network, the precision to compute it in, and the reason, in words.

    `ms` is what a frame takes, as a `TierMeasure` has it; None where this machine has not measured that.
    """

    network: Path
    precision: Precision
    why: str
    ms: float | None = None


def ready_tier(model: Model, cache: Path, *, progress: Progress | None = None) -> Tier:
    """The tier that `model` runs in on this machine, its network prepared; nothing is quantised or measured for it.

    Raises:
        FetchError: Its network cannot be had.
        ModelError: It cannot be converted, or the entry asks for INT8 and there is no such network.
    """
    return tier_of(model, prepare_network(model, cache, progress=progress))


def tier_of(model: Model, network: Path) -> Tier:
    """The tier for `model`, whose float network is at `network`.

    Raises:
        ModelError: The entry asks for INT8, and there is no such network.
    """
    measured = read_measured(model, network)
    if model.precision is not Precision.AUTO:
        chosen = _int8(model, network) if model.precision is Precision.INT8 else network
        return Tier(chosen, model.precision, "the entry asks for it", _ms(measured, model.precision))
    if measured is None:
        reason = f"its tiers were not measured on this machine: framebus model quantize {model.name} does that"
    elif measured.default is Precision.INT8:
        twin = network.parent / measured.int8 / network.name
        if twin.is_file():
            why = "it was measured to be the fastest, within the bounds of accuracy"
            return Tier(twin, Precision.INT8, why, _ms(measured, Precision.INT8))
        reason = f"its INT8 network {twin} is gone: framebus model quantize {model.name} makes it anew"
    else:
        why = f"it was measured to be the fastest float, and {_not_int8(measured)}"
        return Tier(network, measured.default, why, _ms(measured, measured.default))
    return Tier(network, Precision.AUTO, f"the fastest float, since {reason}")


def _ms(measured: Measured | None, tier: Precision) -> float | None:
    found = measured.tiers.get(tier) if measured else None
    return found.ms if found else None


def read_measured(model: Model, network: Path) -> Measured | None:
    """What this machine measured of the tiers of `model`; None where that was not done, or INT8 was made anew since."""
    files = _Files.of(model, network)
    measured = Measured.read(files.measured)
    return measured if measured is not None and measured.int8 == _named(files.twin) else None


def write_measured(model: Model, network: Path, measured: Measured) -> None:
    """Keep what was measured, and the INT8 network that it is of, for every reader at once."""
    files = _Files.of(model, network)
    twin = json.dumps({"network": measured.int8, "nncf": measured.nncf}) + "\n"
    with exclusive(network.parent / ".lock"), scratch_directory(network.parent) as scratch:
        for target, text in (
            (files.measured, measured.model_dump_json(indent=2) + "\n"),
            (files.twin, twin),
        ):
            made = scratch / target.name
            made.write_text(text)
            place(made, target)


def _not_int8(measured: Measured) -> str:
    return f"INT8 is not to run: {'; '.join(measured.against)}"


def cpu_name() -> str:
    """What this machine's CPU calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def cpu_kind() -> str:
    """All that makes one CPU slower than another, or lets it compute otherwise."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return " ".join(sorted({line.partition(": ")[2] for line in lines if line.startswith(("model", "flags"))}))


def _int8(model: Model, network: Path) -> Path:
    name = _named(_Files.of(model, network).twin)
    twin = network.parent / name / network.name if name else None
    if twin is not None and twin.is_file():
        return twin
    if _QUANTISED in network.read_bytes():
        return network  # the user's own, which came quantised
    raise ModelError(
        f"model {model.name}: precision int8, and there is no INT8 network beside {network}; "
        f"expected one: framebus model quantize {model.name}"
    )


def _named(file: Path) -> str | None:
    """The folder of the INT8 network that `file` names; None where it names none."""
    try:
        name = json.loads(file.read_bytes())["network"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) and name.startswith("int8-") and "/" not in name else None
