"""How much the hostile tests try: a little in `make test`, all that they can in `make fuzz`."""

from __future__ import annotations

import os
from typing import Final

SECONDS: Final = int(os.environ.get("FUZZ_SECONDS", "5"))
"""How long each coverage-guided fuzzer runs."""
LONG: Final = "FUZZ_SECONDS" in os.environ
