"""The cameras of the system under test: small clips of real video, and as many more as are asked for from RTSP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from deploy.local.media import Media
from schemas.messages import Camera, Lane
from schemas.settings import Settings
from tests.chaos.pictures import clip

FILES: Final = 4
"""Cameras that play files: one for each partition of `cameras`, so that each capture worker always has two."""
FPS: Final = 8.0
"""Of each camera that plays a file."""
RTSP_FPS: Final = 2.0


def file_cameras(folder: Path, model: str) -> tuple[Camera, ...]:
    """Real video, small. Stale frames of live cameras may be shed, those of the batch lane may not."""
    media = Media(Settings().cache_dir)
    pedestrians = clip(media.pedestrians(), folder / "pedestrians.avi", fps=FPS)
    cyclists = clip(media.path("bikes.mp4"), folder / "cyclists.avi", fps=FPS)
    common: dict[str, Any] = {"models": (model,), "loop": True, "fps": FPS}
    return (
        Camera(id="street", source=str(pedestrians), **common),
        Camera(id="lobby", source=str(pedestrians), **common),
        Camera(id="yard", source=str(cyclists), lane=Lane.BATCH, **common),
        Camera(id="dock", source=str(cyclists), lane=Lane.BATCH, **common),
    )


def rtsp_cameras(count: int, port: int, model: str) -> tuple[Camera, ...]:
    """Cameras of one RTSP server, for who logs in."""
    source = f"rtsp://user@127.0.0.1:{port}/video"
    return tuple(Camera(id=f"door-{number}", source=source, models=(model,), fps=RTSP_FPS) for number in range(count))
