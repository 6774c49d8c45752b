"""One block, several uses: callers, environments and instances that differ, and resources that belong together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper import engine
from gatekeeper.declarative import read
from gatekeeper.engine import Verdict
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import place
from gatekeeper.testing import project_of

ENCRYPTED = """
where: {it.type: aws_db_instance}
must: {storage_encrypted: true}
"""
VERSIONED = """
where: {it.type: aws_s3_bucket}
must:
  related: {type: aws_s3_bucket_versioning, via: bucket, where: {versioning_configuration.status: Enabled}}
"""
VERSIONING = 'versioning_configuration {\n    status = "Enabled"\n  }\n'


Judge = Callable[..., dict[str, Verdict]]  # conditions and files to the verdict on each resource


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def judged(conditions: str, *files: tuple[str, str]) -> dict[str, Verdict]:
        path = tmp_path / "rule.yaml"
        path.write_text(
            "id: x\ntitle: A rule\nwhy: Because.\nseverity: high\ngate: cost\neach: terraform.Resource\n"
            f"message: is wrong\n{conditions}",
            "utf-8",
        )
        outcome = engine.run([read(path)], project_of(files))[0]
        assert not outcome.error, outcome.error
        return {verdict.subject.name: verdict for verdict in outcome.verdicts}

    return judged


def words(judged: dict[str, Verdict]) -> dict[str, str]:
    return {name: verdict.word for name, verdict in judged.items()}


def notes(verdict: Verdict) -> list[str]:
    return [note.message for finding in verdict.findings for note in finding.see]


DATABASE = ("db/main.tf", 'variable "on" {}\nresource "aws_db_instance" "x" {\n  storage_encrypted = var.on\n}\n')


def call(name: str, on: str) -> str:
    return f'module "{name}" {{\n  source = "./db"\n  on     = {on}\n}}\n'


def test_callers_that_differ_are_told_apart(judge: Judge) -> None:
    found = judge(ENCRYPTED, ("main.tf", call("a", "true") + call("b", "false")), DATABASE)
    assert notes(found["aws_db_instance.x"]) == [
        "module.b gives var.on",
        "not everywhere: main.tf (module.b)",
    ]


def test_the_argument_that_decides_is_shown(judge: Judge) -> None:
    (finding,) = judge(ENCRYPTED, ("main.tf", call("a", "false")), DATABASE)["aws_db_instance.x"].findings
    (note,) = finding.see
    assert (note.message, place(note.at).source.path, place(note.at).span.line) == (
        "module.a gives var.on",
        "main.tf",
        3,
    )


def test_callers_that_agree_are_one(judge: Judge) -> None:
    assert words(judge(ENCRYPTED, ("main.tf", call("a", "true") + call("b", "true")), DATABASE)) == {
        "aws_db_instance.x": "pass"
    }


def test_one_caller_that_does_not_know_leaves_it_open(judge: Judge) -> None:
    files = ("main.tf", 'variable "x" {}\n' + call("a", "true") + call("b", "var.x"))
    assert words(judge(ENCRYPTED, files, DATABASE)) == {"aws_db_instance.x": "unknown"}


def test_a_chain_of_calls_is_followed_and_named(judge: Judge) -> None:
    found = judge(
        ENCRYPTED,
        ("live/prod/main.tf", 'module "stack" {\n  source = "../../stack"\n  on     = true\n}\n'),
        ("live/dev/main.tf", 'module "stack" {\n  source = "../../stack"\n  on     = false\n}\n'),
        ("stack/main.tf", 'variable "on" {}\n' + call("db", "var.on").replace("./db", "../db")),
        DATABASE,
    )
    assert notes(found["aws_db_instance.x"])[-1:] == [
        "not everywhere: stack/main.tf (module.db), live/dev/main.tf (module.stack)"
    ]


def test_a_call_that_count_leaves_out_does_not_count(judge: Judge) -> None:
    off = call("b", "false").replace("on ", "count  = 0\n  on ")
    assert words(judge(ENCRYPTED, ("main.tf", call("a", "true") + call("c", "true") + off), DATABASE)) == {
        "aws_db_instance.x": "pass"
    }


ROOT = 'terraform {\n  backend "s3" {}\n}\n' + DATABASE[1]


def test_each_environment_is_judged(judge: Judge) -> None:
    files = [("main.tf", ROOT), ("envs/dev.tfvars", "on = false\n"), ("envs/prod.tfvars", "on = true\n")]
    assert notes(judge(ENCRYPTED, *files)["aws_db_instance.x"]) == ["not everywhere: envs/dev.tfvars"]
    assert words(judge(ENCRYPTED, *files[:1], ("terraform.tfvars", "on = true\n"))) == {"aws_db_instance.x": "pass"}


def test_an_environment_that_has_none_of_it_is_left_out(judge: Judge) -> None:
    text = ROOT.replace('x" {\n', 'x" {\n  count             = var.many\n') + 'variable "many" {}\n'
    files = [("main.tf", text), ("dev.tfvars", "many = 0\non = false\n"), ("prod.tfvars", "many = 1\non = true\n")]
    assert words(judge(ENCRYPTED, *files)) == {"aws_db_instance.x": "pass"}


def test_instances_are_judged_one_by_one(judge: Judge) -> None:
    text = (
        'resource "aws_db_instance" "x" {\n  for_each          = { a = { on = true }, b = { on = false } }\n'
        "  storage_encrypted = each.value.on\n}\n"
        'resource "aws_db_instance" "y" {\n  count             = 2\n  storage_encrypted = count.index >= 0\n}\n'
    )
    found = judge(ENCRYPTED, ("main.tf", text))
    assert words(found) == {"aws_db_instance.x": "fail", "aws_db_instance.y": "pass"}
    assert notes(found["aws_db_instance.x"]) == ['not everywhere: aws_db_instance.x["b"]']


def test_what_a_call_gives_for_each_instance(judge: Judge) -> None:
    text = call("a", "each.value").replace("on ", "for_each = { one = true, two = false }\n  on ")
    found = judge(ENCRYPTED, ("main.tf", text), DATABASE)
    assert notes(found["aws_db_instance.x"])[-1:] == ['not everywhere: main.tf (module.a["two"])']


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("aws_db_instance.other.storage_encrypted", "pass"),
        ("aws_db_instance.many[0].storage_encrypted", "pass"),
        ("aws_db_instance.other.port == 3", "unknown"),
        ("module.db.encrypted", "pass"),
        ("module.db.arn", "unknown"),
    ],
)
def test_what_other_blocks_say(judge: Judge, attribute: str, expected: str) -> None:
    text = (
        f'resource "aws_db_instance" "x" {{\n  storage_encrypted = {attribute}\n}}\n'
        'resource "aws_db_instance" "other" {\n  storage_encrypted = true\n}\n'
        'resource "aws_db_instance" "many" {\n  count             = 2\n  storage_encrypted = true\n}\n'
        + call("db", "true")
    )
    output = (
        "db/out.tf",
        'output "encrypted" {\n  value = var.on\n}\noutput "arn" {\n  value = aws_db_instance.x.arn\n}\n',
    )
    assert words(judge(ENCRYPTED, ("main.tf", text), DATABASE, output))["aws_db_instance.x"] == expected


def companion(name: str, bucket: str, more: str = "") -> str:
    return f'resource "aws_s3_bucket_versioning" "{name}" {{\n  {more}\n  bucket = {bucket}\n  {VERSIONING}}}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (companion("v", "aws_s3_bucket.logs.id"), "pass"),
        (companion("v", "local.id") + "locals {\n  id = aws_s3_bucket.logs.id\n}\n", "pass"),
        (companion("v", '"logs-of-orders"'), "pass"),
        (companion("v", "aws_s3_bucket.other.id"), "fail"),
        (companion("v", "each.value.id", "for_each = { a = aws_s3_bucket.logs }"), "pass"),
        (companion("v", "each.value", "for_each = var.buckets\n") + 'variable "buckets" {}\n', "unknown"),
        (companion("v", "aws_s3_bucket.logs.id", "count = var.on ? 1 : 0") + 'variable "on" {}\n', "unknown"),
        (companion("v", "aws_s3_bucket.logs.id", "count = 0"), "fail"),
        (companion("v", "aws_s3_bucket.logs.id").replace("Enabled", "Suspended"), "fail"),
        ('module "x" {\n  source = "acme/versioning/aws"\n  bucket = aws_s3_bucket.logs.id\n}\n', "unknown"),
        ('module "x" {\n  source = "acme/versioning/aws"\n  bucket = "other"\n}\n', "fail"),
        ('module "x" {\n  source = "./v"\n  bucket = aws_s3_bucket.logs.id\n}\n', "pass"),
        ("", "fail"),
    ],
)
def test_what_belongs_to_a_bucket(judge: Judge, text: str, expected: str) -> None:
    bucket = 'resource "aws_s3_bucket" "logs" {\n  bucket = "logs-of-orders"\n}\n'
    child = ("v/main.tf", 'variable "bucket" {}\n' + companion("v", "var.bucket"))
    files = [("main.tf", bucket + text), *([child] if "./v" in text else [])]
    assert words(judge(VERSIONED, *files)) == {"aws_s3_bucket.logs": expected}


def test_a_bucket_of_a_module_and_what_its_caller_adds(judge: Judge) -> None:
    files = [
        ("main.tf", 'module "b" {\n  source = "./b"\n}\n' + companion("v", "module.b.id")),
        ("b/main.tf", 'resource "aws_s3_bucket" "x" {}\noutput "id" {\n  value = aws_s3_bucket.x.id\n}\n'),
    ]
    assert words(judge(VERSIONED, *files)) == {"aws_s3_bucket.x": "pass"}


def test_what_a_resource_refers_to(judge: Judge) -> None:
    conditions = """
