"""A network of the user's own, from its file to results: added, tried, and run as a process on a real broker."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from openvino import opset13 as ops

from deploy import topics
from deploy.catalogue import read_catalogue
from deploy.cli.own_model import add_to, describe
from deploy.local.environment import environment_of, inherited
from processors.families import FAMILIES
from schemas.catalogue import Catalogue, LocalFile, Resize
from schemas.messages import Result
from schemas.settings import Settings
from tests.integration.cli_kit import Run, runner
from tests.integration.streaming_kit import info, jpeg, wait_until
from tests.integration.test_own_networks import small_network

NAME = "small"
FRAMES = 8


@pytest.fixture
def run(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    (tmp_path / "nets").mkdir()
    small_network(tmp_path / "nets")
    (tmp_path / "labels.txt").write_text("thing\n")
    monkeypatch.chdir(tmp_path)
    return runner(settings.model_copy(update={"cache": tmp_path / "cache"}), capsys, monkeypatch)


def any_size_network(path: Path) -> None:
    """A network that takes pictures of any size, in two outputs that no family knows."""
    picture = ops.parameter([1, -1, -1, 3], np.float32, name="picture")
    network = ov.Model([ops.result(picture), ops.result(ops.relu(picture))], [picture], "any")
    for output, name in zip(network.outputs, ("77", "78"), strict=True):
        output.get_tensor().set_names({name})
    ov.save_model(network, str(path))


def test_a_network_is_added_listed_and_tried(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("model", "add", "nets/small.xml", "--family", "ssd", "--labels", "labels.txt", "-o", "own.yaml")
    assert code == 0
    assert out.splitlines()[0] == f"model small added to {tmp_path}/own.yaml: 32x32"
    assert f"now set FRAMEBUS_CATALOGUE={tmp_path}/own.yaml" in out
    monkeypatch.setenv("FRAMEBUS_CATALOGUE", "own.yaml")
    code, out, _ = run("model", "add", "nets/small.xml", "--family", "ssd", "--name", "other")
    assert (code, "now set" in out) == (0, False)
    small, other = read_catalogue(Settings(catalogue=tmp_path / "own.yaml")).models[-2:]
    assert (small.labels, other.labels) == ({0: "thing"}, {0: "class 0"})
    assert small.source == LocalFile(file=str(tmp_path / "nets/small.xml"))
    code, out, _ = run("model", "list")
    assert [line.split()[0] for line in out.splitlines()][-2:] == ["small", "other"]
    code, out, _ = run("model", "show", "small", "--json")
    assert json.loads(out)["source"]["file"] == str(tmp_path / "nets/small.xml")
    code, out, _ = run("model", "show", "small")
    assert ["source.file", str(tmp_path / "nets/small.xml")] in [line.split() for line in out.splitlines()]
    assert out.splitlines()[-1] == "tiers: not measured on this machine; framebus model quantize small does that"
    assert run("model", "fetch", "small")[0] == 0
    (tmp_path / "picture.jpg").write_bytes(jpeg())
    code, out, _ = run("model", "predict", "small", "picture.jpg", "--json")
    (found,) = json.loads(out)["detections"]
    assert (found["label"], found["box"]) == ("thing", [0, 0, 64, 48])
    assert found["score"] == pytest.approx(0.9, abs=0.01)


def test_a_network_of_any_size_gets_one_and_its_outputs_in_their_order(run: Run, tmp_path: Path) -> None:
    any_size_network(tmp_path / "My Best!.xml")
    arguments = ("model", "add", "My Best!.xml", "--family", "ssd", "--labels", "labels.txt")
    code, _, err = run(*arguments)
    assert (code, "expected one, as --size 640x480" in err) == (2, True)
    (tmp_path / "labels.txt").write_text("helmet\nvest\nno\n")
    code, out, _ = run(*arguments, "--size", "64x48")
    assert (code, "boxes is 77, scores is 78" in out) == (0, True)
    model = read_catalogue(Settings(catalogue=tmp_path / "catalogue.yaml")).get("my-best")
    assert (model.input.width, model.input.height, model.input.layout) == (64, 48, "NHWC")
    assert (model.output_names, model.labels[2]) == ({"boxes": "77", "scores": "78"}, "no")


def test_an_exported_yolo_brings_its_labels_and_its_size(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`exported.onnx` says what Ultralytics writes into its exports, and sees one box, whatever it is shown."""
    shutil.copy(Path(__file__).with_name("exported.onnx"), tmp_path / "best.onnx")
    code, out, _ = run("model", "add", "best.onnx", "--family", "yolo", "-o", "own.yaml")
    assert (code, "it gets RGB from 0 to 1, with borders to 64x64;" in out) == (0, True)
    model = read_catalogue(Settings(catalogue=tmp_path / "own.yaml")).get("best")
    assert (model.labels, model.output_names) == ({0: "helmet", 1: "no helmet"}, {})
    assert (model.input.width, model.input.height, model.input.resize) == (64, 64, Resize.LETTERBOX)
    monkeypatch.setenv("FRAMEBUS_CATALOGUE", "own.yaml")
    (tmp_path / "picture.jpg").write_bytes(jpeg())
    code, out, _ = run("model", "predict", "best", "picture.jpg", "--json")
    (found,) = json.loads(out)["detections"]
    assert (code, found["label"], found["box"]) == (0, "no helmet", pytest.approx([22, 19, 42, 29], abs=0.5))


