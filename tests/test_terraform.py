"""Modules: what attributes come to, across files, callers and environments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.discover import Tree
from gatekeeper.models.terraform import Directory, Resource, read
from gatekeeper.node import Fault, Node, Source, Unresolved
from gatekeeper.testing import project_of


def resources(*files: tuple[str, str]) -> dict[str, Resource]:
    return {resource.name: resource for resource in project_of(files).all(Resource)}


def only(*files: tuple[str, str]) -> Node:
    """The attribute `a` of the one resource."""
    (resource,) = resources(*files).values()
    return resource.node["a"]


def attribute(expression: str, rest: str = "") -> Node:
    return only(("main.tf", f'{rest}\nresource "x" "y" {{\n  a = {expression}\n}}\n'))


DECLARED = """
variable "on" {
  default = true
}
variable "none" {
  default = null
}
variable "open" {}
variable "typed" {
  type = object({
    a = optional(bool, true)
    b = optional(string)
    c = optional(list(object({ d = optional(number, 4) })), [])
  })
  default = { c = [{}] }
}
locals {
  prod   = { size = 3, names = ["a", "b"] }
  sizes  = { prod = local.prod, dev = { size = 1 } }
  a      = local.b
  b      = local.a
}
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("var.on", True),
        ('local.sizes["prod"].size', 3),
        ("local.sizes.prod.names[1]", "b"),
        ('"${local.prod.size}-${var.on}"', "3-true"),
        ("var.on ? local.prod.size : var.open", 3),
        ("var.open ? 5 : 5", 5),
        ("false && var.open", False),
        ("var.open || true", True),
        ("var.typed.a", True),
        ("var.typed.b == null", True),
        ("var.typed.c[0].d", 4),
        ('merge(local.prod, { size = 9 })["size"]', 9),
        ('lookup(local.sizes, "none", 7)', 7),
        ("concat([local.prod.names, [3]]...)[2]", 3),
        ("length(concat(local.prod.names, [1]))", 3),
        ("var.none", None),
    ],
)
def test_what_is_known(expression: str, expected: Any) -> None:
    node = attribute(expression, DECLARED)
    assert node.plain == expected
    assert node.source.slice(node.span) == expression, "placed where the attribute stands"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("var.open", "var.open has no default"),
        ('"x-${var.open}"', "var.open has no default"),
        ("var.nowhere", "var.nowhere is not declared here"),
        ("local.a", "depends on itself"),
        ("x.z.id", "x.z.id is a reference to a resource"),
        ("data.x.z.id", "is read from a data source"),
        ("module.x.id", "is an output of a module"),
        ("each.value", "differs from instance to instance"),
        ("terraform.workspace", "is known only when Terraform runs"),
        ('file("${path.module}/x")', "reads a file that is not in the repository"),
        ("provider::x::y(1)", "calls a function that is not evaluated here"),
        ("timestamp()", "differs from run to run"),
        ("local.prod.nothing", "refers to an element that is not there"),
        ("var.open && true", "var.open has no default"),
        ("1 / 0", "cannot be evaluated"),
        ("[for x in var.open : x]", "var.open has no default"),
    ],
)
def test_what_is_not_known_says_why(expression: str, reason: str) -> None:
    with pytest.raises(Unresolved) as raised:
        _ = attribute(expression, DECLARED).value
    assert reason in str(raised.value)


numbers = st.recursive(
    st.integers(0, 50).map(lambda n: (str(n), n)),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda t: (
            f"({t[0][0]} {t[1]} {t[2][0]})",
            {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}[t[1]](t[0][1], t[2][1]),
        )
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), numbers), min_size=1, max_size=4), numbers)
def test_conditionals_choose_as_they_are_written(
    branches: list[tuple[bool, tuple[str, int]]], last: tuple[str, int]
) -> None:
    text = "".join(f"{str(test).lower()} ? {number[0]} : " for test, number in branches) + last[0]
    expected = next((number[1] for test, number in branches if test), last[1])
    assert attribute(text) == expected


