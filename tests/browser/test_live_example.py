"""docs/examples/live.html in a real browser: at the API's own origin it shows results, at another it gets none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Route

from tests.browser.kit import Services

FOLDER = Path(__file__).parents[2] / "docs" / "examples"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002  # the library's name


@contextmanager
def static() -> Iterator[str]:
    """The examples at an origin of their own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(FOLDER)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_at_the_apis_own_origin_results_appear(browser: Browser, services: Services) -> None:
    page = browser.new_page()
    try:
        # As a proxy in front of both would have it.
        page.route("**/live.html*", serve)
        page.goto(f"{services.url}live.html?camera=left")
        page.wait_for_selector("#results li", state="attached", timeout=60_000)
        assert page.inner_text("#state") == "open"
        page.wait_for_function("document.querySelectorAll('#results li').length >= 5", timeout=60_000)
        lines = page.locator("#results li").all_inner_texts()
        assert {line.partition(":")[0] for line in lines} == {"left"}
    finally:
        page.close()


def serve(route: Route) -> None:
    route.fulfill(path=FOLDER / "live.html", content_type="text/html")


def test_a_page_of_another_origin_gets_nothing(browser: Browser, services: Services) -> None:
    """Of another port it is another origin, and the browser says so: the API refuses it, and sends no CORS headers."""
    page = browser.new_page()
    try:
        with static() as url:
            page.goto(f"{url}/live.html")
            answer = page.evaluate(
                "(url) => new Promise((done) => { const s = new EventSource(url); s.onerror = () => done('refused');"
                " s.onopen = () => done('open') })",
                f"{services.url}api/v1/results/stream",
            )
        assert answer == "refused"
        assert page.locator("#results li").count() == 0
    finally:
        page.close()
