"""A network, compiled for its device: the one place that configures OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from openvino.preprocess import PrePostProcessor

from processors.families import family_of
from processors.inference.apart import apart
from processors.inference.version import version_of
from processors.samples.cachefile import exclusive
from schemas.catalogue import InputSpec, Model, Precision
from schemas.errors import ModelError
from schemas.messages import ModelReference

_CAPABILITIES: Final = {
    Precision.INT8: "INT8",
    Precision.BF16: "BF16",
    Precision.F16: "FP16",
    Precision.F32: "FP32",
}
"""What a device must list in order to compute natively in a precision; the fastest first."""


def compile_network(
    model: Model, path: Path, *, precision: Precision, cache: Path | None = None, hint: str = "THROUGHPUT"
) -> tuple[ov.CompiledModel, ModelReference]:
    """The network at `path`, which takes 8-bit pixels [1, height, width, 3] from now on, and what results call it.

    `cache` keeps what the device made of the network, so that the next start is quick. `hint` is OpenVINO's: THROUGHPUT
    for many pictures at once, or LATENCY for one at a time.

    Raises:
        ModelError: The network cannot be read or compiled, does not fit its catalogue entry, or the device is not
            there or cannot compute in `precision`.
    """
    return apart(lambda: _compile(model, path, precision, cache, hint))


def _compile(
    model: Model, path: Path, precision: Precision, cache: Path | None, hint: str
) -> tuple[ov.CompiledModel, ModelReference]:
    try:
        core = ov.Core()
        check_device(model, core.available_devices)
        chosen = choose_precision(model, precision, _capabilities(core, model.device))
        network = read_network(core, model, path)
        if chosen is Precision.INT8 and not is_quantised(network):
            raise ModelError(f"model {model.name}: {path} computes in floats; expected a network quantised to INT8")
        config = {
            # What INT8 leaves to floats is little: less precision there is no faster.
            "INFERENCE_PRECISION_HINT": (Precision.F32 if chosen is Precision.INT8 else chosen).value,
            # Streams of one or a few threads: with all cores on one frame, the same frame costs a quarter more.
            "PERFORMANCE_HINT": hint,
            **({"CACHE_DIR": str(cache)} if cache else {}),
        }
        # One process at a time: OpenVINO writes its cache in place, under the eyes of those that have it mapped.
        with exclusive(cache / f"{model.name}.lock") if cache else nullcontext():
            compiled = core.compile_model(network, model.device, config)
    except RuntimeError as error:
        raise ModelError(f"model {model.name}: {path} on {model.device}: {one_line(error)}") from error
    reference = ModelReference(
        name=model.name, version=version_of(model, path), precision=chosen.value, device=model.device
    )
    return compiled, reference


def read_network(core: ov.Core, model: Model, path: Path) -> ov.Model:
    """The network at `path` as it is compiled: with a static shape, and 8-bit pixels [1, height, width, 3] going in.

    Raises:
        ModelError: It does not fit its catalogue entry.
        RuntimeError: It cannot be read; from OpenVINO.
    """
    return _with_pixels(fitting(core.read_model(str(path)), model), model.input)


def check_device(model: Model, there: Sequence[str]) -> None:
    """Check that the devices that `model` names are among those that are `there`, as OpenVINO calls them.

    Raises:
        ModelError: One is not.
    """
    for name in _named(model.device):
        # Of several GPUs each has a number, and GPU is the first; one alone has none.
        if not any(device in (name, name.removesuffix(".0")) or device.startswith(f"{name}.") for device in there):
            raise ModelError(f"model {model.name}: device {name} is not there; expected one of {', '.join(there)}")


def _named(device: str) -> list[str]:
    """The single devices that a device's name names: itself, or those that it may choose; none if it may choose any."""
    chooser, _, names = device.rpartition(":")
    return [name for name in names.split(",") if not name.startswith("-")] if chooser or device != "AUTO" else []


def _capabilities(core: ov.Core, device: str) -> list[str]:
    """What every device that `device` may choose can do."""
    lists = [core.get_property(name, "OPTIMIZATION_CAPABILITIES") for name in _named(device) or ["AUTO"]]
    return [one for one in lists[0] if all(one in other for other in lists)]


def choose_precision(model: Model, asked: Precision, capabilities: Sequence[str]) -> Precision:
    """The precision to compute in: for `auto` the fastest float that the device has, since INT8 is another network.

    Raises:
        ModelError: The device does not have the one that was asked for.
    """
    there = [precision for precision, name in _CAPABILITIES.items() if name in capabilities]
    if asked is Precision.AUTO:
        return next((precision for precision in there if precision is not Precision.INT8), Precision.F32)
    if asked not in there:
        expected = ", ".join([*there, Precision.AUTO])
        raise ModelError(f"model {model.name}: precision {asked} on {model.device}; expected one of {expected}")
    return asked


def tiers_of(model: Model) -> tuple[Precision, ...]:
    """The precisions that the device of `model` computes natively, the fastest first.

    Raises:
        ModelError: The device is not there.
    """
    core = ov.Core()
    check_device(model, core.available_devices)
    capabilities = _capabilities(core, model.device)
    return tuple(precision for precision, name in _CAPABILITIES.items() if name in capabilities)


def is_quantised(network: ov.Model) -> bool:
    """Whether the network computes in whole numbers, be it in parts."""
    return any(node.get_type_name() == "FakeQuantize" for node in network.get_ops())


def fitting(network: ov.Model, model: Model) -> ov.Model:
    """`network` with a static shape, once it is known to have the input and the outputs that its family needs."""
    if len(network.inputs) != 1:
        raise ModelError(f"model {model.name}: the network has {len(network.inputs)} inputs; expected 1")
    wanted = family_of(model).outputs
    if len(network.outputs) == len(wanted) == 1:
        network.output(0).get_tensor().set_names(set(wanted))
    names = {name for output in network.outputs for name in output.get_names()}
    missing = [name for name in wanted if name not in names]
    if missing:
        found = ", ".join(sorted(names))
        raise ModelError(f"model {model.name}: the network's outputs are {found}; expected {', '.join(missing)} too")
    spec = model.input
    height, width = spec.height, spec.width
    network.reshape([1, height, width, 3] if spec.layout == "NHWC" else [1, 3, height, width])
    return network


def _with_pixels(network: ov.Model, spec: InputSpec) -> ov.Model:
    """Make conversion to float, mean and scale part of the graph: 8-bit pixels are a quarter of the memory traffic."""
    steps = PrePostProcessor(network)
    entry = steps.input()
    entry.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    entry.model().set_layout(ov.Layout(spec.layout))
    entry.preprocess().convert_element_type(ov.Type.f32)
    if any(spec.mean):
        entry.preprocess().mean(list(spec.mean))
    if any(factor != 1 for factor in spec.scale):
        entry.preprocess().scale([1 / factor for factor in spec.scale])  # OpenVINO divides
    return steps.build()


def one_line(error: Exception) -> str:
    """What OpenVINO says, without the places in its source that it begins with."""
    lines = (line.strip() for line in str(error).splitlines())
    return " ".join(line for line in lines if line and not line.startswith("Exception from"))


def warm_up(compiled: ov.CompiledModel) -> ov.InferRequest:
    """Run the network once on black, so that no frame pays for what the first run allocates; has the outputs.

    Raises:
        ModelError: It does not run.
    """
    request = compiled.create_infer_request()
    try:
        request.infer({0: np.zeros(list(compiled.input(0).shape), np.uint8)})
    except RuntimeError as error:
        raise ModelError(f"the network does not run: {one_line(error)}") from error
    return request
