"""A clip of `framebus frame export` in a real browser: it plays, and has every picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser

from api.export import ExportedFrame
from deploy.cli.clip import Clip
from schemas.ledger.outcome import Outcome
from schemas.messages import FrameAddress
from tests.integration.camera_servers import Page, http_server, jpeg, site

PAGE = b"<!doctype html><video src='clip.mp4' muted preload='auto'></video>"
PICTURES = 16
FPS = 8.0


def write(file: Path) -> None:
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with Clip(file, camera="gate") as clip:
        clip.set_rate(FPS)
        for seq in range(PICTURES):
            frame = ExportedFrame(
                address=FrameAddress("object-detection", 0, seq),
                run=1,
                seq=seq,
                captured_at=start + timedelta(seconds=seq / FPS),
                width=320,
                height=240,
                outcome=Outcome.STALE,
                passed=True,
                result=None,
            )
            clip.add(frame, jpeg(seq))
        clip.finish()


def test_a_clip_plays(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path / "clip.mp4")
    video = Page((tmp_path / "clip.mp4").read_bytes(), headers={"Content-Type": "video/mp4"})
    html = Page(PAGE, headers={"Content-Type": "text/html"})
    with http_server(site({"/": html, "/clip.mp4": video})) as address:
        page = browser.new_page()
        page.goto(f"{address}/")
        page.evaluate("document.querySelector('video').play()")
        page.wait_for_function("document.querySelector('video').ended", timeout=30_000)
        seen = page.evaluate(
            """() => {
                const video = document.querySelector("video");
                const { totalVideoFrames } = video.getVideoPlaybackQuality();
                return [video.error, video.videoWidth, video.videoHeight, video.duration, totalVideoFrames];
            }"""
        )
        page.close()
    assert seen == [None, 320, 240, PICTURES / FPS, PICTURES]
