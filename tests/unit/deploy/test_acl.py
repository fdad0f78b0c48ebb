from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.services import API, CAPTURE, inference
from deploy.topics.acl import ADMIN, AUDIT, OPERATOR, Acl, Operation, Resource, Rule, acl_plan, rules
from deploy.topics.plan import plan
from schemas.catalogue import Catalogue
from schemas.errors import SettingsError
from schemas.settings import Settings

CATALOGUE = Catalogue()
SETTINGS = Settings(prefix="site-a.")


def test_every_rule_stays_below_the_prefix() -> None:
    for service, allowed in rules(SETTINGS, CATALOGUE).items():
        assert allowed, service
        assert len(set(allowed)) == len(allowed), service
        for rule in allowed:
            assert rule.name.startswith("site-a."), (service, rule)
            # What covers everything of ours is for readers and for whoever makes the topics.
            assert rule.name != "site-a." or service in {API, OPERATOR, ADMIN}, (service, rule)


def test_every_topic_has_who_writes_and_who_reads_it() -> None:
    needed = rules(SETTINGS, CATALOGUE)
    for wanted in plan(SETTINGS, CATALOGUE):
        for operation in (Operation.READ, Operation.WRITE):
            who = {
                service
                for service, allowed in needed.items()
                for rule in allowed
                if rule.operation is operation and rule.covers(Resource.TOPIC, wanted.name)
            }
            assert who, (operation, wanted.name)
            assert ADMIN not in who
            assert operation is Operation.READ or not who & {API, AUDIT}


def test_only_who_makes_crops_may_write_frames_and_counts() -> None:
    needed = rules(SETTINGS, CATALOGUE)
    writes = {
        model.name: {rule.name for rule in needed[inference(model.name)] if rule.operation is Operation.WRITE}
        for model in CATALOGUE.models
    }
    crops = {name: {one for one in names if "frames" in one or "captures" in one} for name, names in writes.items()}
    assert {name: found for name, found in crops.items() if found} == {
        "object-detection": {"site-a.frames.pose", "site-a.captures"},
        "face-detection": {"site-a.frames.face-embedding", "site-a.captures"},
    }


@pytest.mark.parametrize("site", ["default", "roof"])
def test_capture_joins_its_own_sites_group(site: str) -> None:
    groups = [
        rule.name
        for rule in rules(Settings(prefix="site-a.", site=site), CATALOGUE)[CAPTURE]
        if rule.resource is Resource.GROUP and rule.operation is Operation.READ
    ]
    assert groups == [f"site-a.capture.{site}"]


def test_services_have_principals_of_their_own_or_share_one() -> None:
    usual = acl_plan(SETTINGS, CATALOGUE, {})
    assert {acl.principal for acl in usual} == {f"User:framebus-{service}" for service in rules(SETTINGS, CATALOGUE)}
    shared = acl_plan(SETTINGS, CATALOGUE, dict.fromkeys(rules(SETTINGS, CATALOGUE), "User:all"))
    assert {acl.principal for acl in shared} == {"User:all"}
    assert len(set(shared)) == len(shared) < len(usual)


@pytest.mark.parametrize("prefix", ["", "framebus"])
def test_a_prefix_that_others_may_begin_with_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match=r"rules would cover topics that are not ours; expected one that ends with"):
        acl_plan(Settings(prefix=prefix), CATALOGUE, {})


def test_a_service_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match="service cature: expected one of capture, inference-object-detection"):
        acl_plan(SETTINGS, CATALOGUE, {"cature": "User:x"})


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            Rule(Resource.TOPIC, "framebus.frames.", Operation.WRITE, prefixed=True),
            "--operation Write --topic framebus.frames. --resource-pattern-type prefixed",
        ),
        (
            Rule(Resource.GROUP, "framebus.reader", Operation.DESCRIBE),
            "--operation Describe --group framebus.reader --resource-pattern-type literal",
        ),
        (
            Rule(Resource.TOPIC, "framebus.", Operation.ALTER_CONFIGS, prefixed=True),
            "--operation AlterConfigs --topic framebus. --resource-pattern-type prefixed",
        ),
    ],
)
def test_kafkas_own_tool_is_told_the_same(rule: Rule, expected: str) -> None:
    assert Acl("User:x", rule).command("kafka:9093") == (
        "kafka-acls.sh --bootstrap-server kafka:9093 --command-config admin.properties --add "
        f"--allow-principal User:x {expected}"
    )


@pytest.mark.parametrize("principal", ["User:CN=Framebus API,OU=Video", "User:$(reboot); 'x' *", "User:a\nb"])
def test_a_shell_takes_a_principal_for_one_word(principal: str) -> None:
    words = shlex.split(Acl(principal, Rule(Resource.TOPIC, "framebus.frames.", Operation.WRITE)).command("kafka:9093"))
    assert words[words.index("--allow-principal") + 1] == principal
    assert words[words.index("--topic") + 1] == "framebus.frames."
    assert words[words.index("--bootstrap-server") + 1] == "kafka:9093"


def test_the_plan_can_be_printed_without_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("topic", "acl", "plan", "--commands", "--kafka", "127.0.0.1:1", "--principal", "api=User:CN=api")
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(acl_plan(Settings(), CATALOGUE, {}))
    assert len([line for line in lines if "--allow-principal User:CN=api " in line]) == 4


@pytest.mark.parametrize("given", ["api", "api=", "api=somebody", "api=User:", "=User:x"])
def test_a_principal_that_is_none_is_named(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(("topic", "acl", "plan", "--commands", "--principal", given))
    assert ended.value.code == 2
    assert "expected" in capsys.readouterr().err


DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"


def table() -> list[str]:
    """The rules as the document shows them: a line for each service, the models' workers in one, or with crops."""
    lines = {}
    leader = CATALOGUE.models[0].name
    (follower,) = (model.name for model in CATALOGUE.followers(leader))
    words = {
        inference("face-detection-fast"): "inference-MODEL",
        inference(leader): "inference-MODEL that FOLLOWER follows",
    }
    for service, allowed in rules(Settings(), CATALOGUE).items():
        by_operation: dict[str, list[str]] = {}
        for rule in allowed:
            name = rule.name.removeprefix("framebus.").replace(follower, "FOLLOWER")
            name = name.replace("face-detection-fast", "MODEL").replace(leader, "MODEL")
            shown = f"{'group ' if rule.resource is Resource.GROUP else ''}`{name}{'*' if rule.prefixed else ''}`"
            by_operation.setdefault(rule.operation.value, []).append(shown)
        text = "; ".join(f"{operation} {', '.join(names)}" for operation, names in by_operation.items())
        who = words.get(service, service)
        if not any(model.name in who for model in CATALOGUE.models):
            lines[who] = f"| {who} | {text} |"
    return list(lines.values())


def test_the_document_shows_the_rules_as_they_are() -> None:
    shown = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ") and "`" in line]
    assert [line for line in shown if line in table()] == table(), "\n".join(["expected:", *table()])


def test_the_document_names_every_setting_of_the_doors() -> None:
    text = DOCUMENT.read_text()
    for field in Settings.model_fields:
        if field.startswith(("api_", "sasl_", "ssl_", "security_")) and field != "api_port":
            assert f"FRAMEBUS_{field.upper()}" in text, field
