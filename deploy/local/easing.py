"""Says when the demo's cameras are too fast for this machine as it is now, and how fast they may be instead; pure.

What a frame costs was measured when the machine may have been less busy, or with nobody looking at the page.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from deploy.local.tally import Pair
from schemas.ledger import Account

BEHIND_S: Final = 1.5
"""What waits this long at each of `LOOKS` looks is a backlog; less is what is just not committed or counted yet."""
LOOKS: Final = 3
ROOM: Final = 0.8
"""The share of what a worker did that its cameras may ask for from then on: the rest works off what waits."""
LEAST_SHARE: Final = 0.3
"""Of their rate cameras keep at least so much at once."""
LEAST_FPS: Final = 1.0
SETTLE_S: Final = 5.0
"""After a change nothing is judged for so long."""


class _Look(NamedTuple):
    at: float
    accounts: Mapping[Pair, Account]


class Easing:
    """Follows the accounts of a run; `at` is a monotonic time in seconds."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque(maxlen=LOOKS)
        self._from = 0.0

    def rates(self, at: float, accounts: Mapping[Pair, Account]) -> dict[str, float] | None:
        """The frames a second that each camera may have from now on; None: they may go on as they are."""
        if at < self._from:
            return None
        self._looks.append(_Look(at, dict(accounts)))
        if len(self._looks) < LOOKS:
            return None
        kept = [
            share for model in sorted({model for _, model in accounts}) if (share := self._share(model)) is not None
        ]
        if not kept:
            return None
        first, last = self._looks[0], self._looks[-1]
        seconds = last.at - first.at
        rates: dict[str, float] = {}
        for pair, account in last.accounts.items():
            captured = (account.captured - first.accounts.get(pair, Account()).captured) / seconds
            rates[pair[0]] = max(rates.get(pair[0], LEAST_FPS), round(min(kept) * captured, 1))
        self._looks.clear()
        self._from = at + SETTLE_S
        return rates

    def _share(self, model: str) -> float | None:
        """The share of their rate at which a model's worker keeps up with its cameras; None: it does already."""
        sums = [_sum(look.accounts, model) for look in self._looks]
        arrived = sums[-1]["delivered"] - sums[0]["delivered"]
        seconds = self._looks[-1].at - self._looks[0].at
        if arrived <= 0 or seconds <= 0:
            return None
        waits = [each["in_log"] * seconds / arrived for each in sums]
        if min(waits) < BEHIND_S or waits[-1] < waits[0]:
            return None
        return min(max(ROOM * (sums[-1]["inferred"] - sums[0]["inferred"]) / arrived, LEAST_SHARE), ROOM)


def _sum(accounts: Mapping[Pair, Account], model: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for (_, name), account in accounts.items():
        if name == model:
            total.update(delivered=account.delivered, in_log=account.in_log, inferred=account.inferred)
    return total
