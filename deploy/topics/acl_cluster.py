"""Makes a cluster's access lists hold what the plan says; only an administrator of the cluster may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from deploy.topics.acl import Acl
from deploy.topics.contact import Contact
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

_TIMEOUT_S: Final = 10.0
_ANYWHERE: Final = "*"


def missing_acls(settings: Settings, planned: Sequence[Acl]) -> list[Acl]:
    """What of the plan the cluster does not have.

    Raises:
        EnvironmentMissingError: The cluster does not answer, has no access lists, or our user may not see them.
    """
    return _missing(_admin(settings), planned)


def apply_acls(settings: Settings, planned: Sequence[Acl]) -> list[Acl]:
    """Add what of the plan is missing; returns it. Nothing is ever taken away.

    Raises:
        EnvironmentMissingError: The cluster does not answer, has no access lists, or refuses.
    """
    admin = _admin(settings)
    missing = _missing(admin, planned)
    if missing:
        bindings = [binding_of(acl) for acl in missing]
        for future in admin.create_acls(bindings, request_timeout=_TIMEOUT_S).values():
            try:
                future.result()
            except KafkaException as error:
                raise _refused(error) from None
    return missing


def binding_of(acl: Acl) -> AclBinding:
    """The rule as the client library writes it."""
    rule = acl.rule
    return AclBinding(
        ResourceType[rule.resource.name],
        rule.name,
        ResourcePatternType.PREFIXED if rule.prefixed else ResourcePatternType.LITERAL,
        acl.principal,
        _ANYWHERE,
        AclOperation[rule.operation.name],
        AclPermissionType.ALLOW,
    )


def _admin(settings: Settings) -> AdminClient:
    contact = Contact(settings)
    contact.topics(_TIMEOUT_S)
    # Who may not see access lists gets an empty answer from the client library, as if there were none.
    answer = contact.admin.describe_cluster(include_authorized_operations=True, request_timeout=_TIMEOUT_S)
    try:
        may = {AclOperation(operation) for operation in answer.result().authorized_operations or []}
    except KafkaException as error:
        raise _refused(error) from None
    if not {AclOperation.DESCRIBE, AclOperation.ALTER} <= may:
        raise EnvironmentMissingError(
            f"user {settings.sasl_username!r} may not change access lists; expected one who administers the cluster "
            "(DESCRIBE and ALTER of it), or its administrator with what `framebus topic acl plan --commands` prints"
        )
    return contact.admin


def _missing(admin: AdminClient, planned: Sequence[Acl]) -> list[Acl]:
    everything = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    try:
        existing = set(admin.describe_acls(everything, request_timeout=_TIMEOUT_S).result())
    except KafkaException as error:
        raise _refused(error) from None
    return [acl for acl in planned if binding_of(acl) not in existing]


def _refused(error: KafkaException) -> EnvironmentMissingError:
    reason = error.args[0]
    if reason.code() == KafkaError.SECURITY_DISABLED:
        return EnvironmentMissingError(
            "this cluster has no access lists, so everybody may do everything; expected a broker with an authorizer "
            "(authorizer.class.name)"
        )
    return EnvironmentMissingError(f"the cluster refuses: {reason.str()[:200]}; expected its administrator")
