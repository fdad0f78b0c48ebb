"""A distribution beside ours brings a family; each here is a real one, in a folder on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from processors.families import FAMILIES, Placement, family_of
from schemas.errors import ModelError
from tests.unit.processors.families.models import small_model

NOSES = """
from processors.families import Family
from schemas.messages import Detection

def decode(outputs, model, placement):
    return (Detection(label="nose", score=float(outputs["wet"].max()), box=(0, 0, placement.width, placement.height)),)

FAMILY = Family(("wet",), decode)
NO_FAMILY = "a nose"
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A function that installs a distribution with entry points, and with a module of the same name."""
    before = set(sys.modules)

    def made(distribution: str, *entries: str, module: str = NOSES) -> None:
        folder = tmp_path / distribution
        metadata = folder / f"{distribution}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text("\n".join(["[framebus.families]", *entries, ""]))
        (folder / f"{distribution}.py").write_text(module)
        monkeypatch.syspath_prepend(str(folder))

    yield made
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_family_of_somebody_else_reads_a_network(install: Install) -> None:
    install("dogs", "dog-noses = dogs:FAMILY")
    model = small_model("dog-noses")
    family = family_of(model)
    assert family.outputs == ("wet",)
    (found,) = family.decode({"wet": np.array([0.2, 0.7])}, model, Placement.of(model.input, 64, 48))
    assert (found.label, found.score, found.box) == ("nose", 0.7, (0, 0, 64, 48))


def test_it_is_loaded_when_it_is_asked_for_and_once(install: Install) -> None:
    install("dogs", "dog-noses = dogs:FAMILY")
    family_of(small_model("ssd"))
    with pytest.raises(ModelError, match="family 'cat-noses'"):
        family_of(small_model("cat-noses"))
    assert "dogs" not in sys.modules
    assert family_of(small_model("dog-noses")) is family_of(small_model("dog-noses"))


def test_an_unknown_family_is_told_all_that_there_are(install: Install) -> None:
    install("dogs", "dog-noses = dogs:FAMILY", "dog-ears = dogs:FAMILY")
    expected = ", ".join((*FAMILIES, "dog-ears", "dog-noses"))
    with pytest.raises(ModelError, match=f"^model small: family 'cat-noses'; expected one of {expected}$"):
        family_of(small_model("cat-noses"))


@pytest.mark.parametrize(
    ("name", "entries", "said"),
    [
        (
            "ssd",
            {"dogs": "ssd = dogs:FAMILY"},
            r"family 'ssd' is in Framebus itself and in dogs 1\.0 \(dogs:FAMILY\); expected it in one of them",
        ),
        (
            "dog-noses",
            {"dogs": "dog-noses = dogs:FAMILY", "wolves": "dog-noses = wolves:FAMILY"},
            r"family 'dog-noses' is in wolves 1\.0 \(wolves:FAMILY\) and in dogs 1\.0 \(dogs:FAMILY\); expected",
        ),
        ("dog-noses", {"dogs": "dog-noses = dogs:NO_FAMILY"}, r"dogs 1\.0 \(dogs:NO_FAMILY\) is a str; expected a Fam"),
        ("dog-noses", {"dogs": "dog-noses = dogs:NONE"}, r"of dogs 1\.0 \(dogs:NONE\) cannot be loaded: AttributeErr"),
        ("dog-noses", {"dogs": "dog-noses = cats:FAMILY"}, r"\(cats:FAMILY\) cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_used_is_named(install: Install, name: str, entries: dict[str, str], said: str) -> None:
    for distribution, entry in entries.items():
        install(distribution, entry)
    with pytest.raises(ModelError, match=said):
        family_of(small_model(name))


def test_a_module_that_fails_is_named(install: Install) -> None:
    install("dogs", "dog-noses = dogs:FAMILY", module="raise OSError('no bone')")
    with pytest.raises(ModelError, match=r"dogs 1\.0 \(dogs:FAMILY\) cannot be loaded: OSError\('no bone'\)"):
        family_of(small_model("dog-noses"))
