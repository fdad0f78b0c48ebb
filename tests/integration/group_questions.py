"""A process that asks about consumer groups, from many threads at once, until its stdin is closed.

`python -m tests.integration.group_questions ours|theirs SERVERS GROUP…` asks as we do, or as AdminClient recommends.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
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
    over, answers = threading.Event(), [0] * THREADS

    def ask(place: int) -> None:
        admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
        while not over.wait(0.005):
            try:
                WAYS[way](admin, groups)
            except KafkaException:
                answers[place] = 0
            else:
                answers[place] += 1

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    print(min(answers))  # noqa: T201


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
