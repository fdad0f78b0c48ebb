"""The supervisor with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.supervisor import Service, Supervisor
from schemas.errors import EnvironmentMissingError

LINES: list[tuple[str, str]] = []

PATIENT = (
    "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); print('up', flush=True); time.sleep(600)"
)
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print('child', child.pid, flush=True); time.sleep(600)"
)


def python(name: str, code: str, **options: object) -> Service:
    return Service(name, (sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def wait_until(condition: Callable[[], bool], deadline_s: float = 20.0) -> None:
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    LINES.clear()
    made: list[Supervisor] = []

    def start(*services: Service) -> Supervisor:
        supervisor = Supervisor(services, log_dir=tmp_path, echo=lambda name, line: LINES.append((name, line)))
        made.append(supervisor)
        supervisor.start()
        wait_until(lambda: {name for name, _ in LINES} == {service.name for service in services})
        return supervisor

    yield start
    for supervisor in made:
        supervisor.kill()


def checked(supervisor: Supervisor, condition: Callable[[], bool]) -> Callable[[], bool]:
    def check() -> bool:
        supervisor.check()
        return condition()

    return check


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_lines_go_to_the_echo_and_to_a_file_with_the_name(supervise: Callable[..., Supervisor], tmp_path: Path) -> None:
    supervise(python("a", PATIENT), python("b", PATIENT)).stop()
    assert sorted(LINES) == [("a", "up"), ("b", "up")]
    assert (tmp_path / "a.log").read_text() == "up\n"


def test_the_environment_is_the_services_own(supervise: Callable[..., Supervisor]) -> None:
    supervise(
        python("a", "import os; print(os.environ['COLOUR'], os.environ['PATH'] != '')", environ={"COLOUR": "red"})
    )
    assert LINES == [("a", "red True")]


def test_a_killed_service_comes_back(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", PATIENT))
    first = supervisor.pid("a")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(checked(supervisor, lambda: supervisor.pid("a") not in (None, first)))
    assert supervisor.restarts == {"a": 1}


def test_a_service_that_always_fails_is_started_ever_more_rarely(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", "print('failed')"))
    began = time.monotonic()
    wait_until(checked(supervisor, lambda: supervisor.restarts["a"] == 3))
    assert time.monotonic() - began >= 0.5 + 1.0 + 2.0


def test_ranks_stop_one_after_the_other(supervise: Callable[..., Supervisor]) -> None:
    report = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        "    print('stopping', time.monotonic(), flush=True); time.sleep(0.3)\n"
        "    print('stopped', time.monotonic(), flush=True); sys.exit(0)\n"
        "signal.signal(15, stop); print('up', flush=True); time.sleep(600)\n"
    )
    supervisor = supervise(python("last", report, rank=2), python("first", report, rank=0))
    assert supervisor.stop() == []
    times = {(name, line.split()[0]): float(line.split()[1]) for name, line in LINES if " " in line}
    assert times["first", "stopped"] <= times["last", "stopping"]


def test_one_service_can_be_stopped_and_stays_so(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", PATIENT), python("b", PATIENT))
    supervisor.stop(["a"])
    supervisor.check()
    assert supervisor.pid("a") is None
    assert supervisor.pid("b") is not None


def test_who_does_not_stop_in_time_is_killed(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", STUBBORN, stop_deadline_s=0.3), python("b", PATIENT))
    pid = supervisor.pid("a")
    assert pid is not None
    assert supervisor.stop() == ["a"]
    assert not alive(pid)


def test_what_a_service_started_ends_with_it(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", PARENT))
    child = int(LINES[0][1].split()[1])
    assert alive(child)
    supervisor.stop()
    wait_until(lambda: not alive(child))


def test_services_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local.supervisor import Service, Supervisor\n"
        "code = 'import time; time.sleep(600)'\n"
        "supervisor = Supervisor([Service('a', (sys.executable, '-c', code))], log_dir=Path(sys.argv[1]), echo=print)\n"
        "supervisor.start()\n"
        "print(supervisor.pid('a'), flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not alive(pid))


def test_a_full_disk_costs_lines_of_the_log_and_no_service(tmp_path: Path) -> None:
    """A limit to what this process may write is as good as a full disk: the pipe that the service writes to goes on."""
    script = (
        "import resource, signal, sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local.supervisor import Service, Supervisor\n"
        "code = 'import time\\nwhile True: print(time.monotonic(), flush=True); time.sleep(0.01)'\n"
        "lines, log = [], Path(sys.argv[1]) / 'a.log'\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))\n"
        "service = Service('a', (sys.executable, '-c', code))\n"
        "supervisor = Supervisor([service], log_dir=log.parent, echo=lambda _, line: lines.append(line))\n"
        "supervisor.start()\n"
        "def until(condition):\n"
        "    deadline = time.monotonic() + 20\n"
        "    while not condition() and time.monotonic() < deadline:\n"
        "        supervisor.check()\n"
        "        time.sleep(0.01)\n"
        "    assert condition(), (len(lines), log.stat().st_size)\n"
        "until(lambda: len(lines) > 50)\n"
        "assert log.stat().st_size == 100\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "until(lambda: log.stat().st_size > 200)\n"
        "assert supervisor.restarts == {'a': 0}\n"
        "supervisor.stop()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_service_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """As when no descriptor is left for its pipe."""
    script = (
        "import io, logging, os, resource, signal, sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local.supervisor import Service, Supervisor\n"
        "from schemas.errors import EnvironmentMissingError\n"
        "service = Service('a', (sys.executable, '-c', 'import time; time.sleep(600)'), alone=True)\n"
        "supervisor = Supervisor([service], log_dir=Path(sys.argv[1]), echo=print)\n"
        "supervisor.start()\n"
        "said, deadline = io.StringIO(), time.monotonic() + 20\n"
        "logging.basicConfig(stream=said)\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))\n"
        "os.kill(supervisor.pid('a'), signal.SIGKILL)\n"
        "while said.getvalue().count('service not started') < 2 and time.monotonic() < deadline:\n"
        "    supervisor.check()\n"
        "    time.sleep(0.02)\n"
        "assert supervisor.restarts == {'a': 0}, said.getvalue()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))\n"
        "while supervisor.pid('a') is None and time.monotonic() < deadline:\n"
        "    supervisor.check()\n"
        "    time.sleep(0.02)\n"
        "assert supervisor.restarts == {'a': 1}\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))\n"
        "try:\n"
        "    supervisor.replace('a')\n"
        "except EnvironmentMissingError as error:\n"
        "    assert 'service a cannot be started' in str(error)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))\n"
        "assert supervisor.pid('a') is None\n"
        "while supervisor.pid('a') is None and time.monotonic() < deadline:\n"
        "    supervisor.check()\n"
        "    time.sleep(0.02)\n"
        "assert supervisor.restarts == {'a': 2}\n"
        "supervisor.stop()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


CAREFUL = (
    "import os, signal, sys, time\n"
    "def stop(*_):\n"
    "    print('stopping', os.getpid(), time.monotonic(), flush=True); sys.exit(0)\n"
    "signal.signal(15, stop); print('up', os.getpid(), time.monotonic(), flush=True); time.sleep(600)\n"
)


def said(word: str) -> dict[int, float]:
    """When which process said it."""
    return {
        int(line.split()[1]): float(line.split()[2]) for name, line in LINES if name == "a" and line.startswith(word)
    }


def test_a_replaced_service_ends_when_the_new_one_is_at_work(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", CAREFUL, ready="up"), python("b", PATIENT))
    old, other = supervisor.pid("a"), supervisor.pid("b")
    supervisor.replace("a")
    new = supervisor.pid("a")
    assert new != old
    wait_until(lambda: (new or 0) in said("up"))
    assert said("up")[new or 0] <= said("stopping")[old or 0]
    assert supervisor.pid("b") == other
    assert supervisor.restarts == {"a": 0, "b": 0}


def test_a_service_that_runs_alone_ends_first(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(python("a", CAREFUL, ready="up", alone=True))
    old = supervisor.pid("a")
    supervisor.replace("a")
    new = supervisor.pid("a")
    wait_until(lambda: (new or 0) in said("up"))
    assert said("stopping")[old or 0] <= said("up")[new or 0]


def test_a_new_process_that_does_not_begin_to_work_changes_nothing(
    supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    """As a release that cannot start: the second process of this service says nothing, the third one ends."""
    once = (
        "import pathlib, sys, time\n"
        f"place = pathlib.Path({str(tmp_path)!r}) / 'begun'\n"
        "runs = len(place.read_text()) if place.exists() else 0\n"
        "place.write_text('.' * (runs + 1))\n"
        "print('up' if runs == 0 else 'not yet', flush=True)\n"
        "sys.exit(7) if runs == 2 else time.sleep(600)\n"
    )
    supervisor = supervise(python("a", once, ready="up"))
    old = supervisor.pid("a")
    with pytest.raises(EnvironmentMissingError, match=r"service a: .* did not begin to work in 1 s; expected 'up'"):
        supervisor.replace("a", deadline_s=1.0)
    with pytest.raises(EnvironmentMissingError, match="service a: the new process ended with code 7"):
        supervisor.replace("a")
    with pytest.raises(EnvironmentMissingError, match="is not wanted any more"):
        supervisor.replace("a", ended=lambda: True)
    assert supervisor.pid("a") == old
    left = [child.pid for child in psutil.Process().children() if "begun" in str(child.cmdline())]
    assert left == [old]