def test_doubling_locals_do_not_fill_the_memory() -> None:
    chain = "".join(
        f'l{n} = [local.l{n - 1}, local.l{n - 1}]\n t{n} = "${{local.t{n - 1}}}${{local.t{n - 1}}}"\n'
        for n in range(1, 40)
    )
    rest = f'locals {{\nl0 = ["x"]\nt0 = "xx"\n{chain}}}\n'
    for name in ("local.l39", "local.t39"):
        with pytest.raises(Unresolved, match=r"too (large|many)"):
            _ = attribute(name, rest).plain


# where values come from

VARIABLE = ("vars.tf", 'variable "days" {\n  default = 1\n}\n')
USE = ("main.tf", 'provider "x" {}\nresource "x" "y" {\n  a = var.days\n}\n')


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], 1),
        ([("terraform.tfvars", "days = 2\n")], 2),
        ([("terraform.tfvars", "days = 2\n"), ("z.auto.tfvars.json", '{"days": 3}')], 3),
        ([("prod.tfvars", "days = 4\n"), ("env/dev.tfvars", "days = 4\n")], 4),
        (
            [("prod.tfvars", "days = 4\n"), ("dev.tfvars", "days = 5\n")],
            "var.days differs between dev.tfvars, prod.tfvars",
        ),
        (
            [("prod.tfvars", "days = 4\n"), ("dev.tfvars", "x = 1\n")],
            "var.days differs between dev.tfvars, prod.tfvars",
        ),
        ([("other/main.tf", ""), ("other/prod.tfvars", "days = 9\n")], 1),
    ],
)
def test_files_of_variables(files: list[tuple[str, str]], expected: Any) -> None:
    node = only(VARIABLE, USE, *files)
    assert (
        str(node.expression and f"{node.expression.text} {node.expression.reason}") if not node.known else node.value
    ) == expected


def test_what_callers_give() -> None:
    module = [(f"m/{path}", text) for path, text in (VARIABLE, ("main.tf", 'resource "x" "y" {\n  a = var.days\n}\n'))]
    call = 'module "m" {\n  source = "../m"\n  days = %s\n}\n'
    assert only(*module) == 1
    assert only(*module, ("a/main.tf", call % "3 + 4")) == 7
    assert only(*module, ("a/main.tf", call % 7), ("b/main.tf", call % 7)) == 7
    assert not only(*module, ("a/main.tf", call % 7), ("b/main.tf", call % 8)).known
    assert not only(*module, ("a/main.tf", call % "x.y.z")).known
    assert only(*module, ("a/main.tf", 'module "m" {\n  source = "../m"\n}\n')) == 1
    assert only(*module, ("examples/main.tf", call % 9)) == 1, "an example shows what is possible"


@pytest.mark.parametrize(
    ("line", "absent"),
    [
        ("count = 0", True),
        ("count = 1", False),
        ("for_each = {}", True),
        ("for_each = toset([])", True),
        ("count = x.y.z", False),
    ],
)
def test_what_is_there_no_times(line: str, absent: bool) -> None:
    (resource,) = resources(("main.tf", f'resource "x" "y" {{\n  {line}\n}}\n')).values()
    assert resource.absent is absent


def test_a_library_is_judged_whatever_its_default_says() -> None:
    text = 'variable "on" {\n  default = false\n}\nresource "x" "y" {\n  count = var.on ? 1 : 0\n}\n'
    assert not resources(("main.tf", text))["x.y"].absent
    assert resources(("main.tf", text + 'provider "x" {}\n'))["x.y"].absent


def test_blocks_and_attributes_read_alike() -> None:
    text = """
variable "rules" {}
resource "x" "y" {
  one {
    b { c = 1 }
  }
  many { n = 1 }
  many { n = 2 }
  listed = [{ n = 5 }]
  dynamic "each" {
    for_each = { p = 1, q = 2 }
    iterator = it
    content { n = "${it.key}${it.value}" }
  }
  dynamic "open" {
    for_each = var.rules
    content {
      n = open.value
      k = 1
    }
  }
  dynamic "gone" {
    for_each = []
    content {}
  }
}
"""
    found = resources(("main.tf", text))["x.y"]
    assert found.node.at("one.b.c") == 1
    assert [node["n"].value for node in found.blocks("many")] == [1, 2]
    assert [node["n"].value for node in found.blocks("listed")] == [5]
    assert [node["n"].value for node in found.blocks("each")] == ["p1", "q2"]
    assert [item["n"].value for item in found.node["each"]] == ["p1", "q2"]
    (opened,) = found.blocks("open")
    assert opened["k"] == 1
    assert not opened["n"].known
    assert not found.node["open"]["k"].known, "nobody knows whether it is there"
    assert found.present("open")
    assert not found.present("gone")
    assert not found.node["gone"]["k"].present
    assert found.node["nothing"].mark == found.span


