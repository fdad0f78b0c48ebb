"""Where pictures come from: one small module for each kind of source."""

from __future__ import annotations

from pathlib import Path

from producers.sources.ffmpeg import lock_ffmpeg
from producers.sources.file import FileSource
from producers.sources.folder import FolderSource
from producers.sources.local import is_folder
from producers.sources.pattern import PatternSource
from producers.sources.rules import SourceRules
from producers.sources.source import Picture, Skipping, Source
from producers.sources.url import UrlSource
from producers.sources.usb import UsbSource
from schemas.cameras import Kind, kind_of, pattern_size
from schemas.messages import Camera


def open_source(camera: Camera, rules: SourceRules) -> Source:
    """Open what `camera.source` names, as far as `rules` allow; this may block for as long as the source's timeout.

    Raises:
        SourceRefusedError: A rule forbids it, or where it leads.
        SourceError: It cannot be opened; the text holds no password.
    """
    match kind_of(camera.source):
        case Kind.URL:
            return UrlSource(camera.source, rules=rules, loop=camera.loop, transport=camera.transport)
        case Kind.USB:
            return UsbSource(int(camera.source))
        case Kind.PATH if is_folder(Path(camera.source), rules):
            return FolderSource(camera.source, rules=rules, fps=camera.fps, loop=camera.loop)
        case Kind.PATTERN:
            return PatternSource(*pattern_size(camera.source), fps=camera.fps)
        case Kind.PATH:
            return FileSource(camera.source, rules=rules, loop=camera.loop)


__all__ = [
    "Picture",
    "Skipping",
    "Source",
    "SourceRules",
    "lock_ffmpeg",
    "open_source",
]
