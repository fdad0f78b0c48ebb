"""The only way from capture to a camera's address: resolve, judge, connect to what was judged."""

from __future__ import annotations

import socket
import ssl
from ipaddress import ip_address

from producers.sources.rules import SourceRules
from schemas.errors import SourceError, SourceRefusedError


def dial(host: str, port: int, rules: SourceRules, *, timeout_s: float) -> socket.socket:
    """A TCP connection to `host`, at an address that the rules allow.

    The name is resolved once, and the connection goes to the very address that was judged: a name whose answer changes
    in between gains nothing.

    Raises:
        SourceRefusedError: The rules allow none of its addresses.
        SourceError: The name is not known, or nobody answers.
    """
    try:
        found = rules.resolve(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceError(f"host {host!r}: {_reason(error)}; expected a name or an address") from None
    refused: list[str] = []
    failed: list[str] = []
    for family, kind, protocol, _, place in found:
        address = ip_address(place[0])
        if reason := rules.addresses.refusal(address):
            refused.append(f"{address} ({reason})")
            continue
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(timeout_s)
        try:
            connection.connect(place)
        except OSError as error:
            connection.close()
            failed.append(f"{address}: {_reason(error)}")
        else:
            return connection
    if failed:
        raise SourceError(f"{host}:{port}: nobody answers ({', '.join(failed)})")
    raise SourceRefusedError(
        f"{host}:{port}: address {', '.join(refused) or '(none)'} is refused; "
        "expected one that FRAMEBUS_SOURCE_ADDRESSES allows"
    )


def wrap_tls(connection: socket.socket, host: str, rules: SourceRules) -> ssl.SSLSocket:
    """TLS over `connection`, with `host` as the name that the camera's certificate must be for.

    Raises:
        SourceError: The camera speaks no TLS, or its certificate is not good.
    """
    try:
        return tls_context(rules).wrap_socket(connection, server_hostname=host)
    except OSError as error:
        connection.close()
        raise SourceError(
            f"{host}: TLS: {_reason(error)}; expected a certificate that is valid for this host "
            "(FRAMEBUS_SOURCE_CA_FILE names more authorities, FRAMEBUS_SOURCE_TLS=encrypt takes any)"
        ) from None


def tls_context(rules: SourceRules) -> ssl.SSLContext:
    """What certificates are good for cameras: the system's authorities and `rules.ca_file`, or any.

    Raises:
        SourceError: The file of authorities cannot be read.
    """
    context = ssl.create_default_context()
    if rules.ca_file is not None:
        try:
            context.load_verify_locations(rules.ca_file)
        except OSError as error:
            raise SourceError(
                f"FRAMEBUS_SOURCE_CA_FILE={rules.ca_file}: {_reason(error)}; expected PEM certificates"
            ) from None
    if not rules.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: Exception) -> str:
    verified = getattr(error, "verify_message", None)
    text = verified or (error.strerror if isinstance(error, OSError) else None)
    return str(text or error or type(error).__name__)
