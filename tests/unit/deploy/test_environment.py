from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.local.environment import environment_of, state_dir
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


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, Path("/state/framebus")),
        ({"HOME": "/home/me"}, Path("/home/me/.local/state/framebus")),
    ],
)
def test_state_lives_where_the_desktop_says(environ: dict[str, str], expected: Path) -> None:
    assert state_dir(environ) == expected
