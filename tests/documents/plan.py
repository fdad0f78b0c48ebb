"""How the documents' commands are run: as they stand, but for those that are listed here, each with its reason."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.documents.blocks import Command

CAMERA: Final = "pattern:160x120 --fps 5"
"""The camera that the documents' cameras are: none is at their addresses."""


@dataclass(frozen=True, slots=True)
class Way:
    """How commands are run whose whole text matches `pattern`.

    `instead` has texts that others take the place of. The command ends with `code`, and what it prints has `says`. One
    with `until` runs until it prints something that matches, and is then ended by Ctrl-C.
    """

    pattern: str
    instead: Mapping[str, str] = field(default_factory=dict)
    code: int = 0
    says: str = ""
    until: str = ""

    def fits(self, command: Command) -> bool:
        """Whether the command is to be run so."""
        return re.fullmatch(self.pattern, command.text) is not None


@dataclass(frozen=True, slots=True)
class Unrun:
    """Commands that are not run, and why; their verbs, options and targets are checked all the same."""

    pattern: str
    reason: str

    def fits(self, command: Command) -> bool:
        """Whether the command is one of them."""
        return re.fullmatch(self.pattern, command.text) is not None


UP: Final = "framebus up --model object-detection --model best"
"""The installation: fewer workers than without the options, since they share what cores there are."""
_UP: Final = r"(\. \.venv/bin/activate && )?framebus up"

UNRUN: Final = (
    Unrun(_UP, "the installation that all other commands meet is started by this line"),
    Unrun(
        r"make (demo|test|check|chaos|fuzz|docs|cluster-test|cluster-compare|bench|soak|schemas)( .*)?",
        "a run of its own: a suite, or minutes",
    ),
    Unrun(r"docker .*", "needs a Docker host; tests/chart/test_images.py reads the Dockerfile"),
    Unrun(r"kubectl .*", "needs a cluster, and its client"),
    Unrun(
        r"framebus topic acl (plan|apply)( --principal .*)?",
        "needs access lists; tests/integration/test_locked_kafka.py",
    ),
    Unrun(r"python -m websockets .*", "needs a terminal; tests/integration/test_stream_socket.py"),
    Unrun(r"pip install fastapi uvicorn standardwebhooks", "a receiver's own environment; the tests' has them"),
    Unrun(r"framebus model quantize .*", "a minute or more of NNCF; tests/integration/test_quantize.py"),
)

WAYS: Final = (
    Way(r"framebus camera add door .*", {"rtsp://user@10.0.0.7/stream1": CAMERA}),
    Way(
        r"\. \.venv/bin/activate && framebus camera add door .*",
        {"rtsp://user@10.0.0.7/stream1": CAMERA, " --model face-detection": ""},  # which has no worker here
    ),
    Way(r"framebus camera add gate .*", {"rtsp://user@10.0.0.7/stream1 --transport udp": CAMERA}),
    Way(r"framebus result tail( --camera \w+)?( --model [\w-]+)?", until=r"\w+/\d+/\d+"),
    Way(r"curl -sN --max-time 5 .*/results/stream\?[^|]*", code=28, says="event: result"),
    Way(r"curl -s -o /dev/null -w .*camera=gate.*", code=22, says="409"),
    Way(r"python door\.py", until=r"\w+/\d+/\d+", code=-signal.SIGINT),
    Way(r".* framebus run capture", until="cameras assigned"),
    Way(r"framebus run inference .*", until="partitions assigned"),
    Way(r".*FRAMEBUS_API_HOST=\S+ framebus run api", {"0.0.0.0": "127.0.0.1"}, until="listening url"),
    Way(
        r"framebus token .*FRAMEBUS_API_HOST=\S+ framebus up",
        {"0.0.0.0": "127.0.0.1", "framebus up": "framebus up --model best"},
        until="page ",
    ),
    Way(r"framebus run sink .*", until="delivering sink=doors"),
    Way(r"WEBHOOK_SECRET=.* uvicorn .*", {"--port 9000": "--port 0"}, until="Uvicorn running"),
    Way(r"framebus restart --model NAME", {"NAME": "object-detection"}),
    Way(r"framebus frame export .* --mp4 .*", {"--until 5m": "--until 1s"}),
    Way(r"framebus audit", says="every frame explained"),
    Way(r"helm template .*targetLagSecond=3", code=1, says="additional properties 'targetLagSecond' not allowed"),
)


def way_of(command: Command) -> Way | Unrun:
    """How a command is treated; as it stands where nothing is said of it."""
    found = [one for one in (*UNRUN, *WAYS) if one.fits(command)]
    assert len(found) <= 1, f"{command}: {found}"
    return found[0] if found else Way(".*")
