"""Which tier runs, by what lies beside a network: the files are real, the networks in them are not looked into."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from processors.inference.version import version_of
from processors.samples.tiers import Measured, Share, TierMeasure, read_measured, tier_of, write_measured
from schemas.catalogue import Catalogue, Model, OutputSpec, Precision
from schemas.errors import ModelError

FACES = Catalogue().get("face-detection")
INT8, AUTO = Precision.INT8, Precision.AUTO
TWIN = "int8-0123456789abcdef"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    for folder in (tmp_path, tmp_path / TWIN):
        folder.mkdir(exist_ok=True)
        (folder / "network.xml").write_text(f'<net name="{folder.name}"/>')
    return tmp_path / "network.xml"


def measured(network: Path, model: Model = FACES, *, default: Precision = INT8, against: tuple[str, ...] = ()) -> None:
    whole = Share(reference=100, recall=1.0, precision=1.0)
    one = TierMeasure(fps=100, ms=10, all=whole, labels={"face": whole})
    write_measured(
        model,
        network,
        Measured(
            model=model.name,
            version=version_of(model, network),
            cpu="a CPU",
            cores=2,
            at=datetime.now(UTC),
            nncf="0",
            source="a folder",
            calibration_frames=100,
            held_out_frames=100,
            int8=TWIN,
            tiers={INT8: one, Precision.F32: one},
            default=default,
            against=against,
        ),
    )


def test_without_a_measure_a_float_runs_and_the_reason_says_what_to_do(network: Path) -> None:
    tier = tier_of(FACES, network)
    assert (tier.network, tier.precision) == (network, AUTO)
    assert tier.why.endswith("not measured on this machine: framebus model quantize face-detection does that")


def test_int8_runs_where_it_was_measured_to_be_the_default(network: Path) -> None:
    measured(network)
    tier = tier_of(FACES, network)
    assert (tier.network, tier.precision) == (network.parent / TWIN / "network.xml", INT8)
    assert tier.why == "it was measured to be the fastest, within the bounds of accuracy"
    assert tier.ms == read_measured(FACES, network).tiers[INT8].ms  # type: ignore[union-attr]


def test_what_speaks_against_int8_is_the_reason_for_a_float(network: Path) -> None:
    measured(network, default=Precision.F32, against=("face: recall 0.5", "it is slow"))
    tier = tier_of(FACES, network)
    assert (tier.network, tier.precision) == (network, Precision.F32)
    assert tier.why.endswith("and INT8 is not to run: face: recall 0.5; it is slow")
    assert tier.ms == read_measured(FACES, network).tiers[Precision.F32].ms  # type: ignore[union-attr]


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.F16, Precision.F32])
def test_a_float_that_the_entry_asks_for_runs_whatever_was_measured(network: Path, precision: Precision) -> None:
    model = FACES.model_copy(update={"precision": precision})
    measured(network, model)
    tier = tier_of(model, network)
    assert (tier.network, tier.precision, tier.why) == (network, precision, "the entry asks for it")


def test_int8_that_the_entry_asks_for_runs_whatever_was_measured(network: Path) -> None:
    model = FACES.model_copy(update={"precision": INT8})
    message = "model face-detection: precision int8, and there is no INT8 network .* framebus model quantize face-det"
    with pytest.raises(ModelError, match=message):
        tier_of(model, network)
    measured(network, model, default=Precision.F32, against=("it is slow",))
    assert tier_of(model, network).network == network.parent / TWIN / "network.xml"


def test_a_network_that_came_quantised_is_its_own_int8(network: Path) -> None:
    network.write_text('<net><layer id="1" name="x" type="FakeQuantize"/></net>')
    assert tier_of(FACES.model_copy(update={"precision": INT8}), network).network == network


@pytest.mark.parametrize("change", [{"outputs": OutputSpec(threshold=0.1)}, {"labels": {0: "head"}}])
def test_an_entry_that_was_changed_is_measured_anew(network: Path, change: dict[str, object]) -> None:
    measured(network)
    assert tier_of(FACES.model_copy(update=change), network).precision is AUTO


def test_what_another_device_measured_does_not_count(network: Path) -> None:
    measured(network)
    assert tier_of(FACES.model_copy(update={"device": "GPU"}), network).precision is AUTO


def test_a_measure_of_an_int8_network_that_was_made_anew_does_not_count(network: Path) -> None:
    measured(network)
    (pointer,) = network.parent.glob("int8-*.json")
    pointer.write_text('{"network": "int8-fedcba9876543210", "nncf": "1"}')
    assert read_measured(FACES, network) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"network": 1}', '{"network": "../int8-x"}'])
def test_a_damaged_pointer_leads_nowhere(network: Path, text: str) -> None:
    measured(network)
    (pointer,) = network.parent.glob("int8-*.json")
    pointer.write_text(text)
    assert tier_of(FACES, network).network == network


@pytest.mark.parametrize("text", ["", "{}", '{"default": "int4"}'])
def test_a_damaged_measure_is_none_and_is_logged(network: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    measured(network)
    (file,) = network.parent.glob("measured-*.json")
    file.write_text(text)
    assert tier_of(FACES, network).precision is AUTO
    assert f"measure of a model's tiers ignored file={file}" in caplog.text


def test_an_int8_network_that_is_gone_is_not_run(network: Path) -> None:
    measured(network)
    (network.parent / TWIN / "network.xml").unlink()
    tier = tier_of(FACES, network)
    assert (tier.network, tier.precision) == (network, AUTO)
    assert "is gone: framebus model quantize face-detection makes it anew" in tier.why
    assert tier.ms is None, "what was measured is not what runs"
