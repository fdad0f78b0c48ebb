"""A process that asks about consumer groups, from many threads at once, until its stdin is closed.

`python -m tests.integration.group_questions ours|theirs SERVERS GROUP…` asks as we do, or as AdminClient recommends.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from api.log.groups import describe_groups

THREADS: Final = 6
_ANSWER_S: Final = 1.0


def ours(admin: AdminClient, groups: Sequence[str]) -> None:
    """Ask every broker."""
    describe_groups(admin, groups, timeout=_ANSWER_S)


def theirs(admin: AdminClient, groups: Sequence[str]) -> None:
    """Ask the groups' coordinators."""
    for future in admin.describe_consumer_groups(list(groups), request_timeout=_ANSWER_S).values():
        future.result()


WAYS: Final[dict[str, Callable[[AdminClient, Sequence[str]], None]]] = {"ours": ours, "theirs": theirs}


def main() -> None:
    """Ask; say how many answers came after the last failure."""
    way, servers, *groups = sys.argv[1:]
    over = threading.Event()

    def ask(_: int) -> int:
        answers = 0
        admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
        while not over.wait(0.005):
            try:
                WAYS[way](admin, groups)
            except KafkaException:
                answers = 0
            else:
                answers += 1
        return answers

    with ThreadPoolExecutor(THREADS) as threads:
        found = threads.map(ask, range(THREADS))
        sys.stdin.read()
        over.set()
        print(min(found))  # noqa: T201


if __name__ == "__main__":
    main()
