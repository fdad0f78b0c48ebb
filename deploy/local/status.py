"""How a running system is doing, as Kafka tells it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from confluent_kafka import KafkaException, Message
from confluent_kafka.admin import AdminClient

from api.log.groups import describe_groups
from api.log.kafka import client_config
from api.models.progress import ProgressReader
from deploy.catalogue import read_catalogue
from deploy.local.records import read_records
from producers.control import read_cameras
from schemas.errors import MessageError
from schemas.messages import Camera, CameraState, CameraStatus
from schemas.settings import Settings

_ANSWER_S = 5.0
_BAD = frozenset({CameraState.FAILED, CameraState.CONNECTING})


@dataclass(frozen=True, slots=True)
class Status:
    """Rows of text.

    Cameras: id, state, since, fps, size, owner, models, error. Models: name, workers, lag, committed, end.
    """

    cameras: list[tuple[str, ...]]
    models: list[tuple[str, ...]]
    problems: list[str]


def read_status(settings: Settings) -> Status:
    """The state of every camera and model.

    Raises:
        EnvironmentMissingError: The broker does not answer, or a topic does not exist.
    """
    cameras, states = read_cameras(settings), read_states(settings)
    rows, problems = [], []
    for camera in cameras.values():
        state = states.get(camera.id)
        rows.append(_camera_row(camera, state))
        if camera.enabled and (state is None or state.state in _BAD):
            problems.append(f"camera {camera.id} is {state.state if state else 'not run by anyone'}")
    models = _model_rows(settings)
    wanted = {model for camera in cameras.values() if camera.enabled for model in camera.models}
    # A model that nobody uses needs no worker, unless there are frames of it that wait for one.
    problems += [
        f"no worker for {name}"
        for name, workers, lag, *_ in models
        if workers == "0" and (name in wanted or lag != "0")
    ]
    return Status(rows, models, problems)


def read_states(settings: Settings) -> dict[str, CameraStatus]:
    """What capture has told last of each camera, by id.

    Raises:
        EnvironmentMissingError: The broker does not answer, or the topic does not exist.
    """
    states: dict[str, CameraStatus] = {}

    def take(message: Message) -> None:
        name = (message.key() or b"").decode(errors="replace")
        states.pop(name, None)
        with contextlib.suppress(MessageError):  # a tombstone, or what nobody can read, says nothing of a camera
            states[name] = CameraStatus.from_json(message.value())

    read_records(settings, [settings.names.camera_status], take)
    return states


def state_and_rate(camera: Camera, status: CameraStatus | None) -> tuple[str, str]:
    """Its state, and its frames a second as measured by capture."""
    if status is None:
        return "-" if camera.enabled else "disabled", "-"
    return str(status.state), f"{status.fps:.1f}" if status.fps is not None else "-"


def _camera_row(camera: Camera, state: CameraStatus | None) -> tuple[str, ...]:
    models = ",".join(camera.models)
    told, fps = state_and_rate(camera, state)
    if state is None:
        return camera.id, told, "-", fps, "-", "-", models, ""
    size = f"{state.width}x{state.height}" if state.width and state.height else "-"
    since = f"{state.since.astimezone():%Y-%m-%d %H:%M:%S}"
    return camera.id, told, since, fps, size, state.owner, models, _trouble(state)


def _trouble(state: CameraStatus) -> str:
    if state.last_error and not (state.error or state.note) and state.last_error_at:
        return f"(last, {state.last_error_at.astimezone():%Y-%m-%d %H:%M:%S}: {state.last_error})"
    return state.error or state.note or ""


def _model_rows(settings: Settings) -> list[tuple[str, ...]]:
    progress = ProgressReader(settings, read_catalogue(settings)).read()
    workers = _workers(settings, list(progress))
    return [
        (model, str(workers.get(model, "?")), str(far.lag), str(far.committed), str(far.end))
        for model, far in progress.items()
    ]


def _workers(settings: Settings, models: list[str]) -> dict[str, int]:
    """How many workers each model has; none is known where a broker does not say."""
    names = {settings.names.inference_group(model): model for model in models}
    try:
        groups = describe_groups(AdminClient(client_config(settings)), names, timeout=_ANSWER_S)
    except KafkaException:
        return {}
    return {names[name]: len(group.members) for name, group in groups.items()}
