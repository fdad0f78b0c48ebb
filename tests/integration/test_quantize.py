"""INT8 on real networks and real video: how far it sees what float32 sees, and that it runs only where it does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from deploy.local import tiers
from deploy.local.sample_frames import Frames, sample_frames
from processors.accuracy.agreement import Agreement, agreement
from processors.accuracy.measure import measure_tiers
from processors.inference.core import InferenceCore
from processors.inference.network import compile_network, fitting, is_quantised, tiers_of
from processors.inference.picture import normalised
from processors.samples.prepare import network_path
from processors.samples.quantize import quantize_network, twin_path
from processors.samples.tiers import Measured, read_measured, ready_tier, tier_of, write_measured
from schemas.catalogue import Catalogue, InputSpec, LocalFile, Model, Precision
from schemas.errors import ModelError
from schemas.messages import ModelReference
from schemas.settings import Settings
from tests.integration.cli_kit import runner
from tests.integration.inference_kit import DEADLINE, jpeg_of
from tests.integration.test_own_networks import small_network

if TYPE_CHECKING:
    from deploy.local.media import Media

pytestmark = pytest.mark.timeout(400)  # NNCF, on whatever cores there are

OBJECTS, FACES = Catalogue().get("object-detection"), Catalogue().get("face-detection")
F32, INT8 = Precision.F32, Precision.INT8


@dataclass(frozen=True)
class World:
    """A model whose float network is in a cache of its own, quantised there from the sample videos."""

    model: Model
    cache: Path
    frames: Frames
    measured: Measured

    @property
    def network(self) -> Path:
        return network_path(self.model, self.cache)

    @property
    def twin(self) -> Path:
        return self.network.parent / self.measured.int8 / "network.xml"


def own_cache(model: Model, folder: Path) -> Path:
    """A cache in `folder` with the float network of `model`, and the packages and videos that all runs share."""
    shared = Settings().cache_dir
    there = network_path(model, shared).parent
    (folder / "networks" / there.name).mkdir(parents=True)
    for name in ("network.xml", "network.bin"):
        shutil.copy(there / name, folder / "networks" / there.name / name)
    for name in ("packages", "media"):
        (folder / name).symlink_to(shared / name)
    return folder


@pytest.fixture(scope="module", params=[OBJECTS, FACES], ids=lambda model: model.name)
def world(
    request: pytest.FixtureRequest,
    network: Callable[[str], Path],
    media: Media,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    model: Model = request.param
    network(model.name)
    frames = sample_frames(model, media)
    cache = own_cache(model, tmp_path_factory.mktemp(model.name))
    return World(model, cache, frames, tiers.quantize(model, cache))


def seen(model: Model, path: Path, precision: Precision, frames: Sequence[bytes]) -> tuple[Agreement, ModelReference]:
    """How far the network at `path` agrees with the model's own in float32, and what results call it."""
    both = []
    for one, tier in ((path.parent.parent / "network.xml" if precision is INT8 else path, F32), (path, precision)):
        with closing(InferenceCore(model, one, precision=tier)) as core:
            both.append([future.result(DEADLINE).detections for future in [core.submit(jpeg) for jpeg in frames]])
            reference = core.reference
    return agreement(zip(*both, strict=True)), reference


def test_int8_sees_what_float32_sees(world: World) -> None:
    """The bounds that INT8 was promised within, on frames that it was not made from."""
    assert not set(world.frames.calibration) & set(world.frames.held_out)
    found, reference = seen(world.model, world.twin, INT8, world.frames.held_out)
    of_interest = "person" if world.model is OBJECTS else "face"
    bounds = {of_interest: 0.97, "all": 0.92}
    for label, bound in bounds.items():
        counts = found.all if label == "all" else found.labels[label]
        assert counts.reference > 90
        assert counts.recall is not None
        assert counts.recall >= bound, label
        assert counts.precision is not None
        assert counts.precision >= bound, label
    assert reference.precision == "int8"
    measured = world.measured.tiers[INT8].all
    assert measured.recall == pytest.approx(found.all.recall, abs=1e-4)
    assert measured.precision == pytest.approx(found.all.precision, abs=1e-4)


