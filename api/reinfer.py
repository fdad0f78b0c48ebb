"""Has a frame inferred once more, by its own model or by another one: through Kafka, as every frame is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Final

from api.dead_letters import Desk, Done, Letter
from api.dead_letters.originals import Original
from api.frames import Expected, FrameReader
from api.frame_cache import StoredFrame
from api.result_record import ResultRecord
from api.store import ResultStore
from schemas.errors import EnvironmentMissingError, FramebusError
from schemas.jpeg import check_jpeg
from schemas.messages import FrameAddress, RawHeaders, Redriven
from schemas.messages.frame import FrameInfo
from schemas.names import Header
from schemas.settings import Settings
