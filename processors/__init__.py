"""Inference: one process, one model, one consumer group."""

import sys

# OpenVINO and NNCF report to their makers, and write into the home directory for that, unless this package is missing.
# To both it is, from here on; who imports `openvino` before anything of ours decides otherwise.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
