"""The site's pages: the repository's Markdown, with every link into the repository led to a page of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FOLDER: Final = "docs"
BESIDE: Final = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md", "README.md": "index.md"}
"""Files outside of the folder that are pages, or have their words on one."""
LOGO: Final = "api/dashboard/public/favicon.svg"
"""The page's own."""
SOURCES: Final = "source"
"""The folder of the pages that show files of the repository: the site is whole without a forge."""
_LANGUAGES: Final = {
    ".py": "python",
    ".yaml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".ts": "typescript",
    ".tpl": "",
}
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "dist"})

# Code is passed over: what looks like a link there is none.
_LINK: Final = re.compile(
    r"(?P<code>^ *(`{3,}).*?^ *\2 *$|`+[^`]+`+)|\]\((?P<target>[^)\s]+)\)", re.MULTILINE | re.DOTALL
)
_FOREIGN: Final = re.compile(r"[a-z][a-z0-9+.-]*:|#")


@dataclass(slots=True)
class Pages:
    """Every page by its path in the site; `sources` are the files and folders that some page leads to."""

    root: Path
    sources: set[Path] = field(default_factory=set)

    def all(self) -> Iterator[tuple[str, bytes]]:
        """Path and contents of every page and picture.

        Raises:
            FileNotFoundError: A link leads nowhere.
        """
        for file in sorted((self.root / FOLDER).rglob("*")):
            if file.is_file() and file.suffix != ".toml":
                path = file.relative_to(self.root / FOLDER).as_posix()
                yield path, self._markdown(file, path) if file.suffix == ".md" else file.read_bytes()
        for name, path in BESIDE.items():
            if path != "index.md":
                yield path, self._markdown(self.root / name, path)
        yield "assets/logo.svg", (self.root / LOGO).read_bytes()
        done: set[Path] = set()
        while self.sources - done:
            for file in sorted(self.sources - done):
                done.add(file)
                yield _page_of(file.relative_to(self.root)), self._source(file).encode()

    def _markdown(self, file: Path, page: str) -> bytes:
        def lead(match: re.Match[str]) -> str:
            target = match["target"]
            if match["code"] or _FOREIGN.match(target):
                return match[0]
            name, mark, anchor = target.partition("#")
            to = self._place(file.parent / name)
            return f"]({os.path.relpath(to, Path(page).parent)}{mark}{anchor})"

        return _LINK.sub(lead, file.read_text(encoding="utf-8")).encode()

    def _place(self, file: Path) -> str:
        """Where in the site the file is."""
        file = file.resolve(strict=True)
        path = file.relative_to(self.root)
        if path.as_posix() in BESIDE:
            return BESIDE[path.as_posix()]
        if path.parts[0] == FOLDER and file.is_file():
            return path.relative_to(FOLDER).as_posix()
        self.sources.add(file)
        return _page_of(path)

    def _source(self, file: Path) -> str:
        path = file.relative_to(self.root)
        head = f"---\ntitle: {path.name}\nsearch:\n  exclude: true\n---\n\n# `{path}`\n\n"
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            fence = "`" * (3 + max(map(len, re.findall("`{3,}", text)), default=0))
            return f"{head}{fence}{_LANGUAGES.get(file.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"
        found = [one for one in sorted(file.rglob("*")) if one.is_file() and _is_shown(one.relative_to(file))]
        places = [(one.relative_to(file), self._place(one)) for one in found]
        here = Path(_page_of(path)).parent
        return head + "".join(f"- [`{name}`]({os.path.relpath(place, here)})\n" for name, place in places)


def _is_shown(path: Path) -> bool:
    return not any(part.startswith(".") or part in _SKIPPED for part in path.parts)


def _page_of(path: Path) -> str:
    return f"{SOURCES}/{path.as_posix()}.md"
