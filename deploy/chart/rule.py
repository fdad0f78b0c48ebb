"""`scaling:` of the chart's values: when a model gets more workers, and when fewer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploy.chart.part import Count, Duration, Name, Part, Seconds, Texts, Whole
from schemas.messages._base import Identifier


class Policy(Whole):
    """A step of the autoscaler: at most so many pods, or percent of them, in so many seconds."""

    type: Literal["Pods", "Percent"]
    value: Annotated[int, Field(ge=1)]
    period_seconds: Annotated[int, Field(ge=1, le=1800)]


class Direction(Part):
    """How the autoscaler goes up, or down."""

    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3600)]
    select_policy: Literal["Max", "Min", "Disabled"]
    policies: Annotated[list[Policy], Field(min_length=1)]


class Behavior(Part):
    """How fast the autoscaler may be."""

    scale_up: Direction
    scale_down: Direction


class Fallback(Part):
    """What KEDA does when a trigger has failed so many polls in a row."""

    failure_threshold: Count
    behavior: Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]


class Prometheus(Part):
    """Who knows how much arrives."""

    server_address: Annotated[str, Field(pattern=r"^(https?://\S+)?$")]
    window: Duration
    labels: Texts
    auth_modes: Annotated[str, Field(pattern=r"^((basic|bearer|tls|custom)(,(basic|bearer|tls|custom))*)?$")]
    secret_name: Name
    secret_keys: list[str]


class Ratio(Part):
    """The trigger of the original design."""

    enabled: bool


class Rule(Part):
    """When there are more workers of a model, and when fewer."""

    target_lag_seconds: Annotated[float, Field(gt=0, le=3600)]
    rate_utilisation: Annotated[float, Field(gt=0, le=1)]
    activation_lag: Annotated[int, Field(ge=0, le=1_000_000_000)]
    activation_rate: Annotated[float, Field(ge=0, le=1_000_000)]
    polling_interval: Annotated[int, Field(ge=1, le=3600)]
    cooldown_period: Seconds
    behavior: Behavior
    lag_only_scale_down_seconds: Annotated[int, Field(ge=0, le=3600)]
    fallback: Fallback
    ratio: Ratio


class Scaling(Rule):
    """The same for all models, and what is another's."""

    enabled: bool
    prometheus: Prometheus
    kafka_secret_name: Name
    models: dict[Identifier, Rule]
