"""The AsyncAPI 3 document of the topics: made of the messages, the topics' plan and the access lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import schemas
from deploy.catalogue import read_catalogue
from deploy.services import API, CAPTURE, SINK, inference
from deploy.topics.acl import AUDIT, OPERATOR, Operation, Resource, Rule, rules
from deploy.topics.plan import TopicPlan, plan
from schemas.catalogue.builtin import BUILTIN
from schemas.contract import EXAMPLE_HEADERS, EXAMPLES
from schemas.messages.frame import JPEG_TYPE
from schemas.messages.result import JSON_TYPE
from schemas.names import IDENTIFIER, Names
from schemas.settings import Settings

FILE: Final = Path(schemas.__file__).parent / "asyncapi.yaml"

FORMAT: Final = "application/schema+json;version=draft-2020-12"
_ANY_MODEL: Final = "{model}"
_BINDING: Final = {"bindingVersion": "0.5.0"}
_NAME: Final = {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}
_CAMERA: Final = _NAME | {"description": "The camera's id."}
_MODEL: Final = _NAME | {"description": "The model's name."}
_FIRST_ADDRESS: Final = {
    "type": "string",
    "pattern": f"^{IDENTIFIER.pattern}/[0-9]{{1,19}}/[0-9]{{1,19}}$",
    "description": "The address that the frame had at first.",
}
_CONFIG: Final = ("cleanup.policy", "retention.ms", "max.message.bytes", "message.timestamp.type")
"""What of a topic's configuration its readers and writers live with."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A kind of record. `payload` is `json` (the schema of its name, or `schema`), `jpeg`, `bytes` or `none`."""

    summary: str
    payload: str = "json"
    headers: bool = False
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class _Channel:
    """A topic, or those of all models, with the records that it holds."""

    topic: str
    key: Mapping[str, str]
    messages: tuple[str, ...]
    description: str


_MESSAGES: Final[Mapping[str, _Message]] = {
    "frame": _Message("One picture of a camera, or a crop of one, for a model.", "jpeg", headers=True),
    "result": _Message("What a model saw in one frame; no detections is a result too.", headers=True),
    "capture-claim": _Message("A capture worker takes a camera; its offset is the camera's run."),
    "capture-counts": _Message("What became of the pictures that a camera offered to a model, about each second."),
    "crop-counts": _Message("What became of the detections in one frame that a second stage follows."),
    "skip": _Message("Frames that were left out on purpose, and why: not a result."),
    "dead-letter": _Message("A frame that cannot be inferred, as it was, and why.", "bytes", headers=True),
    "redrive": _Message("A dead letter was sent again, as a new frame."),
    "undelivered": _Message("A result that a sink's receiver did not take, and why.", headers=True, schema="result"),
    "camera": _Message("A camera as it should be."),
    "camera-removed": _Message("The camera of this key is no longer wanted.", "none"),
    "camera-status": _Message("What a camera does now, every five seconds and when it changes."),
    "camera-forgotten": _Message("Nobody runs the camera of this key any more.", "none"),
}


def document() -> dict[str, Any]:
    """The document, of an installation with the default settings and the built-in models."""
    settings = Settings()
    channels = _channels(settings.names)
    plans = {one.name: one for one in plan(settings, read_catalogue(settings))}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Framebus topics",
            "version": "1.0.0",
            "description": (
                "What stands in Kafka, and who may write and read it. The rules that no schema can say are in "
                "docs/contracts.md, those by which this may change in docs/upgrading.md. Names have the default "
                "prefix, framebus.; partitions of a model's topics are those of its catalogue entry."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON_TYPE,
        "servers": {"kafka": {"host": settings.bootstrap_servers, "protocol": "kafka"}},
        "channels": {
            name: _channel(channel, plans[channel.topic.replace(_ANY_MODEL, BUILTIN[0].name)])
            for name, channel in channels.items()
        },
        "operations": dict(_operations(settings, channels)),
        "components": {"messages": {name: _message(name, message) for name, message in _MESSAGES.items()}},
    }


def text() -> str:
    """The document as it stands in `FILE`."""
    head = "# Written by `make schemas`; a test fails while it is out of date.\n"
    # By way of JSON, so that nothing is shared: YAML would write aliases.
    whole = json.loads(json.dumps(document()))
    return head + str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=120))


def _channels(names: Names) -> dict[str, _Channel]:
    by_camera = "Records of one camera are in one partition, in the order in which they were written."
    return {
        "frames": _Channel(
            names.frames(_ANY_MODEL),
            _CAMERA,
            ("frame",),
            "The pictures that a model is to infer. A camera's are spread over all partitions: order them by run and "
            "seq. They are kept for so long, or up to retention.bytes of a partition, which goes by the model.",
        ),
        "results": _Channel(names.results(_ANY_MODEL), _CAMERA, ("result",), f"What a model saw. {by_camera}"),
        "captures": _Channel(
            names.captures, _CAMERA, ("capture-claim", "capture-counts", "crop-counts"), f"The counts. {by_camera}"
        ),
        "skips": _Channel(names.skips, _MODEL, ("skip",), "Frames without a result, on purpose."),
        "deadLetters": _Channel(
            names.dead_letters, _CAMERA, ("dead-letter",), "Frames that are at fault; the key is the frame's, if any."
        ),
        "redrives": _Channel(names.redrives, _FIRST_ADDRESS, ("redrive",), "Which dead letters were sent again."),
        "undelivered": _Channel(
            names.undelivered, _CAMERA, ("undelivered",), "Results that sinks have set aside: no frame is at fault."
        ),
        "cameras": _Channel(
            names.cameras, _CAMERA, ("camera", "camera-removed"), "What cameras there should be: the newest counts."
        ),
        "cameraStatus": _Channel(
            names.camera_status, _CAMERA, ("camera-status", "camera-forgotten"), "What they do: the newest counts."
        ),
    }