def test_each_tier_is_measured_and_has_a_version_of_its_own_network(world: World) -> None:
    assert set(world.measured.tiers) == {*tiers_of(world.model), F32}
    for tier, measure in world.measured.tiers.items():
        assert measure.fps == pytest.approx(world.measured.cores / measure.ms * 1000, rel=0.05), tier
    whole = world.measured.tiers[F32].all
    assert (whole.recall, whole.precision) == (1.0, 1.0)
    references = [compile_network(world.model, path, precision=tier)[1] for path, tier in runnable(world)]
    assert [reference.precision for reference in references] == ["f32", "int8"]
    assert len({reference.version for reference in references}) == 2


def runnable(world: World) -> list[tuple[Path, Precision]]:
    return [(world.network, F32), (world.twin, INT8)]


def test_auto_is_int8_only_where_it_was_faster_and_within_the_bounds(world: World) -> None:
    """This machine's own measure decides, whichever way."""
    costs = {tier: measure.ms for tier, measure in world.measured.tiers.items()}
    rival = min(cost for tier, cost in costs.items() if tier is not INT8)
    faster = rival / costs[INT8] >= 1.05 - 0.01  # the costs are rounded
    tier = ready_tier(world.model, world.cache)
    if tier.precision is INT8:
        assert faster
        assert (tier.network, world.measured.against) == (world.twin, ())
    else:
        assert (tier.network, tier.precision) == (world.network, world.measured.default)
        assert world.measured.against != ()
    float_only = world.model.model_copy(update={"precision": F32})
    assert tier_of(float_only, world.network).network == world.network


def test_what_was_quantised_once_is_kept(world: World) -> None:
    before = {file: file.stat().st_mtime_ns for file in world.twin.parent.glob("network.*")}
    labels: set[str] = set()

    def tell(label: str, done: int, total: int | None) -> None:
        labels.add(label)

    again = quantize_network(world.model, world.network, world.frames.calibration, progress=tell)
    assert again == world.twin
    assert labels == set()
    assert {file: file.stat().st_mtime_ns for file in world.twin.parent.glob("network.*")} == before
    assert len(before) == 2
    other_input = world.model.input.model_copy(update={"mean": (1.0, 2.0, 3.0)})
    changed = world.model.model_copy(update={"input": other_input})
    assert twin_path(changed, world.network, world.frames.calibration) != world.twin
    assert twin_path(world.model, world.network, world.frames.calibration[1:]) != world.twin
    renamed = world.model.model_copy(update={"title": "Another title", "max_age": 99.0})
    assert twin_path(renamed, world.network, world.frames.calibration) == world.twin


def test_set_up_does_it_once_in_a_process_of_its_own(world: World) -> None:
    """What is measured is kept, and only what the catalogue leaves open is measured."""
    labels: list[str] = []

    def tell(label: str, done: int, total: int | None) -> None:
        labels.append(label)

    asked = world.model.model_copy(update={"precision": F32})
    assert tiers.set_up_tiers([asked, world.model], world.cache, progress=tell) == []
    assert labels == []
    for file in world.network.parent.glob("measured-*.json"):
        file.unlink()
    assert tiers.set_up_tiers([world.model], world.cache, progress=tell) == []
    assert set(labels) == {f"{world.model.name}: measuring its tiers"}
    assert read_measured(world.model, world.network) is not None


def test_an_int8_network_that_sees_less_does_not_become_the_default(
    network: Callable[[str], Path], media: Media, tmp_path: Path
) -> None:
    """Made from black frames it knows nothing of real ones: whatever it costs, floats run, and the reason is said."""
    cache = own_cache(FACES, tmp_path)
    path = network_path(FACES, cache)
    assert network(FACES.name).name == path.name
    black = [jpeg_of(np.full((360, 640, 3), shade, np.uint8)) for shade in range(10)]
    twin = quantize_network(FACES, path, black)
    held_out = sample_frames(FACES, media).held_out
    measured = measure_tiers(FACES, path, twin, calibration=10, held_out=held_out, source="black")
    write_measured(FACES, path, measured)
    assert measured.default is not INT8
    assert any(reason.startswith("face: ") for reason in measured.against), measured.against
    tier = tier_of(FACES, path)
    assert (tier.network, tier.precision) == (path, measured.default)
    assert measured.against[0] in tier.why
    forced = tier_of(FACES.model_copy(update={"precision": INT8}), path)
    assert forced.network == twin, "an entry may ask for it all the same"


