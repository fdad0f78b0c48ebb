from __future__ import annotations

import pytest

from schemas.errors import MessageError
from schemas.messages import Camera
from schemas.printable import printable
from schemas.redaction import hide, redact


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://10.0.0.7/stream1", "rtsp://10.0.0.7/stream1"),
        ("rtsp://admin:hunter2@10.0.0.7/s", "rtsp://admin:***@10.0.0.7/s"),
        ("http://cam/video?p%61ssword=hunter2&x=1", "http://cam/video?***"),
        ("http://cam/video?a=1%26password%3Dhunter2", "http://cam/video?***"),
        ("http://cam/user%3Da_password%3Dhunter2", "http://cam/***"),
        ("rtsp://admin%253Ahunter2@10.0.0.7/s", "rtsp://***@10.0.0.7/s"),
        ("/videos/street 100%.mp4", "/videos/street 100%.mp4"),
    ],
)
def test_a_source_is_shown_without_its_secret_however_it_is_encoded(source: str, shown: str) -> None:
    assert hide(source) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://10.0.0.7/stream1", "rtsp://10.0.0.7/stream1"),
        ("rtsp://10.0.0.7:554/stream1", "rtsp://10.0.0.7:554/stream1"),
        ("rtsp://admin@10.0.0.7/stream1", "rtsp://admin@10.0.0.7/stream1"),
        ("rtsp://admin:hunter2@10.0.0.7:554/s?x=1", "rtsp://admin:***@10.0.0.7:554/s?x=1"),
        ("rtsp://admin:p@ss/w:rd@10.0.0.7/s", "rtsp://admin:***@10.0.0.7/s"),
        ("rtsp://:hunter2@10.0.0.7/s", "rtsp://:***@10.0.0.7/s"),
        ("http://cam/video?user=a&password=hunter2&x=1", "http://cam/video?user=a&password=***&x=1"),
        ("http://cam/video?pwd=hunter2", "http://cam/video?pwd=***"),
        ("https://u:hunter2@cam/v?access_token=hunter2#t", "https://u:***@cam/v?access_token=***#t"),
        ("/videos/street:1.mp4", "/videos/street:1.mp4"),
        ("pattern:640x480", "pattern:640x480"),
        ("0", "0"),
        ("{'id': 'x', 'source': 'rtsp://a:hunter2@h/s', 'n': 1}", "{'id': 'x', 'source': 'rtsp://a:***@h/s', 'n': 1}"),
        ("source 'http://h/?pwd=hunter2': broken", "source 'http://h/?pwd=***': broken"),
        ("rtsp://admin@corp.example:hunter2@10.0.0.7/s", "rtsp://admin@corp.example:***@10.0.0.7/s"),
        ("rtsp://admin@corp.example@10.0.0.7:554/s", "rtsp://admin@corp.example@10.0.0.7:554/s"),
        ("rtsp://admin%3Ahunter2@10.0.0.7/s", "rtsp://admin%3A***@10.0.0.7/s"),
        ("admin:hunter2@10.0.0.7/s", "admin:***@10.0.0.7/s"),
        ("source 'admin:hunter2@10.0.0.7/s': gone", "source 'admin:***@10.0.0.7/s': gone"),
        ("rtsp:/admin:hunter2@10.0.0.7/s", "rtsp:/admin:***@10.0.0.7/s"),
        ("rtsp:///admin:hunter2@10.0.0.7/s", "rtsp:///admin:***@10.0.0.7/s"),
        ("rtsp://h/user=admin_password=hunter2_channel=1.sdp?x", "rtsp://h/user=admin_password=***"),
        ("rtsp://h/user=admin&password=hunter2&channel=1", "rtsp://h/user=admin&password=***&channel=1"),
        ("http://h/v?loginuse=admin&loginpas=hunter2", "http://h/v?loginuse=admin&loginpas=***"),
        ("/data/author=me/12:30@x.mp4", "/data/author=me/12:30@x.mp4"),
        ('{"source":"rtsp://me@h/s","mail":"a@b"}', '{"source":"rtsp://me@h/s","mail":"a@b"}'),
    ],
)
def test_secrets_are_hidden_and_the_rest_stays(source: str, shown: str) -> None:
    assert redact(source) == shown
    assert "hunter2" not in redact(source)


@pytest.mark.parametrize(
    "text", ["a\x1fb:c@d", "'a\tb:c@d", "rtsp://me:hun\x1fter2@h/s", "x ://a\n:b@c", "?a\x1fkey=b"]
)
def test_what_was_shown_once_is_shown_alike_again(text: str) -> None:
    """What has no reader but people is stored as it is shown, and shown again."""
    once = printable(text)
    assert printable(once) == once
    assert not any(part in once for part in ("hun", "ter2"))


@pytest.mark.parametrize(
    "value",
    [
        b'{"id": "a", "source": "rtsp://admin:hunter2hunter2@10.0.0.7/stream", "models": []}',
        b'{"source": "rtsp://admin:hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2@10.0.0.7/s"}',
        b'{"source": "rtsp://admin:hunter2@10.0.0.7/s"',
    ],
)
def test_the_error_of_a_wrong_camera_hides_them_too(value: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        Camera.from_json(value)
    assert "hunter2" not in str(caught.value)
