"""The examples of docs/examples as they stand there, on a real broker, a real API and a real sink."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.environment import inherited
from deploy.local.ports import free_port
from schemas.catalogue import Catalogue
from schemas.messages import Detection, FrameAddress
from schemas.settings import Settings
from tests.integration.api_client import serving
from tests.integration.api_world import MODEL, World, wait_for
from tests.integration.sink_kit import SECRET, sink

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
SEEN = Detection(label="person", score=0.9, box=(1, 2, 30, 40))


@dataclass
class Example:
    """One that runs; `lines` are those that it printed of results."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def lines(self) -> list[str]:
        # A Faust worker has what is printed in its log, behind the time.
        lines = (line.partition(f"{MODEL}/") for line in self.output.read_text().splitlines())
        return [f"{found}{rest}".rstrip() for _, found, rest in lines if found]

    @property
    def ids(self) -> list[str]:
        return [line.split(" ")[0] for line in self.lines]


@contextmanager
def example(folder: Path, *command: str, **variables: str) -> Iterator[Example]:
    """Runs until the block ends."""
    output = folder / f"{len(list(folder.iterdir()))}.txt"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env={**inherited(os.environ), **variables}, stdout=out, stderr=out
        )
    try:
        yield Example(process, output)
    finally:
        process.kill()
        process.wait(10)


def address(offset: int) -> FrameAddress:
    return FrameAddress(MODEL, 0, offset)


def ids(*offsets: int) -> list[str]:
    return [str(address(offset)) for offset in offsets]


def test_the_consumer_goes_on_where_it_was_and_drops_repeats(world: World, settings: Settings, tmp_path: Path) -> None:
    started = {"PREFIX": settings.prefix}
    command = (str(FOLDER / "consume.py"), settings.bootstrap_servers, MODEL, "doors")
    for offset in (0, 1, 2, 1, 0, 3):
        world.result("gate", address(offset), SEEN)
    with example(tmp_path, *command, **started) as first:
        wait_for(lambda: len(first.ids) >= 4, seconds=30)
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(20) == 0, first.output.read_text()
    assert sorted(first.ids) == ids(0, 1, 2, 3)
    assert first.lines[0].endswith(" gate 1")
    for offset in (4, 5, 6):
        world.result("gate", address(offset))
    with example(tmp_path, *command, **started) as second:
        wait_for(lambda: len(second.ids) >= 3, seconds=30)
        second.process.kill()
        second.process.wait(10)
    assert sorted(second.ids) == ids(4, 5, 6), "from where the first ended"
    world.result("gate", address(7))
    with example(tmp_path, *command, **started) as third:
        wait_for(lambda: ids(7)[0] in third.ids, seconds=30)
    assert set(first.ids + second.ids + third.ids) == set(ids(*range(8))), "nothing is left out by a kill"


def test_the_agent_gets_every_result(world: World, settings: Settings, tmp_path: Path) -> None:
    for offset in range(6):
        world.result("gate", address(offset), *[SEEN] * (offset % 3))
    variables = {"BROKER": settings.bootstrap_servers, "PREFIX": settings.prefix, "MODEL": MODEL}
    with example(tmp_path, str(FOLDER / "agent.py"), "worker", "--without-web", "-l", "warn", **variables) as agent:
        wait_for(lambda: len(agent.ids) >= 6 or agent.process.poll() is not None, seconds=60)
        assert sorted(agent.ids) == ids(*range(6)), agent.output.read_text()
        told = dict(line.split(" ", 1) for line in agent.lines)
    assert told[ids(0)[0]] == "gate {}"
    assert told[ids(2)[0]] == "gate {'person': 2}"


def test_the_stream_gives_what_is_asked_for(
    world: World, settings: Settings, catalogue: Catalogue, tmp_path: Path
) -> None:
    with serving(settings, catalogue) as client:
        command = (str(FOLDER / "stream.py"), str(client.base_url).rstrip("/"), "camera=gate&label=person", "2")
        with example(tmp_path, *command) as stream:
            wait_for(lambda: "framebus_stream_clients 1.0" in client.get("/metrics").text, seconds=30)
            world.result("yard", address(0), SEEN)
            world.result("gate", address(1))
            world.result("gate", address(2), SEEN)
            world.result("gate", address(3), SEEN)
            assert stream.process.wait(30) == 0, stream.output.read_text()
            assert stream.lines == [f"{address(2)} gate 1", f"{address(3)} gate 1"]


def test_the_receiver_takes_each_result_once_and_nobody_elses(world: World, settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/results"
    for offset in (0, 1, 2):
        world.result("gate", address(offset), SEEN)
    command = ("-m", "uvicorn", "receiver:app", "--app-dir", str(FOLDER), "--port", str(port), "--log-level", "warning")
    with example(tmp_path, *command, WEBHOOK_SECRET=SECRET) as receiver:
        with sink(settings, url, tmp_path, name="doors") as first:
            wait_for(lambda: len(receiver.ids) == 3, seconds=60)
            assert first.stop() == 0, first.said
        with sink(settings, url, tmp_path, name="doors-again") as again:
            world.result("gate", address(3), SEEN)
            wait_for(lambda: len(receiver.ids) == 4, seconds=60)
            assert again.stop() == 0, again.said
        assert receiver.ids == list(dict.fromkeys(receiver.ids)), "each once, though two sinks sent it"
        assert sorted(receiver.ids) == ids(0, 1, 2, 3)
        forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        assert httpx.post(url, content=b"{}", headers=forged).status_code == 401
