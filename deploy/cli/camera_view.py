"""How the command line shows one camera."""

from __future__ import annotations

import json

from deploy.cli.console import out
from deploy.local.status import state_and_rate
from schemas.messages import Camera, CameraStatus
from schemas.redaction import hide


def list_row(camera: Camera, status: CameraStatus | None) -> tuple[str, ...]:
    """Its cells in a list: id, site, models, whether it is enabled, state, fps, transport (of RTSP), source."""
    models, enabled = ",".join(camera.models), "yes" if camera.enabled else "no"
    transport = camera.transport if camera.source.lower().startswith(("rtsp://", "rtsps://")) else "-"
    return camera.id, camera.site, models, enabled, *state_and_rate(camera, status), transport, hide(camera.source)


def print_camera(camera: Camera, status: CameraStatus | None) -> None:
    """Print it as JSON, as the API answers."""
    shown = {
        "camera": camera.model_copy(update={"source": hide(camera.source)}).model_dump(mode="json"),
        "status": status.model_dump(mode="json") if status else None,
    }
    out.print(json.dumps(shown, indent=2), markup=False, soft_wrap=True)


def field_rows(camera: Camera, status: CameraStatus | None) -> list[tuple[str, str]]:
    """Every field that has a value, by name: what is wanted, then how it is doing."""
    wanted = camera.model_copy(update={"source": hide(camera.source)}).model_dump(mode="json", exclude_none=True)
    told = status.model_dump(mode="json", exclude_none=True, exclude={"camera", "site"}) if status else {"state": "-"}
    return [(name, _said(value)) for name, value in (*wanted.items(), *told.items())]


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
