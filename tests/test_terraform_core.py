"""What rules over Terraform as a whole rest on: sources, versions, ignored files, states, copies, runs in pipelines."""

from __future__ import annotations

import time

import pytest

from gatekeeper.links.clones import copy_of
from gatekeeper.links.ignored import ignored
from gatekeeper.links.requirements_of_providers import needed, requirements
from gatekeeper.links.separation import separated
from gatekeeper.links.state import backend_writer, sharing, states
from gatekeeper.links.terraform_runs import doubt, hook, runs
from gatekeeper.models.terraform import Directory, Variable
from gatekeeper.models.terraform.edits import attribute_added
from gatekeeper.models.terraform.expressions import expressions
from gatekeeper.models.terraform.sources import checkout, in_registry
from gatekeeper.models.terraform.usage import used
from gatekeeper.models.terraform.versions import allowed, bounded, satisfies
from gatekeeper.project import Project
from gatekeeper.testing import project_of


def of(files: dict[str, str]) -> Project:
    return project_of(files.items())


@pytest.mark.parametrize(
    ("source", "repository", "ref"),
    [
        ("git::https://example.com/a.git?ref=v1.2.0", "https://example.com/a.git", "v1.2.0"),
        ("git::ssh://git@example.com/a.git//sub?depth=1&ref=main", "ssh://git@example.com/a.git//sub", "main"),
        ("github.com/acme/a//sub", "github.com/acme/a//sub", ""),
        ("git@github.com:acme/a.git", "git@github.com:acme/a.git", ""),
        ("hg::http://example.com/a?rev=1.2", "http://example.com/a", "1.2"),
        ("https://example.com/acme/a.git//sub?ref=x", "https://example.com/acme/a.git//sub", "x"),
    ],
)
def test_checkout(source: str, repository: str, ref: str) -> None:
    assert checkout(source) == (repository, ref)
    assert not in_registry(source)


@pytest.mark.parametrize(
    "source",
    ["./a", "../a", "terraform-aws-modules/vpc/aws", "s3::https://b.amazonaws.com/a.zip", "https://e.com/a.zip"],
)
def test_no_checkout(source: str) -> None:
    assert checkout(source) is None


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("terraform-aws-modules/vpc/aws", True),
        ("terraform-aws-modules/vpc/aws//modules/endpoints", True),
        ("app.terraform.io/acme/vpc/aws", True),
        ("localhost:8080/acme/vpc/aws", False),
        ("gitlab.com/acme/vpc/aws", False),
        ("./acme/vpc/aws", False),
        ("acme/vpc", False),
    ],
)
def test_in_registry(source: str, is_one: bool) -> None:
    assert in_registry(source) is is_one


@pytest.mark.parametrize(
    ("constraint", "ends"),
    [(">= 1.5", False), ("> 1", False), (">= 1.5, < 2.0", True), ("~> 1.9", True), ("1.9.8", True), ("!= 1.0", False)],
)
def test_bounded(constraint: str, ends: bool) -> None:
    assert bounded(allowed(constraint)) is ends


def test_satisfies() -> None:
    assert satisfies("5.81.0", "~> 5.80")
    assert not satisfies("4.67.0", "~> 5.80")
    assert satisfies("6.0.0-beta1", ">= 6.0.0-beta1")


IGNORES = {
    ".gitignore": "*.tfstate\n.terraform/\n!keep/.terraform/\n/only\n**/deep/*.bin\n# x\n",
    "sub/.gitignore": "!*.tfstate\nlocal.txt\n",
    "main.tf": "",
}


@pytest.mark.parametrize(
    ("path", "is_ignored"),
    [
        ("terraform.tfstate", True),
        ("a/b/terraform.tfstate", True),
        ("sub/terraform.tfstate", False),
        ("a/.terraform/providers/x", True),
        ("keep/.terraform/providers/x", False),
        ("only", True),
        ("a/only", False),
        ("a/deep/x.bin", True),
        ("deep/x.bin", True),
        ("sub/local.txt", True),
        ("local.txt", False),
        ("main.tf", False),
    ],
)
def test_ignored(path: str, is_ignored: bool) -> None:
    assert ignored(path, of(IGNORES)) is is_ignored


def test_ignored_by_everything_below() -> None:
    assert ignored("a/.terraform/x/y", of({".gitignore": "**/.terraform/**\n"}))


BACKEND = 'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "%s"\n  }\n}\n'


def test_states_that_are_the_same() -> None:
    project = of({"a/main.tf": BACKEND % "k", "b/main.tf": BACKEND % "k", "c/main.tf": BACKEND % "other"})
    first, second, third = states(project)
    assert sharing(second, project) == (first, None)
    assert sharing(third, project) == (None, None)


def test_a_state_whose_key_is_not_known_may_be_any() -> None:
    project = of({"a/main.tf": BACKEND % "k", "b/main.tf": 'terraform {\n  backend "s3" {\n    bucket = "b"\n  }\n}\n'})
    first, second = states(project)
    assert sharing(first, project) == (None, second)
    assert second.unsaid == "key"


def test_a_template_of_a_backend_is_no_state() -> None:
    project = of({"a/main.tf": BACKEND % "$name", "b/main.tf": BACKEND % "<key>"})
    assert [state.identity for state in states(project)] == [None, None]


def test_many_states_are_compared_in_time() -> None:
    files = {f"r{number}/main.tf": 'terraform {\n  backend "s3" {}\n}\n' for number in range(600)}
    project = of(files)
    started = time.perf_counter()
    assert all(sharing(state, project)[1] for state in states(project))
    assert time.perf_counter() - started < 10


