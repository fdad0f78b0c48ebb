from __future__ import annotations

import re

import pytest
from uvicorn.middleware.proxy_headers import _TrustedHosts

from schemas.errors import SettingsError
from schemas.settings import SECRETS, Settings
from tests.planted import SASL_PASSWORD, SINK_PASSWORD, SINK_SECRET, SINK_TOKEN


def test_the_defaults_need_no_environment() -> None:
    settings = Settings.from_environment({"HOME": "/root"})
    assert settings.librdkafka() == {"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "PLAINTEXT"}
    assert settings.record_limit_bytes == 1024 * 1024 + 64 * 1024


def test_one_definition_configures_the_client() -> None:
    settings = Settings.from_environment(
        {
            "FRAMEBUS_BOOTSTRAP_SERVERS": "a:9092,b:9093",
            "FRAMEBUS_SECURITY_PROTOCOL": "SASL_SSL",
            "FRAMEBUS_SASL_USERNAME": "edge",
            "FRAMEBUS_SASL_PASSWORD": SASL_PASSWORD,
            "FRAMEBUS_SSL_CA_FILE": "/etc/ca.pem",
        }
    )
    assert settings.librdkafka() == {
        "bootstrap.servers": "a:9092,b:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "edge",
        "sasl.password": SASL_PASSWORD,
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert SASL_PASSWORD not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"FRAMEBUS_BOOTSTRAP": "a:1"},
            "unknown variable FRAMEBUS_BOOTSTRAP; expected one of FRAMEBUS_BOOTSTRAP_SERVERS",
        ),
        ({"FRAMEBUS_BOOTSTRAP_SERVERS": "localhost"}, "FRAMEBUS_BOOTSTRAP_SERVERS='localhost'"),
        ({"FRAMEBUS_FRAME_LIMIT_BYTES": "many"}, "FRAMEBUS_FRAME_LIMIT_BYTES='many'"),
        ({"FRAMEBUS_FRAME_LIMIT_BYTES": "1"}, "FRAMEBUS_FRAME_LIMIT_BYTES='1'"),
        ({"FRAMEBUS_SECURITY_PROTOCOL": "TLS"}, "FRAMEBUS_SECURITY_PROTOCOL='TLS'"),
        ({"FRAMEBUS_SECURITY_PROTOCOL": "SASL_SSL"}, "needs FRAMEBUS_SASL_USERNAME and FRAMEBUS_SASL_PASSWORD"),
        ({"FRAMEBUS_SSL_CERT_FILE": "/c.pem"}, "are needed together"),
        ({"FRAMEBUS_PREFIX": "a b"}, "FRAMEBUS_PREFIX='a b'"),
        ({"FRAMEBUS_API_VIEWER_TOKEN": "short"}, "FRAMEBUS_API_VIEWER_TOKEN=(hidden): expected 16 to 512 letters"),
        ({"FRAMEBUS_API_OPERATOR_TOKEN": "s p a c e d  o u t !"}, "FRAMEBUS_API_OPERATOR_TOKEN=(hidden): expected 16"),
        (dict.fromkeys(("FRAMEBUS_API_VIEWER_TOKEN", "FRAMEBUS_API_OPERATOR_TOKEN"), "x" * 16), "are the same"),
        ({"FRAMEBUS_API_HOSTS": "http://a"}, "FRAMEBUS_API_HOSTS='http://a'"),
        (
            {"FRAMEBUS_API_TRUSTED_PROXIES": "nginx"},
            "FRAMEBUS_API_TRUSTED_PROXIES='nginx': 'nginx' is no address and no network: expected",
        ),
        ({"FRAMEBUS_API_TRUSTED_PROXIES": "*"}, "'*' is no address and no network"),
        ({"FRAMEBUS_API_TRUSTED_PROXIES": "10.0.0.5,,10.0.0.6"}, "'' is no address and no network"),
        ({"FRAMEBUS_API_TRUSTED_PROXIES": "10.0.0.5, nginx"}, "' nginx' is no address and no network"),
        ({"FRAMEBUS_API_TRUSTED_PROXIES": "10.0.0.5/8"}, "'10.0.0.5/8' is no address and no network"),
        ({"FRAMEBUS_API_TRUSTED_PROXIES": "10.0.0.5,0.0.0.0/0"}, "'0.0.0.0/0' is everybody"),
        ({"FRAMEBUS_API_TRUSTED_PROXIES": "::/0"}, "'::/0' is everybody"),
        ({"FRAMEBUS_SOURCE_ADDRESSES": "lan"}, "FRAMEBUS_SOURCE_ADDRESSES='lan': 'lan' does not appear"),
        ({"FRAMEBUS_SOURCE_ADDRESSES": ""}, "it is empty; expected unicast, loopback or networks"),
        ({"FRAMEBUS_SOURCE_ROOTS": "/videos:clips"}, "folder 'clips': expected absolute paths with : between them"),
        ({"FRAMEBUS_SOURCE_ROOTS": ""}, "folder '': expected absolute paths"),
        ({"FRAMEBUS_SOURCE_TLS": "no"}, "FRAMEBUS_SOURCE_TLS='no'"),
        ({"FRAMEBUS_PUSHGATEWAY": "gateway:9091"}, "FRAMEBUS_PUSHGATEWAY=(hidden): expected http://HOST:PORT"),
        ({"FRAMEBUS_PUSHGATEWAY": f"http://me:{SASL_PASSWORD}@gateway:9091"}, "and no user in it"),
        ({"FRAMEBUS_PUSHGATEWAY": "http://gateway:9091/?token=x"}, "FRAMEBUS_PUSHGATEWAY=(hidden)"),
        ({"FRAMEBUS_PUSHGATEWAY_INTERVAL": "0"}, "FRAMEBUS_PUSHGATEWAY_INTERVAL='0'"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], expected: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(expected)):
        Settings.from_environment(environ)


