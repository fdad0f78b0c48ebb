"""Everything that others write, mutated: each codec takes it, or refuses it with an error of ours in a short line."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.result_record import read_result
from processors.streaming.caution import Caution, Position, running, trying
from schemas.cameras import check_camera, make_camera
from schemas.catalogue import Catalogue, Model
from schemas.contract import EXAMPLES, FRAME, RESULT
from schemas.errors import (
    CameraError,
    CatalogueError,
    FramebusError,
    HeaderError,
    MessageError,
    SettingsError,
    WindowError,
)
from schemas.messages import (
    Camera,
    CameraStatus,
    DeadLetter,
    FrameAddress,
    Redrive,
    Result,
    Skip,
    address_from_headers,
    cropped_from_headers,
    decode_capture,
    decode_dead_letter,
    decode_frame_headers,
    identity_from_headers,
)
from schemas.messages.redrive import redriven_from_headers, redriven_headers
from schemas.settings import Settings
from schemas.window import Window
from tests.golden import corpus
from tests.hostile.texts import SECRET, documents, headers, lines

CASES = 10_000
SEED = 20260131
CASE_S = 1.0
SHORT = 1200
"""Characters of an error: a dead letter's message has room for 1,024 of them, a list of what is expected for more."""
HELD = re.compile(rf"://[^:/\s]*:\S*{SECRET}\S*@|[?&;][^=&;?\s]*password[^=&;?\s]*=\S*{SECRET}")
"""Where it is one: before a URL's `@`, which a mutation may have taken away, or as a parameter."""
NOW = datetime(2026, 2, 1, tzinfo=UTC)
CATALOGUE = Catalogue()
LETTER = DeadLetter(FrameAddress("face-detection", 3, 7), "NotJpegError", "a PNG", original=tuple(FRAME.encode()))
ENVIRONMENT = {
    "FRAMEBUS_BOOTSTRAP_SERVERS": "10.0.0.7:9092,10.0.0.8:9092",
    "FRAMEBUS_PREFIX": "shop.",
    "FRAMEBUS_SECURITY_PROTOCOL": "SASL_SSL",
    "FRAMEBUS_SASL_USERNAME": "framebus",
    "FRAMEBUS_SASL_PASSWORD": "swordfish",
    "FRAMEBUS_FRAME_LIMIT_BYTES": "1048576",
    "FRAMEBUS_GRACE": "12.5",
    "FRAMEBUS_API_PORT": "8080",
    "FRAMEBUS_LOG_LEVEL": "INFO",
}


class Family(NamedTuple):
    """A codec: how it reads a case, which errors it may raise, and the cases."""

    name: str
    read: Callable[[Any], object]
    errors: tuple[type[FramebusError], ...]
    cases: Callable[[], Iterable[Any]]


def golden(*names: str) -> list[Any]:
    return [json.loads(EXAMPLES[name].to_json()) for name in names]


def messages(name: str, read: Callable[[bytes], object], *examples: str) -> Family:
    return Family(name, read, (MessageError,), lambda: documents(golden(*examples), CASES, seed=SEED))


def read_camera(value: bytes) -> None:
    camera = Camera.from_json(value)
    assert Camera.from_json(camera.to_json()) == camera
    check_camera(camera, CATALOGUE)


def read_result_and_write(value: bytes) -> None:
    result = read_result(value, RESULT.model.name)
    assert Result.from_json(result.to_json()) == result
    assert address_from_headers(result.headers()) == FrameAddress.parse(result.frame.address)


def read_frame(value: Any) -> None:
    info = decode_frame_headers(value)
    assert decode_frame_headers(info.encode()) == info


def read_result_headers(given: Any) -> None:
    """As an audit and a reader that drops repeats do: neither minds what a crop's parent is, if it is anything."""
    cropped_from_headers(given)
    assert identity_from_headers(given).partition >= 0


def read_letter(value: Any) -> None:
    letter = decode_dead_letter(value)
    assert decode_dead_letter(letter.encode()) == letter
    assert (letter.error + letter.message).isprintable()
    redriven = letter.redriven
    if redriven:
        assert redriven_from_headers(redriven_headers(letter.original, redriven)) == redriven


def specs() -> Iterator[dict[str, object]]:
    """Camera specifications as the command line and a REST client give them: any JSON object."""
    for value in documents(golden("camera"), 2 * CASES, seed=SEED + 1):
        try:
            fields = json.loads(value)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict):
            yield fields


def environments() -> Iterator[dict[str, str]]:
    pairs = [[(name, value.encode()) for name, value in ENVIRONMENT.items()]]
    for mutated in headers(pairs, CASES, seed=SEED):
        yield {name: (value or b"").decode(errors="surrogateescape") for name, value in mutated}


def windows() -> Iterator[tuple[str | None, str | None]]:
    moments = lines(["10m", "1h30m", "2026-01-31T12:00Z", "2026-01-31T12:00:00+01:00"], 2 * CASES, seed=SEED)
    for since in moments:
        yield since, None
        yield None, next(moments, None)


def marks() -> Iterator[str]:
    return lines([running(12), trying(2, 12), "framebus clean"], CASES, seed=SEED)


