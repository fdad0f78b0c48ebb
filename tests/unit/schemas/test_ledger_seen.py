from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.ledger import Seen
from schemas.messages import FrameAddress

places = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2), st.integers(0, 30)), max_size=120)


@given(places=places)
def test_it_knows_what_a_set_knows(places: list[tuple[str, int, int]]) -> None:
    seen, known = Seen(), set[FrameAddress]()
    for place in places:
        address = FrameAddress(*place)
        assert seen.add(address) == (address not in known)
        known.add(address)
    neighbours = {FrameAddress(one.model, one.partition, one.offset - 1) for one in known}
    assert len(seen) == len(known - {FrameAddress(m, p, o + 1) for m, p, o in known & neighbours | known})


@given(offsets=st.lists(st.integers(0, 60), max_size=120), limit=st.integers(1, 8))
def test_what_is_bounded_forgets_the_oldest_and_takes_nothing_new_for_a_repeat(offsets: list[int], limit: int) -> None:
    seen, known = Seen(runs=limit), set[int]()
    for offset in offsets:
        if not seen.add(FrameAddress("m", 0, offset)):
            assert offset in known
        known.add(offset)
        assert len(seen) <= limit


def test_a_long_life_costs_a_run() -> None:
    seen = Seen()
    for offset in range(50_000):
        assert seen.add(FrameAddress("m", 0, offset))
    assert len(seen) == 1
    assert not seen.add(FrameAddress("m", 0, 12_345))
