"""How the facts about well-known modules are made of a repository: a tiny one, of three versions."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gatekeeper.node import Source
from gatekeeper.parsers import hcl, yaml

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "make_registry_modules.py"
VARIABLES = """
variable "create" {
  default = true
}
variable "identifier" {}
variable "kms_key_id" {
  default = null
}
variable "encrypted" {
  default  = %s
  nullable = false
}
variable "windows" {
  type    = map(object({ start = string, enabled = optional(bool, true), zone = optional(string, "UTC") }))
  default = {}
}
locals {
  create = var.create && length(var.identifier) > 0
}
"""
MAIN = """
resource "aws_db_instance" "this" {
  count             = local.create ? 1 : 0
  identifier        = var.identifier
  kms_key_id        = try(var.kms_key_id, null)
  storage_encrypted = var.encrypted
  parameter_group_name = "${var.identifier}-parameters"
  lifecycle {
    ignore_changes = [password]
  }
}
resource "acme_unheard_of" "this" {
  name = var.identifier
}
"""
CALL = """
module "logs" {
  source   = "./modules/logs"
  for_each = var.windows
  name     = each.key
  on       = each.value.enabled
  zone     = each.value.zone
}
module "label" {
  source = "acme/names/null"
}
"""
LOGS = """
variable "name" {}
variable "on" {}
variable "zone" {}
resource "aws_cloudwatch_log_group" "this" {
  count             = var.on ? 1 : 0
  name              = var.zone
  retention_in_days = 30
}
resource "aws_s3_bucket" "this" {
  for_each = { for name in data.aws_x.all.names : name => name if var.name != "" }
}
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_registry_modules", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0.9 is before what is asked for; 1.0.0 makes a database; 1.1.0 encrypts it; 2.0.0 calls a module of its own."""
    folder = tmp_path_factory.mktemp("clone")
    git(folder, "init", "-q")
    versions: dict[str, dict[str, str]] = {
        "0.9": {"main.tf": ""},
        "v1.0.0": {"variables.tf": VARIABLES % "false", "main.tf": MAIN, "examples/x/main.tf": "not { terraform"},
        "v1.1.0": {"variables.tf": VARIABLES % "true"},
        "v2.0.0-rc1": {"main.tf": ""},
        "v2.0.0": {"main.tf": MAIN + CALL, "modules/logs/main.tf": LOGS},
    }
    for tag, files in versions.items():
        for path, text in files.items():
            folder.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            folder.joinpath(path).write_text(text, "utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    return folder


def test_a_repository_becomes_a_record(script: ModuleType, clone: Path) -> None:
    text = script.make("acme/db/aws", clone, "", (1, 0, 0), "2026-01-02")
    nodes, faults = yaml.parse(Source("x", text))
    assert not faults
    assert nodes[0].plain == {
        "module": "acme/db/aws",
        "repository": "acme/terraform-aws-db",
        "checked": "2026-01-02",
        "since": "1.0.0",
        "last": "2.0.0",
        "calls": ["acme/names/null"],
        "unset": "kms_key_id",
        "required": "identifier",
        "inputs": {
            "create": "true",
            "encrypted": {
                "1.0.0": {"default": "false", "nullable": False},
                "1.1.0": {"default": "true", "nullable": False},
            },
            "windows": "{}",
        },
        "resources": {
            "aws_db_instance.this": {
                "when": "var.create && (length(var.identifier) > 0)",
                "same": "identifier kms_key_id",
                "inside": "parameter_group_name",
                "set": {"storage_encrypted": "var.encrypted", "lifecycle": [{"ignore_changes": "[password]"}]},
            },
            "logs.aws_cloudwatch_log_group.this": {
                "in": {"1.0.0": False, "2.0.0": True},
                "each": '{for k, v in var.windows : k => v if coalesce(lookup(v, "enabled", null), true)}',
                "set": {
                    "name": 'lookup(each.value, "zone", null) == null ? "UTC" : lookup(each.value, "zone", null)',
                    "retention_in_days": "30",
                },
            },
            "logs.aws_s3_bucket.this": {
                "in": {"1.0.0": False, "2.0.0": True},
                "when": "inside",
                "each": '{for k, v in var.windows : k => v if ((k != "") && inside)}',
            },
        },
    }


def test_a_folder_is_a_record_of_its_own(script: ModuleType, clone: Path) -> None:
    text = script.make("acme/db/aws", clone, "modules/logs", (0, 0, 0), "2026-01-02")
    assert text.startswith("module: acme/db/aws\nfolder: modules/logs\n")
    assert 'since: "2.0.0"' in text
    assert """when: '(var.name != "") && inside'""" in text


def test_a_bare_clone_reads_the_same(script: ModuleType, clone: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(clone), str(bare))
    asked = ("acme/db/aws", "", (1, 0, 0), "2026-01-02")
    assert script.make(asked[0], bare, *asked[1:]) == script.make(asked[0], clone, *asked[1:])


def test_nothing_is_made_of_a_module_that_no_rule_asks_about(script: ModuleType, clone: Path) -> None:
    with pytest.raises(SystemExit, match="nothing that a rule asks about"):
        script.make("acme/db/aws", clone, "modules/none", (0, 0, 0), "2026-01-02")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("true && var.a", "var.a"),
        ("false || false", "false"),
        ("!true", "false"),
        ("var.a == null ? 1 : 1", "1"),
        ('"${var.a}"', "var.a"),
        ("try(var.a.b.c, 1)", 'lookup(lookup(var.a, "b", null), "c", 1)'),
        ("try([var.a], [])", "(var.a == null ? [] : [var.a])"),
        ("try([var.a], [{}])", "?"),
        ("try(jsondecode(var.a), var.a)", "var.a"),
        ('"${var.a}-b"', "?"),
        ("file(var.a)", "?"),
        ("var.a[var.b]", "?"),
        ("data.aws_region.current.name", "?"),
        ("{ for k, v in var.a : k => v.b if var.b }", "{for k, v in var.a : k => v.b if var.b}"),
    ],
)
def test_expressions(script: ModuleType, written: str, said: str) -> None:
    files = {"main.tf": 'variable "a" {}\nvariable "b" {}\n'}
    expr = hcl.parse(Source("x", f"x = {written}\n")).body.attributes["x"].expr
    assert script.Names(script.Folder(files, "")).value(expr) == said


def test_what_is_written_by_hand_says_of_which_module(script: ModuleType) -> None:
    for module, resource, attribute in script.BY_HAND:
        name = f"{module.replace('//', '+').replace('/', '.').lower()}.yaml"
        folder = SCRIPT.parent.parent / "gatekeeper" / "models" / "terraform" / "registry_modules"
        nodes, _ = yaml.parse(Source(name, folder.joinpath(name).read_text("utf-8")))
        assert nodes[0].plain["resources"][resource]["set"][attribute] == script.BY_HAND[module, resource, attribute]
