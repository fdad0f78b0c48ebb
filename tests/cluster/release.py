"""The chart, rendered by the real Helm and applied as it is: nothing of it is rewritten for the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.catalogue import read_catalogue
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.chart.helm import Helm
from tests.cluster.kubernetes import Kubernetes, Object
from tests.integration.streaming_kit import wait_until

TIMINGS: Final = Path(__file__).parent / "values.yaml"
_PROVISION_S: Final = 60.0
_GONE_S: Final = 120.0
_SCALED: Final = "/apis/keda.sh/v1alpha1"
_AUTOSCALING: Final = "/apis/autoscaling/v2"


@dataclass(frozen=True, slots=True)
class Release:
    """An installation of the chart in a namespace of its own; `values` are what it is given."""

    helm: Helm
    client: Kubernetes
    name: str
    folder: Path
    values: Mapping[str, Any]
    timings: tuple[Path, ...] = (TIMINGS,)
    """Files of values, which go before `values`."""

    def install(self, more: Sequence[Object] = ()) -> Catalogue:
        """Apply the chart, `more` before it, and wait for its Job; the catalogue that its services read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manifests = self.helm.template(*self.timings, self.values, release=self.name)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}}
        self.client.apply([namespace, *more], namespace=self.name)
        self.client.apply(manifests, namespace=self.name)
        wait_until(self._is_provisioned, deadline_s=_PROVISION_S, what="the provisioning Job")
        (found,) = [one["data"]["catalogue.yaml"] for one in manifests if "catalogue.yaml" in one.get("data", {})]
        file = self.folder / "catalogue.yaml"
        file.write_text(found)
        return read_catalogue(Settings(catalogue=file))

    def _is_provisioned(self) -> bool:
        jobs = self.client.list(f"/apis/batch/v1/namespaces/{self.name}/jobs")
        return all(one.get("status", {}).get("succeeded") for one in jobs)

    def deployment(self, model: str) -> str:
        """What the chart calls a model's Deployment and ScaledObject."""
        return f"{self.name}-inference-{model}"

    def scaled_object(self, model: str) -> Object:
        """A model's ScaledObject, as it is."""
        return self.client.get(f"{_SCALED}/namespaces/{self.name}/scaledobjects/{self.deployment(model)}")

    def change_scaled_object(self, model: str, changes: Mapping[str, Any]) -> None:
        """Change a model's ScaledObject; what is None goes."""
        self.client.patch(f"{_SCALED}/namespaces/{self.name}/scaledobjects/{self.deployment(model)}", changes)

    def uninstall(self) -> None:
        """Delete the namespace, and wait until nothing of it is left."""
        path = f"/api/v1/namespaces/{self.name}"
        self.client.delete(path)
        wait_until(lambda: self.client.find(path) is None, deadline_s=_GONE_S, what=f"namespace {self.name} to go")

    def autoscaler(self, model: str) -> Object | None:
        """The horizontal pod autoscaler that KEDA made for a model."""
        path = f"{_AUTOSCALING}/namespaces/{self.name}/horizontalpodautoscalers/keda-hpa-{self.deployment(model)}"
        return self.client.find(path)
