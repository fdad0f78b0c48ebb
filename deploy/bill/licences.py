"""Which licences are allowed, and those that packages do not state as an SPDX expression. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from schemas.errors import EnvironmentMissingError

ALLOWED: Final = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LicenseRef-Repoze", "MIT", "MIT-0"),
        *("OpenSSL", "PSF-2.0", "Unlicense", "Zlib", "libpng-2.0"),
    }
)
"""Permissive: whoever distributes Framebus has to pass on the notices."""

COPYLEFT: Final[Mapping[str, frozenset[str]]] = {
    "MPL-2.0": frozenset({"certifi", "fqdn", "hypothesis", "pathspec", "lightningcss", "axe-core"}),
    "LGPL-2.1-or-later": frozenset({"FFmpeg", "libquadmath"}),
    "LGPL-3.0-only": frozenset({"Qt"}),
    "GPL-3.0-or-later WITH GCC-exception-3.1": frozenset({"libgfortran", "libgcc", "libgomp"}),
}
"""Copyleft, each for the parts for which it was looked at: used as they are, and replaceable, they ask nothing more."""

SPELLINGS: Final[Mapping[str, str]] = {
    "2-clause bsd license": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd-derived (repoze)": "LicenseRef-Repoze",
    "freebsd": "BSD-2-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "osi approved :: apache software license": "Apache-2.0",
    "psfl": "PSF-2.0",
}
"""How packages of the locks spell their licences in free text, in small letters."""

STATED: Final[Mapping[str, str]] = {
    "atheris": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "confluent-kafka": "Apache-2.0",
    "faust-streaming": "BSD-3-Clause",
    "kubernetes-validate": "Apache-2.0",
    "mode-streaming": "BSD-3-Clause",
    "scipy": "BSD-3-Clause",
}
"""Read in the package itself: its metadata say nothing, or not exactly enough, or it is for another system."""

JARS: Final[Mapping[str, str]] = {
    "com.github.luben:zstd-jni": "BSD-2-Clause",
    "com.google.re2j:re2j": "BSD-3-Clause",
    "net.sf.jopt-simple:jopt-simple": "MIT",
    "net.sourceforge.argparse4j:argparse4j": "MIT",
    "org.hdrhistogram:HdrHistogram": "CC0-1.0 OR BSD-2-Clause",
    "org.pcollections:pcollections": "MIT",
    "org.slf4j:slf4j-api": "MIT",
}
"""The licences of Kafka's jars that are not Apache-2.0.

Most jars state them in their manifest or POM, and a test compares. `UNSTATED_JARS` do not.
"""

UNSTATED_JARS: Final = frozenset(
    {
        "com.dynatrace.hash4j:hash4j",  # newer than that list: Apache-2.0 by its POM in the Maven repository
        "com.google.re2j:re2j",  # the Go licence, which is BSD-3-Clause
        "com.yammer.metrics:metrics-core",
        "org.pcollections:pcollections",
        "org.slf4j:slf4j-api",
    }
)
"""Jars that state nothing themselves: theirs is what LICENSE-binary of Kafka's sources (November 2024) says."""

APACHE_JARS: Final = re.compile(
    r"(org\.apache\.(kafka|logging\.log4j)|com\.fasterxml\.jackson\..*|commons-\w+|org\.scala-lang|com\.typesafe\..*"
    r"|at\.yawk\.lz4|com\.dynatrace\.hash4j|com\.github\.ben-manes\.caffeine|com\.yammer\.metrics|org\.bitbucket\.b_c"
    r"|org\.jspecify|org\.xerial\.snappy|org\.yaml):"
)
"""Groups of jars that are Apache-2.0."""

