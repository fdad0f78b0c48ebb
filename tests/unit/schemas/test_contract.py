from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

import schemas
from schemas.contract import DEAD_LETTER, EXAMPLE_HEADERS, EXAMPLES, FRAME, MESSAGES, RESULT, files
from schemas.messages import decode_capture, decode_dead_letter, decode_frame_headers

ROOT = Path(schemas.__file__).parent


def test_the_written_contract_is_the_current_one() -> None:
    written = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in ("json", "examples")
        for path in (ROOT / folder).iterdir()
    }
    assert written == files(), "run `python -m schemas`"


@pytest.mark.parametrize("name", MESSAGES)
def test_each_golden_record_obeys_its_schema_and_reads_back(name: str) -> None:
    record = EXAMPLES[name].to_json()
    schema = json.loads((ROOT / f"json/{name}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(record))
    assert MESSAGES[name].from_json(record) == EXAMPLES[name]


@pytest.mark.parametrize("name", ["capture-claim", "capture-counts", "crop-counts"])
def test_capture_records_tell_themselves_apart(name: str) -> None:
    assert decode_capture(EXAMPLES[name].to_json()) == EXAMPLES[name]


@pytest.mark.parametrize("name", EXAMPLE_HEADERS)
def test_golden_headers_obey_their_schema_and_none_may_be_missing(name: str) -> None:
    schema = json.loads((ROOT / f"json/{name}.headers.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    written = {header: (value or b"").decode() for header, value in EXAMPLE_HEADERS[name]}
    validator.validate(written)
    for header in schema["required"]:
        assert not validator.is_valid({key: value for key, value in written.items() if key != header}), header
        assert not validator.is_valid({**written, header: 7}), header


def test_golden_headers_read_back() -> None:
    assert decode_frame_headers(FRAME.encode()) == FRAME
    assert decode_dead_letter(DEAD_LETTER.encode()) == DEAD_LETTER


def test_the_cloudevents_sdk_reads_our_frames() -> None:
    event = _read(FRAME.encode(), b"entrance", b"\xff\xd8jpeg\xff\xd9")
    assert (event.get_id(), event.get_source()) == ("face-detection/42/815", "/sites/shop-7/cameras/entrance")
    assert (event.get_type(), event.get_time()) == ("framebus.frame.v1", FRAME.captured_at)
    assert (event.get_extension("camera"), event.get_extension("seq")) == ("entrance", "815")
    assert event.get_data() == b"\xff\xd8jpeg\xff\xd9"


def test_the_cloudevents_sdk_reads_our_results() -> None:
    event = _read(RESULT.headers(), b"entrance", RESULT.to_json())
    assert (event.get_id(), event.get_type()) == ("face-detection/3/1234", "framebus.result.v1")
    assert event.get_extension("address") == "face-detection/3/1234"
    assert event.get_data() == json.loads(RESULT.to_json())


def _read(headers: list[tuple[str, bytes]], key: bytes, value: bytes) -> CloudEvent:
    message = KafkaMessage(headers=dict(headers), key=key, value=value)
    event = from_binary(message, JSONFormat(), CloudEvent)
    assert isinstance(event, CloudEvent)
    return event
