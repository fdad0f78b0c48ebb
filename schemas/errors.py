"""Every error that Framebus raises on purpose.

    FramebusError
    ├── SettingsError            a FRAMEBUS_… variable is unknown, missing or wrong
    ├── CatalogueError           a model is unknown, or its entry is wrong
    ├── WindowError              a window of time is empty, lies ahead, or is none
    ├── CameraError              a camera's specification is wrong
    ├── SourceError              a camera's source cannot be opened or read
    │   └── SourceRefusedError       … because a rule forbids its address, path or form
    ├── MessageError             a record on a topic is not what its schema says
    │   ├── NewerRecordError     … because a newer release wrote it: nobody's fault, it is set aside
    │   └── FrameError           … and it is a frame: it ends in dead-letters
    │       ├── HeaderError      a header is missing or malformed
    │       ├── NotJpegError     the value is not a JPEG picture
    │       ├── FrameTooLargeError   more bytes, pixels or scans than the limit
    │       └── LethalFrameError     the frame ended the worker each time that it was tried alone
    ├── ModelError               a network cannot be fetched, compiled or run
    ├── AnnotationsError         a file of boxes to compare with is wrong
    ├── TraceError               arrivals to simulate are wrong
    ├── FetchError               a download failed, or its sha256 is not the expected one
    ├── ReceiverGoneError        who gets a sink's results has said that it wants no more
    ├── StalledError             a worker whose broker answers does not get on with the frames that wait
    └── EnvironmentMissingError  the machine lacks something: Java, memory, a port, a broker

A message names the thing, the value, and what was expected.
"""

from __future__ import annotations


class FramebusError(Exception):
    """The base of every error that Framebus raises on purpose."""


class SettingsError(FramebusError):
    """A setting is unknown, missing or wrong."""


class CatalogueError(FramebusError):
    """A model is not in the catalogue, or its entry is wrong."""


class WindowError(FramebusError):
    """A window of time is empty, lies ahead, or is none."""


class CameraError(FramebusError):
    """A camera's specification is wrong."""


class SourceError(FramebusError):
    """A camera's source cannot be opened or read."""


class SourceRefusedError(SourceError):
    """A rule forbids what a camera's source names, or what it leads to."""


class MessageError(FramebusError):
    """A record on a topic is not what its schema says."""


class NewerRecordError(MessageError):
    """A record of a kind or a version that only a newer release knows: it is set aside, and nobody is at fault."""


class FrameError(MessageError):
    """A frame that no retry can help: the frame itself is at fault."""


class HeaderError(FrameError):
    """A frame's header is missing or malformed."""


class NotJpegError(FrameError):
    """A frame's value is not a complete JPEG picture of a kind that is taken."""


class FrameTooLargeError(FrameError):
    """A frame has more bytes, pixels or scans than the limit."""


class LethalFrameError(FrameError):
    """A frame ended the worker's process each time that it was tried alone."""


class ModelError(FramebusError):
    """A network cannot be compiled or run."""


class AnnotationsError(FramebusError):
    """A file of boxes that people drew is not what it should be."""


class TraceError(FramebusError):
    """Arrivals to simulate, from a file or the command line, are not what they should be."""


class FetchError(FramebusError):
    """A download failed, or what came is not what was expected."""


class ReceiverGoneError(FramebusError):
    """Who gets a sink's results wants no more: it answered 410."""


class StalledError(FramebusError):
    """Frames wait, the broker answers, and yet nothing is committed: only a new process can go on."""


class EnvironmentMissingError(FramebusError):
    """The machine lacks something that is needed to go on."""