BUNDLED: Final[Mapping[str, Mapping[str, tuple[str, str, str]]]] = {
    "opencv-python": {
        "libav": ("FFmpeg", "LGPL-2.1-or-later", "reads and writes video; built without its GPL parts"),
        "libsw": ("FFmpeg", "LGPL-2.1-or-later", "reads and writes video; built without its GPL parts"),
        "libQt5": ("Qt", "LGPL-3.0-only", "OpenCV's windows, which Framebus never opens"),
        "libaom": ("libaom", "BSD-2-Clause", "AV1"),
        "libvpx": ("libvpx", "BSD-3-Clause", "VP8 and VP9"),
        "libavif": ("libavif", "BSD-2-Clause", "AVIF pictures"),
        "libcrypto": ("OpenSSL 1.1", "OpenSSL", "FFmpeg's TLS, which Framebus does not use"),
        "libssl": ("OpenSSL 1.1", "OpenSSL", "FFmpeg's TLS, which Framebus does not use"),
        "libdrm": ("libdrm", "MIT", "Qt's and FFmpeg's"),
        "libgfortran": ("libgfortran", "GPL-3.0-or-later WITH GCC-exception-3.1", "OpenBLAS's"),
        "libquadmath": ("libquadmath", "LGPL-2.1-or-later", "libgfortran's"),
        "libopenblas": ("OpenBLAS", "BSD-3-Clause", "linear algebra"),
        "libpcre2": ("PCRE2", "BSD-3-Clause", "Qt's"),
        "libpng": ("libpng", "libpng-2.0", "PNG pictures"),
        "libX11": ("Xlib", "MIT", "Qt's"),
        "libXau": ("libXau", "MIT", "Qt's"),
        "libxcb": ("XCB", "MIT", "Qt's"),
        "libxkbcommon": ("libxkbcommon", "MIT", "Qt's"),
    },
    "numpy": {
        "libscipy_openblas": ("OpenBLAS", "BSD-3-Clause", "linear algebra"),
        "libgfortran": ("libgfortran", "GPL-3.0-or-later WITH GCC-exception-3.1", "OpenBLAS's"),
        "libquadmath": ("libquadmath", "LGPL-2.1-or-later", "libgfortran's"),
    },
    "scipy": {
        "libscipy_openblas": ("OpenBLAS", "BSD-3-Clause", "linear algebra"),
        "libgfortran": ("libgfortran", "GPL-3.0-or-later WITH GCC-exception-3.1", "OpenBLAS's"),
        "libquadmath": ("libquadmath", "LGPL-2.1-or-later", "libgfortran's"),
    },
    "scikit-learn": {
        "libgomp": ("libgomp", "GPL-3.0-or-later WITH GCC-exception-3.1", "threads; NNCF needs the package"),
    },
    "confluent-kafka": {
        "librdkafka": ("librdkafka, with OpenSSL 3 inside", "Apache-2.0 AND BSD-2-Clause", "the Kafka client"),
    },
}
"""For each package, by how its libraries' file names begin: name, licence, what for. The longest beginning counts."""


def spdx(name: str, expression: str | None, text: str | None, classifiers: tuple[str, ...]) -> str:
    """The SPDX expression for a package, from its metadata.

    Raises:
        EnvironmentMissingError: They say nothing that is known: its licence has to be looked up and stated here.
    """
    if name in STATED:
        return STATED[name]
    if expression:
        return expression
    for spelling in (text or "", *classifiers):
        known = SPELLINGS.get(spelling.strip().lower())
        if known or (spelling and all(part in ALLOWED for part in parts_of(spelling))):
            return known or spelling
    raise EnvironmentMissingError(
        f"package {name}: licence {text!r} {classifiers!r} is not known; expected it in deploy/bill/licences.py"
    )


def parts_of(expression: str) -> list[str]:
    """The licences in an SPDX expression."""
    return re.split(r"\s+(?:AND|OR)\s+", expression.replace("(", "").replace(")", "").strip())


def is_copyleft(expression: str) -> bool:
    """Whether one of the licences in the expression is copyleft."""
    return any(part in COPYLEFT for part in parts_of(expression))


def forbidden(name: str, expression: str) -> list[str]:
    """The licences in the expression that are not allowed for the part `name`."""
    family = re.sub(r"-(android|darwin|freebsd|linux|win32)-.*", "", name)  # npm has a package for each system
    return [
        part for part in parts_of(expression) if part not in ALLOWED and family not in COPYLEFT.get(part, frozenset())
    ]
