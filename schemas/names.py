"""The names of topics, consumer groups, headers and metrics: the one place that spells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

IDENTIFIER: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
"""What a camera, a site and a model may be called: safe in a topic name, a URL path and a metric label."""


@dataclass(frozen=True, slots=True)
class Names:
    """Topic and group names under one prefix, so that one prefixed ACL covers all of them on a shared cluster."""

    prefix: str = "framebus."

    def frames(self, model: str) -> str:
        """The topic that holds the frames for `model`."""
        return f"{self.prefix}frames.{model}"

    def results(self, model: str) -> str:
        """The topic that holds the results of `model`."""
        return f"{self.prefix}results.{model}"

    @property
    def captures(self) -> str:
        return f"{self.prefix}captures"

    @property
    def skips(self) -> str:
        return f"{self.prefix}skips"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}dead-letters"

    @property
    def redrives(self) -> str:
        return f"{self.prefix}redrives"

    @property
    def undelivered(self) -> str:
        return f"{self.prefix}undelivered"

    @property
    def cameras(self) -> str:
        return f"{self.prefix}cameras"

    @property
    def camera_status(self) -> str:
        return f"{self.prefix}camera-status"

    def inference_group(self, model: str) -> str:
        """The consumer group that infers `model`; also the Faust app id."""
        return f"{self.prefix}inference.{model}"

    def capture_group(self, site: str) -> str:
        """The consumer group that runs the cameras of `site`."""
        return f"{self.prefix}capture.{site}"

    def result_group(self, name: str) -> str:
        """The consumer group of an application that reads results and calls itself `name`."""
        return f"{self.prefix}results.{name}"

    @property
    def reader_group(self) -> str:
        """The group id of readers that assign themselves partitions: nothing is ever committed under it."""
        return f"{self.prefix}reader"

    def model_of_frames(self, topic: str) -> str | None:
        """The model whose frames `topic` holds, or None for any other topic."""
        return self._suffix(topic, f"{self.prefix}frames.")

    def model_of_results(self, topic: str) -> str | None:
        """The model whose results `topic` holds, or None for any other topic."""
        return self._suffix(topic, f"{self.prefix}results.")

    @staticmethod
    def _suffix(topic: str, stem: str) -> str | None:
        return topic.removeprefix(stem) if topic.startswith(stem) else None


class Header:
    """Kafka record headers: CloudEvents 1.0 Kafka binary mode, and what crops, redrives, dead letters and sinks add."""

    SPECVERSION: Final = "ce_specversion"
    ID: Final = "ce_id"
    SOURCE: Final = "ce_source"
    TYPE: Final = "ce_type"
    TIME: Final = "ce_time"
    CONTENT_TYPE: Final = "content-type"
    CAMERA: Final = "ce_camera"
    RUN: Final = "ce_run"
    SEQ: Final = "ce_seq"
    WIDTH: Final = "ce_width"
    HEIGHT: Final = "ce_height"
    LANE: Final = "ce_lane"
    TRACEPARENT: Final = "traceparent"
    REDRIVE_OF: Final = "ce_redriveof"
    REDRIVE: Final = "ce_redrive"
    FOLLOWERS: Final = "ce_followers"
    PARENT: Final = "ce_parent"
    PARENT_INDEX: Final = "ce_parentindex"
    PARENT_BOX: Final = "ce_parentbox"
    PARENT_MAP: Final = "ce_parentmap"
    ADDRESS: Final = "ce_address"
    ERROR: Final = "framebus_error"
    ERROR_MESSAGE: Final = "framebus_error_message"
    ATTEMPTS: Final = "framebus_attempts"
    OMITTED: Final = "framebus_value_omitted"
    HEADERS_OMITTED: Final = "framebus_headers_omitted"
    SINK: Final = "framebus_sink"
    KEPT: Final = "framebus_original_"
    """Before the name of an original header that is called like one which the dead letter adds."""


class Metric:
    """Prometheus metric names (without the `_total` that the client library adds to counters)."""

    CAPTURED: Final = "framebus_frames_captured"
    DROPPED: Final = "framebus_frames_dropped"
    DELIVERED: Final = "framebus_frames_delivered"
    FAILED: Final = "framebus_frames_failed"
    CROPS: Final = "framebus_crops"
    PROCESSED: Final = "framebus_frames_processed"
    FRAME_AGE: Final = "framebus_frame_age_seconds"
    STAGE_DURATION: Final = "framebus_stage_duration_seconds"
    MODEL_INFO: Final = "framebus_model_info"
    CAMERAS: Final = "framebus_cameras"
    CAMERA_UP: Final = "framebus_camera_up"
    WINDOW: Final = "framebus_window_frames"
    WINDOW_FULL: Final = "framebus_window_full_seconds"
    NEGATIVE_AGES: Final = "framebus_negative_ages"
    CLOCK_AHEAD: Final = "framebus_clock_ahead_seconds"
    STREAM_CLIENTS: Final = "framebus_stream_clients"
    STREAM_RESUMES: Final = "framebus_stream_resumes"
    STREAM_GAPS: Final = "framebus_stream_gaps"
    STREAM_MISSED: Final = "framebus_stream_missed_results"
    HTTP_DURATION: Final = "framebus_http_request_duration_seconds"
    ERRORS: Final = "framebus_errors"
    PUSH_FAILURES: Final = "framebus_push_failures"
    BUILD_INFO: Final = "framebus_build_info"
    REPLICA_RATE: Final = "framebus_replica_frames_per_second"
    LAG_FRAMES: Final = "framebus_lag_frames"
    LAG_AGE: Final = "framebus_lag_age_seconds"
    SINK_RESULTS: Final = "framebus_sink_results"
    SINK_REQUESTS: Final = "framebus_sink_requests"
    SINK_DURATION: Final = "framebus_sink_request_duration_seconds"
    SINK_AGE: Final = "framebus_sink_age_seconds"
    LEDGER_FRAMES: Final = "framebus_ledger_frames"
    LEDGER_UNEXPLAINED: Final = "framebus_ledger_unexplained"
    LEDGER_MALFORMED: Final = "framebus_ledger_malformed_records"
    LEDGER_REPEATS: Final = "framebus_ledger_repeats"
    LEDGER_CONFLICTS: Final = "framebus_ledger_conflicts"
    LEDGER_TIME: Final = "framebus_ledger_time_seconds"


class SpanName:
    """The spans of a frame's trace: what capture and a worker do with it, each with its stages."""

    CAPTURE: Final = "capture"
    WAIT: Final = "wait"
    ENCODE: Final = "encode"
    PRODUCE: Final = "produce"
    INFERENCE: Final = "inference"
    DECODE: Final = "decode"
    INFER: Final = "infer"
    OUTPUTS: Final = "outputs"
    DELIVER: Final = "deliver"


class SpanAttribute:
    """What spans say of their frame; its address leads to the frame itself."""

    ADDRESS: Final = "framebus.address"
    CAMERA: Final = "framebus.camera"
    MODEL: Final = "framebus.model"
    RUN: Final = "framebus.run"
    SEQ: Final = "framebus.seq"
    AGE: Final = "framebus.age_seconds"