@pytest.mark.parametrize("family", ["mediapipe-face", "movenet", "embedding", "classifier"])
def test_each_family_describes_its_networks(family: str, tmp_path: Path) -> None:
    picture = ops.parameter([1, 32, 32, 3], np.float32, name="picture")
    spread = [ops.reduce_mean(picture, np.array([1, 2])) for _ in FAMILIES[family].outputs]
    network = ov.Model([ops.result(one) for one in spread], [picture], "any")
    for number, output in enumerate(network.outputs):
        output.get_tensor().set_names({f"out{number}"})
    ov.save_model(network, str(tmp_path / "any.xml"))
    entry = describe(tmp_path / "any.xml", family, name=None, labels=None, size=None, beside=tmp_path / "own.yaml")
    add_to(tmp_path / "own.yaml", entry)
    model = read_catalogue(Settings(catalogue=tmp_path / "own.yaml")).get("any")
    implied = FAMILIES[family].labels or {number: f"class {number}" for number in range(3)}
    assert (model.family, model.labels) == (family, implied)
    assert len(model.output_names) in (0, len(FAMILIES[family].outputs))


@pytest.mark.parametrize(
    ("info", "labels"),
    [
        ({("framework", "names"): "{1: 'b', 0: 'a', 2: 'c'}"}, {0: "a", 1: "b", 2: "c"}),
        ({("framework", "names"): "['a', 'b', 'c']"}, {0: "a", 1: "b", 2: "c"}),
        ({("model_info", "labels"): "person fire_hydrant dog"}, {0: "person", 1: "fire hydrant", 2: "dog"}),
        ({("framework", "names"): "{0: 'a'}"}, None),  # of another number than the network scores
        ({("framework", "names"): "{'a': 0}"}, None),
        ({("framework", "names"): "__import__('os')"}, None),
        ({("framework", "names"): "("}, None),
        ({("framework", "names"): "5"}, None),
    ],
)
def test_labels_are_those_that_the_exporter_wrote(
    info: dict[tuple[str, str], str], labels: dict[int, str] | None, tmp_path: Path
) -> None:
    picture = ops.parameter([1, 32, 32, 3], np.float32, name="picture")
    network = ov.Model([ops.result(ops.reduce_mean(picture, np.array([1, 2])))], [picture], "any")
    network.output(0).get_tensor().set_names({"out"})
    for path, text in info.items():
        network.set_rt_info(text, list(path))
    ov.save_model(network, str(tmp_path / "any.xml"))
    entry = describe(tmp_path / "any.xml", "classifier", name=None, labels=None, size=None, beside=tmp_path / "o.yaml")
    found = entry["labels"]
    expected = labels or {number: f"class {number}" for number in range(3)}
    assert (found if isinstance(found, dict) else dict(enumerate(found))) == expected


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--family", "yeti"], "--family 'yeti': expected one of ssd, centerface"),
        (["--family", "centerface"], "the network's outputs are boxes, scores; expected 4: heatmap, scale, offset"),
        (["--family", "ssd", "--size", "big"], "--size 'big': expected WIDTHxHEIGHT"),
        (["--family", "ssd", "--size", "64x32"], "--size 64x32: the network takes 32x32; expected no other"),
        (
            ["--family", "ssd", "--labels", "two.txt"],
            "--labels two.txt: 2 labels; expected 1, as the network has scores",
        ),
        (["--family", "ssd", "--labels", "gap.txt"], "--labels gap.txt: a line is empty"),
        (["--family", "ssd", "--labels", "none.txt"], "--labels none.txt: No such file or directory"),
        (["--family", "ssd", "--name", "A B"], "catalogue.yaml:3: model 'A B': name = 'A B': String should match"),
        (["--family", "ssd", "--name", "face-detection"], "catalogue.yaml:3: model 'face-detection': a built-in model"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    run: Run, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "two.txt").write_text("a\nb\n")
    (tmp_path / "gap.txt").write_text("a\n\nb\n")
    code, _, err = run("model", "add", "nets/small.xml", *arguments)
    assert (code, says in " ".join(err.split())) == (2, True), err
    assert not (tmp_path / "catalogue.yaml").exists()


