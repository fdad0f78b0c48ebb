from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from producers.sources import SourceRules
from schemas.settings import Settings


def test_the_settings_make_the_rules() -> None:
    rules = SourceRules.of(
        Settings.from_environment(
            {
                "FRAMEBUS_SOURCE_ADDRESSES": "10.0.0.0/8,loopback",
                "FRAMEBUS_SOURCE_ROOTS": "/videos:/clips",
                "FRAMEBUS_CAMERA_PASSWORDS": "/run/secrets",
                "FRAMEBUS_SOURCE_CA_FILE": "/etc/ca.pem",
                "FRAMEBUS_SOURCE_TLS": "encrypt",
            }
        )
    )
    assert rules.roots == (Path("/videos"), Path("/clips"))
    assert (rules.passwords, rules.ca_file, rules.verify) == (Path("/run/secrets"), Path("/etc/ca.pem"), False)
    refused = {text: rules.addresses.refusal(ip_address(text)) for text in ("10.1.2.3", "127.0.0.1", "192.168.0.1")}
    assert refused == {"10.1.2.3": None, "127.0.0.1": None, "192.168.0.1": "not in the networks allowed"}


def test_without_settings_no_path_and_no_loopback() -> None:
    rules = SourceRules.of(Settings())
    assert (rules.roots, rules.passwords, rules.verify) == ((), None, True)
    assert rules.addresses.refusal(ip_address("127.0.0.1")) == "loopback"
