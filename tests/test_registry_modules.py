"""Well-known remote modules: what a call of them makes, by version, and what nobody can tell."""

from __future__ import annotations

from importlib.resources import files

import pytest

from gatekeeper import engine
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.models.terraform import ModuleCall, Resource, registry
from gatekeeper.models.terraform.registry import EVERY, Address, RegistryResource, Versions, address, allowed
from gatekeeper.node import Source
from gatekeeper.parsers import yaml
from gatekeeper.testing import project_of

MODULES = files("gatekeeper.models.terraform").joinpath("registry_modules")
FILES = sorted(each.name for each in MODULES.iterdir())


def made(text: str, *more: tuple[str, str]) -> dict[str, RegistryResource]:
    """What is there, by name."""
    found = project_of([("main.tf", text), *more]).all(RegistryResource)
    return {each.name: each for each in found if each.there}


def call(source: str, arguments: str = "", version: str = "") -> str:
    pinned = f'version = "{version}"' if version else ""
    return f'module "x" {{\n  source = "{source}"\n  {pinned}\n  {arguments}\n}}\n'


def verdicts(rule_id: str, text: str) -> dict[str, str]:
    (rule,) = (each for each in Catalogue([home()]).rules() if each.id == rule_id)
    return {each.subject.name: each.word for each in engine.run([rule], project_of([("main.tf", text)]))[0].verdicts}


# addresses and versions

RDS = "terraform-aws-modules/rds/aws"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (RDS, Address(RDS, "", "")),
        (f"registry.terraform.io/{RDS}", Address(RDS, "", "")),
        (f"{RDS}//modules/db_instance", Address(RDS, "modules/db_instance", "")),
        ("Azure/aks/azurerm", Address("azure/aks/azurerm", "", "")),
        ("git::https://github.com/terraform-aws-modules/terraform-aws-rds.git?ref=v6.1.0", Address(RDS, "", "6.1.0")),
        (
            "git::https://github.com/terraform-aws-modules/terraform-aws-rds?depth=1&ref=v6.1.0",
            Address(RDS, "", "6.1.0"),
        ),
        ("github.com/terraform-aws-modules/terraform-aws-rds//modules/x?ref=6.1.0", Address(RDS, "modules/x", "6.1.0")),
        ("git@github.com:terraform-aws-modules/terraform-aws-rds.git?ref=tags/v6.1.0", Address(RDS, "", "6.1.0")),
        ("git::ssh://git@github.com/terraform-aws-modules/terraform-aws-rds.git", Address(RDS, "", None)),
        ("git::https://github.com/terraform-aws-modules/terraform-aws-rds.git?ref=main", Address(RDS, "", None)),
        ("github.com/acme/terraform-aws-rds", Address("acme/rds/aws", "", None)),
        ("github.com/acme/modules//rds", None),
        ("git::https://gitlab.com/terraform-aws-modules/terraform-aws-rds.git", None),
        ("app.terraform.io/acme/rds/aws", None),
        ("s3::https://s3.amazonaws.com/x/rds.zip", None),
        ("./modules/rds", None),
    ],
)
def test_addresses(source: str, found: Address | None) -> None:
    assert address(source) == found


@pytest.mark.parametrize(
    ("constraint", "found"),
    [
        ("6.1.0", Versions((6, 1, 0), (6, 1, 1))),
        ("= 6.1.0", Versions((6, 1, 0), (6, 1, 1))),
        ("~> 6.0", Versions((6, 0, 0), (7, 0, 0))),
        ("~> 6.1.2", Versions((6, 1, 2), (6, 2, 0))),
        (">= 5.0, < 7.0.0", Versions((5, 0, 0), (7, 0, 0))),
        ("> 5.0.1, <= 6.2", Versions((5, 0, 2), (6, 2, 1))),
        (">= 5", Versions((5, 0, 0), None)),
        ("~> 5, != 5.1.0", Versions((5, 0, 0), None)),
        ("6.0.0-beta1", EVERY),
        ("latest", EVERY),
    ],
)
def test_constraints(constraint: str, found: Versions) -> None:
    assert allowed(constraint) == found


# the record


