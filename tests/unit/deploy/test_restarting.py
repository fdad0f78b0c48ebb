from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from deploy.local.restarting import SIGNAL, answer, ask, reachable
from schemas.errors import EnvironmentMissingError


@pytest.mark.parametrize("models", [[], ["small", "other"]])
@pytest.mark.parametrize("error", [None, EnvironmentMissingError("service api: the new process ended with code 1")])
def test_who_asks_hears_how_it_went(error: Exception | None, models: list[str], tmp_path: Path) -> None:
    heard: list[str] = []

    def asker() -> None:
        try:
            ask(tmp_path, models, deadline_s=20)
        except EnvironmentMissingError as problem:
            heard.append(str(problem))
        else:
            heard.append("ok")

    before = signal.getsignal(SIGNAL)
    with reachable(tmp_path) as asked:
        thread = threading.Thread(target=asker)
        thread.start()
        deadline = time.monotonic() + 20
        while (named := asked()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert named == models
        assert asked() is None, "asked once"
        answer(tmp_path, error)
        thread.join(20)
    assert heard == ["ok" if error is None else str(error)]
    assert signal.getsignal(SIGNAL) == before


def test_an_answer_that_finds_no_room_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "restart.answer.part").mkdir()
    answer(tmp_path, None)
    assert "restart not answered" in caplog.text


LEFT = [None, f"{os.getpid()} 1.0", "4194304 1.0", "nonsense"]


@pytest.mark.parametrize("left", LEFT, ids=["nothing", "a living process", "a dead one", "nonsense"])
def test_nobody_is_asked_where_none_runs(left: str | None, tmp_path: Path) -> None:
    """A file that a kill left behind leads to nobody, least of all to another process with the same number."""
    if left is not None:
        (tmp_path / "up.pid").write_text(left)
    with pytest.raises(EnvironmentMissingError, match="no framebus up runs in"):
        ask(tmp_path, deadline_s=1)
