"""What a sink is told besides its settings."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.store import ResultFilter


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """Which results go out, and how patiently.

    `name` is the consumer group's, below the prefix: replicas of one sink share it. `timeout_s` is for one request,
    from the connection to the answer's head; `attempts` is how often a receiver may fail with 5xx over one result
    before that is set aside; `in_flight` bounds the requests under way.
    """

    name: str
    models: tuple[str, ...]
    wanted: ResultFilter = field(default_factory=ResultFilter)
    structured: bool = False
    from_beginning: bool = False
    timeout_s: float = 10.0
    attempts: int = 12
    in_flight: int = 16
