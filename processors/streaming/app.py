"""The Faust app of one model's workers: which topic, which group, and the settings that hold (measured)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from processors.streaming.connection import broker_url, credentials
from processors.streaming.containments import FramesApp, NoTables, QuietMonitor, RawSchema, check_versions
from processors.streaming.header_names import contain_header_names
from processors.streaming.timing import Timing
from schemas.settings import Settings

FETCH_BYTES: Final = 1024 * 1024
"""A partition's share of one fetch: frames ahead, so that the window never waits for the network. Four times as much
was no faster, and took 100 MiB more with the usual twelve partitions."""


def create_app(settings: Settings, model: str, *, folder: Path, timing: Timing) -> FramesApp:
    """The app that reads the frames of `model` for its `owner`, which is yet to be set.

    `folder` is for files that Faust insists on. Must be called in the event loop that will run the app.

    Raises:
        EnvironmentMissingError: Faust or aiokafka is not the version whose defects are contained.
        SettingsError: A TLS file cannot be read.
    """
    check_versions()
    contain_header_names()
    app = FramesApp(
        settings.names.inference_group(model),
        broker=broker_url(settings),
        broker_credentials=credentials(settings),
        datadir=str(folder),
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,  # issue 93: with no tables either, aiokafka's RoundRobin assigns
        stream_wait_empty=True,
        stream_buffer_maxsize=256,  # from 0.8 of it on nothing is fetched, and at 0.4 it goes on
        stream_recovery_delay=0.0,
        broker_max_poll_records=64,
        broker_commit_interval=timing.commit,
        broker_session_timeout=timing.session,
        broker_heartbeat_interval=timing.heartbeat,
        broker_rebalance_timeout=timing.rebalance,
        broker_request_timeout=timing.rebalance,
        consumer_max_fetch_size=max(FETCH_BYTES, settings.record_limit_bytes),
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_linger=0.0,  # `FramesApp.produce` decides
        producer_request_timeout=timing.rebalance,
        producer_max_request_size=settings.record_limit_bytes,
        monitor=QuietMonitor(),
        TableManager=NoTables,
    )
    app.assign_deadline = timing.assign
    app.frames_topic = settings.names.frames(model)
    return app


def read_frames(app: FramesApp) -> None:
    """Let the app's owner process the stream of frames: one agent, one reader, whose acks Faust leaves alone (606)."""
    topic = app.topic(app.frames_topic, schema=RawSchema(key_type=bytes, value_type=bytes))

    @app.agent(topic, name="frames", concurrency=1)
    async def frames(stream):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202  # Faust reads annotations
        await app.owner.run(stream.noack().events())
