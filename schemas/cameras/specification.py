"""A camera's specification from what a user gives: checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from schemas.cameras.kind import kind_of
from schemas.cameras.schedule import Schedule
from schemas.cameras.source import check_source
from schemas.catalogue import Catalogue
from schemas.errors import CameraError, CatalogueError, SourceError
from schemas.messages import Camera, explain
from schemas.printable import SHOWN, printable


def make_camera(fields: Mapping[str, object]) -> Camera:
    """A camera from fields as a user gives them.

    Raises:
        CameraError: A field is missing, unknown or wrong.
    """
    unknown = sorted(fields.keys() - Camera.model_fields.keys())
    if unknown:
        expected = ", ".join(Camera.model_fields)
        raise CameraError(f"camera: unknown field {printable(', '.join(unknown), SHOWN)}; expected one of {expected}")
    try:
        return Camera.model_validate(fields)
    except ValidationError as error:
        raise CameraError(explain(Camera.TITLE, error)) from None


def check_camera(camera: Camera, catalogue: Catalogue) -> None:
    """Check what the type cannot: the models, the time zone, and the form of the source.

    Whether the source exists is not asked: only its site's workers can see it.

    Raises:
        CameraError: A model is not in the catalogue, or follows one that the camera does not have; nobody knows the
            time zone; or the source has the form of no kind of source, or a secret.
    """
    try:
        followers_of(camera, catalogue)
        Schedule.of(camera)
        kind_of(camera.source)
        check_source(camera.source)
    except (CatalogueError, SourceError) as error:
        raise CameraError(f"camera {camera.id!r}: {error}") from None


def followers_of(camera: Camera, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The models that get the camera's frames, each with those of its models that follow it and get crops instead.

    Raises:
        CatalogueError: A model is not in the catalogue.
        CameraError: One follows a model that the camera does not have, or that finds nothing that it follows.
    """
    models = [catalogue.get(name) for name in camera.models]
    leaders: dict[str, list[str]] = {model.name: [] for model in models if model.follows is None}
    for model in models:
        if model.follows is None:
            continue
        leader = model.follows.model
        if leader not in leaders:
            raise CameraError(
                f"camera {camera.id!r}: model {model.name!r} follows {leader!r}; expected {leader!r} among its models "
                f"too, as --model {leader} --model {model.name}"
            )
        labels = catalogue.get(leader).labels.values()
        if not set(model.follows.labels) & set(labels):
            raise CameraError(
                f"camera {camera.id!r}: model {model.name!r} follows {', '.join(model.follows.labels)}; expected "
                f"labels of {leader!r}, {', '.join(labels)}"
            )
        leaders[leader].append(model.name)
    return {leader: tuple(followers) for leader, followers in leaders.items()}
