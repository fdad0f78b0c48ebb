"""Helm itself, on the chart of this tree."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from deploy.chart.schema import CHART
from tests.go_tools import GoTool

HELM: Final = GoTool(CHART.parent / "tools", "helm.sh/helm/v4/cmd/helm", "helm")
KUBERNETES: Final = "1.36.0"
_DEADLINE_S: Final = 60.0

Manifest: TypeAlias = dict[str, Any]
Values: TypeAlias = Mapping[str, Any]


class HelmError(Exception):
    """Helm refuses; the message is what it says."""


@dataclass(frozen=True, slots=True)
class Helm:
    """The program, and a folder for what it would keep in the user's home."""

    program: Path
    home: Path
    _rendered: dict[tuple[str, ...], str] = field(default_factory=dict)

    def template(self, *values: Values | Path, release: str = "fb") -> list[Manifest]:
        """What an installation would apply: the chart's values, each of `values` over those before it.

        Raises:
            HelmError: Helm refuses them.
        """
        arguments = ("template", release, str(CHART), "--kube-version", KUBERNETES, *self._files(values))
        if arguments not in self._rendered:
            self._rendered[arguments] = self._run(*arguments)
        return [one for one in yaml.load_all(self._rendered[arguments], Loader=yaml.CSafeLoader) if one]

    def lint(self, *values: Values | Path) -> None:
        """Look for what would not work.

        Raises:
            HelmError: There is such a thing.
        """
        self._run("lint", str(CHART), "--strict", "--kube-version", KUBERNETES, *self._files(values))

    def notes(self, *values: Values | Path) -> str:
        """What is said after an installation."""
        rendered = self._run("install", "fb", str(CHART), "--dry-run=client", *self._files(values))
        return rendered.partition("NOTES:\n")[2]

    def _files(self, values: tuple[Values | Path, ...]) -> list[str]:
        files = []
        for one in values:
            file = one if isinstance(one, Path) else self.home / f"{sha256(json.dumps(one).encode()).hexdigest()}.json"
            if not isinstance(one, Path):
                file.write_text(json.dumps(one))
            files += ["-f", str(file)]
        return files

    def _run(self, *arguments: str) -> str:
        homes = {f"HELM_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), **homes}
        answer = subprocess.run(
            [self.program, *arguments], env=environ, capture_output=True, text=True, check=False, timeout=_DEADLINE_S
        )
        if answer.returncode:
            raise HelmError(answer.stderr + answer.stdout)
        return answer.stdout
