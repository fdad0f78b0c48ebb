"""The AsyncAPI document: as the code makes it, valid by AsyncAPI's own schema, and complete."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest

from deploy.topics.acl import Operation, Resource, rules
from deploy.topics.asyncapi import FILE, text
from deploy.topics.plan import plan
from schemas.catalogue import Catalogue
from schemas.contract import EXAMPLE_HEADERS, EXAMPLES, MESSAGES
from schemas.headers import HEADERS
from schemas.settings import Settings
from tests.contract.reading import DOCUMENT, FOLDER, OFFICIAL, channel_of, faults, messages_of, resolve

VALIDATOR = jsonschema.Draft7Validator(OFFICIAL)
CHANNELS = DOCUMENT["channels"]


def test_the_written_document_is_the_current_one() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run `make schemas`"


def test_it_is_valid_by_asyncapis_own_schema() -> None:
    assert [f"{list(error.path)}: {error.message[:200]}" for error in VALIDATOR.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("asyncapi",), "2.6.0"),
        (("channels", "frames", "bindings", "kafka", "partitions"), "12"),
        (("channels", "captures", "messages", "skip"), {"ref": "#/components/messages/skip"}),
        (("operations", "capture-send-frames", "action"), "publish"),
        (("info", "version"), 1),
    ],
)
def test_a_fault_in_it_would_be_found(path: tuple[str, ...], value: object) -> None:
    broken: dict[str, Any] = copy.deepcopy(DOCUMENT)
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(broken)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = {node["$ref"] for node in _nodes(DOCUMENT) if "$ref" in node}
    for reference in references:
        assert isinstance(resolve({"$ref": reference}), dict), reference
    files = {reference.removeprefix("./json/") for reference in references if reference.startswith("./")}
    assert files == {path.name for path in (FOLDER / "json").iterdir()}
    assert files == {f"{name}.schema.json" for name in (*MESSAGES, *(f"{name}.headers" for name in HEADERS))}


def _nodes(node: object) -> list[dict[str, Any]]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = [node] if isinstance(node, dict) else []
    return own + [one for child in inner for one in _nodes(child)]


def test_every_topic_is_a_channel_with_the_plans_partitions_and_retention() -> None:
    settings = Settings()
    seen = set()
    for one in plan(settings, Catalogue()):
        name = channel_of(one.name, settings.prefix)
        seen.add(name)
        binding = CHANNELS[name]["bindings"]["kafka"]
        config = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in binding["topicConfiguration"].items()
        }
        assert (binding["partitions"], binding["replicas"]) == (one.partitions, one.replication_factor)
        assert config.items() <= one.config.items()
        assert {"cleanup.policy", "message.timestamp.type"} <= config.keys()
        assert ("retention.ms" in config) == ("retention.ms" in one.config)
    assert seen == CHANNELS.keys()


def test_operations_are_the_rights_of_the_services() -> None:
    """Who is refused by the broker is not in the document, and the other way round."""
    settings = Settings()
    said = {
        (str(one["tags"][-1]["name"]), one["action"], one["channel"]["$ref"].rpartition("/")[2])
        for one in DOCUMENT["operations"].values()
    }
    topics = [one.name for one in plan(settings, Catalogue())]
    actions = {Operation.READ: "receive", Operation.WRITE: "send"}
    allowed = {
        (service.partition("-")[0], actions[rule.operation], channel_of(topic, settings.prefix))
        for service, given in rules(settings, Catalogue()).items()
        for rule in given
        for topic in topics
        if rule.operation in actions and rule.covers(Resource.TOPIC, topic)
    }
    assert said == allowed


def test_each_golden_record_is_the_message_of_its_name_and_no_other_of_its_channel() -> None:
    checked = set()
    for channel in CHANNELS:
        for name, message in messages_of(channel).items():
            for example in message.get("examples", ()):
                headers = [(key, value.encode()) for key, value in example.get("headers", {}).items()]
                value = json.dumps(example["payload"]).encode() if "payload" in example else b"\xff\xd8"
                key = {"skips": b"face-detection", "redrives": b"face-detection/3/1234"}.get(channel, b"entrance")
                others = {other: faults(one, key, headers, value) for other, one in messages_of(channel).items()}
                assert [other for other, found in others.items() if not found] == [name], others
                checked.add(name)
    assert checked == EXAMPLES.keys() | EXAMPLE_HEADERS.keys()
