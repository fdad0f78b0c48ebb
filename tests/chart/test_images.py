"""The Dockerfile and the compose file, as far as they can be checked where no image can be built."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml
from typer.testing import CliRunner

from deploy.cli.root import build
from deploy.local.jars import locked_jars
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.planted import OPERATOR_TOKEN, VIEWER_TOKEN

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())

TOKENS: Final = {"FRAMEBUS_API_VIEWER_TOKEN": VIEWER_TOKEN, "FRAMEBUS_API_OPERATOR_TOKEN": OPERATOR_TOKEN}

ARGUMENTS: Final = dict(re.findall(r"^ARG (\w+)=(.*)$", DOCKERFILE, re.MULTILINE))


def instructions() -> list[tuple[str, str]]:
    """Each instruction with what follows it; continued lines as one."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def copied() -> list[str]:
    """What is copied from the project's folder."""
    found = []
    for word, rest in instructions():
        if word == "COPY" and "--from=" not in rest:
            *sources, _ = shlex.split(rest)
            found += [Template(source).substitute(ARGUMENTS) for source in sources]
    return found


def test_what_is_copied_exists_and_is_in_the_context() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*"
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    left_out = [line for line in ignored[1:] if not line.startswith("!")]
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(source == one or source.startswith(f"{one}/") for one in allowed), source
        assert not any(fnmatch(source, one) for one in left_out), source


def test_what_the_package_is_made_of_is_copied() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    (include,) = re.findall(r"^include = \[(.*)\]$", project, re.MULTILINE)
    packages = [one.strip().strip('"').rstrip("*") for one in include.split(",")]
    assert {*packages, "README.md", "LICENSE", "pyproject.toml", "deploy/requirements.lock"} <= set(copied())


def test_stages_that_are_copied_from_exist() -> None:
    stages = {rest.partition(" AS ")[2] for word, rest in instructions() if word == "FROM"} - {""}
    used = set(re.findall(r"--from=(\w+)", DOCKERFILE)) | {
        rest.split()[0] for word, rest in instructions() if word == "FROM" and not rest.startswith("$")
    }
    assert used == stages


def test_base_images_are_arguments_and_name_no_architecture() -> None:
    bases = {rest.split()[0] for word, rest in instructions() if word == "FROM" and rest.startswith("$")}
    assert bases == {"${PYTHON}", "${NODE}"}
    assert {"PYTHON", "NODE", "LOCK", "MODELS"} == ARGUMENTS.keys()
    assert not re.search(r"amd64|x86_64|--platform", re.sub(r"^#.*$", "", DOCKERFILE, flags=re.MULTILINE))


def test_the_networks_are_those_of_models_that_exist() -> None:
    (models,) = re.findall(r'^ARG MODELS="(.*)"$', DOCKERFILE, re.MULTILINE)
    assert models.split() == [model.name for model in Catalogue().models]


def test_the_last_stage_is_nobody_with_our_command() -> None:
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert "USER 10001:10001" in last
    assert 'ENTRYPOINT ["framebus"]' in last


def test_compose_gives_services_settings_that_they_know() -> None:
    root = build()
    ours = {name: one for name, one in COMPOSE["services"].items() if name != "kafka"}
    assert {"topics", "capture", "api"} < ours.keys()
    for name, service in ours.items():
        environ = {key: str(value) for key, value in service["environment"].items()}
        assert [key for key, value in environ.items() if value.startswith("${")] == (
            list(TOKENS) if name == "api" else []
        )
        environ.update(TOKENS if name == "api" else {})
        settings = Settings.from_environment(environ)
        assert settings.bootstrap_servers == "kafka:9092"
        words = [word for word in service["command"] if not word.startswith("-")][:2]
        answer = CliRunner().invoke(root, [*words, "--help"])
        assert answer.exit_code == 0, f"{name}: {answer.output}"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "build" not in service


def test_compose_runs_models_that_exist_with_time_to_end() -> None:
    for service in COMPOSE["services"].values():
        command = service.get("command", [])
        if "inference" in command:
            assert command[-1] in Catalogue()
            assert int(service["stop_grace_period"].removesuffix("s")) >= Settings().grace + 10


def test_compose_has_the_kafka_that_is_tested_and_shows_nothing_to_others() -> None:
    (version,) = (jar.version for jar in locked_jars() if jar.artifact == "kafka_2.13")
    assert f"apache/kafka:{version}}}" in COMPOSE["services"]["kafka"]["image"]
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]
