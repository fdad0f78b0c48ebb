"""From a container of a Pod to a process of this machine: its command, its environment, its volumes as folders.

What a container runtime would isolate is not isolated here: the process sees the whole file system, so that a path into
a volume is replaced by that of a folder wherever it is written, and an address of all interfaces by the Pod's own.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.cluster.kubernetes import Object

_REFERENCE: Final = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_EVERYWHERE: Final = "0.0.0.0"  # it is replaced, not bound to


class ContainerError(Exception):
    """A container asks for what the cluster does not have, or for what this stand-in cannot give."""


class Objects(Protocol):
    """Where a container's Secrets and ConfigMaps are."""

    def find(self, path: str) -> Object | None:
        """What is at `path`, None if there is nothing."""


@dataclass(frozen=True, slots=True)
class Image:
    """What stands for every image: its entry point and its environment."""

    entrypoint: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A process that may be started."""

    command: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where a Pod lives: the folder with its volumes, and its address, which is one of loopback's."""

    folder: Path
    ip: str


def prepare(client: Objects, pod: Object, container: Object, image: Image, sandbox: Sandbox) -> Prepared:
    """Resolve everything that a container refers to.

    Raises:
        ContainerError: Something that it needs is missing, or its volume is of a kind that is not known here.
    """
    return _Preparation(client, pod, sandbox).prepare(container, image)


class _Preparation:
    def __init__(self, client: Objects, pod: Object, sandbox: Sandbox) -> None:
        self._client = client
        self._pod = pod
        self._sandbox = sandbox

    def prepare(self, container: Object, image: Image) -> Prepared:
        mounts = {
            mount["mountPath"].rstrip("/"): self._volume(mount["name"]) / mount.get("subPath", "")
            for mount in container.get("volumeMounts", ())
        }
        given = {name: self._local(text, mounts) for name, text in self._environ(container).items()}
        words = [*container.get("command", ()), *container.get("args", ())]
        command = [self._local(_expand(word, given), mounts) for word in words]
        if "command" not in container:
            command = [*image.entrypoint, *command]
        environ = {**image.environ, "HOME": str(self._sandbox.folder), **given}
        if "/tmp" in mounts:
            environ["TMPDIR"] = str(mounts["/tmp"])
        return Prepared(tuple(command), environ)

    def _local(self, text: str, mounts: Mapping[str, Path]) -> str:
        text = text.replace(_EVERYWHERE, self._sandbox.ip)
        # In one pass: where a volume's folder is may begin like the path of another.
        paths = "|".join(re.escape(path) for path in sorted(mounts, key=len, reverse=True))
        return re.sub(rf"(?<![\w./-])({paths})(?![\w.-])", lambda path: str(mounts[path[1]]), text) if paths else text

    def _environ(self, container: Object) -> dict[str, str]:
        environ: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            kind, reference = next((key, value) for key, value in source.items() if key.endswith("Ref"))
            values = self._values(kind.removesuffix("Ref"), reference)
            environ |= {f"{source.get('prefix', '')}{key}": value.decode() for key, value in values.items()}
        for one in container.get("env", ()):
            text = _expand(one["value"], environ) if "value" in one else self._referred(one.get("valueFrom"))
            if text is not None:
                environ[one["name"]] = text
        return environ

    def _referred(self, source: Object | None) -> str | None:
        if not source:
            return ""
        ((kind, reference),) = source.items()
        if kind == "fieldRef":
            return self._field(reference["fieldPath"])
        if kind not in ("secretKeyRef", "configMapKeyRef"):
            raise ContainerError(f"a variable from {kind}: expected a field, a Secret or a ConfigMap")
        values = self._values(kind.removesuffix("KeyRef"), reference)
        if reference["key"] not in values:
            if reference.get("optional"):
                return None
            raise ContainerError(f"{kind} {reference['name']}: no key {reference['key']}; expected one of {[*values]}")
        return values[reference["key"]].decode()

    def _field(self, path: str) -> str:
        if path in ("status.podIP", "status.hostIP"):
            return self._sandbox.ip
        found: object = self._pod
        for part in re.findall(r"[^.\[\]']+(?=\.|\[|$)|(?<=\[')[^']+", path):
            found = found.get(part) if isinstance(found, Mapping) else None
        if not isinstance(found, str):
            raise ContainerError(f"a variable from the field {path}: expected one that the Pod has")
        return found

    def _volume(self, name: str) -> Path:
        volume = next((one for one in self._pod["spec"].get("volumes", ()) if one["name"] == name), None)
        if volume is None:
            raise ContainerError(f"volume {name}: the Pod has none of this name; expected one")
        folder = self._sandbox.folder / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        kind = next(key for key in volume if key != "name")
        for source in volume[kind]["sources"] if kind == "projected" else [{kind: volume[kind]}]:
            self._fill(folder, source)
        return Path(volume[kind]["path"]) if kind == "hostPath" else folder

    def _fill(self, folder: Path, source: Object) -> None:
        ((kind, given),) = source.items()
        if kind in ("emptyDir", "hostPath", "serviceAccountToken", "downwardAPI"):
            return
        if kind not in ("secret", "configMap"):
            raise ContainerError(f"a volume of {kind}: expected emptyDir, hostPath, a Secret or a ConfigMap")
        reference = {**given, "name": given.get("secretName") or given["name"]}
        values = self._values(kind, reference)
        for item in given.get("items") or [{"key": key, "path": key} for key in values]:
            file = folder / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_bytes(values[item["key"]])

    def _values(self, kind: str, reference: Object) -> dict[str, bytes]:
        namespace = self._pod["metadata"]["namespace"]
        plural = {"secret": "secrets", "configMap": "configmaps"}[kind]
        found = self._client.find(f"/api/v1/namespaces/{namespace}/{plural}/{reference['name']}")
        if found is None:
            if reference.get("optional"):
                return {}
            raise ContainerError(f"{kind} {reference['name']}: there is none in namespace {namespace}; expected one")
        data = found.get("data") or {}
        if kind == "secret":
            return {key: b64decode(text) for key, text in data.items()}
        binary = {key: b64decode(text) for key, text in (found.get("binaryData") or {}).items()}
        return {**{key: text.encode() for key, text in data.items()}, **binary}


def _expand(text: str, environ: Mapping[str, str]) -> str:
    """Put the values of variables in the place of $(NAME), as Kubernetes does; what is unknown stays as it is."""
    return _REFERENCE.sub(lambda name: environ.get(name[1], name[0]), text)
