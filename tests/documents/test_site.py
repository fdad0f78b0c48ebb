"""What the site is made of: every page has its place, and links lead to pages wherever they lead in the repository."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.docs.built import faults
from deploy.docs.pages import Pages
from tests.documents.blocks import ROOT

PLACES = tomllib.loads((ROOT / "docs/zensical.toml").read_text())["project"]["nav"]


def named(entries: list[Any]) -> Iterator[str]:
    """The pages of a navigation."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from [below] if isinstance(below, str) else named(below)


def test_every_page_has_one_place_in_the_navigation() -> None:
    pages = [path for path, _ in Pages(ROOT).all() if path.endswith(".md") and not path.startswith("source/")]
    assert sorted(named(PLACES)) == sorted(pages)


def tree(folder: Path, **files: str) -> Path:
    """A repository with these files; in names `_` stands for `/`, and `0` for a dot."""
    needed = dict.fromkeys(("README0md", "CONTRIBUTING0md", "CHANGELOG0md", "api_dashboard_public_favicon0svg"), "")
    for name, text in {**needed, **files}.items():
        path = folder / name.replace("_", "/").replace("0", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_links_out_of_the_documents_lead_to_pages_of_their_own(tmp_path: Path) -> None:
    page = "[t](../tests/t.py#L3), [d](../tests), [r](../README.md), [b](b.md#x), [h](https://a.example/), `[c](no.md)`"
    root = tree(tmp_path, docs_a0md=f"{page}\n\n```python\nx[0](no.md)\n```\n", docs_b0md="", tests_t0py="def t(): ...")
    pages = dict(Pages(root).all())
    links = re.findall(r"\]\(([^)]+)\)", pages["a.md"].decode())
    assert links == [
        "source/tests/t.py.md#L3",
        "source/tests.md",
        "index.md",
        "b.md#x",
        "https://a.example/",
        "no.md",
        "no.md",
    ]
    assert "def t(): ..." in pages["source/tests/t.py.md"].decode()
    assert "(tests/t.py.md)" in pages["source/tests.md"].decode()


def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        dict(Pages(tree(tmp_path, docs_a0md="[t](../tests/t.py)")).all())


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<a href="b.html">', "b.html leads nowhere"),
        ('<a href="#x">', "#x has no such anchor"),
        ('<a href="a.html#x"><b id="y">', "a.html#x has no such anchor"),
        ('<script src="https://cdn.example/x.js">', "https://cdn.example/x.js is loaded from elsewhere"),
        ('<link rel="preconnect" href="//fonts.example">', "//fonts.example is loaded from elsewhere"),
        ('<img src="x.png">', "x.png is not there"),
    ],
)
def test_faults_of_a_site_are_found(page: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(page)
    assert faults(tmp_path) == [f"a.html: {fault}"]


def test_a_site_without_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="#y"><a href="a.html#y"><a href="https://a.example"><b id="y">')
    assert faults(tmp_path) == []
    (tmp_path / "a.css").write_text("@import url(https://fonts.example/css)")
    assert faults(tmp_path) == ["a.css: https://fonts.example/css is loaded from elsewhere"]
