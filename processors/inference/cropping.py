"""Crops for a second stage: what it follows, cut out of a picture that is decoded already; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from processors.families import Placement
from processors.inference.picture import Pixels
from schemas.catalogue import Follows, InputSpec, Model
from schemas.messages import CropDrop, Detection
from schemas.messages.parent import PLACES, Affine, Box

Colour: TypeAlias = Literal["RGB", "BGR"]
Matrix: TypeAlias = NDArray[np.float64]
"""[2, 3]: from a point (x, y, 1) to another; in pixels, and a pixel's middle is not a whole number."""

_GREY: Final = (128, 128, 128)
"""What a turned crop has where the picture ends."""
_LEAST_SCALE: Final = 1e-3
"""Pixels of a crop for one of the frame, at least: keypoints that ask for less say nothing of a size."""
_MOST_SCALE: Final = 1e3
_ENCODING: Final = (
    cv2.IMWRITE_JPEG_QUALITY,
    95,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)


@dataclass(frozen=True, slots=True)
class Crop:
    """One detection as a JPEG of its own: `index` is its place in the result; `box` and `map` are a `Parent`'s."""

    index: int
    box: Box
    map: Affine
    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of `offered` detections: each has a crop, or counts by the reason why it has none."""

    offered: int
    dropped: Counter[CropDrop]
    crops: tuple[Crop, ...]


def cut_crops(
    picture: Pixels, colour: Colour, detections: Sequence[Detection], follower: Model, *, limit_bytes: int
) -> Cut:
    """The crops of `picture` [height, width, 3], which is as large as its frame, for a model that follows another.

    They have the size that the follower's network takes, so that nothing is resized twice. A JPEG of more than
    `limit_bytes` is none.
    """
    follows = follower.follows
    if follows is None:
        return Cut(0, Counter(), ())
    wanted = [(index, found) for index, found in enumerate(detections) if found.label in follows.labels]
    dropped: Counter[CropDrop] = Counter()
    crops: list[Crop] = []
    for index, found in wanted:
        if len(crops) >= follows.limit or index >= PLACES:
            dropped[CropDrop.OVER_LIMIT] += 1
            continue
        try:
            pixels, back = _cut(picture, found, follows, follower.input)
            jpeg = _encode(pixels, colour, limit_bytes)
        except _DroppedError as error:
            dropped[error.reason] += 1
        except cv2.error:
            dropped[CropDrop.ENCODE_FAILED] += 1
        else:
            crops.append(Crop(index, found.box, back, pixels.shape[1], pixels.shape[0], jpeg))
    return Cut(len(wanted), dropped, tuple(crops))


def similarity(points: Sequence[Sequence[float]], places: Sequence[Sequence[float]]) -> Matrix | None:
    """What turns, scales and moves `points` so that they lie at `places` as nearly as can be; None: nothing does."""
    given, wanted = np.array(points, float), np.array(places, float)
    middle, target = given.mean(axis=0), wanted.mean(axis=0)
    (x, y), (u, v) = (given - middle).T, (wanted - target).T
    spread = (x * x + y * y).sum()
    if not spread > 0:
        return None
    a, b = (x * u + y * v).sum() / spread, (x * v - y * u).sum() / spread
    if not _LEAST_SCALE <= np.hypot(a, b) <= _MOST_SCALE:
        return None
    turned = np.array([[a, -b], [b, a]])
    return np.column_stack((turned, target - turned @ middle))


class _DroppedError(Exception):
    """This detection gets no crop."""

    def __init__(self, reason: CropDrop) -> None:
        super().__init__(reason)
        self.reason = reason


def _cut(picture: Pixels, found: Detection, follows: Follows, spec: InputSpec) -> tuple[Pixels, Affine]:
    """The detection's pixels in the follower's size, and the way back from there."""
    x1, y1, x2, y2 = found.box
    if min(x2 - x1, y2 - y1) < follows.min_size:
        raise _DroppedError(CropDrop.TOO_SMALL)
    if follows.align is None:
        return _cut_box(picture, _grown(found.box, follows.margin), spec)
    points = [point[:2] for point in (found.keypoints or ())[: len(follows.align)]]
    there = similarity(points, follows.align) if len(points) == len(follows.align) else None
    if there is None:
        raise _DroppedError(CropDrop.NO_KEYPOINTS)
    return _cut_turned(picture, there, spec)


def _grown(box: Box, margin: tuple[float, float]) -> Box:
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * margin[0], (y2 - y1) * margin[1]
    return x1 - across, y1 - down, x2 + across, y2 + down


def _cut_box(picture: Pixels, box: Box, spec: InputSpec) -> tuple[Pixels, Affine]:
    height, width = picture.shape[:2]
    left, top = max(floor(box[0]), 0), max(floor(box[1]), 0)
    part = picture[top : min(ceil(box[3]), height), left : min(ceil(box[2]), width)]
    if not part.size:
        raise _DroppedError(CropDrop.TOO_SMALL)
    has_height, has_width = part.shape[:2]
    placement = Placement.of(spec, has_width, has_height)
    size = (placement.inner_width, placement.inner_height)
    smaller = size[0] < has_width and size[1] < has_height
    fitted = cv2.resize(part, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return fitted, (has_width / size[0], 0.0, float(left), 0.0, has_height / size[1], float(top))


def _cut_turned(picture: Pixels, there: Matrix, spec: InputSpec) -> tuple[Pixels, Affine]:
    back = cv2.invertAffineTransform(there)
    # OpenCV counts from the middle of the first pixel.
    middles = there.copy()
    middles[:, 2] += there[:, :2].sum(axis=1) / 2 - 0.5
    turned = cv2.warpAffine(
        picture,
        middles,
        (spec.width, spec.height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_GREY,
    )
    a, b, c, d, e, f = back.ravel().tolist()
    return turned, (a, b, c, d, e, f)


def _encode(pixels: Pixels, colour: Colour, limit_bytes: int) -> bytes:
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if colour == "RGB" else pixels
    done, buffer = cv2.imencode(".jpg", ordered, _ENCODING)
    if not done:
        raise _DroppedError(CropDrop.ENCODE_FAILED)
    if buffer.nbytes > limit_bytes:
        raise _DroppedError(CropDrop.TOO_LARGE)
    jpeg: bytes = buffer.tobytes()
    return jpeg