@pytest.mark.parametrize("name", FILES)
def test_the_record_can_be_read(name: str) -> None:
    nodes, faults = yaml.parse(Source(name, MODULES.joinpath(name).read_text("utf-8")))
    assert not faults
    facts = nodes[0].plain
    assert (
        name
        == f"{facts['module']}{'+' if 'folder' in facts else ''}{facts.get('folder', '')}.yaml".replace(
            "/", "."
        ).lower()
    )
    assert facts["repository"] and facts["checked"] and facts["since"] and facts["last"]
    known = {*facts.get("inputs", {}), *facts.get("unset", "").split(), *facts.get("required", "").split()}
    waiting = [facts.get("inputs", {})]
    for entry in facts["resources"].values():
        assert not set(entry.get("same", "").split()) - known
        waiting += [value for key, value in entry.items() if key not in ("in", "same", "inside")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [inner for key, inner in value.items() if key not in ("(as)", "nullable")]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and value not in ("", "?", "required"):
            registry._parsed(value)


def test_every_folder_of_a_module_is_a_file() -> None:
    assert len(FILES) > 40


# what a call makes


def test_arguments_stand_where_they_are_written() -> None:
    text = call(RDS, 'identifier = "a"\n  storage_encrypted = false', "6.10.0")
    database = made(text)["module.x.aws_db_instance"]
    encrypted = database.node["storage_encrypted"]
    assert (encrypted.value, encrypted.span.line) == (False, 5)
    assert (database.type, database.span.line, database.path) == ("aws_db_instance", 1, "main.tf")
    assert database.node["multi_az"].value is False  # by the module's own default
    assert database.node["multi_az"].span.line == 1


def test_what_the_module_does_not_set_is_absent_and_what_it_decides_is_not_known() -> None:
    database = made(call(RDS, 'identifier = "a"', "6.10.0"))["module.x.aws_db_instance"]
    assert not database.node["no_such_attribute"].present
    unknown = database.node["final_snapshot_identifier"].expression
    assert unknown and unknown.reason == "decides inside what this is"
    assert unknown.may_be_null  # nobody can tell whether it is set at all


def test_where_later_versions_are_allowed_the_rest_is_not_known() -> None:
    for version in (">= 6.0", ""):
        database = made(call(RDS, 'identifier = "a"', version))["module.x.aws_db_instance"]
        assert database.node["no_such_attribute"].expression
        assert database.node["multi_az"].value is False  # in all versions


def test_a_default_that_differs_between_the_versions_allowed_is_not_known() -> None:
    source = "terraform-aws-modules/alb/aws"
    found = {
        version: made(call(source, version=version))["module.x.aws_lb"].node["enable_deletion_protection"]
        for version in ("8.7.0", "9.0.0", ">= 8.0, < 10.0")
    }
    assert (found["8.7.0"].value, found["9.0.0"].value) == (False, True)
    assert found[">= 8.0, < 10.0"].expression


@pytest.mark.parametrize("version", ["1.0.0", "99.0.0", "< 2.0"])
def test_versions_that_nobody_read_make_nothing(version: str) -> None:
    assert not made(call(RDS, 'identifier = "a"', version))


def test_a_tag_of_the_repository_is_a_version() -> None:
    source = "git::https://github.com/terraform-aws-modules/terraform-aws-alb.git?ref=v8.7.0"
    assert made(call(source))["module.x.aws_lb"].node["enable_deletion_protection"].value is False


def test_switches_leave_resources_out() -> None:
    source = "terraform-aws-modules/s3-bucket/aws"
    assert "module.x.aws_s3_bucket" in made(call(source, version="4.1.0"))
    assert not made(call(source, "create_bucket = false", "4.1.0"))
    block = "module.x.aws_s3_bucket_public_access_block"
    assert block in made(call(source, version="4.1.0"))
    assert block not in made(call(source, "attach_public_policy = false", "4.1.0"))


def test_a_call_that_is_repeated() -> None:
    source = "terraform-aws-modules/s3-bucket/aws"
    assert not made(call(source, "count = 0", "4.1.0") + 'terraform {\n  backend "s3" {}\n}\n')
    both = call(source, "for_each = { a = true, b = false }\n  force_destroy = each.value", "4.1.0")
    bucket = made(both)["module.x.aws_s3_bucket"]
    assert [each.node["force_destroy"].value for each in bucket.instances] == [True, False]


def test_companions_name_one_another() -> None:
    source = "terraform-aws-modules/s3-bucket/aws"
    arguments = """
  versioning = { status = true }
  server_side_encryption_configuration = {
    rule = { apply_server_side_encryption_by_default = { sse_algorithm = "aws:kms" } }
  }"""
    found = made(call(source, arguments, "4.1.0") + call(source, version="4.1.0").replace('"x"', '"y"'))
    bucket, versioning = found["module.x.aws_s3_bucket"], found["module.x.aws_s3_bucket_versioning"]
    assert versioning.addresses("bucket") <= bucket.addressed_as
    assert not versioning.addresses("bucket") & found["module.y.aws_s3_bucket"].addressed_as
    assert "module.x" in bucket.addressed_as
    assert versioning.node["versioning_configuration"]["status"] == "Enabled"
    assert "module.y.aws_s3_bucket_versioning" not in found


@pytest.mark.parametrize(
    ("versioning", "status"),
    [
        ("{ enabled = true }", "Enabled"),
        ("{ enabled = false }", "Suspended"),
        ('{ status = "Suspended" }', "Suspended"),
    ],
)
def test_versioning_of_buckets(versioning: str, status: str) -> None:
    found = made(call("terraform-aws-modules/s3-bucket/aws", f"versioning = {versioning}", "4.1.0"))
    assert found["module.x.aws_s3_bucket_versioning"].node["versioning_configuration"]["status"] == status


def test_a_resource_of_which_the_module_decides_whether_it_is_there_is_not_known() -> None:
    found = made(call("terraform-aws-modules/s3-bucket/aws", version="4.1.0"))["module.x.aws_s3_bucket_policy"]
    assert found.node["anything"].expression
    assert found.times is None


def test_a_module_that_is_called_by_several() -> None:
    inner = 'variable "on" {}\n' + call(RDS, "identifier = 1\n  storage_encrypted = var.on", "6.10.0")
    outer = "".join(
        f'module "{name}" {{\n  source = "./db"\n  on = {on}\n}}\n' for name, on in (("a", "true"), ("b", "false"))
    )
    found = made(outer, ("db/main.tf", inner))["module.x.aws_db_instance"]
    values = [each.node["storage_encrypted"].value for each in found.alternatives()]
    assert values == [True, False]


def test_nothing_is_said_twice() -> None:
    text = call(RDS, 'identifier = "a"\n  password = "hunter2-not-a-word"', "6.10.0")
    project = project_of([("main.tf", text)])
    for each in project.all(RegistryResource):
        assert each.implied and not each.references and not list(each.texts())
    assert len(project.all(ModuleCall)) == 1


def test_other_modules_make_nothing() -> None:
    for source in ("acme/rds/aws", "./rds", "git::https://example.com/x.git", "terraform-aws-modules/nothing/aws"):
        assert not project_of([("main.tf", call(source))]).all(Resource)


# judged


def test_rules_judge_them() -> None:
    text = call(RDS, 'identifier = "a"\n  storage_encrypted = false', "6.10.0")
    assert verdicts("tf-rds-encrypted", text) == {"module.x.aws_db_instance": "fail"}
    assert verdicts("tf-rds-encrypted", text.replace("= false", "= true")) == {"module.x.aws_db_instance": "pass"}
    assert verdicts("tf-rds-encrypted", text.replace("= false", "= var.x")) == {"module.x.aws_db_instance": "unknown"}


def test_buckets_are_joined_with_their_companions() -> None:
    arguments = """server_side_encryption_configuration = {
    rule = { apply_server_side_encryption_by_default = { sse_algorithm = "%s" } }
  }"""
    source = "terraform-aws-modules/s3-bucket/aws"
    for algorithm, word in (("aws:kms", "pass"), ("AES256", "fail")):
        text = call(source, arguments % algorithm, "4.1.0")
        assert verdicts("tf-s3-encrypted", text) == {"module.x.aws_s3_bucket": word}
