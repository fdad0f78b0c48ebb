"""Signing in and out on the page, and what it shows to whom."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser
from pydantic import SecretStr

from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.browser.kit import Scheme, watching
from tests.integration.api_client import serving
from tests.planted import OPERATOR_TOKEN, VIEWER_TOKEN

VIEWER, OPERATOR = VIEWER_TOKEN, OPERATOR_TOKEN
_REFUSED = "the server responded with a status of 401"
"""Chromium itself says so on the console, of every request that is refused."""


@pytest.fixture
def locked(settings: Settings, catalogue: Catalogue) -> Iterator[httpx.Client]:
    tokens = {"api_viewer_token": SecretStr(VIEWER), "api_operator_token": SecretStr(OPERATOR)}
    with serving(settings.model_copy(update=tokens), catalogue) as client:
        yield client


@pytest.mark.parametrize(("scheme", "token", "role"), [("light", VIEWER, "viewer"), ("dark", OPERATOR, "operator")])
def test_who_has_a_token_signs_in_sees_the_wall_and_signs_out(
    browser: Browser, locked: httpx.Client, scheme: Scheme, token: str, role: str
) -> None:
    with watching(browser, str(locked.base_url), scheme=scheme) as wall:
        page = wall.page
        page.wait_for_selector("[data-login]")
        assert page.locator(".page-header").count() == 0
        page.fill("#token", "wrong-wrong-wrong-wrong")
        page.click("button[type=submit]")
        page.wait_for_selector("[role=alert]:has-text('This token opens nothing here.')")
        wall.screenshot(f"login-{scheme}")

        page.fill("#token", f" {token}")
        page.press("#token", "Enter")
        page.wait_for_selector(f"[data-role]:has-text('{role}')")
        page.wait_for_selector(".connection:has-text('live')")
        page.wait_for_selector("[data-empty]:has-text('No camera yet')")
        assert page.evaluate("document.cookie") == ""  # no script can read the session
        assert token not in page.content()
        wall.screenshot(f"signed-in-{scheme}")

        page.click("text=Sign out")
        page.wait_for_selector("[data-login]")
        assert page.context.cookies() == []
        assert [one for one in wall.complaints if _REFUSED not in one] == []


def test_a_session_that_ended_elsewhere_takes_the_pictures_with_it(browser: Browser, locked: httpx.Client) -> None:
    with watching(browser, str(locked.base_url)) as wall:
        wall.page.fill("#token", VIEWER)
        wall.page.click("button[type=submit]")
        wall.page.wait_for_selector(".connection:has-text('live')")
        (cookie,) = wall.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        ended = locked.delete("/api/v1/session", headers={"cookie": f"{cookie['name']}={cookie['value']}"})
        assert ended.status_code == 204
        wall.page.wait_for_selector("[data-login]")