def test_a_file_that_is_no_network_is_not_added(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    code, _, err = run("model", "add", "text.onnx", "--family", "ssd")
    assert (code, "network text.onnx: OpenVINO cannot read it" in err) == (2, True)


def own_settings(settings: Settings, folder: Path) -> Settings:
    """Settings with a file of models that names a small network beside it."""
    small_network(folder)
    (folder / "own.yaml").write_text(
        "models:\n"
        f"  - name: {NAME}\n"
        "    family: ssd\n"
        "    source: {file: small.xml}\n"
        "    labels: {7: thing}\n"
        "    input: {width: 32, height: 32}\n"
        "    precision: f32\n"
        "    max_age: 600\n"
        "    partitions: 2\n"
    )
    return settings.model_copy(update={"catalogue": folder / "own.yaml", "cache": folder / "cache"})


@contextmanager
def serving(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-W", "error", "-m", "deploy.cli", "run", "inference", "--model", NAME]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, env={**inherited(), **environment_of(settings)}, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_frames_for_an_own_model_become_results(settings: Settings, tmp_path: Path) -> None:
    own = own_settings(settings, tmp_path)
    own_only = Catalogue((read_catalogue(own).get(NAME),))
    topics.apply(own, own_only)
    producer = Producer(own.librdkafka())
    for number in range(FRAMES):
        headers = info(number, model=NAME).encode()
        producer.produce(own.names.frames(NAME), jpeg(), b"gate", number % 2, headers=headers)
    assert producer.flush(20) == 0
    consumer = Consumer({**own.librdkafka(), "group.id": "unused", "enable.auto.commit": False})
    consumer.assign([TopicPartition(own.names.results(NAME), partition, 0) for partition in range(2)])
    results: list[Result] = []

    def complete() -> bool:
        results.extend(Result.from_json(message.value()) for message in consumer.consume(FRAMES, timeout=0.2))
        return len(results) == FRAMES

    with serving(own, tmp_path / "log") as process:
        wait_until(complete, deadline_s=60, what="results")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    consumer.close()
    assert {result.model.name for result in results} == {NAME}
    assert f"tier chosen model={NAME} precision=f32 reason='the entry asks for it'" in (tmp_path / "log").read_text()
    assert {(found.label, found.box) for result in results for found in result.detections} == {
        ("thing", (0.0, 0.0, 64.0, 48.0))
    }
    topics.delete(own, own_only)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("f32", "f33"),
            "own.yaml:7: model 'small': precision = 'f33': Input should be 'auto', 'int8', 'bf16', 'f16' or 'f32'",
        ),
        (
            (f"name: {NAME}", "name: smaller"),
            "model 'small': expected one of object-detection, face-detection, face-detection-fast, pose, ",
        ),
    ],
)
def test_a_service_with_a_wrong_entry_does_not_start(
    settings: Settings, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    own = own_settings(settings, tmp_path)
    file = tmp_path / "own.yaml"
    file.write_text(file.read_text().replace(*change))
    with serving(own, tmp_path / "log") as process:
        assert process.wait(60) == 2
    assert says in " ".join((tmp_path / "log").read_text().split())


def test_topics_cameras_and_the_catalogue_agree(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_settings(settings, tmp_path)
    run = runner(own, capsys, monkeypatch)
    code, out, _ = run("topic", "plan")
    assert f"create {own.names.frames(NAME)}: 2 partitions" in " ".join(out.split())
    assert run("camera", "add", "yard", "--source", "pattern:160x120", "--model", NAME)[0] == 0
    code, _, err = run("camera", "add", "gate", "--source", "pattern:160x120", "--model", "smaller")
    assert (
        code,
        "face-detection-fast, pose, face-embedding, small" in " ".join(err.split()),
    ) == (2, True)
