"""What each service may do on the cluster: the least that it needs, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote
from typing import Final

from deploy.services import API, CAPTURE, SINK, inference
from schemas.catalogue import Catalogue
from schemas.errors import SettingsError
from schemas.names import Names
from schemas.settings import Settings

PRINCIPAL: Final = "User:framebus-{service}"
"""Who a service is unless something else is said."""

OPERATOR: Final = "operator"
AUDIT: Final = "audit"
ADMIN: Final = "admin"


class Resource(StrEnum):
    """What a rule is about."""

    TOPIC = "topic"
    GROUP = "group"


class Operation(StrEnum):
    """What may be done. READ, WRITE and ALTER include DESCRIBE, ALTER_CONFIGS includes that of configs, and WRITE
    includes idempotent producers."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DESCRIBE = "Describe"
    ALTER = "Alter"
    ALTER_CONFIGS = "AlterConfigs"
    DESCRIBE_CONFIGS = "DescribeConfigs"


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One thing that a service may do, from any host; `prefixed`: with everything whose name begins so."""

    resource: Resource
    name: str
    operation: Operation
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{self.operation.value} {self.resource.value} {self.name}{'*' if self.prefixed else ''}"

    def covers(self, resource: Resource, name: str) -> bool:
        """Whether the rule is about this topic or group."""
        return self.resource is resource and (name.startswith(self.name) if self.prefixed else name == self.name)


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """A rule for a principal."""

    principal: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.principal} may {self.rule}"

    def command(self, bootstrap_servers: str) -> str:
        """The line for a shell that Kafka's own tool would be called with, where we may not do it ourselves."""
        rule = self.rule
        pattern = "prefixed" if rule.prefixed else "literal"
        return (
            f"kafka-acls.sh --bootstrap-server {quote(bootstrap_servers)} --command-config admin.properties --add "
            f"--allow-principal {quote(self.principal)} --operation {rule.operation.value} "
            f"--{rule.resource.value} {quote(rule.name)} --resource-pattern-type {pattern}"
        )


def rules(settings: Settings, catalogue: Catalogue) -> dict[str, tuple[Rule, ...]]:
    """What each service needs, by service; each model's workers may have a user of their own. Pure."""
    names = settings.names
    workers = {
        inference(model.name): _worker(names, model.name, [one.name for one in catalogue.followers(model.name)])
        for model in catalogue.models
    }
    reading = (
        *_topics(Operation.READ, names.prefix, prefixed=True),
        *_topics(Operation.DESCRIBE_CONFIGS, names.prefix, prefixed=True),  # how long topics keep what
        *_progress(names),
    )
    return {
        CAPTURE: (
            *_topics(Operation.READ, names.cameras, names.captures),
            *_topics(Operation.WRITE, names.captures, names.camera_status),
            *_topics(Operation.WRITE, names.frames(""), prefixed=True),
            Rule(Resource.GROUP, names.capture_group(settings.site), Operation.READ),
        ),
        **workers,
        API: reading,
        SINK: (
            *_topics(Operation.READ, names.results(""), prefixed=True),
            *_topics(Operation.WRITE, names.undelivered),
            Rule(Resource.GROUP, names.result_group(""), Operation.READ, prefixed=True),
        ),
        OPERATOR: (
            *reading,
            *_topics(Operation.WRITE, names.cameras, names.redrives),
            *_topics(Operation.WRITE, names.frames(""), prefixed=True),
        ),
        AUDIT: (
            *_topics(Operation.READ, names.captures, names.skips, names.dead_letters, names.redrives),
            *_topics(Operation.READ, names.results(""), prefixed=True),
            *_topics(Operation.DESCRIBE, names.frames(""), prefixed=True),
            *_progress(names),
        ),
        ADMIN: (
            *(
                Rule(Resource.TOPIC, names.prefix, operation, prefixed=True)
                for operation in (Operation.CREATE, Operation.ALTER, Operation.ALTER_CONFIGS)
            ),
            Rule(Resource.GROUP, names.inference_group(""), Operation.DESCRIBE, prefixed=True),
        ),
    }


def acl_plan(settings: Settings, catalogue: Catalogue, principals: Mapping[str, str]) -> list[Acl]:
    """Every rule with its principal, for each service in turn; `principals` names those that are not the usual ones.

    Raises:
        SettingsError: A service is not one of ours, or names that are not ours may begin with the prefix.
    """
    if settings.prefix[-1:] not in {".", "-", "_"}:
        raise SettingsError(
            f"FRAMEBUS_PREFIX={settings.prefix!r}: rules would cover topics that are not ours; expected one that ends "
            "with . - or _"
        )
    needed = rules(settings, catalogue)
    unknown = sorted(principals.keys() - needed.keys())
    if unknown:
        raise SettingsError(f"service {', '.join(unknown)}: expected one of {', '.join(needed)}")
    planned = (
        Acl(principals.get(service) or PRINCIPAL.format(service=service), rule)
        for service, allowed in needed.items()
        for rule in allowed
    )
    return list(dict.fromkeys(planned))  # services may share a principal


def _worker(names: Names, model: str, followers: Sequence[str]) -> tuple[Rule, ...]:
    # Who makes crops for a second stage counts them where capture counts its frames.
    crops = (names.captures, *map(names.frames, followers)) if followers else ()
    return (
        *_topics(Operation.READ, names.frames(model)),
        *_topics(Operation.WRITE, names.results(model), names.skips, names.dead_letters, *crops),
        Rule(Resource.GROUP, names.inference_group(model), Operation.READ),
    )


def _progress(names: Names) -> Iterable[Rule]:
    """How far the groups are, asked by a reader that belongs to none."""
    yield Rule(Resource.GROUP, names.inference_group(""), Operation.DESCRIBE, prefixed=True)
    yield Rule(Resource.GROUP, names.reader_group, Operation.DESCRIBE)


def _topics(operation: Operation, *names: str, prefixed: bool = False) -> Iterable[Rule]:
    return (Rule(Resource.TOPIC, name, operation, prefixed) for name in names)