where: {it.type: aws_lb_listener}
must: {follows: {via: load_balancer_arn, type: aws_lb, where: {internal: true}}}
"""
    text = 'resource "aws_lb" "a" {{\n  internal = {}\n}}\n'
    text += 'resource "aws_lb_listener" "l" {{\n  load_balancer_arn = {}\n}}\n'
    assert words(judge(conditions, ("main.tf", text.format("true", "aws_lb.a.arn")))) == {"aws_lb_listener.l": "pass"}
    assert words(judge(conditions, ("main.tf", text.format("false", "aws_lb.a.arn")))) == {"aws_lb_listener.l": "fail"}
    assert words(judge(conditions, ("main.tf", text.format("true", "var.arn")))) == {"aws_lb_listener.l": "unknown"}


def test_what_the_repository_holds(judge: Judge) -> None:
    conditions = """
where: {it.type: aws_instance}
must: {exists: {type: aws_budgets_budget, where: {notification: {present: true}}, module: budget}}
"""
    server = ("main.tf", 'resource "aws_instance" "x" {}\n')
    budget = ("cost/main.tf", 'resource "aws_budgets_budget" "all" {\n  notification {}\n}\n')
    remote = 'module "x" {{\n  source = "{}"\n}}\n'
    assert words(judge(conditions, server)) == {"aws_instance.x": "fail"}
    assert words(judge(conditions, server, budget)) == {"aws_instance.x": "pass"}
    assert words(judge(conditions, server, ("m.tf", remote.format("acme/budget/aws")))) == {"aws_instance.x": "pass"}
    assert words(judge(conditions, server, ("m.tf", remote.format("acme/vpc/aws")))) == {"aws_instance.x": "unknown"}


def test_modules_that_call_one_another_come_to_an_end(judge: Judge) -> None:
    a = 'variable "on" {}\nmodule "b" {\n  source = "../b"\n  on     = module.b.on\n}\n'
    a += 'output "on" {\n  value = var.on\n}\n'
    files = [("a/main.tf", a), ("b/main.tf", a.replace("../b", "../a") + DATABASE[1].partition("\n")[2])]
    assert words(judge(ENCRYPTED, *files)) == {"aws_db_instance.x": "unknown"}


def test_names_and_places_are_those_of_the_block() -> None:
    (resource,) = project_of([DATABASE]).all(Resource)
    assert (resource.path, resource.span.line, resource.name) == ("db/main.tf", 2, "aws_db_instance.x")