def test_more_blocks_than_are_read_are_not_known() -> None:
    many = ", ".join(str(number) for number in range(300))
    dynamic = f'dynamic "b" {{\nfor_each = [{many}]\ncontent {{\nn = b.value\n}}\n}}'
    text = f'resource "x" "y" {{\n{dynamic}\n}}\n'
    blocks = resources(("main.tf", text))["x.y"].blocks("b")
    assert [node["n"].value for node in blocks[:-1]] == list(range(len(blocks) - 1))
    assert not blocks[-1]["n"].known


def test_json_is_read_as_the_native_syntax() -> None:
    attributes = '{"a": "${var.n}", "b": "n-${var.n}", "c": [{"d": "$${e}"}]}'
    text = f'{{"variable": {{"n": {{"default": 2}}}},\n "resource": {{"x": {{"y": {attributes}}}}}}}'
    found = resources(("main.tf.json", text))["x.y"]
    assert found.node["a"] == 2
    assert found.node["b"] == "n-2"
    assert [node["d"].value for node in found.blocks("c")] == ["${e}"]
    assert found.node["b"].source.slice(found.node["b"].span) == '"n-${var.n}"'
    assert [reference.path for reference in found.references] == [("var", "n"), ("var", "n")]


def test_linked_files_belong_to_the_module_that_links_them(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "shared/vars.tf").write_text('variable "n" {\n  default = 6\n}\n')
    (tmp_path / "app/main.tf").write_text('resource "x" "y" {\n  a = var.n\n}\n')
    os.symlink("../shared/vars.tf", tmp_path / "app/vars.tf")
    os.symlink("/etc/hostname", tmp_path / "app/out.tf")
    tree = Tree(tmp_path, ["app/main.tf", "app/out.tf", "app/vars.tf", "shared/vars.tf"])
    found = [each for path in tree.paths for each in read(tree.source(path), tree)]
    (resource,) = (each for each in found if isinstance(each, Resource))
    assert resource.node["a"] == 6
    assert [each.source.path for each in found if isinstance(each, Fault)] == ["app/out.tf"]


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ([("a/main.tf", 'provider "x" {}\n')], {"a"}),
        (
            [
                ("a/main.tf", 'terraform {\n  backend "s3" {}\n}\nmodule "b" {\n  source = "../b"\n}\n'),
                ("b/m.tf", 'provider "x" {}\n'),
            ],
            {"a"},
        ),
        ([("a/main.tf", 'resource "x" "y" {}\n')], set()),
        ([("a/main.tf", 'resource "x" "y" {}\n'), ("a/p.tfvars", "")], {"a"}),
        ([("modules/a/main.tf", 'provider "x" {}\n')], set()),
        ([("main.tf", 'module "v" {\n  source = "org/v/x"\n}\n')], {""}),
    ],
)
def test_roots(files: list[tuple[str, str]], roots: set[str]) -> None:
    assert {each.directory for each in project_of(files).all(Directory) if each.root} == roots


def test_odd_shapes_do_no_harm() -> None:
    for text in (
        'resource "x" {}',
        "resource {}",
        'provider "a" "b" {}',
        "variable = 1",
        "locals { a = 1 }",
        "terraform { backend {} }",
    ):
        project_of(
            [
                ("main.tf", text + "\n"),
                ("x.tf.json", '{"resource": [1, {"a": [{"b": 3}]}], "locals": 4, "terraform": [[]]}'),
            ]
        )
    assert Source("x", "").text == ""
