from __future__ import annotations

import logging

from processors.streaming.quiet import SeldomFilter


def record(message: str, name: str = "aiokafka.conn") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "conn.py", 1, message, (), None)


def test_the_same_wording_passes_once_in_an_interval() -> None:
    seldom = SeldomFilter(interval_s=60.0)
    kept = [seldom.filter(record(text)) for text in ("Unable connect to node", "Unable connect to node", "Other")]
    assert kept == [True, False, True]
    assert seldom.filter(record("Unable connect to node", "aiokafka.producer"))


def test_what_was_held_back_is_counted() -> None:
    seldom = SeldomFilter(interval_s=0.0)
    first, second = record("away %s"), record("away %s")
    assert seldom.filter(first)
    seldom._last["aiokafka.conn", "away %s"] = (float("-inf"), 3)
    assert seldom.filter(second)
    assert second.msg == "away %s (and 3 more like it)"
