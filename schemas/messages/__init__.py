"""Every record that crosses a topic: frozen types and their codecs."""

from schemas.messages._base import Message, explain, format_time
from schemas.messages.address import FrameAddress
from schemas.messages.camera import Camera, CameraState, CameraStatus, Flip, Pacing, Transport
from schemas.messages.captures import CaptureClaim, CaptureCounts, CropCounts, CropDrop, DropReason, decode_capture
from schemas.messages.dead_letter import DeadLetter, decode_dead_letter
from schemas.messages.frame import FrameInfo, Headers, Lane, RawHeaders, decode_frame_headers
from schemas.messages.parent import Parent, crop_seq, cropped_from_headers
from schemas.messages.polygon import Point, Polygon
from schemas.messages.ranges import PartitionRanges
from schemas.messages.redrive import Redrive, Redriven, redriven_from_headers, redriven_headers
from schemas.messages.result import (
    JSON_TYPE,
    Detection,
    FrameReference,
    ModelReference,
    Result,
    StageTimings,
    address_from_headers,
    check_result_type,
    identity_from_headers,
)
from schemas.messages.skip import Skip, SkippedFrames, SkipReason
from schemas.messages.undelivered import Undelivered

__all__ = [
    "JSON_TYPE",
    "Camera",
    "CameraState",
    "CameraStatus",
    "CaptureClaim",
    "CaptureCounts",
    "CropCounts",
    "CropDrop",
    "DeadLetter",
    "Detection",
    "DropReason",
    "Flip",
    "FrameAddress",
    "FrameInfo",
    "FrameReference",
    "Headers",
    "Lane",
    "Message",
    "ModelReference",
    "Pacing",
    "Parent",
    "PartitionRanges",
    "Point",
    "Polygon",
    "RawHeaders",
    "Redrive",
    "Redriven",
    "Result",
    "Skip",
    "SkipReason",
    "SkippedFrames",
    "StageTimings",
    "Transport",
    "Undelivered",
    "address_from_headers",
    "check_result_type",
    "crop_seq",
    "cropped_from_headers",
    "decode_capture",
    "decode_dead_letter",
    "decode_frame_headers",
    "explain",
    "format_time",
    "identity_from_headers",
    "redriven_from_headers",
    "redriven_headers",
]
