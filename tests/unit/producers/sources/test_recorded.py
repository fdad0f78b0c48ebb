"""File, folder and USB sources, on real files written here."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from producers.sources import Skipping, Source, SourceRules, barcode, open_source
from schemas.errors import SourceError
from schemas.messages import Camera

ANYWHERE = SourceRules(roots=(Path("/"),))


def camera(source: str, **fields: object) -> Camera:
    return Camera.model_validate({"id": "cam", "source": source, "models": ["m"], **fields})


def numbers(source: Source, limit: int) -> list[int]:
    seen: list[int] = []
    while len(seen) < limit and (picture := source.read()) is not None:
        seen.append(barcode.read(picture))
    return seen


def pictures(count: int) -> list[np.ndarray]:
    blank = [np.full((240, 320, 3), 90, np.uint8) for _ in range(count)]
    for number, picture in enumerate(blank):
        barcode.draw(picture, number)
    return blank


@pytest.fixture(params=[("avi", "MJPG"), ("mp4", "mp4v")], ids=["avi", "mp4"])
def video(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    suffix, codec = request.param
    path = str(tmp_path / f"numbers.{suffix}")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*codec), 20.0, (320, 240))
    assert writer.isOpened()
    for picture in pictures(6):
        writer.write(picture)
    writer.release()
    return path


def test_a_file_gives_every_picture_once(video: str) -> None:
    source = open_source(camera(video), ANYWHERE)
    assert (source.fps, source.live) == (20.0, False)
    assert numbers(source, 100) == [0, 1, 2, 3, 4, 5]
    assert source.read() is None
    source.close()


def test_a_loop_goes_on_without_a_gap(video: str) -> None:
    source = open_source(camera(video, loop=True), ANYWHERE)
    assert numbers(source, 20) == [*range(6), *range(6), *range(6), 0, 1]
    source.close()


def test_what_is_skipped_leaves_the_others_as_they_are(video: str) -> None:
    source = open_source(camera(video, loop=True), ANYWHERE)
    assert isinstance(source, Skipping)
    seen = []
    for number in range(15):
        if number % 3:
            assert source.skip()
        else:
            seen += numbers(source, 1)
    assert seen == [0, 3, 0, 3, 0]
    source.close()


def test_skipping_ends_with_the_file(video: str) -> None:
    source = open_source(camera(video), ANYWHERE)
    assert isinstance(source, Skipping)
    assert [source.skip() for _ in range(8)] == [True] * 6 + [False] * 2
    source.close()


def test_a_folder_in_the_order_of_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, picture in zip(["c.png", "a.jpg", "B.bmp"], pictures(3), strict=True):
        assert cv2.imwrite(str(tmp_path / name), picture)
    (tmp_path / "b.jpg").write_text("not a picture")
    (tmp_path / "notes.txt").write_text("not looked at")
    source = open_source(camera(str(tmp_path)), ANYWHERE)
    with caplog.at_level(logging.WARNING):
        assert numbers(source, 10) == [2, 1, 0]
    assert "b.jpg" in caplog.text
    assert "notes.txt" not in caplog.text
    assert (source.fps, source.live) == (1.0, False)
    looped = open_source(camera(str(tmp_path), loop=True, fps=5), ANYWHERE)
    assert numbers(looped, 7) == [2, 1, 0, 2, 1, 0, 2]
    assert looped.fps == 5


def test_a_folder_without_one_readable_picture_does_not_spin(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_text("not a picture")
    with pytest.raises(SourceError, match="none of its pictures can be read"):
        open_source(camera(str(tmp_path), loop=True), ANYWHERE).read()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.mp4", None, "No such file or directory; expected a video file, a folder of pictures or a URL"),
        ("text.mp4", b"this is text", "OpenCV cannot open the file; expected a video"),
        ("empty.avi", b"", "the file has 0 bytes; expected a video"),
        ("folder", "folder", "no picture in it; expected files ending in .bmp"),
        ("/".join(["€" * 80] * 18), None, "File name too long; expected a file that can be read"),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str, content: bytes | str | None, says: str) -> None:
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as caught:
        open_source(camera(str(path)), ANYWHERE)
    assert str(path) in str(caught.value)


def test_a_picture_whose_link_leads_in_a_circle_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.jpg").symlink_to("b.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    assert cv2.imwrite(str(tmp_path / "c.png"), pictures(1)[0])
    source = open_source(camera(str(tmp_path)), ANYWHERE)
    with caplog.at_level(logging.WARNING):
        assert numbers(source, 10) == [0]
    assert caplog.text.count("Too many levels of symbolic links; expected a file that can be read") == 2
    with pytest.raises(SourceError, match=r"a\.jpg': Too many levels of symbolic links"):
        open_source(camera(str(tmp_path / "a.jpg")), ANYWHERE)


def test_a_missing_usb_camera_is_named() -> None:
    with pytest.raises(SourceError, match=r"source '97': there is no /dev/video97; expected .* \(devices here: "):
        open_source(camera("97"), ANYWHERE)
