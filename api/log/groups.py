"""Who is in consumer groups, asked in the one way that cannot end the process.

`AdminClient.describe_consumer_groups`, like all that it asks a group's coordinator, aborts the process where the
connection breaks between finding the coordinator and asking it, as it does when a broker ends:
https://github.com/confluentinc/librdkafka/issues/4605, https://github.com/confluentinc/librdkafka/issues/5040.
`list_groups`, which is older, asks every broker instead.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

_LEAST_S: Final = 0.1
_STABLE: Final = "Stable"


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group; `members` has how many partitions each owns, by the member's id."""

    stable: bool = False
    members: Mapping[str, int] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """How many members own partitions."""
        return sum(bool(partitions) for partitions in self.members.values())


def describe_groups(admin: AdminClient, names: Iterable[str], *, timeout: float) -> dict[str, Group]:
    """The groups of these names, within `timeout` seconds; those of which a broker gave no answer are absent.

    One that is not there, or not shown to us, or whose coordinator moves at this moment, has no members.

    Raises:
        KafkaException: There was no answer at all, or every one was a refusal.
    """
    deadline = time.monotonic() + timeout
    found: dict[str, Group] = {}
    failure: KafkaException | None = None
    for name in names:
        try:
            found[name] = _described(admin, name, max(deadline - time.monotonic(), _LEAST_S))
        except KafkaException as error:
            failure = error
    if failure and not found:
        raise failure
    return found


def _described(admin: AdminClient, name: str, timeout: float) -> Group:
    for group in admin.list_groups(group=name, timeout=timeout):
        if group.error:
            raise KafkaException(group.error)
        members = {member.id: _owned(member.assignment or b"") for member in group.members}
        return Group(group.state == _STABLE, members)
    return Group()


def _owned(assignment: bytes) -> int:
    """How many partitions an assignment has; none where it is no `ConsumerProtocolAssignment` of Kafka's.

    That is a version (2 bytes) and topics, of which each has a name and partitions (4 bytes each); a name's length has
    2 bytes, the number of topics or partitions 4.
    """
    owned = 0
    try:
        at, topics = 6, struct.unpack_from(">i", assignment, 2)[0]
        for _ in range(topics):
            at += 2 + struct.unpack_from(">H", assignment, at)[0]
            partitions = struct.unpack_from(">I", assignment, at)[0]
            at += 4 + 4 * partitions
            owned += partitions
    except struct.error:
        return 0
    return owned