def test_other_devices_than_the_cpu_are_measured_by_the_clock(
    network: Callable[[str], Path], media: Media, tmp_path: Path
) -> None:
    """AUTO is any device; the CPU's time says nothing of what another one takes."""
    cache = own_cache(FACES, tmp_path)
    path = network_path(FACES, cache)
    assert network(FACES.name).name == path.name
    frames = sample_frames(FACES, media)
    any_device = FACES.model_copy(update={"device": "AUTO"})
    twin = quantize_network(any_device, path, frames.calibration[:10])
    measured = measure_tiers(any_device, path, twin, calibration=10, held_out=frames.held_out[:12], source="few")
    assert measured.default is not INT8
    assert "expected 50 or more to compare with" in measured.against[0]
    for tier, measure in measured.tiers.items():
        assert measure.fps == pytest.approx(1000 / measure.ms, rel=0.05), tier


def test_a_failure_leaves_floats_and_one_sentence(network: Callable[[str], Path], tmp_path: Path) -> None:
    network(FACES.name)
    cache = own_cache(FACES, tmp_path)
    path = network_path(FACES, cache)
    path.write_text("no network")
    (failure,) = tiers.set_up_tiers([FACES], cache)
    assert failure.startswith("face-detection runs in floats: it could not be quantised: model face-detection: ")
    assert failure.endswith("(to try again: framebus model quantize face-detection)")
    assert tier_of(FACES, path).precision is Precision.AUTO


def test_a_second_stage_is_quantised_from_pictures_of_what_it_gets(tmp_path: Path) -> None:
    pose = Catalogue().get("pose")
    assert tiers.set_up_tiers([pose], tmp_path) == []
    with pytest.raises(ModelError, match=r"it gets crops of what object-detection sees, .* --frames FOLDER$"):
        tiers.quantize(pose, tmp_path)


