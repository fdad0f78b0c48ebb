"""The API of Kubernetes over REST: what is there, apply, patch, delete."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from tests.cluster.certificates import Certificate

Object = dict[str, Any]
"""A Kubernetes object as JSON has it."""

_TIMEOUT_S: Final = 10.0
_MANAGER: Final = "framebus-cluster-test"
_LAST: Final = ("Deployment", "ScaledObject", "Job")
"""What asks for other objects is applied after them."""


class Kubernetes:
    """An administrator's client; may be used from several threads."""

    def __init__(self, url: str, authority: Path, certificate: Certificate) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(certificate.certificate, certificate.key)
        self._client = httpx.Client(base_url=url, verify=context, timeout=_TIMEOUT_S)
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def close(self) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        """Whether the API server says so."""
        try:
            return self._client.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def get(self, path: str, **query: str) -> Object:
        """What is at `path`.

        Raises:
            httpx.HTTPStatusError: The API server refuses; 404 if there is nothing.
        """
        return _read(self._client.get(path, params=query))

    def find(self, path: str) -> Object | None:
        """What is at `path`, None if there is nothing."""
        answer = self._client.get(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _read(answer)

    def list(self, path: str, **query: str) -> list[Object]:
        """The objects at `path`."""
        found: list[Object] = self.get(path, **query)["items"]
        return found

    def create(self, path: str, manifest: Mapping[str, Any]) -> Object:
        """Create an object in the collection at `path`."""
        return _read(self._client.post(path, json=manifest))

    def patch(self, path: str, changes: Mapping[str, Any]) -> Object:
        """Merge `changes` into what is at `path`."""
        return _read(self._client.patch(path, json=changes, headers={"Content-Type": "application/merge-patch+json"}))

    def delete(self, path: str, *, grace_s: int | None = None, uid: str | None = None) -> None:
        """Delete what is at `path`; if it is gone already, or another one by now, that is no error."""
        options: Object = {"propagationPolicy": "Background"}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        answer = self._client.request("DELETE", path, json=options)
        if answer.status_code not in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT):
            _read(answer)

    def apply(self, manifests: Iterable[Mapping[str, Any]], *, namespace: str) -> None:
        """Apply manifests as `kubectl apply --server-side --validate=strict` does, in an order that works.

        Raises:
            httpx.HTTPStatusError: The API server refuses one; a field that it does not know is reason enough.
        """
        for manifest in sorted(manifests, key=lambda one: one["kind"] in _LAST):
            query = {"fieldManager": _MANAGER, "force": "true", "fieldValidation": "Strict"}
            headers = {"Content-Type": "application/apply-patch+yaml"}
            _read(self._client.patch(self.path(manifest, namespace), params=query, json=manifest, headers=headers))

    def path(self, manifest: Mapping[str, Any], namespace: str) -> str:
        """Where an object is, by what it says of itself."""
        group = manifest["apiVersion"]
        stem = f"/apis/{group}" if "/" in group else f"/api/{group}"
        plural, namespaced = self._plural(stem, manifest["kind"])
        where = f"/namespaces/{manifest['metadata'].get('namespace', namespace)}" if namespaced else ""
        return f"{stem}{where}/{plural}/{manifest['metadata']['name']}"

    def _plural(self, stem: str, kind: str) -> tuple[str, bool]:
        if (stem, kind) not in self._plurals:
            for resource in self.get(stem)["resources"]:
                if "/" not in resource["name"]:
                    self._plurals[stem, resource["kind"]] = resource["name"], resource["namespaced"]
        return self._plurals[stem, kind]


def _read(answer: httpx.Response) -> Object:
    if answer.is_error:
        request = answer.request
        raise httpx.HTTPStatusError(
            f"{request.method} {request.url.path}: {answer.status_code}: {answer.text[:1000]}",
            request=request,
            response=answer,
        )
    found: Object = answer.json()
    return found
