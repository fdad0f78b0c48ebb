"""`python -m producers`: one capture worker with the settings of its environment."""

from __future__ import annotations

import logging
import os
import sys

from producers.service import run
from schemas.errors import SettingsError
from schemas.settings import Settings


def main() -> int:
    """Run the service; the exit code."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
