"""Programs in Go that tests need, built from the pinned versions of a module of ours and kept by version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from processors.samples.cachefile import exclusive, place, scratch_directory
from processors.samples.progress import Progress, silent
from schemas.errors import EnvironmentMissingError, FetchError

_REQUIRED: Final = re.compile(r"^\s*(?:require\s+)?(\S+)\s+(v\S+?)(?:\s*//.*)?$", re.MULTILINE)
_REPLACED: Final = re.compile(r"^(?:replace\s.*|.*=>.*)$", re.MULTILINE)
_GO_LINE: Final = re.compile(r"^go (\d+)\.(\d+)", re.MULTILINE)
_NEEDS: Final = "ways out: a Go on the PATH, as pip install -r deploy/requirements-go.lock brings one, or go.dev"


@dataclass(frozen=True, slots=True)
class GoTool:
    """A main package, and the folder whose go.mod has its version in a `require` line, and its sums in go.sum."""

    folder: Path
    package: str
    name: str
    """What the program is called here."""
    stamps: Mapping[str, str] = field(default_factory=dict)
    """Variables that the linker sets."""

    @property
    def version(self) -> str:
        """The version that go.mod asks for, as v1.2.3.

        Raises:
            FetchError: It asks for none.
        """
        text = _REPLACED.sub("", (self.folder / "go.mod").read_text())
        required: dict[str, str] = dict(_REQUIRED.findall(text))
        modules = [module for module in required if f"{self.package}/".startswith(f"{module}/")]
        if not modules:
            raise FetchError(f"{self.folder / 'go.mod'}: nothing for {self.package}; expected its module and version")
        return required[max(modules, key=len)]


def find_tool(tool: GoTool, cache: Path, *, progress: Progress = silent) -> Path:
    """The program, from `cache` or built into it: minutes, and gigabytes of Go's own cache, the first time.

    Raises:
        EnvironmentMissingError: There is no Go, or it is too old.
        FetchError: A module cannot be had, or does not build.
    """
    program = cache / "go" / f"{tool.name}-{tool.version}"
    if program.exists():
        return program
    label = f"{tool.name} {tool.version}"
    with exclusive(cache / "go.lock"):  # one after the other: each build takes every core, and gigabytes
        if not program.exists():
            progress(label, 0, 1)
            with scratch_directory(cache) as scratch:
                _build(tool, scratch / tool.name)
                place(scratch / tool.name, program)
            progress(label, 1, 1)
    return program


def module_folder(folder: Path, module: str) -> Path:
    """Where Go keeps the sources of a module that the go.mod of `folder` asks for; fetched if they are not there.

    Raises:
        EnvironmentMissingError: There is no Go, or it is too old.
        FetchError: The module cannot be had.
    """
    _go(folder, "mod", "download", module)
    return Path(_go(folder, "list", "-m", "-f", "{{.Dir}}", module).strip())


def _build(tool: GoTool, target: Path) -> None:
    linked = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in tool.stamps.items())])
    _go(tool.folder, "build", "-trimpath", "-buildvcs=false", "-ldflags", linked, "-o", str(target), tool.package)


def _go(folder: Path, *arguments: str) -> str:
    go = _find_go(folder)
    command = [go, *arguments]
    environ = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    answer = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if answer.returncode:
        said = " | ".join((answer.stderr or answer.stdout).strip().splitlines()[-3:]) or "nothing"
        raise FetchError(f"{' '.join(['go', *arguments])} in {folder} ended with code {answer.returncode}: {said}")
    return answer.stdout


def _find_go(folder: Path) -> str:
    go = shutil.which("go")
    if go is None:
        raise EnvironmentMissingError(f"go is missing, which builds the tools of {folder}; {_NEEDS}")
    said = subprocess.run([go, "env", "GOVERSION", "GOTOOLCHAIN"], capture_output=True, text=True, check=False).stdout
    found, _, toolchain = said.strip().partition("\n")
    wanted = _GO_LINE.search((folder / "go.mod").read_text())
    version = re.match(r"go(\d+)\.(\d+)", found)
    fetches = toolchain != "local"  # then Go gets itself the version that go.mod asks for
    if wanted and version and not fetches and _numbers(version) < _numbers(wanted):
        raise EnvironmentMissingError(f"go is {found}; {folder / 'go.mod'} expects {wanted[0]} or newer; {_NEEDS}")
    return go


def _numbers(found: re.Match[str]) -> tuple[int, int]:
    return int(found[1]), int(found[2])
