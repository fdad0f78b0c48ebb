"""`GET /api/v1/cameras`: what is wanted of each camera, and how it is doing."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from api.documented import documented
from api.routes.prefix import API
from api.services import ServicesDep
from schemas.contract import EXAMPLES
from schemas.messages import Camera, CameraStatus
from schemas.redaction import hide

router = APIRouter(prefix=API, tags=["cameras"])


class CameraEntry(BaseModel):
    """One camera; `status` is null until a capture worker has told one. Passwords in `source` are hidden."""

    camera: Camera
    status: CameraStatus | None


class Cameras(BaseModel):
    """All cameras, by id."""

    cameras: list[CameraEntry]


_EXAMPLE = Cameras.model_validate({"cameras": [{"camera": EXAMPLES["camera"], "status": EXAMPLES["camera-status"]}]})


@router.get("/cameras", responses=documented(_EXAMPLE))
async def cameras(services: ServicesDep) -> Cameras:
    """List the cameras."""
    entries = [
        CameraEntry(camera=camera.model_copy(update={"source": hide(camera.source)}), status=status)
        for camera, status in services.cameras.all()
    ]
    return Cameras(cameras=entries)
