"""The audit of a running system, again and again: a live table on a terminal, lines elsewhere, faults at once."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from api.audit.report import AuditReport, verdict
from deploy.cli.console import err, out, table
from deploy.cli.interrupt import Interrupt, RunEndedError
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Account, Balance, Unexplained
from schemas.window import Window

_ALWAYS: Final = ("captured", "dropped", "delivered", "inferred", "dead", "stale", "expired", "in log", "unexplained")
_IF_ANY: Final = ("failed", "unknown", "other", "redriven", "gone")
"""Shown as soon as there are some: most systems never have any."""
_NAMED: Final = 1000
"""Unexplained entries that one line of JSON names."""
_FAULTS_SHOWN: Final = 100
"""New faults that one audit prints by name; the rest as a number."""
_WATCH_S: Final = 30.0
"""How long one audit after the first may take; the next one goes on where it stopped."""


class Audits(Protocol):
    """What is watched: `api.audit.auditor.Auditor`."""

    def refresh(self, deadline_s: float) -> None:
        """Read what is new."""

    def balance(self) -> Balance:
        """Where every frame was at the last refresh."""


class AuditWatch:
    """Shows the balance of each audit; of faults and unreadable records those that are new, and those that are gone.

    With JSON, what is no report goes to `notices`, so that every line is one.
    """

    def __init__(
        self,
        auditor: Audits,
        *,
        window: Window | None = None,
        as_json: bool = False,
        console: Console = out,
        notices: Console = err,
    ) -> None:
        self._auditor = auditor
        self._window = window
        self._as_json = as_json
        self._console = console
        self._notices = notices if as_json else console
        live = console.is_terminal and not as_json
        self._live = Live(console=console, auto_refresh=False, transient=False) if live else None
        self._balance: Balance | None = None
        self._faults: dict[Key, str] = {}
        """What was said, as it was last worded."""

    def run(self, interval_s: float, deadline_s: float) -> int:
        """Audit every `interval_s` seconds until a signal comes, for the first time within `deadline_s`; the exit code.

        0: the last whole audit was clean. 1: it was not, or none was done.

        Raises:
            EnvironmentMissingError: The first audit found no broker, no topics, or not enough time.
        """
        interrupt = Interrupt(at_once=lambda: os._exit(1))
        with self.screen():
            try:
                while not interrupt.came:
                    with interrupt.raising():
                        self.step(deadline_s)
                    interrupt.pause(interval_s)
            except RunEndedError:
                pass  # what was under way is not whole: the last audit counts
        return 0 if self._balance is not None and self._balance.is_clean else 1

    def screen(self) -> AbstractContextManager[object]:
        """Where there is a terminal, the live table's time on it."""
        return self._live or nullcontext()

    def step(self, deadline_s: float) -> None:
        """Audit once and show what came of it; a broker that is away for a while is said, and waited for."""
        try:
            self._auditor.refresh(deadline_s if self._balance is None else _WATCH_S)
        except EnvironmentMissingError as error:
            if self._balance is None:
                raise
            self._say(f"no audit: {error}", to=self._notices)
            return
        self._balance = balance = self._auditor.balance()
        now = datetime.now(UTC)
        if self._as_json:
            report = AuditReport.of(balance, at=now, window=self._window, limit=_NAMED)
            self._say(report.model_dump_json())
            return
        self._show_faults(balance)
        self._show(balance, f"{now:%H:%M:%S} {verdict(balance)}")

    def _show(self, balance: Balance, footer: str) -> None:
        if self._live is not None:
            columns = _columns(balance)
            cells = [_cells(row, columns) for row in balance.rows()]
            shown = table(("camera", "model", *columns), cells, right=columns)
            self._live.update(Group(shown, Text(footer, style="dim")), refresh=True)
            return
        columns = (*_ALWAYS, *_IF_ANY)
        for row in balance.rows():
            camera, model, *numbers = _cells(row, columns)
            pairs = " ".join(
                f"{name.replace(' ', '_')}={number.replace(',', '')}"
                for name, number in zip(columns, numbers, strict=True)
            )
            self._say(f"camera={camera} model={model} {pairs}")
        self._say(footer)

    def _show_faults(self, balance: Balance) -> None:
        present: dict[Key, str] = {(one.topic, one.partition, one.offset): str(one) for one in balance.malformed}
        present |= {_key(entry): str(entry) for entry in balance.unexplained}
        new = [text for key, text in present.items() if key not in self._faults]
        for fault in new[:_FAULTS_SHOWN]:
            self._say(fault, style="bold red")
        if len(new) > _FAULTS_SHOWN:
            self._say(f"… and {len(new) - _FAULTS_SHOWN:,} faults more; framebus audit names them", style="bold red")
        if balance.unnamed:  # what is not named any more may stand all the same
            self._faults |= present
            return
        gone = [text for key, text in self._faults.items() if key not in present]
        for fault in gone[:_FAULTS_SHOWN]:
            self._say(f"explained since: {fault}")
        self._faults = present

    def _say(self, text: str, *, style: str | None = None, to: Console | None = None) -> None:
        (to or self._console).print(text, style=style, markup=False, soft_wrap=True)


Key = tuple[object, ...]


def _key(entry: Unexplained) -> Key:
    """What stays the same of a fault: its frames may grow in number, and its frame's camera be told later."""
    return entry.fault, entry.model, *((entry.address,) if entry.address else (entry.camera, entry.run))


Row = tuple[str, str, Account]


def _columns(balance: Balance) -> tuple[str, ...]:
    accounts = [account for _, _, account in balance.rows()]
    return (*_ALWAYS, *(name for name in _IF_ANY if any(getattr(account, name) for account in accounts)))


def _cells(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    camera, model, account = row
    numbers = {name: getattr(account, name.replace(" ", "_")) for name in columns if name != "dropped"}
    numbers["dropped"] = sum(account.dropped.values())
    return camera, model, *(f"{numbers[name]:,}" for name in columns)