def _channel(channel: _Channel, planned: TopicPlan) -> dict[str, Any]:
    config: dict[str, Any] = {name: planned.config[name] for name in _CONFIG if name in planned.config}
    config |= {name: int(value) for name, value in config.items() if value.isdigit()}
    config["cleanup.policy"] = [config["cleanup.policy"]]
    binding = {
        "partitions": planned.partitions,
        "replicas": planned.replication_factor,
        "topicConfiguration": config,
        **_BINDING,
    }
    described: dict[str, Any] = {"address": channel.topic, "description": channel.description}
    if _ANY_MODEL in channel.topic:
        described["parameters"] = {"model": {"description": "A model's name in the catalogue."}}
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in channel.messages}
    return {**described, "messages": messages, "bindings": {"kafka": binding}}


def _message(name: str, message: _Message) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "summary": message.summary}
    if message.headers:
        described["headers"] = _schema(f"{name}.headers")
    (channel,) = (one for one in _channels(Names()).values() if name in one.messages)
    if message.payload == "json":
        described |= {"contentType": JSON_TYPE, "payload": _schema(message.schema or name)}
    elif message.payload == "jpeg":
        described |= {"contentType": JPEG_TYPE, "payload": {"type": "string", "format": "binary"}}
    elif message.payload == "bytes":
        binary = {"type": ["string", "null"], "format": "binary"}
        described |= {"contentType": "application/octet-stream", "payload": binary}
    else:
        described["payload"] = {"type": "null"}
    key = {"type": ["string", "null"]} if name == "dead-letter" else dict(channel.key)
    return {**described, "bindings": {"kafka": {"key": key, **_BINDING}}, **_examples(name, message)}


def _examples(name: str, message: _Message) -> dict[str, Any]:
    example: dict[str, Any] = {}
    if message.headers:
        example["headers"] = {key: (value or b"").decode() for key, value in EXAMPLE_HEADERS[name]}
    record = EXAMPLES.get(message.schema or name)
    if record is not None:
        example["payload"] = json.loads(record.to_json())
    return {"examples": [example]} if example else {}


def _schema(name: str) -> dict[str, Any]:
    return {"schemaFormat": FORMAT, "schema": {"$ref": f"./json/{name}.schema.json"}}


_SENT: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    (CAPTURE, "captures"): ("capture-claim", "capture-counts"),
    ("inference", "captures"): ("crop-counts",),
    (OPERATOR, "cameras"): ("camera", "camera-removed"),
}
"""Of a topic that several write, what a service writes."""
_ROOMS: Final = {
    CAPTURE: "producers",
    "inference": "processors",
    API: "api",
    SINK: "api",
    OPERATOR: "api",
    AUDIT: "api",
}


def _operations(settings: Settings, channels: Mapping[str, _Channel]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each service may do, by the access lists; a model's worker once for all models."""
    allowed = rules(settings, read_catalogue(settings))
    workers = {rule: None for model in BUILTIN for rule in allowed[inference(model.name)]}
    services = {service: allowed[service] for service in _ROOMS if service in allowed} | {"inference": (*workers,)}
    for service, room in _ROOMS.items():
        for operation, action in ((Operation.READ, "receive"), (Operation.WRITE, "send")):
            for name, channel in channels.items():
                if any(_about(rule, operation, channel) for rule in services[service]):
                    described = _operation(service, room, action, name)
                    group = _group(settings.names, service, name) if action == "receive" else None
                    bound = {"bindings": {"kafka": {"groupId": group, **_BINDING}}} if group else {}
                    yield f"{service}-{action}-{name}", described | bound


def _about(rule: Rule, operation: Operation, channel: _Channel) -> bool:
    topics = [channel.topic.replace(_ANY_MODEL, model.name) for model in BUILTIN]
    return rule.operation is operation and any(rule.covers(Resource.TOPIC, topic) for topic in topics)


def _operation(service: str, room: str, action: str, channel: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "tags": [{"name": name} for name in dict.fromkeys((room, service))],
    }
    sent = _SENT.get((service, channel)) if action == "send" else None
    if sent:
        described["messages"] = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in sent]
    return described


def _group(names: Names, service: str, channel: str) -> dict[str, str] | None:
    """The consumer group in which a service reads a topic, if it does so in one."""
    forms = {
        (CAPTURE, "cameras"): names.capture_group("{site}"),
        ("inference", "frames"): names.inference_group(_ANY_MODEL),
        (SINK, "results"): names.result_group("{sink}"),
    }
    form = forms.get((service, channel))
    return None if form is None else {"type": "string", "description": form}
