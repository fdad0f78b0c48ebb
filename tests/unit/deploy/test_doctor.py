from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.doctor import Check, State, examine, require
from deploy.local.jars import jar_folder, locked_jars
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_fresh_machine_lacks_only_what_comes_by_itself(tmp_path: Path) -> None:
    checks = by_name(examine(Settings(cache=tmp_path, api_port=0)))
    assert checks["kafka 4.3.1"].state is State.LATER
    assert checks["kafka 4.3.1"].found == f"{len(locked_jars())} jars are to be fetched (44 MB at most)"
    assert checks["network object-detection"].state is State.LATER
    assert checks["videos"].state is State.LATER
    assert checks["memory"].state is State.OK


def test_a_damaged_jar_is_missing_and_the_way_out_is_said(tmp_path: Path) -> None:
    folder = jar_folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / locked_jars()[0].filename).write_bytes(b"not this")
    check = by_name(examine(Settings(cache=tmp_path)))["kafka 4.3.1"]
    assert check.state is State.MISSING
    assert check.ways_out == f"remove {folder}"
    with pytest.raises(EnvironmentMissingError, match=f"damaged: {locked_jars()[0].filename}.*Ways out: remove"):
        require([check])


def test_a_broker_of_others_is_asked_instead_of_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.topics.cluster._CONTACT_S", 0.3)
    checks = by_name(examine(Settings(cache=tmp_path, bootstrap_servers="127.0.0.1:9"), own_kafka=False))
    assert "java" not in checks
    assert checks["kafka"].state is State.MISSING
    assert "no Kafka broker answers at 127.0.0.1:9" in checks["kafka"].found


def test_java_missing_is_said_in_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    check = by_name(examine(Settings(cache=tmp_path)))["java"]
    assert check.state is State.MISSING
    with pytest.raises(EnvironmentMissingError) as caught:
        require([check])
    assert str(caught.value) == f"java: {check.found}. Ways out: {check.ways_out}"
    assert "docker run" in check.ways_out


def test_what_comes_later_stops_nobody() -> None:
    require([Check("videos", State.LATER, "to be fetched"), Check("java", State.OK, "/usr/bin/java")])


def test_a_bare_server_lacks_what_opencv_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check = by_name(examine(Settings(cache=tmp_path)))["opencv"]
    assert check.state is State.MISSING
    assert "libGL.so.1" in check.found
    assert check.ways_out == "apt-get install libgl1 libglib2.0-0"
