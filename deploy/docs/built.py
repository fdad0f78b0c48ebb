"""What is wrong with a built site: links that lead nowhere, and whatever a browser would load from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
_LOADING: Final = frozenset(
    {"stylesheet", "icon", "preload", "preconnect", "modulepreload", "manifest", "dns-prefetch"}
)
_IN_STYLE: Final = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if _LOADED.get(tag) in given:
            self.loaded.append(given[_LOADED[tag]])
        if tag == "link" and _LOADING.intersection(given.get("rel", "").split()):
            self.loaded.append(given.get("href", ""))


def faults(site: Path) -> list[str]:
    """Every fault of the site in the folder, as `file: what is wrong`."""
    pages = {file: _Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    found = []
    for file, page in pages.items():
        # That page is served at any path, so its links begin at a host that this check does not know.
        if file.name != "404.html":
            links = (_fault_of_link(link, file, pages) for link in page.links)
            loaded = (_fault_of_load(url, file) for url in page.loaded)
            found += [f"{file.relative_to(site)}: {fault}" for fault in (*links, *loaded) if fault]
    for file in sorted(site.rglob("*.css")):
        foreign = _IN_STYLE.findall(file.read_text(encoding="utf-8"))
        found += [f"{file.relative_to(site)}: {url} is loaded from elsewhere" for url in foreign]
    return found


def _fault_of_link(link: str, file: Path, pages: Mapping[Path, _Page]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return f"{link} leads nowhere"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return f"{link} has no such anchor"
    return None


def _fault_of_load(url: str, file: Path) -> str | None:
    parts = urlsplit(url)
    if parts.netloc:
        return f"{url} is loaded from elsewhere"
    if parts.scheme != "data" and not (file.parent / unquote(parts.path)).is_file():
        return f"{url} is not there"
    return None
