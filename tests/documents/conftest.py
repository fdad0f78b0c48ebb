"""The installation is started by the quickstart's own line, with the model that another page adds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import cv2
import pytest

from schemas.errors import FramebusError
from schemas.settings import Settings
from tests.chart.helm import HELM
from tests.debian import lacking
from tests.documents.blocks import ROOT, blocks, documents
from tests.documents.installation import Installation
from tests.documents.plan import UP
from tests.go_tools import find_tool

if TYPE_CHECKING:
    from deploy.local.media import Media


@pytest.fixture(scope="module")
def installation(
    installed: Callable[[str], None], media: Media, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    try:
        helm = find_tool(HELM, Settings().cache_dir)  # there already, where the chart's tests have run
    except FramebusError as error:
        lacking(str(error))
    if shutil.which("curl") is None:
        lacking("curl is missing: apt-get install curl")
    installed("object-detection")
    found = Installation(tmp_path_factory.mktemp("documents"), _files(media))
    found.provide(helm)
    terminal = found.terminal("installation")
    code, printed = terminal.run("unset FRAMEBUS_CATALOGUE; framebus model add best.onnx --family yolo -o models.yaml")
    assert code == 0, printed
    with found.terminal("up").running(UP) as (process, printed_to):
        found.await_page(process, printed_to)
        yield found
    assert process.returncode == 0, printed_to.read_text()


def _files(media: Media) -> dict[str, bytes]:
    """What the documents take for granted, and the files that they show."""
    video = cv2.VideoCapture(str(media.path("bikes.mp4")))
    read, picture = video.read()
    video.release()
    assert read
    street = cv2.imencode(".jpg", picture)[1].tobytes()
    marked = {
        "images": [{"id": 1, "file_name": "street.jpg"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]}],
        "categories": [{"id": 1, "name": "helmet"}],
    }
    shown = {block.title: block.text.encode() for document in documents() for block in blocks(document) if block.title}
    return {
        "best.onnx": (ROOT / "tests/integration/exported.onnx").read_bytes(),
        "street.jpg": street,
        "annotations.json": json.dumps(marked).encode(),
        "monday.csv": b"".join(b"%d,%d\n" % (second, 40 + second % 50) for second in range(0, 600, 10)),
        "admin.properties": b"",
        **shown,
    }
