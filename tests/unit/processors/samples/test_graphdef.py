"""Cutting a GraphDef keeps what leads to the outputs, byte for byte, and nothing else."""

from __future__ import annotations

import pytest

from processors.samples.graphdef import cut_graph
from schemas.errors import ModelError


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field as protobuf writes it."""
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def node(name: str, *inputs: str, device: bytes = b"") -> bytes:
    """A NodeDef; `device` is a field that the cut does not know."""
    body = field(1, name.encode()) + field(2, b"Op") + b"".join(field(3, source.encode()) for source in inputs)
    return field(1, body + (field(4, device) if device else b""))


PICTURE = node("picture")
RESIZED = node("resized", "picture")
WEIGHTS = node("weights", device=b"\x00\xffkept as it is")
SCORES = node("scores", "resized:1", "^weights")
NMS = node("nms", "scores")
GRAPH = PICTURE + RESIZED + WEIGHTS + SCORES + NMS

# attr { key: "dtype" value { type: DT_FLOAT } }, attr { key: "shape" value { shape { dim 1 dim 300 } } }
DTYPE = field(5, field(1, b"dtype") + field(2, b"\x30\x01"))
SHAPE = field(5, field(1, b"shape") + field(2, field(7, field(2, b"\x08\x01") + field(2, b"\x08\xac\x02"))))
PLACEHOLDER = field(1, field(1, b"resized") + field(2, b"Placeholder") + DTYPE + SHAPE)


def test_keeps_just_the_part_between() -> None:
    part = cut_graph(GRAPH, input_node="resized", input_shape=(1, 300), outputs=("scores",))
    assert part == PLACEHOLDER + WEIGHTS + SCORES


@pytest.mark.parametrize(
    ("data", "input_node", "outputs", "message"),
    [
        (b"\xff\xff\xff", "resized", ("scores",), r"3 bytes that are no GraphDef"),
        (b"", "resized", ("scores",), r"a graph of 0 nodes without resized, scores"),
        (GRAPH, "resized", ("boxes", "scores"), r"a graph of 5 nodes without boxes; expected all"),
        (GRAPH, "nms", ("scores",), r"no path leads from nms to scores"),
    ],
)
def test_says_what_is_missing(data: bytes, input_node: str, outputs: tuple[str, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        cut_graph(data, input_node=input_node, input_shape=(1, 300), outputs=outputs)
