"""The installation's catalogue: the one place that reads the file of `FRAMEBUS_CATALOGUE`; the rooms are given it."""

from __future__ import annotations

from pathlib import Path

from schemas.catalogue import Catalogue
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.marked import LIMIT_BYTES
from schemas.catalogue.parse import parse_entries
from schemas.errors import CatalogueError
from schemas.printable import shown
from schemas.settings import Settings


def read_catalogue(settings: Settings) -> Catalogue:
    """The built-in models, and those of the user's file if there is one.

    Raises:
        CatalogueError: The file cannot be read, or an entry of it is wrong.
    """
    if settings.catalogue is None:
        return Catalogue()
    from processors.families import family_names  # noqa: PLC0415  # NumPy, for those who have a file

    file = Path(settings.catalogue).expanduser().absolute()
    return Catalogue(parse_entries(read_entries(file), file, BUILTIN, families=family_names()))


def read_entries(file: Path) -> bytes:
    """The contents of a file of entries, or as much as shows that it is too large.

    Raises:
        CatalogueError: It cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise CatalogueError(
            f"FRAMEBUS_CATALOGUE={shown(str(file))}: {error.strerror}; expected a YAML file of models"
        ) from None
