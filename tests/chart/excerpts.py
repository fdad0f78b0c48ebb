"""What others define, and the chart is checked against: excerpts of files of KEDA and of the Prometheus operator.

Both are under the Apache License 2.0: https://github.com/kedacore/keda and
https://github.com/prometheus-operator/prometheus-operator. `python -m tests.chart.excerpts KEDA_FOLDER OPERATOR_FOLDER`
makes the excerpts anew from the sources of the versions below; what is only for people is left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

KEDA: Final = "v2.20.2"
OPERATOR: Final = "v0.85.0"
FOLDER: Final = Path(__file__).parent / "definitions"
SCALERS: Final = "scalers.json"
_SCALER_TYPES: Final = ("cpu", "kafka", "prometheus")
_KEDA_KINDS: Final = ("scaledobjects", "triggerauthentications")
_OPERATOR_KINDS: Final = ("podmonitors", "prometheusrules")


def read(name: str) -> Any:  # JSON
    """An excerpt, by its file's name."""
    return json.loads((FOLDER / name).read_text())


def main(keda: Path, operator: Path) -> None:
    """Write each excerpt."""
    scalers = json.loads((keda / "schema" / "generated" / "scalers-schema.json").read_text())["scalers"]
    _write(SCALERS, {one["type"]: one["parameters"] for one in scalers if one["type"] in _SCALER_TYPES})
    crds = [keda / "config" / "crd" / "bases" / f"keda.sh_{kind}.yaml" for kind in _KEDA_KINDS]
    folder = operator / "example" / "prometheus-operator-crd"
    crds += [folder / f"monitoring.coreos.com_{kind}.yaml" for kind in _OPERATOR_KINDS]
    for crd in crds:
        definition = yaml.safe_load(crd.read_text())["spec"]
        (version,) = (one for one in definition["versions"] if one["served"])
        kind = {"group": definition["group"], "version": version["name"], "kind": definition["names"]["kind"]}
        _write(f"{kind['kind'].lower()}.json", kind | {"schema": _bare(version["schema"]["openAPIV3Schema"])})


def _bare(schema: Any) -> Any:  # a schema without what is only for people
    if isinstance(schema, Mapping):
        # A property may be called description: then it is a schema, and no text.
        return {key: _bare(value) for key, value in schema.items() if key != "description" or isinstance(value, dict)}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


def _write(name: str, value: object) -> None:
    (FOLDER / name).write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