def test_who_writes_a_backend() -> None:
    project = of(
        {"a/main.tf": 'provider "aws" {}\n', "a/backend.tf.tpl": 'backend "s3" {}', "x.sh": 'backend "gcs" {}'}
    )
    assert backend_writer(project.all(Directory)[0], project) == "a/backend.tf.tpl"
    assert not backend_writer(*_first({"a/main.tf": 'provider "aws" {}\n', "docs.md": 'backend "s3" {}'}))


def _first(files: dict[str, str]) -> tuple[Directory, Project]:
    project = of(files)
    return project.all(Directory)[0], project


def test_copies_are_found_in_one_pass() -> None:
    body = 'provider "aws" {}\n' + "".join(f'resource "aws_sqs_queue" "q{n}" {{}}\n' for n in range(20))
    project = of({f"r{number:03}/main.tf": body for number in range(150)})
    started = time.perf_counter()
    found = [copy_of(directory, project) for directory in project.all(Directory)]
    assert time.perf_counter() - started < 5
    assert found[0] is None
    assert all(copy and copy.other.name == "r000" and copy.same == copy.total == 20 for copy in found[1:])


def test_requirements_reach_into_local_modules() -> None:
    directory, _ = _first(
        {
            "main.tf": 'module "a" {\n  source = "./a"\n}\nmodule "b" {\n  source = "acme/b/aws"\n}\n',
            "a/main.tf": 'module "again" {\n  source = "../"\n}\nresource "random_pet" "x" {}\n',
        }
    )
    used_here, remote = needed(directory.module)
    assert used_here == {"random"}
    assert [call.label for call in remote] == ["b"]
    assert [each.source for each in requirements(directory.module)] == ["hashicorp/random"]


def test_functions_of_providers_are_uses() -> None:
    directory, _ = _first({"main.tf": "locals {\n  a = provider::acme::parse(1)\n}\n"})
    assert needed(directory.module)[0] == {"acme"}


def test_what_is_read() -> None:
    directory, _ = _first(
        {
            "main.tf": """
variable "a" {
  validation {
    condition     = var.b && var.a
    error_message = "x"
  }
}
resource "x_y" "z" {
  lifecycle {
    replace_triggered_by = [data.x_y.w.id]
    precondition {
      condition     = local.c
      error_message = "${module.m.x}"
    }
  }
}
"""
        }
    )
    assert used(directory.module) == {"var.b", "data.x_y.w", "local.c", "module.m"}


def test_expressions_leave_out_keys_and_json() -> None:
    directory, _ = _first({"main.tf": 'locals {\n  a = { "${var.k}" = [for x in var.l : "${x}"] }\n}\n'})
    texts = [each.text for each in expressions(directory.module.blocks[0].syntax.body)]
    assert '"${x}"' in texts
    assert "var.k" in texts
    assert '"${var.k}"' not in texts
    directory, _ = _first({"main.tf.json": '{"locals": {"a": "${var.k}"}}'})
    assert not list(expressions(directory.module.blocks[0].syntax.body))


@pytest.mark.parametrize(
    ("text", "inserted"),
    [
        ('variable "a" {\n  type = string\n}\n', "\n\n  sensitive = true"),
        ('variable "a" {\n  type = string # why\n}\n', "\n\n  sensitive = true"),
        ('variable "a" { type = string }\n', None),
        ('variable "a" {\n}\n', None),
    ],
)
def test_attribute_added(text: str, inserted: str | None) -> None:
    project = of({"main.tf": text})
    added = attribute_added(project.all(Variable)[0].syntax, "sensitive = true")
    assert (added.text if added else None) == inserted


def workflow(*commands: str) -> str:
    steps = "".join(f"      - run: {command}\n" for command in commands)
    return f"on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"


def test_runs_of_terraform() -> None:
    project = of({".github/workflows/ci.yml": workflow("terraform fmt -check", "tofu validate", "terraform plan")})
    assert [fact.tool for fact in runs(project, "fmt")] == ["terraform"]
    assert [fact.kind for fact in runs(project, "validate")] == ["validate", "plan"]
    assert [fact.kind for fact in runs(project, "plan")] == ["plan"]
    assert not runs(project, "apply")
    assert doubt(project) is None


def test_a_script_that_nobody_knows_is_a_doubt() -> None:
    assert doubt(of({".github/workflows/ci.yml": workflow("./tools/check.sh")})) is not None
    assert doubt(of({".github/workflows/ci.yml": workflow("frobnicate --now")})) is None


def test_hooks_count_where_something_runs_them() -> None:
    hooks = "repos:\n  - repo: https://example.com\n    hooks:\n      - id: terraform_validate\n"
    assert not hook(of({".pre-commit-config.yaml": hooks}), "validate")
    assert hook(
        of({".pre-commit-config.yaml": hooks, ".github/workflows/ci.yml": workflow("pre-commit run -a")}), "validate"
    )


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"envs/dev/main.tf": 'provider "a" {}\n', "envs/prod/main.tf": 'provider "a" {}\n'}, {"dev", "prod"}),
        ({"main.tf": 'provider "a" {}\n', "vars/staging.tfvars": "a = 1\n"}, {"staging"}),
        ({"main.tf": 'provider "a" {}\n'}, set()),
        ({"main.tf": 'provider "a" {\n  b = terraform.workspace\n}\n'}, {"each workspace", "and the next"}),
    ],
)
def test_separated(files: dict[str, str], names: set[str]) -> None:
    assert separated(of(files)) == names
