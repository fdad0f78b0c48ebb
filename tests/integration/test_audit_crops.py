"""Crops in the audit, on a real broker: a consistent world is clean, and each sabotage yields exactly its fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from api.audit.auditor import Auditor
from api.audit.report import render
from deploy.cli import main
from deploy.local.environment import environment_of
from schemas.catalogue import Catalogue
from schemas.ledger import Account, Balance
from schemas.messages import (
    CropCounts,
    CropDrop,
    FrameAddress,
    FrameInfo,
    FrameReference,
    Parent,
    crop_seq,
)
from schemas.settings import Settings
from schemas.window import Window
from tests.integration.api_world import JPEG, MODEL, T0, World, audited, frame_info, make_result, ranges, wait_for

FOLLOWER = "pose"


def crop_of(parent: FrameAddress, index: int) -> FrameInfo:
    described = Parent(address=str(parent), index=index, box=(1, 2, 3, 4), map=(1, 0, 0, 0, 1, 0))
    seq = crop_seq(parent.offset, index)
    return replace(frame_info("gate", seq), model=FOLLOWER, seq=seq, width=192, height=192, parent=described)


@dataclass
class Story:
    """What became of four frames of `gate`, each with three persons, of whom one was too small for a crop.

    The crops lie in one partition: 0 and 1 are of frame 0, and so on; all are inferred, but 7, which waits.
    """

    inferred: set[int] = field(default_factory=lambda: set(range(7)))
    committed: int = 7
    offered: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(4), 3))
    delivered: dict[int, list[int]] = field(
        default_factory=lambda: {number: [2 * number, 2 * number + 1] for number in range(4)}
    )
    recorded: set[int] = field(default_factory=lambda: set(range(4)))

    def write(self, world: World) -> None:
        parents = world.frames("gate", 4)
        crops = [(parent, index) for parent in parents for index in range(2)]
        for parent, index in crops:
            put_crop(world, parent, index)
        for number in sorted(self.recorded):
            put_counts(world, parents[number], self.delivered[number], offered=self.offered[number])
        world.counts("gate", parents, closed=True)
        world.results("gate", parents)
        world.commit({0: 4})
        for offset in sorted(self.inferred):
            put_result(world, *crops[offset], offset)
        commit(world, self.committed)


def put_crop(world: World, parent: FrameAddress, index: int) -> int:
    headers = crop_of(parent, index).encode()
    return world.put(world.names.frames(FOLLOWER), JPEG, key="gate", headers=headers)


def put_counts(world: World, parent: FrameAddress, offsets: list[int], *, offered: int) -> None:
    counts = CropCounts(
        camera="gate",
        model=FOLLOWER,
        parent=str(parent),
        time=T0,
        offered=offered,
        dropped={CropDrop.TOO_SMALL: 1},
        delivered=ranges(FrameAddress(FOLLOWER, 0, offset) for offset in offsets),
    )
    world.message(world.names.captures, counts, key="gate")


def put_result(world: World, parent: FrameAddress, index: int, offset: int) -> None:
    address = FrameAddress(FOLLOWER, 0, offset)
    frame = FrameReference.of(crop_of(parent, index), address)
    result = make_result("gate", address).model_copy(update={"frame": frame})
    world.message(world.names.results(FOLLOWER), result, key="gate")


def commit(world: World, offset: int) -> None:
    """Commit as the follower's group."""
    world.commit({0: offset}, model=FOLLOWER)


def crops(balance: Balance) -> Account:
    return balance.accounts["gate", FOLLOWER]


def test_crops_are_explained_one_by_one(world: World, auditor: Auditor) -> None:
    Story().write(world)

    balance = audited(auditor)

    assert balance.is_clean
    account = crops(balance)
    assert account.dropped == {"too-small": 4}
    assert (account.captured, account.cropped, account.delivered) == (0, 12, 8)
    assert (account.inferred, account.in_log) == (7, 1)
    assert balance.accounts["gate", MODEL] == Account(captured=4, delivered=4, inferred=4)
    assert (balance.uncounted, balance.conflicts, balance.repeats) == ({}, 0, 0)
    assert "cropped" in render(balance)
    assert render(balance).endswith("every frame explained")