SPECS = [
    FACES.input,
    OBJECTS.input,
    InputSpec(width=8, height=4, colour="BGR", layout="NHWC", mean=(1, 2, 3), scale=(0.5, 0.25, 2)),
    InputSpec(width=8, height=4, layout="NCHW", mean=(123.7, 116.3, 103.5), scale=(1 / 58.4, 1 / 57.1, 1 / 57.4)),
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_nncf_gets_what_the_compiled_network_makes_of_pixels(spec: InputSpec, tmp_path: Path) -> None:
    shape = [1, spec.height, spec.width, 3] if spec.layout == "NHWC" else [1, 3, spec.height, spec.width]
    picture = ops.parameter(shape, np.float32, name="picture")
    echo = ov.Model([ops.result(ops.relu(picture)), ops.result(ops.relu(ops.negative(picture)))], [picture], "echo")
    for output, name in zip(echo.outputs, ("boxes", "scores"), strict=True):
        output.get_tensor().set_names({name})
    ov.save_model(echo, str(tmp_path / "network.xml"), compress_to_fp16=False)
    model = OBJECTS.model_copy(update={"input": spec})
    compiled, _ = compile_network(model, tmp_path / "network.xml", precision=F32)
    pixels = np.random.default_rng(0).integers(0, 256, (1, spec.height, spec.width, 3), dtype=np.uint8)
    found = compiled({0: pixels})
    np.testing.assert_allclose(found["boxes"] - found["scores"], normalised(pixels, spec), atol=1e-4)


def test_int8_is_no_name_for_floats(network: Callable[[str], Path]) -> None:
    path = network(FACES.name)
    with pytest.raises(ModelError, match=r"model face-detection: .*computes in floats; expected a network quantised"):
        InferenceCore(FACES, path, precision=INT8)


def test_too_few_frames_and_a_network_that_is_quantised_already(world: World) -> None:
    with pytest.raises(ModelError, match=r"9 frames to quantise with; expected 10 or more"):
        quantize_network(world.model, world.network, world.frames.calibration[:9])
    assert is_quantised(fitting(ov.Core().read_model(str(world.twin)), world.model))
    with pytest.raises(ModelError, match=r"is quantised already; expected a network of floats"):
        quantize_network(world.model, world.twin, world.frames.calibration[:10])


def test_the_verbs(
    media: Media, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder of the user's own frames is enough; what was measured is shown, and a prediction says what ran."""
    name = FACES.name
    for number, jpeg in enumerate(sample_frames(FACES, media).held_out):
        (tmp_path / f"{number:03}.jpg").write_bytes(jpeg)
    cache = own_cache(FACES, tmp_path / "cache")
    run = runner(Settings(cache=cache), capsys, monkeypatch)
    code, out, _ = run("model", "show", name)
    assert (code, out.splitlines()[-1]) == (
        0,
        f"tiers: not measured on this machine; framebus model quantize {name} does that",
    )
    code, out, err = run("model", "quantize", name, "--frames", str(tmp_path), "--json")
    assert code == 0, err
    made = json.loads(out)
    assert (made["model"], made["source"], made["held_out_frames"]) == (name, str(tmp_path), 93)
    assert f"{name}: quantising to INT8" in err
    code, out, _ = run("model", "show", name, "--json")
    assert json.loads(out)["measured"] == made
    code, out, _ = run("model", "show", name)
    # Other lines begin with a tier too: sentences that say why it is not what runs.
    rows = [words for words in map(str.split, out.splitlines()) if words[0] in made["tiers"] and words[1].isdecimal()]
    shown = {words[0]: words[1] for words in rows}
    assert shown == {tier: f"{measure['fps']:.0f}" for tier, measure in made["tiers"].items()}
    assert f"runs in {made['default']}" in out
    code, out, err = run("model", "predict", name, str(tmp_path / "000.jpg"), "-o", str(tmp_path / "drawn.jpg"))
    assert (code, f", {made['default']}, " in out) == (0, True), out + err


def test_frames_that_are_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = runner(Settings(cache=own_cache(FACES, tmp_path)), capsys, monkeypatch)
    code, _, err = run("model", "quantize", "face-detection", "--frames", str(tmp_path / "none"))
    assert (code, f"frames {tmp_path}/none: OpenCV cannot read it; expected a folder" in err) == (2, True), err


LOOK = """
import sys
from pathlib import Path
from processors.samples import prepare_network
from processors.samples.quantize import quantize_network, twin_path
from processors.samples.tiers import ready_tier
from schemas.catalogue import Catalogue, Model
model, cache = Model.from_json(sys.argv[1]), Path(sys.argv[2])
ready_tier(model, cache)
assert "nncf" not in sys.modules, "a worker needs no NNCF"
prepare_network(Catalogue().get("face-detection"), cache)  # by OpenVINO's converter
frames = [path.read_bytes() for path in sorted(cache.glob("*.jpg"))]
quantize_network(model, prepare_network(model, cache), frames)
assert "nncf" in sys.modules
assert sys.modules["openvino_telemetry"] is None
"""


def test_nothing_is_reported_to_anybody_and_nothing_is_written_at_home(
    network: Callable[[str], Path], tmp_path: Path
) -> None:
    """In a process of its own, since the libraries keep quiet where there is pytest."""
    network(FACES.name)
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    cache.mkdir()
    small_network(cache)
    (cache / "packages").symlink_to(Settings().cache_dir / "packages")
    for number in range(10):
        (cache / f"{number}.jpg").write_bytes(jpeg_of(np.full((32, 32, 3), 20 * number, np.uint8)))
    model = OBJECTS.model_copy(
        update={
            "source": LocalFile(file=str(cache / "small.xml")),
            "labels": {7: "thing"},
            "input": InputSpec(width=32, height=32),
        }
    )
    environment = {**os.environ, "HOME": str(home)}
    command = [sys.executable, "-c", LOOK, model.model_dump_json(), str(cache)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert list(home.iterdir()) == []
