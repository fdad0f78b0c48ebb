"""How often one client may try tokens, and how much it may ask: in memory, of bounded size.

Our own rather than a library's: those keep an entry for each client until a timer removes it, so that whoever has many
addresses decides how much memory they take.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final

CLIENTS: Final = 4096
"""Clients that are remembered; who was not seen for longest is forgotten."""
FAILURES: Final = 10
FAILURES_OF_ALL: Final = 100
WINDOW_S: Final = 60.0
UNKNOWN: Final = "unknown"
"""Whom everything is counted as that is no address: a proxy may pass on what its clients make up."""


def client_key(address: str) -> str:
    """Whom an address is counted as: an IPv6 customer has a whole /64 of them, and what is no address is one client."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)


class Failures:
    """Counts wrong tokens within the last minute.

    A client with too many waits, whatever it sends. When all clients together have too many, each that has failed once
    waits: a guesser with many addresses gains nothing, and who sends a right token first is not kept out.
    """

    def __init__(self, clock: Callable[[], float], *, clients: int = CLIENTS) -> None:
        self._clock = clock
        self._clients = clients
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=FAILURES_OF_ALL)

    def __len__(self) -> int:
        return len(self._times)

    def wait(self, client: str) -> float:
        """Seconds until `client` may try again; 0: at once."""
        since = self._clock() - WINDOW_S
        while self._all and self._all[0] <= since:
            self._all.popleft()
        times = self._times.get(client)
        while times and times[0] <= since:
            times.popleft()
        if not times:
            self._times.pop(client, None)
            return 0.0
        if len(times) >= FAILURES:
            return times[0] - since
        if len(self._all) >= FAILURES_OF_ALL:
            return self._all[0] - since
        return 0.0

    def add(self, client: str) -> int:
        """Count a wrong token; how many `client` has had of late."""
        times = self._times.setdefault(client, deque(maxlen=FAILURES))
        self._times.move_to_end(client)
        times.append(self._clock())
        self._all.append(self._clock())
        while len(self._times) > self._clients:
            self._times.popitem(last=False)
        return len(times)


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float = field(default=0.0)


class Requests:
    """Lets each client send `rate` requests a second, and twice as many at once."""

    def __init__(self, rate: float, clock: Callable[[], float], *, clients: int = CLIENTS) -> None:
        self._rate = rate
        self._clock = clock
        self._clients = clients
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, client: str) -> float:
        """Count a request of `client`; the seconds that it must wait instead, 0: none."""
        now = self._clock()
        most = 2 * self._rate
        bucket = self._buckets.setdefault(client, _Bucket(most, now))
        self._buckets.move_to_end(client)
        while len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)
        bucket.left = min(most, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0.0
