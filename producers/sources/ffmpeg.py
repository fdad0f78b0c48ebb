"""What FFmpeg inside OpenCV may do by itself: nearly nothing. The rest comes through our own hands."""

from __future__ import annotations

import os
from threading import Lock
from typing import Final

import cv2

_OPTIONS: Final = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_LEVEL: Final = "OPENCV_FFMPEG_LOGLEVEL"
_QUIET: Final = "-8"

FORMATS: Final = (
    "rtsp",
    "mov,mp4,m4a,3gp,3g2,mj2",
    "avi",
    "matroska,webm",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "mpjpeg",
    "mjpeg",
    "jpeg_pipe",
    "png_pipe",
    "flv",
    "asf",
    "ogg",
    "gif",
    "h264",
    "hevc",
    "m4v",
    "ivf",
    "obu",
    "mxf",
    "nut",
    "yuv4mpegpipe",
)
"""Containers that hold their pictures themselves. Left out are those that name other places to read from (playlists,
concat lists, SDP, DASH, image sequences) and whatever no camera sends."""
OPTIONS: Final = "|".join(
    f"{name};{value}"
    for name, value in {
        "protocol_whitelist": "tcp",  # to our relay of RTSP on loopback; HTTP and files come as streams
        "format_whitelist": ",".join(FORMATS),
        "rtsp_transport": "tcp",  # a lost packet tears no picture, and no other socket is opened
    }.items()
)

_lock = Lock()


def lock_ffmpeg() -> None:
    """See to it that whatever OpenCV opens from now on is bound to `OPTIONS`, and that nobody prints URLs.

    OpenCV reads its options from the process's environment each time that it opens something. A service calls this
    before it starts threads, so that the environment is not written while others read it; the options are the same for
    every source, so they are written once.
    """
    with _lock:
        if os.environ.get(_OPTIONS) != OPTIONS:
            os.environ[_OPTIONS] = OPTIONS
        if os.environ.get(_LEVEL) != _QUIET:
            # FFmpeg prints the URLs that it opens, RTSP's password included; our errors name the source without it.
            os.environ[_LEVEL] = _QUIET
            os.environ.pop("OPENCV_FFMPEG_DEBUG", None)
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
