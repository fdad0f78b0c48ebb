from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.local.environment import environment_of, inherited, state_dir
from deploy.local.stack import services
from schemas.settings import Settings


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(
            bootstrap_servers="a:1,b:2",
            prefix="x.",
            security_protocol="SASL_SSL",
            sasl_username="me",
            sasl_password=SecretStr("s3cret"),
            ssl_ca_file=Path("/ca.pem"),
            metrics_port=0,
            log_level="DEBUG",
        ),
    ],
)
def test_a_child_reads_just_the_settings_of_its_parent(settings: Settings) -> None:
    assert Settings.from_environment(environment_of(settings)) == settings


def test_a_child_inherits_no_setting_and_is_spared_what_is_not_its_own() -> None:
    assert inherited({"HOME": "/", "FRAMEBUS_SASL_PASSWORD_FILE": "/secret"}) == {"HOME": "/"}
    settings = Settings(api_viewer_token=SecretStr("viewer-0123456789"), api_host="0.0.0.0")
    environments = {service.name: service.environ for service in services(settings, ["face-detection"])}
    assert {name for name, environ in environments.items() if "viewer-0123456789" in environ.values()} == {"api"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, Path("/state/framebus")),
        ({"HOME": "/home/me"}, Path("/home/me/.local/state/framebus")),
    ],
)
def test_state_lives_where_the_desktop_says(environ: dict[str, str], expected: Path) -> None:
    assert state_dir(environ) == expected
