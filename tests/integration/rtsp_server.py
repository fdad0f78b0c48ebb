"""A real RTSP camera for tests: GStreamer's server, which Debian's Python runs.

    /usr/bin/python3 rtsp_server.py PORT basic|digest [FOLDER] < PASSWORD

It serves /video to the user `user`, at 10 fps: a test picture, or the folder's 00000.jpg, 00001.jpg … in a loop; it
prints `serving` when it listens. The test picture is also at /tcp and /udp, to be had by that alone, at /lossy by UDP
with every tenth packet missing, and at /h264. At /sound is no video, and at /unknown a form that FFmpeg does not know.
Not a module of the tests: `gi` is a package of Debian's, and not one of the project's
environment.
"""

from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")

from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

TEST_PICTURE = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 "
    "! jpegenc ! rtpjpegpay name=pay0 pt=26"
)
RAW = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1"
LOSSY = TEST_PICTURE.replace("name=pay0 pt=26", "mtu=600 pt=26 ! identity drop-probability=0.1 name=pay0")
H264 = f"{RAW} ! x264enc tune=zerolatency key-int-max=10 ! rtph264pay name=pay0 pt=96 config-interval=-1"
SOUND = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay0"
UNKNOWN = f"{RAW} ! rtpgstpay name=pay0 pt=96"
PICTURES = (
    'multifilesrc location={}/%05d.jpg loop=true caps="image/jpeg,framerate=(fraction)10/1" '
    "! jpegdec ! videoconvert ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26"
)


def stream(launch: str, transports: GstRtsp.RTSPLowerTrans) -> GstRtspServer.RTSPMediaFactory:
    """What is served at one path, to `user`."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    factory.set_shared(True)
    factory.set_protocols(transports)
    permissions = GstRtspServer.RTSPPermissions()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("user", permission, True)
    factory.set_permissions(permissions)
    return factory


def main(port: str, method: str, folder: str | None) -> None:
    Gst.init(None)
    password = sys.stdin.readline().rstrip("\n")
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth = GstRtspServer.RTSPAuth()
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("user", password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("user", password), token)
    server.set_auth(auth)
    mounts = server.get_mount_points()
    by = GstRtsp.RTSPLowerTrans
    mounts.add_factory("/video", stream(PICTURES.format(folder) if folder else TEST_PICTURE, by.TCP | by.UDP))
    mounts.add_factory("/tcp", stream(TEST_PICTURE, by.TCP))
    mounts.add_factory("/udp", stream(TEST_PICTURE, by.UDP))
    mounts.add_factory("/lossy", stream(LOSSY, by.UDP))
    mounts.add_factory("/h264", stream(H264, by.TCP | by.UDP))
    mounts.add_factory("/sound", stream(SOUND, by.TCP))
    mounts.add_factory("/unknown", stream(UNKNOWN, by.TCP))
    server.attach(None)
    print("serving", flush=True)  # noqa: T201  # this is a program
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
