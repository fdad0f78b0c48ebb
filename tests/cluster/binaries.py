"""The programs of the cluster: Kubernetes and KEDA from their pinned modules, etcd and Prometheus from Debian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from processors.samples.progress import Progress, silent
from tests.debian import find_program
from tests.go_tools import GoTool, find_tool, module_folder

_TOOLS: Final = Path(__file__).parent / "tools"
KEDA_MODULE: Final = "github.com/kedacore/keda/v2"


def _kubernetes(name: str) -> GoTool:
    tool = GoTool(_TOOLS / "kubernetes", f"k8s.io/kubernetes/cmd/{name}", name)
    major, minor, _ = tool.version.removeprefix("v").split(".")
    version = {"gitVersion": tool.version, "gitMajor": major, "gitMinor": minor}  # KEDA asks the API server for it
    stamps = {f"k8s.io/component-base/version.{field}": value for field, value in version.items()}
    return GoTool(tool.folder, tool.package, name, stamps)


def _keda(name: str) -> GoTool:
    tool = GoTool(_TOOLS / "keda", f"{KEDA_MODULE}/cmd/{name}", f"keda-{name}")
    stamps = {f"{KEDA_MODULE}/version.Version": tool.version.removeprefix("v")}
    return GoTool(tool.folder, tool.package, tool.name, stamps)


TOOLS: Final[Mapping[str, GoTool]] = {
    tool.name: tool
    for tool in (
        *map(_kubernetes, ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
        *map(_keda, ("operator", "adapter")),
    )
}
DEBIAN: Final[Mapping[str, str]] = {"etcd": "etcd-server", "prometheus": "prometheus"}
"""Programs of Debian's, by the package that has them."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Paths by program, and the folder of KEDA's custom resource definitions."""

    paths: Mapping[str, Path]
    definitions: Path

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    @classmethod
    def find(cls, cache: Path, *, progress: Progress = silent) -> Self:
        """Find all of it; what is not there is fetched, or built.

        Raises:
            EnvironmentMissingError: There is no Go that would do.
            FetchError: A module or a package cannot be had, or does not build.
        """
        debian = {name: find_program(name, package, cache=cache) for name, package in DEBIAN.items()}
        built = {name: find_tool(tool, cache, progress=progress) for name, tool in TOOLS.items()}
        definitions = module_folder(_TOOLS / "keda", KEDA_MODULE) / "config" / "crd" / "bases"
        return cls({**debian, **built}, definitions)
