"""Values of many kinds: what each test of rendered manifests goes through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.chart.schema import CHART
from deploy.chart.snippet import as_values
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.model import Model, Replicas
from tests.chart.helm import Values

PRODUCTION: Final = CHART / "values-production.yaml"

LEAST: Final[Values] = {
    "kafka": {"bootstrapServers": "kafka-0.kafka.bus:9092,kafka-1.kafka.bus:9092"},
    "api": {"tokens": {"secretName": "tokens"}},
}
"""What the chart cannot guess."""

MODELS: Final[Values] = yaml.safe_load(as_values(BUILTIN))

PROMETHEUS: Final[Values] = {"scaling": {"prometheus": {"serverAddress": "http://prometheus.monitoring:9090"}}}

CAMERAS: Final[Values] = {
    "cameras": [
        {"id": "door", "source": "rtsp://user@10.0.0.7/1", "models": ["object-detection", "pose"], "fps": 12.5},
        {"id": "yard_2", "source": "rtsp://10.0.0.8/1", "models": ["face-detection"], "site": "yard_2"},
    ]
}

SECRETS: Final[Values] = {
    "kafka": {
        "sasl": {"secretName": "kafka-user"},
        "tls": {"caSecretName": "kafka-ca", "clientSecretName": "kafka-client"},
    }
}

OWN: Final[Values] = {
    **SECRETS,
    "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": [{"name": "registry"}]},
    "scaling": {
        "prometheus": {
            "serverAddress": "https://prometheus.monitoring:9090",
            "labels": {"namespace": "video", "cluster": 'a"b'},
            "authModes": "basic,tls",
            "secretName": "prometheus-user",
            "secretKeys": ["username", "password", "ca", "cert", "key"],
        },
        "ratio": {"enabled": True},
        "kafkaSecretName": "keda-user",
        "models": {
            "pose": {"targetLagSeconds": 1.5, "cooldownPeriod": 60, "behavior": {"scaleUp": {"selectPolicy": "Min"}}}
        },
    },
    "inference": {
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "devices": {"GPU": {"supplementalGroups": [109]}},
        "kafkaSecretName": "workers-user",
        "models": {
            "pose": {
                "nodeSelector": {"gpu": "yes"},
                "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
                "affinity": {"podAntiAffinity": {}},
                "resources": {"limits": {"npu.intel.com/accel": 1}, "requests": {"cpu": "2"}},
                "strategy": {"maxSurge": 0, "maxUnavailable": "50%"},
                "podAnnotations": {"who": "me"},
                "priorityClassName": "high",
                "extraEnv": [{"name": "OMP_NUM_THREADS", "value": "2"}],
                "extraVolumes": [{"name": "own", "configMap": {"name": "own"}}],
                "extraVolumeMounts": [{"name": "own", "mountPath": "/own"}],
                "cache": {"kind": "claim", "claimName": "networks"},
                "kafkaSecretName": "pose-user",
            }
        },
    },
    "capture": {
        "sourceCaSecretName": "cameras-ca",
        "cameraPasswordsSecretName": "cameras",
        "sourceRoots": "/videos",
        "sites": {"yard_2": {"replicas": 3, "nodeSelector": {"site": "yard"}, "kafkaSecretName": "yard-user"}},
    },
    "api": {
        "tokens": {"secretName": "tokens", "operatorKey": "operator"},
        "hosts": ["video.example.com"],
        "trustedProxies": ["10.1.0.0/16"],
        "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
        "kafkaSecretName": "operator-user",
    },
    "sink": {
        "kafkaSecretName": "sinks-user",
        "targets": {
            "doors": {
                "secretName": "doors-webhook",
                "models": ["face-detection", "pose"],
                "camera": "yard_2",
                "label": "face, of anybody",
                "minScore": 0.5,
                "structured": True,
                "caSecretName": "receiver-ca",
                "extraEnv": [{"name": "TZ", "value": "UTC"}],
            },
            "lab_2": {"secretName": "lab", "models": ["pose"], "replicas": 3, "kafkaSecretName": "lab-user"},
        },
    },
    "provisioning": {"topicsKafkaSecretName": "admin-user", "camerasKafkaSecretName": "operator-user"},
    "serviceAccount": {"annotations": {"role": "none"}},
    "networkPolicy": {
        "dns": {"to": [{"namespaceSelector": {}}]},
        "kafka": {"to": [{"podSelector": {"matchLabels": {"app": "kafka"}}}], "ports": [9094]},
        "networks": {"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]},
        "receivers": {"to": [{"ipBlock": {"cidr": "10.8.0.0/16"}}], "port": 8443},
        "egress": [{"ports": [{"port": 9091}]}],
    },
    "monitoring": {
        "podMonitors": {"labels": {"release": "prometheus"}},
        "rules": {"labels": {"release": "prometheus"}},
        "dashboards": {"annotations": {"folder": "Video"}},
        "pushgateway": "http://gateway.example:9091",
    },
}
"""Every value that has a branch in a template."""


def entries(*models: Model) -> Values:
    """Values with these models."""
    values: Mapping[str, Any] = yaml.safe_load(as_values(models))
    return values


def changed(name: str, **fields: object) -> Model:
    """object-detection by another name, with other fields."""
    return BUILTIN[0].model_copy(update={"name": name, **fields})


LONGEST: Final = f"{'a_' * 31}a"
ODD: Final = ("a_b", "a-b", "a__b", "0", LONGEST, LONGEST[:-1] + "b", "a" * 63)
"""What the catalogue takes for a name, and Kubernetes does not."""

CASES: Final[Mapping[str, tuple[Values | Path, ...]]] = {
    "least": (LEAST, MODELS),
    "no models": (LEAST,),
    "rate": (LEAST, MODELS, PROMETHEUS, CAMERAS),
    "everything": (LEAST, MODELS, CAMERAS, PRODUCTION, OWN),
    "production": (LEAST, MODELS, PROMETHEUS, SECRETS, PRODUCTION),
    "no autoscaler": (LEAST, MODELS, {"scaling": {"enabled": False}}),
    "a site's cameras only": (
        LEAST,
        MODELS,
        {"inference": {"enabled": False}, "api": {"enabled": False}, "provisioning": {"enabled": False}},
    ),
    "no cameras": (LEAST, MODELS, {"capture": {"enabled": False}}),
    "TLS without SASL": (LEAST, MODELS, {"kafka": {"tls": {"enabled": True}}}),
    "SASL without TLS": (LEAST, MODELS, {"kafka": {"sasl": {"enabled": True, "secretName": "user"}}}),
    "networks fetched": (LEAST, MODELS, {"inference": {"cache": {"kind": "emptyDir"}}}),
    "a sink": (LEAST, MODELS, {"sink": {"targets": {"doors": {"secretName": "doors", "models": ["face-detection"]}}}}),
    "no policies": (LEAST, MODELS, {"networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False}}),
    "odd names": (
        LEAST,
        PROMETHEUS,
        entries(*(changed(name) for name in ODD)),
        {"capture": {"sites": {"a_b": {}, "a-b": {}}}},
    ),
    "devices": (
        LEAST,
        entries(
            *(
                changed(f"m{place}", device=device)
                for place, device in enumerate(("CPU", "GPU", "GPU.1", "NPU", "AUTO:GPU,CPU", "AUTO:-GPU,CPU"))
            )
        ),
    ),
    "from zero": (
        LEAST,
        PROMETHEUS,
        entries(
            changed("slow", replicas=Replicas(min=0, max=3, fps=0.3)),
            changed("fast", replicas=Replicas(fps=1234.5), partitions=40),
        ),
    ),
}
