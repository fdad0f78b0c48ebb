"""What is made of the broker's description of a group."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from api.log.groups import Group, describe_groups


def assignment(*topics: tuple[bytes, int], user_data: bytes = b"\0\0\0\0") -> bytes:
    text = struct.pack(">hi", 3, len(topics))
    for name, partitions in topics:
        text += struct.pack(f">h{len(name)}si{partitions}i", len(name), name, partitions, *range(partitions))
    return text + user_data


class Admin:
    """Answers with one group."""

    def __init__(self, state: str = "Stable", error: KafkaError | None = None, **members: bytes | None) -> None:
        self.group = SimpleNamespace(
            state=state,
            error=error,
            members=[SimpleNamespace(id=name, assignment=text) for name, text in members.items()],
        )

    def list_groups(self, *, group: str, timeout: float) -> list[Any]:
        assert timeout > 0
        return [self.group] if group == "known" else []


def described(admin: Any) -> Group:
    return describe_groups(admin, ["known"], timeout=1.0)["known"]


@pytest.mark.parametrize(
    ("text", "owned"),
    [
        (assignment((b"frames.faces", 3)), 3),
        (assignment((b"frames.faces", 3), (b"frames.pose", 2)), 5),
        (assignment(), 0),
        (assignment((b"frames.faces", 0)), 0),
        (b"", 0),
        (None, 0),
        (b"\0", 0),
        (assignment((b"frames.faces", 3))[:9], 0),
        (struct.pack(">hi", 0, 2**31 - 1), 0),
        (struct.pack(">hihi", 0, 2, -2, -1), 0),
    ],
)
def test_a_member_owns_what_its_assignment_says(text: bytes | None, owned: int) -> None:
    assert described(Admin(one=text)).members == {"one": owned}


def test_a_group_is_stable_and_has_workers_or_not() -> None:
    both = Admin(one=assignment((b"frames.faces", 1)), two=assignment())
    assert (described(both).stable, described(both).workers) == (True, 1)
    assert not described(Admin(state="PreparingRebalance")).stable
    assert describe_groups(Admin(), ["unknown"], timeout=0.0) == {"unknown": Group()}


def test_a_group_of_which_nothing_is_known_is_absent() -> None:
    class Half(Admin):
        def list_groups(self, *, group: str, timeout: float) -> list[Any]:
            if group == "away":
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            return super().list_groups(group=group, timeout=timeout)

    found = describe_groups(Half(one=assignment((b"frames.faces", 2))), ["away", "known"], timeout=1.0)
    assert {name: group.members for name, group in found.items()} == {"known": {"one": 2}}
    with pytest.raises(KafkaException, match="_TIMED_OUT"):
        describe_groups(Half(), ["away"], timeout=1.0)


def test_what_the_broker_refuses_is_raised() -> None:
    with pytest.raises(KafkaException, match="GROUP_AUTHORIZATION_FAILED"):
        described(Admin(error=KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)))