@pytest.mark.parametrize("proxies", ["", "127.0.0.1", "::1", "10.0.0.5,10.1.0.0/16,fd00::/8"])
def test_proxies_are_addresses_and_networks_as_the_server_takes_them(proxies: str) -> None:
    settings = Settings.from_environment({"FRAMEBUS_API_TRUSTED_PROXIES": proxies})
    assert settings.api_trusted_proxies == proxies
    trusted = _TrustedHosts(proxies) if proxies else None
    assert trusted is None or not (trusted.trusted_literals or trusted.always_trust)


@pytest.mark.parametrize("address", ["http://gateway:9091", "https://[fd00::1]:9091/edge/", "http://10.0.0.5"])
def test_a_pushgateway_is_a_plain_address(address: str) -> None:
    assert Settings.from_environment({"FRAMEBUS_PUSHGATEWAY": address}).pushgateway == address


def test_every_secret_is_known_as_one() -> None:
    hidden = {name for name, field in Settings.model_fields.items() if "SecretStr" in repr(field.annotation)}
    assert hidden == set(SECRETS)


def test_a_secret_never_reaches_an_error() -> None:
    environ = {
        "FRAMEBUS_SASL_PASSWORD": SASL_PASSWORD,
        "FRAMEBUS_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "FRAMEBUS_API_PORT": "x",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    assert SASL_PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_password_in_the_pushgateways_address_is_refused_and_not_told() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"FRAMEBUS_PUSHGATEWAY": f"http://me:{SASL_PASSWORD}@gateway:9091"})
    assert SASL_PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAMEBUS_SINK_URL", f"ftp://me:{SINK_PASSWORD}@receiver.example/"),
        ("FRAMEBUS_SINK_URL", f"receiver.example/?token={SINK_TOKEN}"),
        ("FRAMEBUS_SINK_URL", f"https://receiver.example/#{SINK_TOKEN}"),
        ("FRAMEBUS_SINK_SECRET", SINK_SECRET),
        ("FRAMEBUS_SINK_SECRET", f"whsec_{SINK_SECRET[:20]}"),
        ("FRAMEBUS_SINK_SECRET", f"whsec_{SINK_SECRET} "),
        ("FRAMEBUS_SINK_SECRET", f"whsec_{SINK_SECRET}!"),
    ],
)
def test_a_sinks_secret_that_is_none_is_refused_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({name: value})
    assert str(error.value).startswith(f"{name}=(hidden): expected ")
    assert "planted" not in str(error.value)


def test_a_sink_may_sign_with_two_secrets_while_they_change() -> None:
    given = {
        "FRAMEBUS_SINK_URL": f"https://me:{SINK_PASSWORD}@receiver.example:8443/hook?token={SINK_TOKEN}",
        "FRAMEBUS_SINK_SECRET": f"whsec_{SINK_SECRET} whsec_{'B' * 32}",
    }
    settings = Settings.from_environment(given)
    assert settings.sink_url is not None
    assert settings.sink_url.get_secret_value() == given["FRAMEBUS_SINK_URL"]
    assert "planted" not in repr(settings)
