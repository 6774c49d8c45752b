"""What the rules about AWS ask of the model and its links: joins, spread over zones, what backs something up."""

from collections.abc import Iterator

import pytest

from gatekeeper.declarative.typed import _pinned
from gatekeeper.links.backed_up import cover
from gatekeeper.links.related import companions, surely_with
from gatekeeper.links.spread import zones_behind
from gatekeeper.models.terraform import Resource
from gatekeeper.models.terraform.layout import room
from gatekeeper.node import Span
from gatekeeper.project import Project
from gatekeeper.testing import project_of


def project(text: str) -> Project:
    return project_of([("main.tf", text)])


def resource(found: Project, name: str) -> Resource:
    return next(each for each in found.all(Resource) if each.name == name)


BUCKET = 'resource "aws_s3_bucket" "b" {{\n{}}}\nresource "aws_s3_bucket_policy" "p" {{\n{}}}\n'


def of_bucket(bucket: str, policy: str) -> tuple[list[str], int]:
    found = project(BUCKET.format(bucket, policy))
    joined = companions(resource(found, "aws_s3_bucket.b"), ["aws_s3_bucket_policy"], ["bucket"], found)
    return [each.name for each in joined.found], len(joined.doubts)


def test_two_that_are_named_by_one_expression_belong_together() -> None:
    assert of_bucket("bucket = var.name\n", "bucket = var.name\n") == (["aws_s3_bucket_policy.p"], 0)
    assert of_bucket("bucket = var.name\n", "bucket = var.other\n") == ([], 1)
    assert of_bucket("bucket = var.name\n", 'bucket = "${terraform.workspace}-b"\n') == ([], 1)
    assert of_bucket('bucket = "${var.a}-b"\n', 'bucket   = "${var.a}-b"\n') == (["aws_s3_bucket_policy.p"], 0)


def test_what_differs_from_instance_to_instance_is_one_only_where_both_are_repeated_alike() -> None:
    each = "for_each = var.names\nbucket = each.value\n"
    assert of_bucket(each, each) == (["aws_s3_bucket_policy.p"], 0)
    assert of_bucket(each, each.replace("var.names", "var.others")) == ([], 1)


@pytest.mark.parametrize(
    ("bucket", "policy", "sure"),
    [
        ("", "", True),
        ("", "count = var.on ? 1 : 0\n", False),
        ("count = var.on ? 1 : 0\n", "count = var.on   ? 1 : 0\n", True),
        ("for_each = var.all\n", "for_each = aws_s3_bucket.b\n", True),
        ("for_each = var.all\n", "for_each = var.some\n", False),
    ],
)
def test_a_companion_is_there_where_its_subject_is(bucket: str, policy: str, sure: bool) -> None:
    found = project(BUCKET.format(bucket, policy))
    assert surely_with(resource(found, "aws_s3_bucket_policy.p"), resource(found, "aws_s3_bucket.b")) is sure


def test_nothing_that_a_module_of_the_registry_makes_is_named_by_the_words_of_its_call() -> None:
    found = project(
        'module "a" {\n  source = "terraform-aws-modules/s3-bucket/aws"\n  version = "4.1.0"\n  bucket = var.a\n}\n'
        'module "b" {\n  source = "terraform-aws-modules/s3-bucket/aws"\n  version = "4.1.0"\n  bucket = var.b\n}\n'
    )
    buckets = [each for each in found.all(Resource) if each.type == "aws_s3_bucket"]
    for bucket in buckets:
        joined = companions(bucket, ["aws_s3_bucket_public_access_block"], ["bucket"], found).found
        assert {each.name.split(".")[1] for each in joined} <= {bucket.name.split(".")[1]}


def test_a_default_of_nothing_is_a_default() -> None:
    found = project('resource "aws_ecs_service" "s" {}\n')
    assert resource(found, "aws_ecs_service.s").effective("desired_count") == 0


@pytest.mark.parametrize(
    ("subnets", "zones"),
    [
        ('["subnet-1", "subnet-2"]', 2),
        ('["subnet-1", "subnet-1"]', 1),
        ("[aws_subnet.a.id, aws_subnet.b.id]", 1),
        ("[aws_subnet.a.id, aws_subnet.other.id]", 2),
        ("aws_subnet.many[*].id", 3),
        ("aws_subnet.unsure[*].id", None),
        ("var.subnets", None),
        ("[]", 0),
    ],
)
def test_subnets_are_as_many_zones_as_are_told_apart(subnets: str, zones: int | None) -> None:
    found = project(
        'resource "aws_subnet" "a" {\n  availability_zone = "eu-west-1a"\n}\n'
        'resource "aws_subnet" "b" {\n  availability_zone = "eu-west-1a"\n}\n'
        'resource "aws_subnet" "other" {}\n'
        'resource "aws_subnet" "many" {\n  count = 3\n  availability_zone = ["a", "b", "c"][count.index]\n}\n'
        'resource "aws_subnet" "unsure" {\n  count = var.n\n}\n'
        f'resource "aws_db_subnet_group" "g" {{\n  subnet_ids = {subnets}\n}}\n'
    )
    assert zones_behind(resource(found, "aws_db_subnet_group.g"), "subnet_ids", found) == zones


def images(*images: str) -> Iterator[bool | None]:
    for image in images:
        found = project(f'resource "docker_container" "c" {{\n  image = {image}\n}}\n')
        yield _pinned(resource(found, "docker_container.c").node["image"])


def test_an_image_may_be_known_by_its_end() -> None:
    assert list(images('"a"', '"a:latest"', '"a:1"', '"a@sha256:0"')) == [False, False, True, True]
    assert list(images('"${x.y}:latest"', '"${x.y}:1.2"', '"${x.y}@sha256:${x.z}"')) == [False, True, True]
    assert list(images('"a:v${x.y}"', '"a:${x.y}"', '"a${x.y}"', '"h:5000/${x.y}"', "x.y")) == [True, *[None] * 4]


PLANS = {
    "a tag of its own": ('tags = { Backup = "daily" }', True),
    "another value": ('tags = { Backup = "no" }', False),
    "tags that nobody knows": ("tags = var.tags", False),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_plan_chooses_by_tags(case: str) -> None:
    tags, sure = PLANS[case]
    found = project(
        'provider "aws" {}\n'
        f'resource "aws_ebs_volume" "v" {{\n  {tags}\n}}\n'
        'resource "aws_dlm_lifecycle_policy" "p" {\n'
        '  policy_details {\n    target_tags = { Backup = "daily" }\n  }\n}\n'
    )
    covered = cover(resource(found, "aws_ebs_volume.v"), found)
    assert (covered.sure, covered.planned) == (sure, True)
    assert bool(covered.doubts) is ("var." in tags)


def test_a_plan_in_another_directory_may_be_for_another_account() -> None:
    found = project_of(
        [
            ("a/main.tf", 'resource "aws_efs_file_system" "f" {}\n'),
            ("b/main.tf", 'resource "aws_backup_selection" "s" {\n  resources = ["arn:aws:elasticfilesystem:*"]\n}\n'),
        ]
    )
    covered = cover(resource(found, "aws_efs_file_system.f"), found)
    assert not covered.sure and not covered.planned and covered.doubts


def test_a_new_line_goes_behind_the_first_line_of_a_block() -> None:
    found = project('resource "a" "b" { # why\n  c = 1\n}\nresource "a" "d" { c = 1 }\n')
    source = resource(found, "a.b").syntax.home.source
    assert room(source, resource(found, "a.b").syntax.span) == (Span(1, 25, 1, 25), "  ")
    assert room(source, resource(found, "a.d").syntax.span) is None