FRAMES = [FRAME.encode(), *(corpus.FRAMES[name].encode() for name in ("crop", "sent again"))]
LETTERS = [LETTER.encode()]
RESULTS = [RESULT.headers(), corpus.RESULTS["crop"].headers()]
FAMILIES = [
    Family("frame headers", read_frame, (HeaderError, MessageError), lambda: headers(FRAMES, CASES, seed=SEED)),
    Family("dead-letter headers", read_letter, (MessageError,), lambda: headers(LETTERS, CASES, seed=SEED)),
    Family("result headers", read_result_headers, (MessageError,), lambda: headers(RESULTS, CASES, seed=SEED)),
    Family("addresses", FrameAddress.parse, (MessageError,), lambda: lines(["face-detection/3/7"], CASES, seed=SEED)),
    messages("cameras", read_camera, "camera"),
    messages("camera statuses", CameraStatus.from_json, "camera-status"),
    messages("capture records", decode_capture, "capture-counts", "capture-claim", "crop-counts"),
    messages("results", read_result_and_write, "result"),
    messages("skips", Skip.from_json, "skip"),
    messages("redrives", Redrive.from_json, "redrive"),
    Family("camera specifications", lambda fields: check_camera(make_camera(fields), CATALOGUE), (CameraError,), specs),
    Family(
        "catalogue entries",
        Model.from_json,
        (CatalogueError,),
        lambda: documents([model.model_dump(mode="json") for model in CATALOGUE.models], CASES, seed=SEED),
    ),
    Family("settings", Settings.from_environment, (SettingsError,), environments),
    Family("audit windows", lambda pair: Window.parse(*pair, now=NOW), (WindowError,), windows),
    Family("marks in commits", lambda mark: Caution.read(Position(7, mark), 99), (), marks),
]
BY_NAME = {family.name: family for family in FAMILIES}


def judge(family: Family, case: Any) -> bool:
    """Read one case; whether it was taken. An error must be ours, and fit to be logged and shown."""
    begun = time.thread_time()
    try:
        family.read(case)
        taken = True
    except FramebusError as error:
        assert isinstance(error, (*family.errors, CameraError)), repr(error)
        taken = False
        told = str(error)
        assert 0 < len(told) <= SHORT, told
        assert told.isprintable(), repr(told)
        assert SECRET not in told or not HELD.search(repr(case)), told
    took = time.thread_time() - begun
    assert took < CASE_S, f"{took:.1f} s for {case!r:.200}"
    return taken


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_what_was_mutated_is_taken_or_refused_in_a_short_line(family: Family, cases: Counter[str]) -> None:
    taken: Counter[bool] = Counter()
    for case in family.cases():
        try:
            taken[judge(family, case)] += 1
        except Exception as error:
            raise AssertionError(f"{family.name}: {case!r:.2000}") from error
    cases[f"{family.name}, mutated"] += taken.total()
    assert taken.total() >= CASES
    assert taken[True] > CASES // 1000, "some are still what they should be"
    assert taken[False] > CASES // 100 or not family.errors, "and some are not"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = [BY_NAME[name] for name in ("cameras", "capture records", "results", "catalogue entries")]


@pytest.mark.parametrize("family", DOCUMENTS, ids=lambda family: family.name)
def test_whatever_hypothesis_thinks_of_is_refused_in_a_short_line(family: Family, cases: Counter[str]) -> None:
    tree = next(iter(json.loads(EXAMPLES[name].to_json()) for name in EXAMPLES if name in ("camera", "result")))
    counted = 0

    @settings(max_examples=250, deadline=None, derandomize=True, database=None)
    @given(st.binary(max_size=200) | ANY_JSON | st.tuples(st.sampled_from(sorted(tree)), ANY_JSON))
    def check(given_value: Any) -> None:
        nonlocal counted
        counted += 1
        document = tree | {given_value[0]: given_value[1]} if isinstance(given_value, tuple) else given_value
        judge(family, document if isinstance(document, bytes) else json.dumps(document).encode())

    check()
    cases["JSON, generated by hypothesis"] += counted


def skip_at(moment: str) -> bytes:
    fields = json.loads(EXAMPLES["skip"].to_json())
    return json.dumps({**fields, "time": moment}).encode()


FOUND = [
    ("skips", skip_at("9999-12-31T23:59:59-14:00"), "expected a time whose year in UTC is 1 to 9999"),
    ("capture records", b'{"kind":"counts","dropped":{"\\u001b[2J\\nforged":1}}', "capture record: "),
    ("cameras", b'{"id":"' + b"://a:" * 200_000 + b'"}', "camera: id = '://a:"),
    (
        "cameras",
        b'{"id":"a","models":["face-detection"],"source":"' + b"a" * 2000 + b'"}',
        "File name too long",
    ),
    ("dead-letter headers", [*LETTER.encode(), ("framebus_attempts", b"9" * 5000)], "expected a whole number"),
    ("frame headers", [*FRAME.encode(), ("ce_source", b"/" * 60_000)], "ce_source = '//////"),
    ("addresses", "\u202e" + "a" * 100_000, "'\\u202eaaaa"),
    ("results", RESULT.to_json().replace(b"212.5", b"1e999"), "expected finite numbers"),
    ("results", RESULT.to_json().replace(b"212.5", b'"NaN"'), "expected finite numbers"),
    ("settings", {"FRAMEBUS_\x1b[2J": "1"}, "unknown variable FRAMEBUS_\\x1b[2J"),
    ("catalogue entries", CATALOGUE.models[0].model_dump_json().replace("60.0", "1e999"), "fps"),
]


@pytest.mark.parametrize(("name", "case", "says"), FOUND, ids=[name for name, _, _ in FOUND])
def test_what_mutations_found_once_is_refused_with_a_reason(name: str, case: Any, says: str) -> None:
    """Each of these was another library's error, a hang, or another's text in a log, before it was mended."""
    with pytest.raises(FramebusError) as refused:
        BY_NAME[name].read(case)
    assert says in str(refused.value)
    assert not judge(BY_NAME[name], case)
