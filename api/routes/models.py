"""`/api/v1/models`: the catalogue, what each model runs as, and how its workers keep up with what arrives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.models.history import KEPT_MINUTES, STEP_S, KnownBy, Pace, Sample, rounded
from api.models.progress import Progress
from api.result_record import ResultRecord
from api.routes.prefix import API
from api.services import Services, ServicesDep
from api.web import parameters
from api.web.documented import documented
from schemas.catalogue import Model
from schemas.errors import EnvironmentMissingError
from schemas.messages._base import Timestamp

router = APIRouter(prefix=API, tags=["models"])

Minutes = Annotated[int, Query(ge=1, le=KEPT_MINUTES, description="How far back, in minutes.")]


class ModelVersion(BaseModel):
    """One network that ran as this model, and when its newest result was appended."""

    version: str
    precision: str
    device: str
    newest_at: datetime


class ModelEntry(BaseModel):
    """One model of the catalogue, and how its workers keep up.

    `lag`, `committed` and `end` are frames, summed over its partitions; null while Kafka gives no answer. `version`,
    `precision` and `device` are those of its newest result; null before the first. `versions` are all that gave results
    of late, newest first: while an update rolls out, two of them do. `max_age` is in seconds.

    `arrival_fps`, `inferred_fps` and `skipped_fps` are frames a second over the last 15 s; null in the first seconds,
    and while Kafka gives no answer. `capacity_fps` is `replicas` times what one replica does: `capacity_known_by` says
    whether that was `measured`, while frames waited in every partition, or is what the `catalogue` says. `lag_s` is the
    age in seconds of the oldest frame that is not done, at most a tenth too high; 0 where none waits. `replicas` are
    the workers that have partitions now, `replicas_min` and `replicas_max` what the catalogue allows. A second stage
    `follows` another model.
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
    arrival_fps: float | None
    inferred_fps: float | None
    skipped_fps: float | None
    capacity_fps: float | None
    capacity_known_by: KnownBy | None
    lag_s: float | None
    replicas: int | None
    replicas_min: int
    replicas_max: int
    newest_result_at: datetime | None
    follows: str | None


class Models(BaseModel):
    """All models, in the catalogue's order."""

    models: list[ModelEntry]


class ModelSample(BaseModel):
    """One model at one moment: rates over the step before it, in frames a second; all null where Kafka gave no
    answer."""

    at: Timestamp
    arrival_fps: float | None
    inferred_fps: float | None
    skipped_fps: float | None
    capacity_fps: float | None
    lag: int | None
    lag_s: float | None
    replicas: int | None


class History(BaseModel):
    """What this process of the API has seen since it started, the oldest first: a sample each `step_s` seconds."""

    step_s: float
    samples: list[ModelSample]


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
    arrival_fps=24.8,
    inferred_fps=24.8,
    skipped_fps=0.0,
    capacity_fps=160.0,
    capacity_known_by=KnownBy.CATALOGUE,
    lag_s=0.1,
    replicas=2,
    replicas_min=1,
    replicas_max=12,
    newest_result_at=datetime(2026, 11, 23, tzinfo=UTC),
    follows=None,
)
_HISTORY = History(
    step_s=STEP_S,
    samples=[
        ModelSample(
            at=datetime(2026, 11, 23, tzinfo=UTC),
            arrival_fps=24.8,
            inferred_fps=24.6,
            skipped_fps=0.0,
            capacity_fps=160.0,
            lag=3,
            lag_s=0.1,
            replicas=2,
        )
    ],
)


@router.get("/models", responses=documented(Models(models=[_EXAMPLE])))
async def models(services: ServicesDep) -> Models:
    """List the models."""
    progress = await _progress(services)
    return Models(models=[_entry(services, model, progress.get(model.name)) for model in services.catalogue.models])


@router.get("/models/{model}", responses=documented(_EXAMPLE, 404, 422))
async def model(services: ServicesDep, model: parameters.ModelPath) -> ModelEntry:
    """Get one model."""
    found = services.catalogue.get(model)
    return _entry(services, found, (await _progress(services)).get(model))


@router.get("/models/{model}/history", responses=documented(_HISTORY, 404, 422))
async def history(services: ServicesDep, model: parameters.ModelPath, minutes: Minutes = 15) -> History:
    """Get how a model's workers kept up, of late."""
    services.catalogue.get(model)
    samples = services.history.samples(model, count=int(minutes * 60 / STEP_S))
    return History(step_s=STEP_S, samples=[_sample(sample) for sample in samples])


async def _progress(services: Services) -> dict[str, Progress]:
    try:
        return await services.progress.get()
    except EnvironmentMissingError:
        return {}  # what the catalogue says holds without Kafka; /readyz says what is wrong


def _entry(services: Services, model: Model, progress: Progress | None) -> ModelEntry:
    versions = [_version(record) for record in services.results.versions_of(model.name)]
    newest = versions[0] if versions else None
    seen = services.history.now(model.name)
    arrival, inferred, skipped, _ = rounded(seen.pace if seen else Pace())
    (capacity,) = rounded([seen.capacity_fps if seen else None])
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
        arrival_fps=arrival,
        inferred_fps=inferred,
        skipped_fps=skipped,
        capacity_fps=capacity,
        capacity_known_by=seen.capacity_by if seen else None,
        lag_s=progress.age if progress else None,
        replicas=seen.replicas if seen else None,
        replicas_min=model.replicas.min,
        replicas_max=model.replicas.max or model.partitions,
        newest_result_at=newest.newest_at if newest else None,
        follows=model.follows.model if model.follows else None,
    )


def _sample(sample: Sample) -> ModelSample:
    arrival, inferred, skipped, _ = rounded(sample.pace)
    (capacity,) = rounded([sample.capacity_fps])
    return ModelSample(
        at=sample.at,
        arrival_fps=arrival,
        inferred_fps=inferred,
        skipped_fps=skipped,
        capacity_fps=capacity,
        lag=sample.lag,
        lag_s=sample.lag_s,
        replicas=sample.replicas,
    )


def _version(record: ResultRecord) -> ModelVersion:
    ran = record.result.model
    return ModelVersion(version=ran.version, precision=ran.precision, device=ran.device, newest_at=record.appended_at)
