"""One running installation that the documents' commands meet, and terminals in which they are typed."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psutil

from deploy.local.environment import inherited
from deploy.local.kafka import KafkaRuntime
from deploy.local.ports import free_port
from schemas.settings import Settings
from tests.documents.blocks import ROOT
from tests.integration.capture_world import eventually

SECONDS: Final = 120.0
"""For whatever is waited for: a machine that others use takes its time."""
_LINKED: Final = ("api", "deploy", "docs", "Makefile", "processors", "producers", "pyproject.toml", "schemas", "tests")
_HELM: Final = """\
#!/bin/bash
# Renders what would be installed: there is no cluster.
words=()
for word in "$@"; do case $word in install|upgrade) words+=(template) ;; *) words+=("$word") ;; esac; done
exec {helm} "${{words[@]}}"
"""
_CONFIGS: Final = """\
#!/bin/bash
exec {command} "$@"
"""


@dataclass(slots=True)
class Terminal:
    """A shell's folder, variables and functions, which go on from one command to the next."""

    folder: Path
    environ: dict[str, str]

    def run(self, text: str) -> tuple[int, str]:
        """Run a line to its end: its exit code, and what it printed."""
        keep = f"{text}\ncode=$?\n{{ declare -p; declare -f; }} > {self._state}\nexit $code"
        done = subprocess.run(
            self._command(keep),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def serve(self, text: str, until: str, **environ: str) -> tuple[int, str]:
        """Run a line until it prints what matches `until`, then press Ctrl-C: its exit code, and what it printed."""
        with self.running(text, **environ) as (process, printed):
            eventually(lambda: re.search(until, printed.read_text()) or process.poll() is not None, text, SECONDS)
            assert re.search(until, printed.read_text()), printed.read_text()
        return process.returncode, printed.read_text()

    @contextmanager
    def running(self, text: str, **environ: str) -> Iterator[tuple[psutil.Popen, Path]]:
        """A line that runs while the block does, and is then ended by Ctrl-C; with the file of what it prints."""
        printed = self.folder / f"printed-{time.monotonic_ns()}.txt"
        given = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environ.items())
        with printed.open("w") as output:
            process = psutil.Popen(
                self._command(given + text),
                cwd=self.folder,
                env=self.environ,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process, printed
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(SECONDS)
        finally:
            if process.poll() is None:
                for one in [*process.children(recursive=True), process]:
                    one.kill()
                process.wait(SECONDS)

    @property
    def _state(self) -> str:
        return shlex.quote(str(self.folder / ".terminal"))

    def _command(self, text: str) -> list[str]:
        # Whoever runs the tests in the background has them, and what they start, ignore Ctrl-C.
        return [
            "env",
            "--default-signal=INT",
            "bash",
            "-c",
            f"[ ! -f {self._state} ] || . {self._state} 2>/dev/null\n{text}",
        ]


@dataclass(slots=True)
class Installation:
    """What `framebus up` runs: its broker's and its page's ports, and the programs that stand in for a cluster's."""

    folder: Path
    files: Mapping[str, bytes]
    """Those that the documents have the reader make, or take for granted."""
    broker: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)

    def terminal(self, name: str) -> Terminal:
        """A terminal in a checkout of its own, with the files that the documents speak of."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        for linked in _LINKED:
            (folder / linked).symlink_to(ROOT / linked)
        (folder / ".venv").symlink_to(sys.prefix)
        for path, contents in self.files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(contents)
        environ = {
            **inherited(),
            "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(self.folder / "state"),
            "CURL_HOME": str(self.folder / "bin"),
            "FRAMEBUS_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.broker}",
            "FRAMEBUS_API_PORT": str(self.page),
            "FRAMEBUS_CATALOGUE": str(self.folder / "installation/models.yaml"),
        }
        return Terminal(folder, environ)

    def beside(self, terminal: Terminal, *, broker: bool) -> dict[str, str]:
        """What tells a service to run beside these: with a page, or with a broker and a state too, of its own."""
        page = {"FRAMEBUS_API_PORT": str(free_port())}
        state = {"XDG_STATE_HOME": str(terminal.folder / "state")}
        return page | (state | {"FRAMEBUS_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"} if broker else {})

    def translate(self, text: str) -> str:
        """A command with this installation's addresses in place of the usual ones."""
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.page}").replace(
            "kafka-bootstrap.kafka:9092", f"127.0.0.1:{self.broker}"
        )

    def provide(self, helm: Path) -> None:
        """Make the programs that a cluster's administrator has."""
        runtime = KafkaRuntime.prepare(Settings())
        programs = {
            "helm": _HELM.format(helm=shlex.quote(str(helm))),
            "kafka-configs.sh": _CONFIGS.format(
                command=shlex.join(runtime.command("kafka.admin.ConfigCommand", (), options=()))
            ),
        }
        (self.folder / "bin").mkdir()
        (self.folder / "bin/.curlrc").write_text(
            "fail-with-body\n"
        )  # else a refused request would pass for one that works
        for name, text in programs.items():
            (self.folder / "bin" / name).write_text(text)
            (self.folder / "bin" / name).chmod(0o755)

    def await_page(self, process: psutil.Popen, printed: Path) -> None:
        """Wait until the page is there, and every topic is being read."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.page}", timeout=10) as page:
            with suppress(AssertionError):
                eventually(lambda: _is_ready(page) or process.poll() is not None, "the page", SECONDS)
            assert _is_ready(page), printed.read_text()

    def await_results(self, camera: str) -> None:
        """Wait until the page has results of a camera, as a reader would."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.page}", timeout=10) as page:
            eventually(lambda: _results(page, camera), f"results of {camera}", SECONDS)


def _results(page: httpx.Client, camera: str) -> list[object]:
    try:
        found: list[object] = (
            page.get("/api/v1/results", params={"camera": camera}).raise_for_status().json()["results"]
        )
    except httpx.HTTPError:
        return []
    return found


def _is_ready(page: httpx.Client) -> bool:
    try:
        return page.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
