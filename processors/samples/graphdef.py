"""Cuts a frozen TensorFlow graph, without TensorFlow.

Only the four messages that a cut touches are described here, field numbers as in TensorFlow's graph.proto; whatever
else a node says, its weights included, protobuf keeps as unknown fields and writes back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from schemas.errors import ModelError

_PACKAGE: Final = "framebus.graph"
_FLOAT: Final = 1
"""DT_FLOAT of TensorFlow's enumeration DataType."""

_Generated: TypeAlias = Any
"""A message, or a class of messages, that protobuf makes at run time."""

_FIELDS: Final[Mapping[str, Sequence[tuple[str, int, str, bool]]]] = {
    # message: (field, number, type, repeated); a map is a repeated message with the fields key and value
    "GraphDef": (("node", 1, "NodeDef", True),),
    "NodeDef": (
        ("name", 1, "string", False),
        ("op", 2, "string", False),
        ("input", 3, "string", True),
        ("attr", 5, "Attribute", True),
    ),
    "Attribute": (("key", 1, "string", False), ("value", 2, "AttrValue", False)),
    "AttrValue": (("type", 6, "int32", False), ("shape", 7, "TensorShape", False)),
    "TensorShape": (("dim", 2, "Dimension", True),),
    "Dimension": (("size", 1, "int64", False),),
}


def cut_graph(data: bytes, *, input_node: str, input_shape: Sequence[int], outputs: Sequence[str]) -> bytes:
    """The part of a GraphDef that leads from `input_node`, now a float placeholder, to the nodes `outputs`.

    Raises:
        ModelError: `data` is no GraphDef, or it lacks one of these nodes.
    """
    graph = _graph_type()()
    try:
        graph.ParseFromString(data)
    except DecodeError:
        raise ModelError(f"{len(data):,} bytes that are no GraphDef; expected a frozen TensorFlow graph") from None
    nodes = {node.name: node for node in graph.node}
    missing = [name for name in (input_node, *outputs) if name not in nodes]
    if missing:
        raise ModelError(f"a graph of {len(nodes)} nodes without {', '.join(missing)}; expected all of them")
    _make_placeholder(nodes[input_node], input_shape)
    kept = _reachable(nodes, outputs)
    if input_node not in kept:
        raise ModelError(f"no path leads from {input_node} to {', '.join(outputs)}; expected one")
    part = _graph_type()()
    part.node.extend(node for node in graph.node if node.name in kept)
    return bytes(part.SerializeToString())


def _reachable(nodes: Mapping[str, _Generated], outputs: Sequence[str]) -> set[str]:
    """The names of all nodes that `outputs` are computed from."""
    kept: set[str] = set()
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            # "^name" is a dependency that carries no data, "name:1" the second output of a node
            waiting += [source.removeprefix("^").partition(":")[0] for source in nodes[name].input]
    return kept


def _make_placeholder(node: _Generated, shape: Sequence[int]) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "Placeholder"
    kind, size = node.attr.add(), node.attr.add()
    kind.key, size.key = "dtype", "shape"
    kind.value.type = _FLOAT
    for length in shape:
        size.value.shape.dim.add().size = length


@cache
def _graph_type() -> _Generated:
    """The class of GraphDef messages."""
    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {"string": kinds.TYPE_STRING, "int32": kinds.TYPE_INT32, "int64": kinds.TYPE_INT64}
    file = descriptor_pb2.FileDescriptorProto(name="framebus/graph.proto", package=_PACKAGE, syntax="proto3")
    for message, fields in _FIELDS.items():
        described = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = described.field.add(name=name, number=number)
            field.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            field.type = scalars.get(kind, kinds.TYPE_MESSAGE)
            if kind not in scalars:
                field.type_name = f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.GraphDef"))
