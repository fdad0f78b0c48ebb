"""`GET /api/v1/system`: which release answers, whether Kafka does, and the topics that there are."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.access.guard import GrantDep
from api.routes.prefix import API
from api.services import ServicesDep
from api.web.documented import documented
from schemas.errors import EnvironmentMissingError
from schemas.messages._base import Timestamp

router = APIRouter(prefix=API, tags=["system"])


class KafkaState(BaseModel):
    """Whether Kafka answers; `trouble` says in words why something may be missing, also where it does."""

    reachable: bool
    brokers: int | None
    trouble: str | None


class TopicEntry(BaseModel):
    """One topic of the installation.

    `kind` is frames, results, captures, skips, dead-letters, redrives, cameras or camera-status. `retention_s` is how
    long it keeps a record, in seconds, and `limit_bytes` what it may take on the brokers' disks, each copy by itself;
    null where there is no limit, or the API's user may not ask. `bytes` is what it takes now: null, for no Kafka client
    that we use can ask for it.
    """

    model_config = ConfigDict(from_attributes=True)

    name: str
    kind: str
    partitions: int
    bytes: int | None = None
    limit_bytes: int | None
    retention_s: float | None


class SystemState(BaseModel):
    """This process of the API and what it is connected to; `role` is the caller's, null where nobody need sign in."""

    version: str
    kafka: KafkaState
    topics: list[TopicEntry]
    started_at: Timestamp
    role: Literal["viewer", "operator"] | None
    stream_clients: int


_EXAMPLE = SystemState(
    version="0.2.0",
    kafka=KafkaState(reachable=True, brokers=3, trouble=None),
    topics=[
        TopicEntry(
            name="framebus.frames.face-detection",
            kind="frames",
            partitions=12,
            limit_bytes=4_147_200_000,
            retention_s=600.0,
        )
    ],
    started_at=datetime(2026, 1, 31, 8, tzinfo=UTC),
    role="operator",
    stream_clients=4,
)


@router.get("/system", responses=documented(_EXAMPLE))
async def system(services: ServicesDep, grant: GrantDep) -> SystemState:
    """Get the state of the API and of its Kafka."""
    trouble = services.reader.trouble
    try:
        found = await services.system.get()
        kafka = KafkaState(reachable=True, brokers=found.brokers, trouble=trouble)
        topics = [TopicEntry.model_validate(topic) for topic in found.topics]
    except EnvironmentMissingError as error:
        kafka, topics = KafkaState(reachable=False, brokers=None, trouble=trouble or str(error)), []
    return SystemState(
        version=version("framebus"),
        kafka=kafka,
        topics=topics,
        started_at=services.started_at,
        role=grant.role.title if grant.role else None,
        stream_clients=services.broadcaster.clients,
    )
