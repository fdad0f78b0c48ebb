from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.jars import Jar
from schemas.errors import EnvironmentMissingError, FetchError

SHA = "0" * 64


def test_the_lock_names_the_broker_once_and_each_file_once() -> None:
    locked = jars.locked_jars()
    names = [jar.filename for jar in locked]
    assert len(names) == len(set(names))
    assert f"kafka_2.13-{jars.VERSION}.jar" in names


def test_a_lock_is_read_without_its_comments() -> None:
    assert jars.parse_lock(f"# why\n\norg.a:b:1.2 {SHA}\n") == (Jar("org.a", "b", "1.2", SHA),)


@pytest.mark.parametrize("line", ["org.a:b:1.2", f"org.a:b {SHA}", f"org.a:b:1.2 {SHA[:-1]}", f"a:b:c:d {SHA}"])
def test_a_wrong_line_of_a_lock_is_quoted(line: str) -> None:
    with pytest.raises(FetchError, match=f"'{line}': expected group:artifact:version sha256"):
        jars.parse_lock(line)


def test_the_maven_project_asks_for_just_these_jars() -> None:
    pom = jars.pom_of([Jar("org.a", "b", "1.2", SHA)])
    assert "<groupId>org.a</groupId><artifactId>b</artifactId><version>1.2</version>" in pom
    assert "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>" in pom


def test_kafka_home_goes_before_the_cache(tmp_path: Path) -> None:
    libs = tmp_path / "libs"
    libs.mkdir()
    for name in ("kafka_2.13-4.0.0.jar", "a.jar", "readme.txt"):
        (libs / name).touch()
    found = jars.find_jars(tmp_path / "cache", environ={"KAFKA_HOME": str(tmp_path)})
    assert [path.name for path in found] == ["a.jar", "kafka_2.13-4.0.0.jar"]


def test_a_kafka_home_without_kafka_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentMissingError, match=r"KAFKA_HOME=.*expected the jars of Apache Kafka 4 in .*unset it"
    ):
        jars.find_jars(tmp_path, environ={"KAFKA_HOME": str(tmp_path)})


def test_without_jgo_and_maven_the_error_names_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody listens there: no network, as far as jgo can see
    with pytest.raises(FetchError, match=r"cannot fetch .*\.jar: .*mvn.*KAFKA_HOME.*--kafka HOST:PORT"):
        jars.find_jars(tmp_path, environ={})


def test_a_jar_that_changed_in_the_cache_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = b"good", b"bad"
    locked = tuple(Jar("g", name, "1", hashlib.sha256(good).hexdigest()) for name in ("a", "b", "c"))
    monkeypatch.setattr(jars, "locked_jars", lambda: locked)
    folder = jars.jar_folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / "a-1.jar").write_bytes(good)
    (folder / "b-1.jar").write_bytes(bad)
    assert jars.verify_jars(tmp_path) == ("b-1.jar",)
    assert [jar.artifact for jar in jars.missing_jars(tmp_path)] == ["c"]
