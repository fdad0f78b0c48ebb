"""A user's file of models: what it adds and replaces, and how what is wrong in it is told."""

from __future__ import annotations

import re
from pathlib import PurePath

import pytest

from schemas.catalogue import Catalogue, LocalFile, Model, Precision, Replicas, Resize, UrlFile
from schemas.catalogue.builtin import BUILTIN
from schemas.catalogue.marked import LIMIT_BYTES
from schemas.catalogue.parse import parse_entries
from schemas.errors import CatalogueError

FILE = PurePath("/srv/models/own.yaml")
ENTRY = """\
models:
  - name: helmets
    family: ssd
    source: {file: nets/best.onnx}
    labels: [no, yes, "1"]
    input: {width: 320, height: 256}
"""
WHOLE = """\
# Everything that an entry may say.
models:
  - name: helmets
    title: Helmets at the gate
    family: ssd
    source:
      url: https://models.example/best.onnx?raw=1
      sha256: 0000000000000000000000000000000000000000000000000000000000000000
      licence: MIT
    labels:
      1: helmet
      7: vest
    input:
      {width: 320, height: 256, colour: BGR, layout: NHWC, mean: [1, 2, 3.5], scale: [1, 1, 2e-1], resize: letterbox}
    outputs: {threshold: .4, nms_iou: 1, limit: 20}
    output_names: {boxes: "12"}
    frame_width: 1280
    precision: f32
    device: HETERO:GPU.1,CPU
    max_age: 2
    partitions: 6
    replicas: {min: 0, max: 6}
    fps: 100
"""
STAGE = """\
models:
  - name: gait
    family: ssd
    source: {file: gait.onnx}
    labels: [walks]
    input: {width: 64, height: 64}
    follows:
      model: object-detection
      labels: [person, dog]
      margin: [0.2, .1]
      min_size: 20
      align: [[10, 20.5], [54, 20.5]]
      limit: 4
"""
CIRCLE = STAGE.replace("object-detection", "run").replace("person, dog", "walks") + STAGE.removeprefix(
    "models:\n"
).replace("gait", "run").replace("object-detection", "gait").replace("person, dog", "walks")
THIRD = (
    STAGE.replace("object-detection", "face-detection")
    .replace("gait", "object-detection")
    .replace("person, dog", "face")
    + "    replaces: true\n"
)


