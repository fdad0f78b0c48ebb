"""Where this version of the API lives."""

from __future__ import annotations

from typing import Final

API: Final = "/api/v1"
