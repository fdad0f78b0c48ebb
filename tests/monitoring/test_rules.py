"""The alerting and recording rules: valid, of metrics that exist, and each tested by promtool where it would show."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.cli.root import VERBS
from schemas.names import Metric
from tests.monitoring.exposed import FOREIGN, exposed, series
from tests.monitoring.promql import metrics_in

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "helm" / "framebus" / "files" / "rules"
TESTS = Path(__file__).parent / "rules"


def rules(file: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((RULES / file).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules("alerts.yaml")}
RECORDS = {rule["record"]: rule for rule in rules("recording.yaml")}


def run(program: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)


def expressions() -> list[dict[str, Any]]:
    """Every promtool test of an expression."""
    files = [yaml.safe_load(file.read_text()) for file in TESTS.glob("*.test.yaml")]
    return [test for file in files for group in file["tests"] for test in group["promql_expr_test"]]


def test_there_are_no_other_rules() -> None:
    assert {file.name for file in RULES.iterdir()} == {"alerts.yaml", "recording.yaml"}


def test_promtool_accepts_the_rules_and_every_test_passes(promtool: Path) -> None:
    checked = run(promtool, "check", "rules", *sorted(RULES.glob("*.yaml")))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = run(promtool, "test", "rules", *sorted(TESTS.glob("*.test.yaml")))
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(name: str) -> None:
    cases = [test for test in expressions() if test["expr"] == f'ALERTS{{alertname="{name}", alertstate="firing"}}']
    assert any(test["exp_samples"] for test in cases), "no case in which it fires"
    assert any(not test["exp_samples"] for test in cases), "no case in which it is silent"


@pytest.mark.parametrize("name", RECORDS)
def test_every_recording_has_a_case(name: str) -> None:
    assert any(test["exp_samples"] for test in expressions() if name in metrics_in(test["expr"]))


def with_rule(promtool: Path, folder: Path, file: str, change: str, to: str) -> str:
    """What promtool finds wrong in the tests of a rule that is another; empty where they pass all the same."""
    copied, tests = folder / RULES.relative_to(ROOT), folder / TESTS.relative_to(ROOT)
    shutil.copytree(RULES, copied)
    shutil.copytree(TESTS, tests)
    content = yaml.safe_load((copied / file).read_text())
    kind = {"alerts.yaml": "alert", "recording.yaml": "record"}[file]
    (rule,) = [rule for group in content["groups"] for rule in group["rules"] if rule[kind] == change]
    rule["expr"] = to
    (copied / file).write_text(yaml.safe_dump(content))
    done = run(promtool, "test", "rules", *(test for test in tests.iterdir() if change in test.read_text()))
    return done.stdout + done.stderr if done.returncode else ""


def found_in_silence(failures: str, alert: str) -> bool:
    """Whether the alert was found where it was to be silent."""
    query = re.escape(rf"ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}")
    return bool(re.search(rf'expr: "{query}", time: \w+,\s+exp: nil', failures))


def test_a_copy_without_a_change_passes(promtool: Path, tmp_path: Path) -> None:
    unchanged = ALERTS["FramebusSkips"]["expr"]
    assert with_rule(promtool, tmp_path, "alerts.yaml", "FramebusSkips", unchanged) == ""


@pytest.mark.parametrize("name", ALERTS)
def test_the_tests_notice_an_alert_that_never_fires(promtool: Path, tmp_path: Path, name: str) -> None:
    never = f"({ALERTS[name]['expr']}) and on () (vector(1) > 2)"
    failures = with_rule(promtool, tmp_path, "alerts.yaml", name, never)
    assert failures
    assert not found_in_silence(failures, name)


@pytest.mark.parametrize("name", ALERTS)
def test_the_tests_notice_an_alert_that_always_fires(promtool: Path, tmp_path: Path, name: str) -> None:
    assert found_in_silence(with_rule(promtool, tmp_path, "alerts.yaml", name, "vector(1)"), name)


@pytest.mark.parametrize("name", RECORDS)
def test_the_tests_notice_a_recording_that_is_another(promtool: Path, tmp_path: Path, name: str) -> None:
    assert with_rule(promtool, tmp_path, "recording.yaml", name, f"2.5 * ({RECORDS[name]['expr']})")


@pytest.mark.parametrize(
    "rule", [*ALERTS.values(), *RECORDS.values()], ids=lambda rule: rule.get("alert", rule.get("record"))
)
def test_every_metric_of_a_rule_exists(rule: dict[str, Any]) -> None:
    used = metrics_in(rule["expr"])
    assert used
    assert used <= series() | FOREIGN.keys() | RECORDS.keys()


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_says_how_bad_it_is_and_what_to_do_next(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert re.fullmatch(r"\d+[mh]", alert["for"])
    notes = alert["annotations"]
    assert notes.keys() == {"summary", "description", "runbook"}
    commands = re.findall(r"`([^`]+)`", notes["description"])
    assert commands, "the description names no command"
    assert {verb for command in commands for verb in re.findall(r"^framebus ([a-z-]+)", command)} <= set(VERBS)
    assert notes["runbook"] == f"docs/observability.md#{name.lower()}"


def test_every_metric_of_ours_is_named_in_one_place_and_exposed() -> None:
    named = {value for name, value in vars(Metric).items() if name.isupper()}
    assert {metric.name.removesuffix("_total") for metric in exposed()} == named