def parse(text: str | bytes) -> tuple[Model, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    return parse_entries(data, FILE, BUILTIN, families=("ssd", "yolo"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "models: []\n", "\ufeffmodels: []"])
def test_a_file_without_entries_leaves_the_built_in_models(text: str) -> None:
    assert parse(text) == BUILTIN


def test_an_entry_comes_after_the_built_in_models_with_its_path_beside_the_file() -> None:
    *builtin, own = parse(ENTRY)
    assert tuple(builtin) == BUILTIN
    assert own.source == LocalFile(file="/srv/models/nets/best.onnx")
    assert own.labels == {0: "no", 1: "yes", 2: "1"}
    assert (own.title, own.precision, own.device, own.replicas) == ("helmets", Precision.AUTO, "CPU", Replicas())


def test_every_field_is_read() -> None:
    own = Catalogue(parse(WHOLE)).get("helmets")
    assert isinstance(own.source, UrlFile)
    assert (own.source.url, own.source.licence) == ("https://models.example/best.onnx?raw=1", "MIT")
    assert own.labels == {1: "helmet", 7: "vest"}
    assert (own.input.mean, own.input.scale, own.input.resize) == ((1, 2, 3.5), (1, 1, 0.2), Resize.LETTERBOX)
    assert (own.outputs.threshold, own.outputs.nms_iou, own.outputs.limit) == (0.4, 1, 20)
    assert (own.partitions, own.replicas, own.device) == (6, Replicas(min=0, max=6), "HETERO:GPU.1,CPU")
    assert Model.from_json(own.model_dump_json()) == own


def test_an_absolute_path_stays() -> None:
    assert parse(ENTRY.replace("nets/", "/nets/"))[-1].source == LocalFile(file="/nets/best.onnx")


def test_an_entry_that_says_so_takes_the_place_of_a_built_in_one() -> None:
    first, *others = parse(ENTRY.replace("helmets", "object-detection") + "    replaces: true\n")
    assert (first.labels[0], tuple(others)) == ("no", BUILTIN[1:])


def test_a_second_stage_says_what_it_follows() -> None:
    catalogue = Catalogue(parse(STAGE))
    follows = catalogue.get("gait").follows
    assert follows is not None
    assert (follows.model, follows.labels) == ("object-detection", ("person", "dog"))
    assert (follows.margin, follows.min_size, follows.limit) == ((0.2, 0.1), 20, 4)
    assert follows.align == ((10, 20.5), (54, 20.5))
    assert [model.name for model in catalogue.followers("object-detection")] == ["pose", "gait"]
    assert catalogue.followers("gait") == ()


def test_a_machine_runs_a_second_stage_of_what_it_runs() -> None:
    assert Catalogue(parse(STAGE)).usual == ("object-detection", "face-detection", "gait")
    other = STAGE.replace("object-detection", "face-detection-fast").replace("person, dog", "face")
    assert "gait" not in Catalogue(parse(other)).usual


def test_a_built_in_second_stage_may_be_left_without_what_it_follows() -> None:
    """Who replaces object-detection by a model without persons has no use for pose, which says so when it is asked."""
    catalogue = Catalogue(parse(ENTRY.replace("helmets", "object-detection") + "    replaces: true\n"))
    assert [model.name for model in catalogue.followers("object-detection")] == ["pose"]


def test_a_second_stage_may_follow_an_entry_of_the_same_file_that_comes_later() -> None:
    stage = STAGE.replace("object-detection", "helmets").replace("person, dog", "'no'")
    assert Catalogue(parse(stage + ENTRY.removeprefix("models:\n"))).followers("helmets")[0].name == "gait"


BOMB = "models:\n  - &a {name: x}\n  - [*a, *a, *a, *a, *a, *a, *a]\n"
WRONG = [
    # the text, the line, what the message says
    (ENTRY + "    fps: 0\n", 7, "model 'helmets': fps = 0: Input should be greater than 0"),
    (ENTRY + "    outputs:\n      threshold: '0.5'\n", 8, "outputs.threshold = '0.5': Input should be a valid number"),
    (ENTRY + "    max_age: true\n", 7, "max_age = True: Input should be a valid number"),
    (ENTRY + "    max_age: 1e999\n", 7, "max_age = inf: Input should be a finite number"),
    (ENTRY + "    partitions: 2.5\n", 7, "partitions = 2.5: Input should be a valid integer"),
    (ENTRY + f"    partitions: {'9' * 5000}\n", 7, "partitions = '9999"),
    (ENTRY + "    treshold: 0.5\n", 7, "treshold: unknown field; expected one of name, title, family"),
    (ENTRY + "    outputs:\n      limit: 2\n      x: 1\n", 9, "outputs.x: unknown field; expected one of threshold, "),
    (ENTRY + "    precision: int4\n", 7, "precision = 'int4': Input should be 'auto', 'int8', 'bf16', 'f16' or 'f32'"),
    (ENTRY + "    device: gpu\n", 7, "device = 'gpu': expected CPU, GPU, GPU.1, NPU, AUTO, or a choice in order"),
    (ENTRY + "    replicas: {min: 3, max: 2}\n", 7, "min 3 is above max 2: expected min <= max"),
    (ENTRY + "    partitions: 4\n    replicas: {max: 5}\n", 8, "expected min <= max <= partitions, which is 4"),
    (ENTRY + "    partitions: 4\n    replicas: {min: 5}\n", 8, "expected min <= max <= partitions, which is 4"),
    (ENTRY.replace("family: ssd", "family: 7"), 3, "model 'helmets': family = 7: "),
    (ENTRY.replace("family: ssd", "family: ssdd"), 3, "model 'helmets': family = 'ssdd': expected one of ssd, yolo"),
    (ENTRY.replace('"1"', "1"), 5, "labels.2 = 1: Input should be a valid string"),
    (ENTRY.replace('[no, yes, "1"]', "\n      first: a"), 6, "labels.first = 'first': Input should be a valid integer"),
    (ENTRY.replace('[no, yes, "1"]', "person"), 5, "labels = 'person': Input should be an object"),
    (ENTRY.replace("    labels", "    #"), 2, "labels is missing: expected a value"),
    (ENTRY.replace("helmets", "Helmets!"), 2, "name = 'Helmets!': String should match pattern"),
    # sources
    (ENTRY.replace("{file: nets/best.onnx}", "best.onnx"), 4, "expected a mapping with one of registry, file, url"),
    (ENTRY.replace("best.onnx", "best.pt"), 4, "source.file = 'nets/best.pt': expected a file named *.xml, *.onnx"),
    (ENTRY.replace("file: nets/best.onnx", "url: https://a/b.onnx"), 4, "source.sha256 is missing"),
    (ENTRY.replace("file: nets/best.onnx", f"url: https://a/b.xml, sha256: {'0' * 64}"), 4, "expected a path that"),
    (ENTRY.replace("file: nets/best.onnx", f"url: http://a/b.onnx, sha256: {'0' * 64}"), 4, "http:// only for this"),
    (ENTRY.replace("file: nets/best.onnx", f"url: https://u@a/b.onnx, sha256: {'0' * 64}"), 4, "there is a user in it"),
    (ENTRY.replace("file: nets/best.onnx", f"url: 'https://[a/b.onnx', sha256: {'0' * 64}"), 4, "it is no URL"),
    # names
    (ENTRY + ENTRY.removeprefix("models:\n"), 7, "model 'helmets': there is one in line 2; expected another name"),
    (ENTRY + "    name: more\n", 7, "key 'name' is there twice, first in line 2: expected it once"),
    (ENTRY.replace("helmets", "face-detection"), 2, "a built-in model has this name; expected another name, or"),
    (ENTRY + "    replaces: true\n", 7, "there is no such built-in model; expected one of object-detection, "),
    (ENTRY + "    replaces: 1\n", 7, "replaces = 1: expected true or false"),
    # second stages
    (STAGE.replace("      model: object-detection\n", ""), 7, "follows.model is missing: expected a value"),
    (STAGE.replace("object-detection", "objects"), 8, "model 'gait': follows.model = 'objects': expected another"),
    (STAGE.replace("object-detection", "gait"), 8, "follows.model = 'gait': expected another model, one of object-"),
    (STAGE.replace("object-detection", "pose"), 8, "'pose': it follows object-detection itself; expected a model"),
    (STAGE.replace("person, dog", "person, unicorn"), 9, "follows.labels: 'unicorn': expected labels of object-detect"),
    (STAGE.replace("[person, dog]", "[]"), 9, "follows.labels = []: Tuple should have at least 1 item"),
    (STAGE.replace("[person, dog]", "person"), 9, "follows.labels = 'person': Input should be a valid array"),
    (STAGE.replace("[0.2, .1]", "[0.2, -1]"), 10, "follows.margin.1 = -1: Input should be greater than or equal to 0"),
    (STAGE.replace("[0.2, .1]", "0.2"), 10, "follows.margin = 0.2: Input should be a valid array"),
    (STAGE.replace("min_size: 20", "min_size: 0"), 11, "follows.min_size = 0: Input should be greater than or equal"),
    (STAGE.replace("[[10, 20.5], [54, 20.5]]", "[[10, 20.5]]"), 12, "expected 2 or more places, each another one"),
    (STAGE.replace("[54, 20.5]", "[10, 20.5]"), 12, "expected 2 or more places, each another one"),
    (STAGE.replace("[54, 20.5]", "[54]"), 12, "follows.align.1.1 is missing: expected a value"),
    (STAGE.replace("limit: 4", "limit: 1001"), 13, "follows.limit = 1001: Input should be less than or equal"),
    (STAGE.replace("limit: 4", "most: 4"), 13, "follows.most: unknown field; expected one of model, labels, margin"),
    (ENTRY + "    follows: 5\n", 7, "follows = 5: Input should be an object"),
    (CIRCLE, 8, "model 'gait': follows.model = 'run': it follows gait itself; expected a model that gets whole frames"),
    (THIRD, 8, "model 'pose': follows.model = 'object-detection': it follows face-detection itself"),
    # no file of entries
    ("- name: x\n", 1, "[{'name': 'x'}]: expected models: and a list of entries"),
    ("\nmodel: []\n", 2, "field 'model': expected models: and a list of entries"),
    ("models: []\nmore: 1\n", 2, "field 'more': expected models: and a list of entries"),
    ("models: 5\n", 1, "expected models: and a list of entries"),
    ("models:\n  - helmets\n", 2, "model 'helmets': expected a mapping of fields"),
    # no YAML that is taken
    (BOMB, 3, "alias *a: expected the value itself; aliases are not taken"),
    ("models:\n  - <<: *b\n", 2, "alias *b: expected the value itself"),
    ("models: !!python/object/apply:os.system ['true']\n", 1, "python/object/apply:os.system': expected a value"),
    (ENTRY + "    fps: !!int many\n", 7, "'many': expected what its tag"),
    (ENTRY + "    ? [a]\n    : b\n", 7, "a key that is a list or a mapping: expected text"),
    ("models:\n  - name: a: b\n", 2, "mapping values are not allowed here"),
    ("models:\n\t- name: a\n", 2, "found character '\\t' that cannot start any token"),
    ("models: []\n---\nmodels: []\n", 2, "expected a single document in the stream"),
    ("models:\n  - " + "[" * 100_000, 2, "values 16 deep in each other: expected fewer"),
    (b"models:\n  - name: caf\xe9\n", 2, "byte 0xe9 is no UTF-8; expected UTF-8 text"),
    ("models:\n  - name: \x07\n", 2, "character '\\x07': expected printable text"),
    (b"#" * (LIMIT_BYTES + 1), 1, "it has more than 1048576 bytes; expected at most so many"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "says"), WRONG, ids=[says for _, _, says in WRONG])
def test_what_is_wrong_is_told_with_file_and_line(text: str | bytes, line: int, says: str) -> None:
    with pytest.raises(CatalogueError, match=rf"^/srv/models/own\.yaml:{line}: .*{re.escape(says)}"):
        parse(text)
