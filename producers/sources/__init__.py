"""Where pictures come from: one small module for each kind of source."""

from __future__ import annotations

from producers.sources.file import FileSource
from producers.sources.folder import FolderSource
from producers.sources.kind import Kind, kind_of, pattern_size
from producers.sources.password import with_password
from producers.sources.pattern import PatternSource
from producers.sources.source import Picture, Source
from producers.sources.url import UrlSource
from producers.sources.usb import UsbSource
from schemas.messages import Camera


def open_source(camera: Camera) -> Source:
    """Open what `camera.source` names; this may block for as long as the source's timeout.

    Raises:
        SourceError: It cannot be opened; the text holds no password.
    """
    match kind_of(camera.source):
        case Kind.URL:
            return UrlSource(camera.source, loop=camera.loop)
        case Kind.USB:
            return UsbSource(int(camera.source))
        case Kind.FOLDER:
            return FolderSource(camera.source, fps=camera.fps, loop=camera.loop)
        case Kind.PATTERN:
            return PatternSource(*pattern_size(camera.source), fps=camera.fps)
        case Kind.FILE:
            return FileSource(camera.source, loop=camera.loop)


__all__ = ["Kind", "Picture", "Source", "kind_of", "open_source", "pattern_size", "with_password"]
