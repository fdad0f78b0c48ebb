"""What a soak's samples and audit come to: a table, and whatever is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tests.soak.flatness import MIB, Tolerance, Trend
from tests.soak.run import KAFKA, SERVICES, Found
from tests.soak.sampling import Sampler

TOLERANCES = {"rss": Tolerance(16 * MIB, 0.05), "descriptors": Tolerance(6, 0.05), "threads": Tolerance(3)}
BROKER = {"rss": Tolerance(128 * MIB), "descriptors": Tolerance(40, 0.05), "threads": Tolerance(6)}
"""A JVM takes of its heap (512 MiB) what it likes; segments come and go with retention."""
WARM_UP_MIN = 15.0
"""After which the first frames have expired, so that the broker and the page's caches are as full as they will be."""
LEAST_INFERRED = 0.9
LEAST_SEEN = 0.98
MOST_WITHOUT_PICTURE = 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of one service."""

    service: str
    quantity: str
    trend: Trend
    flat: bool

    def __str__(self) -> str:
        unit, name = (MIB, "rss MiB") if self.quantity == "rss" else (1, self.quantity)
        first, last, slope = (value / unit for value in (self.trend.first, self.trend.last, self.trend.slope))
        verdict = "flat" if self.flat else "RISES"
        return f"{self.service:28}{name:14}{first:>10.1f}{last:>10.1f}{slope:>+10.2f}  {verdict}"


def lines(sampler: Sampler, minutes: float) -> list[Line]:
    """Each quantity of each service after the warm-up, which is a quarter of a short run."""
    after = 60 * min(WARM_UP_MIN, minutes / 4)
    found = []
    for service in SERVICES:
        samples = sampler.of(service, after=after)
        for quantity, tolerance in (BROKER if service == KAFKA else TOLERANCES).items():
            trend = Trend.of([one.at for one in samples], [getattr(one, quantity) for one in samples])
            found.append(Line(service, quantity, trend, trend.is_flat(tolerance)))
    return found


def cores(sampler: Sampler) -> dict[str, float]:
    """The share of a core that each service took."""
    shares = {}
    for service in SERVICES:
        samples = sampler.of(service)
        shares[service] = round((samples[-1].cpu - samples[0].cpu) / (samples[-1].at - samples[0].at), 3)
    return shares


def failures(found: Found, trends: Iterable[Line]) -> list[str]:
    """What is not as it should be; nothing if the soak passed."""
    accounts = [*found.balance.accounts.values(), *found.balance.uncounted.values()]
    delivered = sum(account.delivered for account in accounts)
    inferred = sum(account.inferred for account in accounts)
    left = sum(account.in_log for account in accounts)
    failed = [f"{line.service}: {line.quantity} rises" for line in trends if not line.flat]
    failed += [f"{service}: became another process" for service in found.replaced]
    if not found.balance.is_clean:
        failed.append("the audit is not clean")
    if left:
        failed.append(f"{left} frames still wait")
    if inferred < LEAST_INFERRED * delivered or not delivered:
        failed.append(f"{inferred} of {delivered} frames inferred")
    if len(found.seen) < LEAST_SEEN * inferred:
        failed.append(f"the steady stream showed {len(found.seen)} of {inferred} results")
    pictures, without = found.views["pictures"], found.views["no picture"]
    if without > MOST_WITHOUT_PICTURE * pictures or not pictures:
        failed.append(f"{without} pictures were not there, {pictures} were")
    if found.views["other ledgers"] or not found.views["clean ledgers"]:
        failed.append(f"the page's ledger was clean {found.views['clean ledgers']} times, and not so "
                      f"{found.views['other ledgers']} times")  # fmt: skip
    return failed


def summary(found: Found, trends: Iterable[Line], shares: dict[str, float], failed: list[str]) -> str:
    """One line of JSON for whoever keeps records."""
    accounts = [*found.balance.accounts.values(), *found.balance.uncounted.values()]
    quantities: dict[str, dict[str, dict[str, float]]] = {}
    for line in trends:
        trend = {"first": line.trend.first, "last": line.trend.last, "per_hour": round(line.trend.slope, 3)}
        quantities.setdefault(line.service, {})[line.quantity] = trend
    return json.dumps(
        {
            "passed": not failed,
            "failures": failed,
            "minutes": found.minutes,
            "delivered": sum(account.delivered for account in accounts),
            "inferred": sum(account.inferred for account in accounts),
            "stale": sum(account.stale for account in accounts),
            "repeats": found.balance.repeats,
            "visits": dict(found.visits),
            "views": {**found.views, "seen": len(found.seen)},
            "cores": shares,
            "services": quantities,
        }
    )
