"""The inference core beside a synchronous loop: the same frames, network and cores, interleaved in one run.

`make bench` prints the medians and their ratio, and writes build/bench/inference-core.json.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from deploy.local.media import Media
from processors.families import Placement, family_of
from processors.inference.core import InferenceCore
from processors.inference.network import compile_network
from processors.inference.picture import decode_picture, fit_picture
from schemas.catalogue import Catalogue
from schemas.jpeg import check_jpeg

FRAMES = 120
ROUNDS = 5
REPORT = Path("build/bench/inference-core.json")


def frames_of(video: Path, width: int) -> list[bytes]:
    """The first pictures of `video` as capture would send them."""
    source = cv2.VideoCapture(str(video))
    jpegs: list[bytes] = []
    while len(jpegs) < FRAMES:
        read, picture = source.read()
        if not read:
            source.set(cv2.CAP_PROP_POS_FRAMES, 0)
            continue
        height = round(picture.shape[0] * width / picture.shape[1])
        _, jpeg = cv2.imencode(".jpg", cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
        jpegs.append(jpeg.tobytes())
    source.release()
    return jpegs


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "video"), [("object-detection", "bikes.mp4"), ("face-detection", "WolfgangLanger_Pexels.mp4")]
)
def test_the_core_against_a_synchronous_loop(
    name: str, video: str, network: Callable[[str], Path], media: Media, capsys: pytest.CaptureFixture[str]
) -> None:
    model = Catalogue().get(name)
    jpegs = frames_of(media.path(video), model.frame_width)
    compiled, _ = compile_network(model, network(name), precision=model.precision)
    request = compiled.create_infer_request()
    family = family_of(model)
    core = InferenceCore(model, network(name))

    def synchronous() -> list[int]:
        found = []
        for jpeg in jpegs:
            placement = Placement.of(model.input, *check_jpeg(jpeg, limit_bytes=1 << 20, limit_pixels=1 << 26))
            pixels = fit_picture(decode_picture(jpeg, model.input, placement), model.input, placement)
            request.infer({0: pixels})
            outputs = {key: request.get_tensor(key).data for key in family.outputs}
            found.append(len(family.decode(outputs, model, placement)))
        return found

    def concurrent() -> list[int]:
        return [len(future.result(30).detections) for future in [core.submit(jpeg) for jpeg in jpegs]]

    rates: dict[str, list[float]] = {"synchronous": [], "core": []}
    try:
        assert synchronous() == concurrent(), "both must see the same"
        for _ in range(ROUNDS):
            for label, run in (("synchronous", synchronous), ("core", concurrent)):
                begun = time.perf_counter()
                run()
                rates[label].append(FRAMES / (time.perf_counter() - begun))
    finally:
        core.close()
    medians = {label: round(statistics.median(values), 1) for label, values in rates.items()}
    ratio = medians["core"] / medians["synchronous"]
    record = json.loads(REPORT.read_text()) if REPORT.exists() else {}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(record | {name: {"fps": medians, "ratio": round(ratio, 2)}}, indent=2) + "\n")
    with capsys.disabled():
        print(f"\n{name}: synchronous {medians['synchronous']} fps, core {medians['core']} fps, ratio {ratio:.2f}")  # noqa: T201
    assert ratio > 1.0
