from __future__ import annotations

import pytest

from schemas.errors import MessageError
from schemas.messages import Camera
from schemas.redaction import redact


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
    ],
)
def test_secrets_are_hidden_and_the_rest_stays(source: str, shown: str) -> None:
    assert redact(source) == shown
    assert "hunter2" not in redact(source)


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
