"""`GET /api/v1/models`: the catalogue, what each model runs as, and how far its workers have come."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.documented import documented
from api.progress import Progress
from api.result_record import ResultRecord
from api.routes.prefix import API
from api.services import Services, ServicesDep
from schemas.catalogue import Model
from schemas.errors import EnvironmentMissingError

router = APIRouter(prefix=API, tags=["models"])


class ModelVersion(BaseModel):
    """One network that ran as this model, and when its newest result was appended."""

    version: str
    precision: str
    device: str
    newest_at: datetime


class ModelEntry(BaseModel):
    """One model of the catalogue.

    `lag`, `committed` and `end` are frames, summed over its partitions; null while Kafka gives no answer. `version`,
    `precision` and `device` are those of its newest result; null before the first. `versions` are all that gave results
    of late, newest first: while an update rolls out, two of them do. `max_age` is in seconds.
    """

    name: str
    title: str
    labels: list[str]
    max_age: float
    partitions: int
    lag: int | None
    committed: int | None
    end: int | None
    version: str | None
    precision: str | None
    device: str | None
    versions: list[ModelVersion]
    licence: str


class Models(BaseModel):
    """All models, in the catalogue's order."""

    models: list[ModelEntry]


_EXAMPLE = ModelEntry(
    name="face-detection",
    title="Faces",
    labels=["face"],
    max_age=5.0,
    partitions=12,
    lag=3,
    committed=808,
    end=811,
    version="9f2c41d07be3",
    precision="f32",
    device="CPU",
    versions=[
        ModelVersion(
            version="9f2c41d07be3", precision="f32", device="CPU", newest_at=datetime(2026, 11, 23, tzinfo=UTC)
        )
    ],
    licence="MIT",
)


@router.get("/models", responses=documented(Models(models=[_EXAMPLE])))
async def models(services: ServicesDep) -> Models:
    """List the models."""
    try:
        progress = await services.progress.get()
    except EnvironmentMissingError:
        progress = {}  # what the catalogue says holds without Kafka; /readyz says what is wrong
    return Models(models=[_entry(services, model, progress.get(model.name)) for model in services.catalogue.models])


def _entry(services: Services, model: Model, progress: Progress | None) -> ModelEntry:
    versions = [_version(record) for record in services.results.versions_of(model.name)]
    newest = versions[0] if versions else None
    return ModelEntry(
        name=model.name,
        title=model.title,
        labels=list(model.labels.values()),
        max_age=model.max_age,
        partitions=model.partitions,
        lag=progress.lag if progress else None,
        committed=progress.committed if progress else None,
        end=progress.end if progress else None,
        version=newest.version if newest else None,
        precision=newest.precision if newest else None,
        device=newest.device if newest else None,
        versions=versions,
        licence=model.source.licence,
    )


def _version(record: ResultRecord) -> ModelVersion:
    ran = record.result.model
    return ModelVersion(version=ran.version, precision=ran.precision, device=ran.device, newest_at=record.appended_at)
