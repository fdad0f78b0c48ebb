from __future__ import annotations

import logging
from pathlib import Path

import pytest

from deploy.cli.options import read_settings
from deploy.cli.secret_files import with_secret_files
from schemas.errors import SettingsError

SECRET = "s3cret-of-sixteen-or-more"
VARIABLE = "FRAMEBUS_API_VIEWER_TOKEN_FILE"


def secret_file(folder: Path, content: bytes = SECRET.encode(), mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
@pytest.mark.parametrize("field", ["SASL_PASSWORD", "SSL_KEY_PASSWORD", "API_VIEWER_TOKEN", "API_OPERATOR_TOKEN"])
def test_each_secret_may_come_from_a_file(content: str, field: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path, content.encode(), 0o400)
    given = {f"FRAMEBUS_{field}_FILE": str(path), "FRAMEBUS_SSL_KEY_FILE": "/key.pem", "HOME": "/"}
    assert with_secret_files(given) == {
        f"FRAMEBUS_{field}": SECRET,
        "FRAMEBUS_SSL_KEY_FILE": "/key.pem",
        "HOME": "/",
    }


def test_the_settings_have_what_the_file_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(secret_file(tmp_path)))
    token = read_settings().api_viewer_token
    assert token is not None
    assert token.get_secret_value() == SECRET


def test_a_mounted_secret_is_a_link_into_its_folder(tmp_path: Path) -> None:
    secret_file(tmp_path)
    (tmp_path / "link").symlink_to("secret")
    assert with_secret_files({VARIABLE: str(tmp_path / "link")})["FRAMEBUS_API_VIEWER_TOKEN"] == SECRET


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"", 0o600, "the file is empty"),
        (b"\n", 0o600, "the file is empty"),
        (b"   \n", 0o600, "the file is empty"),
        (b"two\nlines\n", 0o600, "one line of at most 4096 bytes"),
        (b"a\x00b", 0o600, "one line of at most 4096 bytes"),
        (b"x" * 5000, 0o600, "one line of at most 4096 bytes"),
        (b"\xff\xfe", 0o600, "text in UTF-8"),
        (SECRET.encode(), 0o620, "others may write it \\(mode 0620\\)"),
        (SECRET.encode(), 0o602, "others may write it \\(mode 0602\\)"),
    ],
)
def test_a_file_that_is_not_fit_is_named(content: bytes, mode: int, words: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path, content, mode)
    with pytest.raises(SettingsError, match=f"{VARIABLE}='{path}': .*{words}") as caught:
        with_secret_files({VARIABLE: str(path)})
    assert SECRET not in str(caught.value)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere': No such file or directory; expected a file with the secret"):
        with_secret_files({VARIABLE: str(tmp_path / "nowhere")})
    with pytest.raises(SettingsError, match="expected a regular file"):
        with_secret_files({VARIABLE: str(tmp_path)})


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    path = secret_file(tmp_path)
    with pytest.raises(SettingsError, match=r"FRAMEBUS_API_VIEWER_TOKEN and .* are both set") as caught:
        with_secret_files({VARIABLE: str(path), "FRAMEBUS_API_VIEWER_TOKEN": "another-secret"})
    assert "another-secret" not in str(caught.value)


def test_who_may_read_it_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        with_secret_files({VARIABLE: str(secret_file(tmp_path, mode=0o644))})
    assert "a secret can be read by everyone on this machine" in caplog.text
    assert SECRET not in caplog.text
