"""Plans: their values without what is sensitive, mapped to the files, and judged where the files do not say."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import engine
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.cli import main
from gatekeeper.links.planned import planned
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.facts import Plan
from gatekeeper.models.evidence.plan_values import Untold, digest, digest_of, kept, values
from gatekeeper.models.evidence.readers import terraform_plan
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.plans import PlannedResource, Step, steps_of
from gatekeeper.node import Source
from gatekeeper.project import Project
from gatekeeper.testing import TODAY, project_of

REAL = Path(__file__).parent / "plans"  # `terraform show -json` of what stands beside it, with Terraform 1.11.4
SECRET = "hunter2-PLANTED-SECRET"
EVIDENCE = ".gatekeeper/evidence/plan.json"
WHEN = f"{TODAY}T08:00:00Z"


def facts(data: bytes) -> Plan:
    (found,) = terraform_plan.read(Artifact(Source("plan.json", ""), data))
    assert isinstance(found, Plan)
    return found


def real() -> list[tuple[str, str]]:
    plan = json.loads((REAL / "plan.json").read_text())
    files = [(path, (REAL / path).read_text()) for path in ("main.tf", "modules/part/main.tf")]
    return [*files, (EVIDENCE, json.dumps({**plan, "timestamp": WHEN}))]


def as_planned(project: Project, name: str) -> list[PlannedResource]:
    (resource,) = (each for each in project.all(Resource) if each.name == name)
    return list(planned(resource, project))


# what is kept of a plan


def test_a_real_plan() -> None:
    plan = facts((REAL / "plan.json").read_bytes())
    assert [each.address for each in plan.instances] == [
        "terraform_data.network",
        "terraform_data.service[0]",
        "terraform_data.service[1]",
        'module.part["a"].terraform_data.disk',
        'module.part["b.c"].terraform_data.disk',
    ]
    assert [each.index for each in plan.instances] == ["", "0", "1", "", ""]
    assert set(plan.references) == {
        "terraform_data.network", "terraform_data.service", "terraform_data.spare", "module.part.terraform_data.disk",
    }  # fmt: skip
    assert "terraform_data.network.id" in plan.references["terraform_data.service"]["input"]
    assert SECRET not in repr(plan)
    assert not any(SECRET.encode() in each.values for each in plan.instances)


def test_what_is_sensitive_or_not_known_becomes_a_marker() -> None:
    after = {"a": 1, "secret": SECRET, "rule": [{"key": SECRET, "size": 2}], "map": {"x": SECRET}}
    unknown = {"arn": True, "rule": [{"id": True}, True], "map": {"y": True}}
    sensitive = {"secret": True, "rule": [{"key": True}], "map": True}
    made = kept(*(json.dumps(each).encode() for each in (after, unknown, sensitive)))
    assert SECRET.encode() not in made
    hidden, later = Untold("is sensitive"), Untold("is known only after apply")
    rule = [{"key": hidden, "size": 2, "id": later}, later]
    assert values(made) == {"a": 1, "secret": hidden, "rule": rule, "map": hidden, "arn": later}


def test_values_that_are_all_sensitive() -> None:
    assert values(kept(b'{"a": "x"}', b"{}", b"true")) == {}


def test_what_is_given_on_the_command_line_is_text() -> None:
    assert digest(b'"2"') == digest_of(2)
    assert digest(b'"true"') == digest_of(True)
    assert digest(b'{"b": 1, "a": 2}') == digest_of({"a": 2, "b": 1})
    assert digest(b'"1"') != digest_of(True)


@pytest.mark.parametrize(
    ("address", "steps"),
    [
        ("", ()),
        ("module.a", (Step("a", ""),)),
        ("module.a[0].module.b", (Step("a", "0"), Step("b", ""))),
        ('module.a["x.module.y]"].module.b-c["d"]', (Step("a", '"x.module.y]"'), Step("b-c", '"d"'))),
        ('module.a["\\"]"].module.b', (Step("a", '"\\"]"'), Step("b", ""))),
        ('module.a["never closed', (Step("a", '"never closed'),)),
    ],
)
def test_steps(address: str, steps: tuple[Step, ...]) -> None:
    assert steps_of(address) == steps


# mapped to the files


def test_instances_stand_where_their_resource_does() -> None:
    project = project_of(real())
    first, second = as_planned(project, "terraform_data.service")
    assert (first.path, first.span.line, first.name) == ("main.tf", 20, "terraform_data.service")
    assert first.seen_as == f"as planned in {EVIDENCE} (terraform_data.service[0])"
    assert first.node["input"]["replicas"] == 2
    assert first.node["input"].span.line == 22
    assert first.node["input"]["password"].expression == ("input", "is sensitive", False)
    assert "terraform_data.network" in second.addresses("input")
    assert not list(first.texts())


def test_what_a_plan_leaves_out_is_not_there() -> None:
    (spare,) = as_planned(project_of(real()), "terraform_data.spare")
    assert not spare.there


def test_a_module_is_followed() -> None:
    found = as_planned(project_of(real()), "terraform_data.disk")
    assert [each.node["input"]["size"].value for each in found] == [1, 3]
    assert {each.path for each in found} == {"modules/part/main.tf"}


def test_a_plan_of_another_root_says_nothing() -> None:
    files = [(path if path == EVIDENCE else f"other/{path}", text) for path, text in real()]
    files.append(("main.tf", 'resource "terraform_data" "service" {\n  count = var.n\n}\n'))
    project = project_of(files)
    (resource,) = (each for each in project.all(Resource) if each.module.directory == "")
    assert not planned(resource, project)


def test_a_module_of_which_one_root_has_no_plan() -> None:
    files = [*real(), ("more/main.tf", 'module "part" {\n  source = "../modules/part"\n  size = var.size\n}\n')]
    assert not as_planned(project_of(files), "terraform_data.disk")


def test_of_two_environments_one_is_planned() -> None:
    both = [("env/dev.tfvars", "replicas = 1"), ("env/prod.tfvars", "replicas = 2")]
    assert as_planned(project_of([*real(), both[1]]), "terraform_data.network")
    assert not as_planned(project_of([*real(), both[0]]), "terraform_data.network")
    assert not as_planned(project_of([*real(), *both]), "terraform_data.network")


def test_a_plan_that_is_too_old_says_nothing() -> None:
    files = [(path, text.replace(WHEN, "2026-01-01T08:00:00Z")) for path, text in real()]
    assert not as_planned(project_of(files), "terraform_data.network")


# judged


def instance(address: str, after: dict[str, Any], unknown: Any = None, sensitive: Any = None) -> dict[str, Any]:
    parts = re.fullmatch(r"(?:(module\..*)\.)?(aws_\w+)\.(\w+)(?:\[(\d+)\])?", address)
    assert parts
    module, kind, label, index = parts.groups()
    change = {"actions": ["create"], "after": after, "after_unknown": unknown or {}, "after_sensitive": sensitive or {}}
    made = {"address": address, "mode": "managed", "type": kind, "name": label, "change": change}
    made |= {"index": int(index)} if index else {}
    return {**made, "module_address": module} if module else made


def plan_of(*instances: dict[str, Any], modules: dict[str, Any] | None = None, **more: Any) -> str:
    own = [each for each in instances if "module_address" not in each]
    resources = [{"mode": "managed", "type": each["type"], "name": each["name"], "expressions": {}} for each in own]
    root = {"resources": resources, "module_calls": modules or {}}
    plan = {
        "format_version": "1.2", "terraform_version": "1.11.4", "timestamp": WHEN,
        "resource_changes": list(instances), "configuration": {"root_module": root}, **more,
    }  # fmt: skip
    return json.dumps(plan)


DATABASE = """
variable "encrypt" {}
resource "aws_db_instance" "main" {
  storage_encrypted = var.encrypt
}
"""


def verdicts(rule_id: str, *files: tuple[str, str]) -> list[engine.Verdict]:
    (rule,) = (each for each in Catalogue([home()]).rules() if each.id == rule_id)
    return list(engine.run([rule], project_of(files))[0].verdicts)


@pytest.mark.parametrize(("value", "word"), [(True, "pass"), (False, "fail"), (None, "fail")])
def test_a_plan_decides_what_the_files_do_not(value: Any, word: str) -> None:
    files = [("main.tf", DATABASE), (EVIDENCE, plan_of(instance("aws_db_instance.main", {"storage_encrypted": value})))]
    (alone,) = verdicts("tf-rds-encrypted", files[0])
    (verdict,) = verdicts("tf-rds-encrypted", *files)
    assert (alone.word, verdict.word) == ("unknown", word)


def test_a_value_that_is_known_only_after_apply_decides_nothing() -> None:
    plan = plan_of(instance("aws_db_instance.main", {}, {"storage_encrypted": True}))
    (verdict,) = verdicts("tf-rds-encrypted", ("main.tf", DATABASE), (EVIDENCE, plan))
    assert verdict.word == "unknown"


def test_a_remote_module_is_followed() -> None:
    call = 'variable "e" {}\nmodule "db" {\n  source = "terraform-aws-modules/rds/aws"\n  version = "6.10.0"\n'
    inside = "module.db.module.db_instance.aws_db_instance.this[0]"
    configured = {"resources": [{"mode": "managed", "type": "aws_db_instance", "name": "this"}]}
    modules = {"db": {"module": {"module_calls": {"db_instance": {"module": configured}}}}}
    plan = json.loads(plan_of(instance(inside, {"storage_encrypted": True}), modules=modules))
    written = ("main.tf", f"{call}  storage_encrypted = var.e\n}}\n")
    own = 'resource "aws_sqs_queue" "q" {}\n'
    plan["configuration"]["root_module"]["resources"] = [{"mode": "managed", "type": "aws_sqs_queue", "name": "q"}]
    files = [(written[0], written[1] + own), (EVIDENCE, json.dumps(plan))]
    (verdict,) = verdicts("tf-rds-encrypted", *files)
    assert verdict.word == "pass"


def test_a_plan_without_files_is_judged_itself() -> None:
    main_ = instance("aws_db_instance.main", {"storage_encrypted": False, "password": SECRET}, None, {"password": True})
    other = instance("module.a.aws_db_instance.main[0]", {"storage_encrypted": True})
    (first, second) = verdicts("tf-rds-encrypted", (EVIDENCE, plan_of(main_, other)))
    assert (first.word, first.subject.name, first.subject.path) == ("fail", "aws_db_instance.main", EVIDENCE)
    assert (second.word, second.subject.name) == ("pass", "module.a.aws_db_instance.main[0]")


# the whole program


def git(root: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


@pytest.mark.parametrize("written", [True, False])
def test_nothing_sensitive_is_ever_printed(
    written: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    after = {"storage_encrypted": False, "password": SECRET, "username": "admin"}
    before = {"password": SECRET}
    made = instance("aws_db_instance.main", after, None, {"password": True})
    made["change"]["before"] = before
    text = plan_of(made, variables={"password": {"value": SECRET}}, planned_values={"root_module": {"x": SECRET}})
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_text(".gatekeeper/evidence/\n/plan.json\n")
    if written:
        (tmp_path / "main.tf").write_text(DATABASE)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "1")
    (tmp_path / "plan.json").write_text(text.replace(WHEN, ""))
    assert main(["evidence", "add", "plan.json"]) == 0
    formats = ("text", "json", "sarif", "markdown", "junit", "github", "gitlab", "html", "report")
    main(["audit", ".", "--exit-zero", "--verdicts", *(f"--output={each}={each}.out" for each in formats)])
    main(["audit", ".", "--exit-zero", "--select", "tf-rds-encrypted"])
    main(["evidence", "list"])
    printed = capsys.readouterr()
    assert "storage is not encrypted" in printed.out
    for each in (printed.out, printed.err, *(Path(f"{each}.out").read_text() for each in formats)):
        assert SECRET not in each


@pytest.mark.parametrize("written", [True, False])
def test_a_committed_plan_is_found_and_not_shown(
    written: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_text(plan_of(variables={"p": {"value": SECRET}}, planned_values={}))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/prod.tfplan").write_bytes(b"PK\x03\x04" + bytes(26) + b"tfplan")
    if written:
        (tmp_path / "main.tf").write_text(DATABASE)
    main(["audit", str(tmp_path), "--exit-zero", "--select", "tf-plan-committed"])
    printed = capsys.readouterr().out
    assert "plan.json is a plan as JSON" in printed and "out/prod.tfplan is a plan:" in printed
    assert SECRET not in printed
