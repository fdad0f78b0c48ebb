"""What a camera may be, beyond the form of its record: its source, its models, its hours."""

from schemas.cameras.kind import Kind, kind_of, pattern_size
from schemas.cameras.schedule import Schedule
from schemas.cameras.source import check_source
from schemas.cameras.specification import check_camera, followers_of, make_camera

__all__ = ["Kind", "Schedule", "check_camera", "check_source", "followers_of", "kind_of", "make_camera", "pattern_size"]
