"""What Kafka's jars say about their licences, in manifest, POM or a licence's text, is what our list says."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

from deploy.bill.gather import kafka
from deploy.bill.licences import UNSTATED_JARS
from deploy.local.jars import find_jars, locked_jars
from schemas.settings import Settings

ROOT = Path(__file__).parents[2]
_STATEMENTS = {
    "Apache-2.0": re.compile(r"apache.{0,20}licen[sc]e|apache-2\.0", re.IGNORECASE),
    "BSD-2-Clause": re.compile(r"BSD-2-Clause"),
    "CC0-1.0": re.compile(r"publicdomain/zero/1\.0"),
    "MIT": re.compile(r"mit-license|\bMIT\b"),
}
_PLACES = (
    (re.compile(r"META-INF/MANIFEST\.MF$"), re.compile(r"^Bundle-License: (.*)$", re.MULTILINE)),
    (re.compile(r"META-INF/maven/.*/pom\.xml$"), re.compile(r"<licenses>(.*?)</licenses>", re.DOTALL)),
    (re.compile(r"(META-INF/)?LICENSE(\.txt)?$"), re.compile(r"\A\s*(.{0,400})", re.DOTALL)),
)


def stated(jar: ZipFile) -> set[str]:
    """The licences, by their SPDX names, that the jar states for itself."""
    said = ""
    for name in jar.namelist():
        for place, statement in _PLACES:
            if place.fullmatch(name):
                text = jar.read(name).decode(errors="replace").replace("\r", "").replace("\n ", "")
                said += " ".join(statement.findall(text))
    return {licence for licence, words in _STATEMENTS.items() if words.search(said)}


def test_the_jars_say_what_the_list_says() -> None:
    listed = {part.name: set(part.licence.split(" OR ")) for part in kafka(ROOT)}
    files = {path.name: path for path in find_jars(Settings().cache_dir)}
    unstated = set()
    for jar in locked_jars():
        name = f"{jar.group}:{jar.artifact}"
        with ZipFile(files[jar.filename]) as opened:
            says = stated(opened)
        if says:
            assert says == listed[name], name
        else:
            unstated.add(name)
    assert unstated == UNSTATED_JARS
