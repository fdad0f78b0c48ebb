"""`/api/v1/cameras`: what is wanted of each camera, and how it is doing; operators change it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.cameras import not_found
from api.routes.prefix import API
from api.services import ServicesDep
from api.web.documented import documented
from api.web.parameters import CameraPath
from api.web.problems import problems
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


_EXAMPLE = CameraEntry.model_validate({"camera": EXAMPLES["camera"], "status": EXAMPLES["camera-status"]})
_NEW: dict[int | str, dict[str, Any]] = {201: {"model": CameraEntry, "description": "It is new"}}

Fields = Annotated[dict[str, Any], Body()]


def _body(*required: str) -> dict[str, Any]:
    """How `/openapi.json` describes a body with fields of a camera, of which `required` must be there."""
    schema = Camera.model_json_schema(ref_template="#/components/schemas/{model}")
    schema = {name: part for name, part in schema.items() if name not in ("$defs", "required")}
    schema |= {"additionalProperties": False} | ({"required": list(required)} if required else {})
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.get("/cameras", responses=documented(Cameras(cameras=[_EXAMPLE])))
async def cameras(services: ServicesDep) -> Cameras:
    """List the cameras."""
    return Cameras(cameras=[_entry(*entry) for entry in services.cameras.all()])


@router.post(
    "/cameras",
    status_code=HTTPStatus.CREATED,
    response_model=CameraEntry,
    responses=problems(409, 422, 503),
    openapi_extra=_body("id", "source", "models"),
)
async def add(services: ServicesDep, fields: Fields) -> Response:
    """Add a camera; its site's capture workers take it up within seconds."""
    return _created(await run_in_threadpool(services.camera_desk.add, fields))


@router.get("/cameras/{camera_id}", responses=documented(_EXAMPLE, 404, 422))
async def camera(services: ServicesDep, camera_id: CameraPath) -> CameraEntry:
    """Get one camera."""
    entry = services.cameras.get(camera_id)
    if entry is None:
        raise not_found(camera_id)
    return _entry(*entry)


@router.put(
    "/cameras/{camera_id}",
    response_model=CameraEntry,
    responses={**_NEW, **documented(_EXAMPLE, 422, 503)},
    openapi_extra=_body("source", "models"),
)
async def put(services: ServicesDep, camera_id: CameraPath, fields: Fields) -> Response | CameraEntry:
    """Make a camera what the body says, whatever it was: fields that are not given get their defaults."""
    camera, is_new = await run_in_threadpool(services.camera_desk.put, camera_id, fields)
    return _created(camera) if is_new else _changed(services, camera)


@router.patch("/cameras/{camera_id}", responses=documented(_EXAMPLE, 404, 422, 503), openapi_extra=_body())
async def change(services: ServicesDep, camera_id: CameraPath, fields: Fields) -> CameraEntry:
    """Change the fields that the body has; null gives a field back its default."""
    return _changed(services, await run_in_threadpool(services.camera_desk.change, camera_id, fields))


@router.delete("/cameras/{camera_id}", status_code=HTTPStatus.NO_CONTENT, responses=problems(404, 422, 503))
async def remove(services: ServicesDep, camera_id: CameraPath) -> None:
    """Remove a camera: its worker stops it, and its status goes."""
    await run_in_threadpool(services.camera_desk.remove, camera_id)


def _entry(camera: Camera, status: CameraStatus | None) -> CameraEntry:
    return CameraEntry(camera=camera.model_copy(update={"source": hide(camera.source)}), status=status)


def _changed(services: ServicesDep, camera: Camera) -> CameraEntry:
    entry = services.cameras.get(camera.id)
    return _entry(camera, entry[1] if entry else None)


def _created(camera: Camera) -> Response:
    place: Mapping[str, str] = {"location": f"{API}/cameras/{camera.id}"}
    return JSONResponse(_entry(camera, None).model_dump(mode="json"), HTTPStatus.CREATED, place)
