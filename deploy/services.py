"""What the services are called: by the supervisor, and on the cluster's access lists."""

from __future__ import annotations

from typing import Final

CAPTURE: Final = "capture"
API: Final = "api"
SINK: Final = "sink"


def inference(model: str) -> str:
    """The name of the service that infers `model`."""
    return f"inference-{model}"
