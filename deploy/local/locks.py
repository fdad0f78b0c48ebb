"""What makes a broker of our own ask who is there: TLS, passwords (SCRAM), and access lists that begin empty."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

MECHANISM: Final = "SCRAM-SHA-512"

_PROPERTIES: Final = """\
listeners=SASL_SSL://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{broker}
listener.security.protocol.map=CONTROLLER:SASL_SSL,SASL_SSL:SASL_SSL
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} user_{admin}="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram};
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{admin}
"""
_LOGIN: Final = 'org.apache.kafka.common.security.{module} required username="{admin}" password="{password}"'


@dataclass(frozen=True, slots=True)
class Locks:
    """The broker's certificate with its key (PEM), who signed it, and the one user who may do everything."""

    certificate: Path
    authority: Path
    admin: str
    password: SecretStr

    def properties(self, *, broker: int, controller: int) -> str:
        """The part of the broker's properties that says who may come in."""
        who = {"admin": self.admin, "password": self.password.get_secret_value()}
        return _PROPERTIES.format(
            broker=broker,
            controller=controller,
            plain=_LOGIN.format(module="plain.PlainLoginModule", **who),
            scram=_LOGIN.format(module="scram.ScramLoginModule", **who),
            certificate=self.certificate,
            authority=self.authority,
            **who,
        )

    def format_arguments(self) -> str:
        """The lines of a file of arguments that gives a new cluster its first user: no list of processes shows them."""
        return f"--add-scram\n{MECHANISM}=[name={self.admin},password={self.password.get_secret_value()}]\n"

    def client(self) -> dict[str, Any]:
        """How librdkafka connects as that user."""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": MECHANISM,
            "sasl.username": self.admin,
            "sasl.password": self.password.get_secret_value(),
            "ssl.ca.location": str(self.authority),
        }
