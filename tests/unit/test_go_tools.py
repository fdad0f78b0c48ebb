"""Go tools that tests need: which version is asked for, and what is said where they cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import EnvironmentMissingError, FetchError
from tests.chart.helm import HELM
from tests.cluster.binaries import TOOLS
from tests.go_tools import GoTool, find_tool

GO_MOD = """\
module example.test/tools

go 1.26.0

tool example.org/big/cmd/server

replace (
	example.org/big/api => example.org/big/api v0.9.0
	example.org/big v1.0.0 => example.org/fork v1.0.0
)

require example.org/big/cmd v0.5.0

require (
	example.org/bi v7.0.0
	example.org/big v1.2.3 // indirect
)
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text(GO_MOD)
    return folder


@pytest.mark.parametrize(
    ("package", "version"), [("example.org/big/cmd/server", "v0.5.0"), ("example.org/big/server", "v1.2.3")]
)
def test_the_version_is_that_of_the_nearest_module(module: Path, package: str, version: str) -> None:
    assert GoTool(module, package, "server").version == version


def test_a_package_of_no_module_has_no_version(module: Path) -> None:
    with pytest.raises(FetchError, match=r"nothing for example\.org/other; expected its module and version$"):
        _ = GoTool(module, "example.org/other", "other").version


def test_every_pinned_tool_has_a_version() -> None:
    versions = {tool.name: tool.version for tool in (HELM, *TOOLS.values())}
    assert {name for name, version in versions.items() if version.count(".") != 2} == set()


def test_a_tool_that_was_built_needs_no_go(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = tmp_path / "cache" / "go" / "server-v0.5.0"
    built.parent.mkdir(parents=True)
    built.touch()
    monkeypatch.setenv("PATH", "")
    assert find_tool(GoTool(module, "example.org/big/cmd/server", "server"), tmp_path / "cache") == built


def test_without_go_the_way_out_is_said(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentMissingError, match=r"^go is missing, .*ways out: a Go on the PATH"):
        find_tool(GoTool(module, "example.org/big/cmd/server", "server"), tmp_path / "cache")


@pytest.mark.parametrize(
    ("env", "error", "said"),
    [
        ("go1.19.8 local", EnvironmentMissingError, r"^go is go1\.19\.8; .*go\.mod expects go 1\.26 or newer"),
        ("go1.26.1 local", FetchError, r"^go build .* ended with code 1: no module here$"),
        ("go1.21.0 auto", FetchError, r"^go build .* ended with code 1: no module here$"),
    ],
)
def test_a_go_that_is_too_old_is_told_from_a_module_that_cannot_be_had(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: str, error: type[Exception], said: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    go = programs / "go"
    go.write_text(
        f'#!/bin/sh\nif [ "$1" = env ]; then printf "%s\\n" {env}; else echo no module here >&2; exit 1; fi\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(error, match=said):
        find_tool(GoTool(module, "example.org/big/cmd/server", "server"), tmp_path / "cache")
    assert list((tmp_path / "cache" / "go").glob("*")) == []