def _delete_one_crops_result(story: Story) -> None:
    story.inferred.remove(4)


def _ack_one_crop_unprocessed(story: Story) -> None:
    story.committed = 8


def _lose_one_crop_before_it_is_delivered(story: Story) -> None:
    story.offered[2] += 1


def _claim_a_crop_that_never_was(story: Story) -> None:
    story.delivered[3].append(8)
    story.offered[3] += 1


SABOTAGE: list[tuple[Callable[[Story], None], str]] = [
    (_delete_one_crops_result, f"lost: {FOLLOWER} gate {FOLLOWER}/0/4"),
    (_ack_one_crop_unprocessed, f"lost: {FOLLOWER} gate {FOLLOWER}/0/7"),
    (_lose_one_crop_before_it_is_delivered, f"imbalance: {FOLLOWER} gate crops of {MODEL}/0/2, 1 frames"),
    (_claim_a_crop_that_never_was, f"beyond-log: {FOLLOWER} gate {FOLLOWER}/0/8"),
]


@pytest.mark.parametrize(("sabotage", "fault"), SABOTAGE, ids=[sabotage.__name__ for sabotage, _ in SABOTAGE])
def test_sabotage_of_crops_yields_exactly_its_fault(
    world: World,
    settings: Settings,
    sabotage: Callable[[Story], None],
    fault: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As who runs `framebus audit` sees it: the fault with its address, and exit code 1."""
    story = Story()
    sabotage(story)
    story.write(world)
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        main(("audit",))

    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(("lost", "imbalance", "beyond", "named"))] == [fault]
    assert lines[-1] == "1 frames are unexplained"


def test_crops_that_a_killed_worker_did_not_record_say_so_themselves(world: World, auditor: Auditor) -> None:
    """It made crops 0 and 1 of frame 0, was killed, and another made them anew: offsets 2 and 3."""
    (parent,) = world.frames("gate", 1)
    world.counts("gate", [parent], closed=True)
    for index in (0, 1, 0, 1):
        put_crop(world, parent, index)
    balance = audited(auditor)
    assert balance.is_clean
    assert balance.uncounted == {FOLLOWER: Account(delivered=4, in_log=4)}

    put_counts(world, parent, [2, 3], offered=3)
    world.results("gate", [parent])
    for offset in range(4):
        put_result(world, parent, offset % 2, offset)
    commit(world, 4)

    balance = audited(auditor)
    assert balance.is_clean
    assert balance.uncounted == {}
    assert (crops(balance).cropped, crops(balance).delivered, crops(balance).inferred) == (5, 4, 4)


def test_retention_neither_hides_a_lost_crop_nor_invents_one(world: World, auditor: Auditor) -> None:
    story = Story()
    _delete_one_crops_result(story)
    story.write(world)
    world.delete_frames_below(8, model=FOLLOWER)

    balance = audited(auditor)

    assert [str(entry) for entry in balance.unexplained] == [f"lost: {FOLLOWER} gate {FOLLOWER}/0/4"]


def test_a_window_holds_the_crops_that_were_appended_in_it(
    world: World, settings: Settings, catalogue: Catalogue
) -> None:
    """Also when the log does not have them any more: then the records of crops say which these were."""
    Story().write(world)
    between = datetime.now(UTC)
    wait_for(lambda: (datetime.now(UTC) - between).total_seconds() > 0.05)
    (parent,) = world.frames("gate", 1, first_seq=4)
    offset = put_crop(world, parent, 0)
    put_counts(world, parent, [offset], offered=2)
    put_result(world, parent, 0, offset)
    commit(world, offset + 1)
    for gone in (False, True):
        if gone:
            world.delete_frames_below(offset + 1, model=FOLLOWER)
        auditor = Auditor(settings, catalogue, model=FOLLOWER, window=Window(since=between))
        account = crops(audited(auditor))
        auditor.close()
        assert (account.cropped, account.delivered, account.inferred) == (2, 1, 1), gone
        assert account.dropped == {"too-small": 1}
