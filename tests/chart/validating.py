"""Manifests against what others define: Kubernetes' schemas, custom resources', KEDA's scalers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from kubernetes_validate import ValidationError, validate

from tests.chart.excerpts import SCALERS, read
from tests.chart.helm import KUBERNETES, Manifest

CUSTOM: Final = ("ScaledObject", "TriggerAuthentication", "PodMonitor", "PrometheusRule")

NESTED: Final[Mapping[str, frozenset[str]]] = {"prometheus": frozenset({"authModes"})}
"""What KEDA's schema of scalers leaves out, since it comes from a struct of its own: its
pkg/scalers/authentication/authentication_types.go."""

PROMETHEUS_SECRETS: Final = frozenset({"username", "password", "bearerToken", "ca", "cert", "key", "customAuthHeader"})
"""The same, of a TriggerAuthentication."""


def faults(manifest: Manifest) -> list[str]:
    """What Kubernetes, or a custom resource's definition, has against it; an unknown field is a fault."""
    return _faults(json.dumps(manifest, sort_keys=True))


@cache
def _faults(text: str) -> list[str]:
    manifest = json.loads(text)
    if manifest["kind"] in CUSTOM:
        return [f"{error.json_path}: {error.message}" for error in _custom(manifest["kind"]).iter_errors(manifest)]
    try:
        validate(manifest, KUBERNETES, strict=True)
    except ValidationError as error:
        return [f"{error.json_path}: {error.message}"]
    return []


@cache
def _custom(kind: str) -> Draft202012Validator:
    definition = read(f"{kind.lower()}.json")
    schema = _strict(definition["schema"])
    schema["properties"]["apiVersion"] = {"const": f"{definition['group']}/{definition['version']}"}
    schema["properties"]["metadata"] = {"type": "object"}
    return Draft202012Validator(schema)


def _strict(schema: Any) -> Any:  # a structural schema as one of JSON Schema: nothing but what it names
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made["properties"] = {name: _strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


def trigger_faults(trigger: Mapping[str, Any]) -> Iterator[str]:
    """What KEDA would ignore or refuse of a trigger's metadata: a key that it does not know runs at its default."""
    kind, metadata = trigger["type"], trigger["metadata"]
    known = {one["name"]: one for one in read(SCALERS)[kind]}
    readable = {name for name, one in known.items() if one.get("metadataVariableReadable")} | NESTED.get(kind, set())
    for key, value in metadata.items():
        if key not in readable:
            yield f"{kind}: metadata {key}: expected one of {', '.join(sorted(readable))}"
        elif not isinstance(value, str):
            yield f"{kind}: metadata {key}: {value!r} is no text"
        elif value not in (allowed := known.get(key, {}).get("allowedValue", [value])):
            yield f"{kind}: metadata {key}: {value}: expected one of {', '.join(allowed)}"
    for name, one in known.items():
        if name in readable and not one.get("optional") and "default" not in one and name not in metadata:
            yield f"{kind}: metadata {name} is missing"


def secret_parameters(kind: str) -> frozenset[str]:
    """What a TriggerAuthentication may give a trigger of this kind."""
    named = {one["name"] for one in read(SCALERS)[kind] if one.get("triggerAuthenticationVariableReadable")}
    return frozenset(named) | (PROMETHEUS_SECRETS if kind == "prometheus" else frozenset())
