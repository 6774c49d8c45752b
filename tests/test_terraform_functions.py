"""What expressions come to: against Terraform itself, and what follows when a part is not known."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.discover import Tree
from gatekeeper.models.terraform import Data, Resource, regexes
from gatekeeper.models.terraform.policy_documents import decoded, document, json_of
from gatekeeper.models.terraform.values import Scope, evaluate
from gatekeeper.node import START, Expression, Node, Partly, Source, Unresolved
from gatekeeper.parsers import hcl
from gatekeeper.testing import project_of

TABLE = Path(__file__).parent / "data" / "terraform_expressions.tsv"
TERRAFORM = shutil.which("terraform")


def expression(text: str) -> hcl.Expr:
    document = hcl.parse(Source("main.tf", f"a = {text}\n"))
    assert not document.faults, document.faults
    return document.body.attributes["a"].expr


def node(value: Any) -> Node:
    """A plain value as nodes; `...` is what is not known, a key `...` what else there is."""
    source = Source("given.tf", "")
    if value is ...:
        return Node(Expression("var.open", "has no default"), source, START)
    if isinstance(value, dict):
        entries = {key: node(item) for key, item in value.items() if key is not ...}
        rest = Expression("var.open", "has no default")
        return Node(Partly(entries, rest) if ... in value else entries, source, START)
    return Node([node(item) for item in value] if isinstance(value, list) else value, source, START)


def shown(found: Node) -> Any:
    """The opposite of `node`."""
    value = found._value
    if isinstance(value, Expression):
        return ...
    if isinstance(value, dict):
        rest: dict[Any, Any] = {...: ...} if isinstance(value, Partly) else {}
        return {**{key: shown(item) for key, item in value.items()}, **rest}
    return [shown(item) for item in value] if isinstance(value, list) else value


def evaluated(text: str, **names: Any) -> Node:
    return evaluate(expression(text), Scope({name: node(value) for name, value in names.items()}))


# against Terraform


def table() -> list[list[str]]:
    """An expression, what Terraform 1.11 makes of it (JSON, or FAILS), and `unknown` where we do not say."""
    return [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", table(), ids=lambda row: str(row[0]))
def test_an_expression_comes_to_what_terraform_makes_of_it(row: list[str]) -> None:
    text, answer, *unknown = row
    found = evaluated(f'try(jsonencode({{v = ({text})}}), "FAILS")')
    if unknown:
        assert not found.known, "known now: say so in the table"
    else:
        assert found == (answer if answer == "FAILS" else f'{{"v":{answer}}}')


@pytest.mark.skipif(TERRAFORM is None, reason="no terraform on PATH: the answers on record are not asked for again")
def test_terraform_still_says_what_is_on_record(tmp_path: Path) -> None:
    rows = table()
    asked = ", ".join(f'try(jsonencode({{v = ({row[0]})}}), "FAILS")' for row in rows)
    said = subprocess.run(
        [TERRAFORM or "terraform", "console"],
        input=f"base64encode(jsonencode([{asked}]))\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"},
    )
    answers = json.loads(base64.b64decode(said.stdout.strip().strip('"')))
    assert [row[1] for row in rows] == [answer if answer == "FAILS" else answer[5:-1] for answer in answers]


# what follows when a part is not known

KNOWN_ALL_THE_SAME = [
    ("merge({a = 1}, x)", {"a": ..., ...: ...}),
    ("merge(x, {a = 1})", {"a": 1, ...: ...}),
    ("merge({a = 1, b = 2}, x, {a = 3})", {"a": 3, "b": ..., ...: ...}),
    ('merge(x, {a = 1})["a"]', 1),
    ('merge(x, {a = 1})["b"]', ...),
    ("length(merge(x, {a = 1}))", ...),
    ("length([x, x])", 2),
    ("length({a = x})", 1),
    ("contains([x, 1], 1)", True),
    ("contains([x, 1], 2)", ...),
    ("contains(keys({a = x}), \"a\")", True),
    ("coalesce(1, x)", 1),
    ("coalesce(null, x)", ...),
    ("coalesce(x, 1)", ...),
    ("try(x, 1)", ...),
    ("try({}.a, x)", ...),
    ("try({}.a, 5)", 5),
    ("try({a = x}.b, 5)", 5),
    ("try(x.a, 5)", ...),
    ("can(x.a)", ...),
    ("can({a = x}.b)", False),
    ('lookup({a = x, b = 1}, "b", 2)', 1),
    ('lookup(x, "b", 2)', ...),
    ('lookup({b = 1}, x, 2)', ...),
    ("concat([1], [x])", [1, ...]),
    ("concat([1], x)", ...),
    ("[1, x][0]", 1),
    ("[{a = 1, b = x}][*].a", [1]),
    ("[for v in [1, x] : v]", [1, ...]),
    ("[for v in [1, 2] : v if x]", ...),
    ("[for v in x : v]", ...),
    ('{for k in ["a", "b"] : k => x}', {"a": ..., "b": ...}),
    ('{for k in ["a", "b"] : k => 1 if k == x}', {...: ...}),
    ('{for k in ["a", "b"] : k => 1 if k == "a" || x}', {"a": 1, ...: ...}),
    ("{for k, v in merge(x, {a = 1}) : k => v + 1}", {"a": 2, ...: ...}),
    ("{for k, v in {a = 1, b = 2} : (v == 1 ? k : x) => v}", {"a": 1, ...: ...}),
    ("{(x) = 1, b = 2}", {"b": 2, ...: ...}),
    ("{b = 2, (x) = 1}", {"b": ..., ...: ...}),
    ("x ? 1 : 1", 1),
    ("x ? {a = 1, b = 1} : {a = 1, b = 2}", {"a": 1, "b": ...}),
    ("x ? {a = [1]} : {a = [1], b = [2]}", {"a": [1], ...: ...}),
    ("x ? [1, 2] : [1, 3]", [1, ...]),
    ("x ? [1] : [1, 3]", ...),
    ('x ? 1 : "1"', "1"),
    ("{a = 1, b = x} == {a = 2, b = x}", False),
    ("{a = 1, b = x} == {a = 1, b = 2}", ...),
    ("[x] == null", False),
    ("[x] == []", False),
    ("x == null", ...),
    ("alltrue([x, false])", False),
    ("anytrue([x, true])", True),
    ("alltrue([x, true])", ...),
    ("one([x])", ...),
    ("flatten([[1], [x]])", ...),
    ("values({a = 1, b = x})", [1, ...]),
    ("zipmap([\"a\"], [x])", {"a": ...}),
    ("element([1, x], 2)", 1),
    ("toset([x, 1])", ...),
    ("jsondecode(jsonencode({a = 1, b = x})).a", 1),
    ("yamldecode(yamlencode({a = [1]})).a[0]", 1),
    ('"a${x}b"', ...),
    ('"%{ if x }a%{ else }a%{ endif }"', "a"),
    ("timestamp()", ...),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), KNOWN_ALL_THE_SAME, ids=[text for text, _ in KNOWN_ALL_THE_SAME])
def test_what_follows_from_the_known_part_is_known(text: str, expected: Any) -> None:
    found = evaluated(text, x=...)
    assert shown(found) == expected
    assert type(shown(found)) is type(expected)


@pytest.mark.parametrize(
    ("text", "null"),
    [
        ("x ? null : 1", True),
        ("x ? 1 : 2", False),
        ("try(x.a, null)", True),
        ("try(x.a, 1)", False),
        ('lookup(x, "a", null)', True),
        ('lookup(x, "a", 1)', False),
        ("coalesce(x, 1)", False),
        ("merge(x, {a = 1}).b", True),
        ('"${x ? null : 1}-"', False),
        ("(x ? null : 1) == 1", False),
        ("(x ? null : {a = 1}).a", False),
        ("[x ? null : 1][0]", True),
    ],
)
def test_what_is_not_known_remembers_whether_it_may_be_null(text: str, null: bool) -> None:
    found = evaluated(text, x=...).expression
    assert found
    assert found.may_be_null is null
    assert "var.open has no default" in f"{found.text} {found.reason}"


def test_the_first_thing_waited_for_is_the_reason() -> None:
    first, second = node(...), Node(Expression("var.other", "is not declared here"), Source("g", ""), START)
    for text in ("x + y", "[for i in [1] : x + y][0]", 'format("%s%s", x, y)', "x && y", "max(x, y)"):
        found = evaluate(expression(text), Scope({"x": first, "y": second})).expression
        assert found
        assert found.text == "var.open"


# properties

words = st.sampled_from(["", "a", "b", "1", "true", "10.0.0.0/8"])
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 300), words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = ("p", "q", "r")
ONE = """keys values length compact flatten distinct sort reverse toset tolist jsonencode jsondecode tostring tonumber
    tobool one sum max alltrue anytrue upper trimspace merge coalesce try can cidrnetmask md5 range abs""".split()
TWO = """merge concat lookup contains element coalesce join split format try coalescelist setunion setsubtract zipmap
    setproduct chunklist index regex regexall trimprefix startswith min cidrhost formatlist""".split()
leaves = st.one_of(
    st.sampled_from(NAMES), st.sampled_from(["null", "true", "false", "0", "1", '"a"', '"b"', "[]", "{}"])
)
texts = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(ONE), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(TWO), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(inner, st.sampled_from("+ - * / % == != < && ||".split()), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"[{t[0]}, {t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"{{a = {t[0]}, b = {t[1]}}}"),
        st.tuples(inner, inner).map(lambda t: f"{{(try(tostring({t[0]}), \"z\")) = {t[1]}, a = 1}}"),
        st.tuples(inner, st.sampled_from([".a", "[0]", '["b"]', "[*]", "[*].a"])).map(lambda t: f"{t[0]}{t[1]}"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"[for k, v in {t[0]} : {t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"[for p in {t[0]} : p if {t[1]}]"),
        st.tuples(inner, inner, inner).map(lambda t: f"{{for k, p in {t[0]} : k => {t[1]} if {t[2]}}}"),
        st.tuples(inner, inner).map(lambda t: f"{{for k, p in {t[0]} : {t[1]} => k...}}"),
        st.tuples(inner, inner).map(lambda t: f'"${{{t[0]}}}-%{{ if {t[1]} }}x%{{ endif }}"'),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"!{t}"),
    ),
    max_leaves=7,
)  # fmt: skip


def agrees(less: Node, more: Node) -> bool:
    """Whether what is known with less knowledge is what is known with more."""
    one, other = less._value, more._value
    if isinstance(one, Expression) or isinstance(other, Expression):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        whole = isinstance(one, Partly) or isinstance(other, Partly) or one.keys() == other.keys()
        missing = not isinstance(other, Partly) and any(key not in other for key in one)
        return whole and not missing and all(agrees(item, other[key]) for key, item in one.items() if key in other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(agrees(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


@settings(max_examples=600, deadline=None)
@given(texts, st.tuples(values, values, values), st.sampled_from(NAMES))
def test_with_less_known_nothing_else_is_known(text: str, given_values: tuple[Any, Any, Any], hidden: str) -> None:
    full = dict(zip(NAMES, given_values, strict=True))
    expr = expression(text)
    more = evaluate(expr, Scope({name: node(value) for name, value in full.items()}))
    for less_value in (..., {**full[hidden], ...: ...} if isinstance(full[hidden], dict) else ...):
        less = evaluate(expr, Scope({name: node(less_value if name == hidden else full[name]) for name in NAMES}))
        assert agrees(less, more), (shown(less), shown(more))
        list(less.walk())
        for each in less.walk():
            assert each.span


@pytest.mark.parametrize(
    "text",
    [
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a * b * c]]]",
        "length([for a in range(1000) : [for b in range(1000) : a]])",
        "join(\",\", [for a in range(1000) : join(\",\", [for b in range(1000) : b])])",
        "setproduct(range(1000), range(1000), range(1000))",
        'format("%09999d%09999d", 1, 2)',
        'format(join("", [for a in range(1000) : "%9999s"]), range(1000)...)',
        "pow(10, 1000000000)",
        "pow(99999, 99999)",
        'replace(join("", [for a in range(1000) : "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]), "a", join("", range(1000)))',
        'indent(1000000, "a\\na")',
        '"%{ for a in range(1000) }%{ for b in range(1000) }${a}%{ endfor }%{ endfor }"',
        'regex("(a+)+$", "' + "a" * 5000 + 'b")',
        'regexall("(a|a)*b", "' + "a" * 3000 + '")',
        'replace("' + "a" * 3000 + '", "/(x?){1000}(.*)*/", "$1$1")',
        "{for a in range(1000) : \"k\" => [for b in range(1000) : b]...}",
        '"${' * 40 + "1" + '}"' * 40,
        "cidrsubnets(\"::/0\", [for a in range(1000) : 128]...)",
        "jsondecode(\"" + "[" * 900 + "]" * 900 + "\")",
    ],
)  # fmt: skip
def test_whatever_is_asked_the_answer_comes_soon(text: str) -> None:
    started = time.process_time()
    found = evaluated(text)
    assert time.process_time() - started < 10
    assert found.known or found.expression


def test_numbers_that_square_themselves_stay_small() -> None:
    lines = "\n".join(f"l{n} = local.l{n - 1} * local.l{n - 1}" for n in range(1, 50))
    text = f'locals {{\nl0 = 99\n{lines}\n}}\nresource "x" "y" {{\n  a = local.l49\n}}\n'
    (resource,) = project_of([("main.tf", text)]).all(Resource)
    with pytest.raises(Unresolved):
        _ = resource.node["a"].value


SIGNS = r"a b c ( (?: ) | * + ? *? +? {1,2} [ab] [^a] . ^ $ \b \w".split()
patterns = st.lists(st.sampled_from(SIGNS), max_size=8).map("".join)


@settings(max_examples=400, deadline=None)
@given(patterns, st.text("abc-", max_size=8))
def test_patterns_match_where_re_does(pattern: str, text: str) -> None:
    try:
        ours, theirs = regexes.Pattern(pattern), re.compile(pattern.replace("$", r"\Z"))
    except (regexes.Unsupported, re.error):
        return
    mine, found = ours.search(text), theirs.search(text)
    assert (mine and mine.places[:2]) == (found and found.span())


# files of the repository


def attribute(text: str, *files: tuple[str, str], rest: str = "") -> Node:
    main = f'{rest}\nprovider "x" {{}}\nresource "x" "y" {{\n  a = {text}\n}}\n'
    project = project_of([("infra/main.tf", main), *files])
    (resource,) = project.all(Resource)
    return resource.node["a"]


FILES = (
    ("infra/policies/a.json", '{"a": [1, 2]}'),
    ("infra/t.tpl", "Hello ${name}%{ if loud }!%{ endif }\n"),
    ("infra/rows.csv", "n,m\n1,2\n"),
    ("infra/conf/x.yaml", "port: 80\n"),
    ("infra/conf/deep/y.yaml", ""),
    ("up.txt", "up"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('jsondecode(file("${path.module}/policies/a.json")).a[1]', 2),
        ('file("policies/a.json")', '{"a": [1, 2]}'),
        ("file(local.path)", "up"),
        ('templatefile("${path.module}/t.tpl", { name = "you", loud = true })', "Hello you!\n"),
        ('templatefile("t.tpl", { name = x.y, loud = true })', ...),
        ('templatefile("t.tpl", { loud = true })', ...),
        ('csvdecode(file("${path.module}/rows.csv"))', [{"n": "1", "m": "2"}]),
        ('yamldecode(file("conf/x.yaml")).port', 80),
        ('filebase64("${path.root}/../up.txt")', "dXA="),
        ('filemd5("../up.txt")', "46c48bec0d282018b9d167eef7711b2c"),
        ('fileexists("../up.txt")', True),
        ('fileexists("../down.txt")', ...),
        ('file("../../up.txt")', ...),
        ('file("/etc/hostname")', ...),
        ('file("policies/../policies/none.json")', ...),
        ('fileset("${path.module}/conf", "*.yaml")', ["x.yaml"]),
        ('fileset("conf", "**/*.yaml")', ["deep/y.yaml", "x.yaml"]),
        ('"${path.module}/x"', ...),
        ("path.module", ...),
        ('templatestring(local.words, { name = "you" })', "Hi you"),
    ],
)
def test_files_are_read_below_the_repository_only(text: str, expected: Any) -> None:
    rest = 'locals {\n  path = "${path.module}/../up.txt"\n  words = "Hi $${name}"\n}\n'
    assert shown(attribute(text, *FILES, rest=rest)) == expected


def test_links_never_lead_out(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "x" "y" {\n  a = file("${path.module}/out")\n  b = file("in")\n}\n')
    os.symlink("/etc/hostname", tmp_path / "out")
    (tmp_path / "in").write_text("in")
    from gatekeeper.models.terraform import read

    tree = Tree(tmp_path, ["main.tf", "out", "in"])
    (resource,) = (each for each in read(tree.source("main.tf"), tree) if isinstance(each, Resource))
    assert not resource.node["a"].known
    assert resource.node["b"] == "in"


def test_a_module_that_others_call_does_not_know_where_it_runs() -> None:
    files = [
        ("m/main.tf", 'resource "x" "y" {\n  a = file("f.txt")\n  b = file("${path.module}/f.txt")\n}\n'),
        ("m/f.txt", "here"),
        ("main.tf", 'module "m" {\n  source = "./m"\n}\n'),
    ]
    (resource,) = project_of(files).all(Resource)
    assert not resource.node["a"].known
    assert resource.node["b"] == "here"
    call = resource.module.configuration.calls["m"][0]
    assert call.called
    (called,) = call.called.of(Resource)
    assert not called.node["a"].known, "there is no such file where the call stands"
    (found,) = project_of([*files, ("f.txt", "root")]).all(Resource)
    within = found.module.configuration.calls["m"][0].called
    assert within
    assert within.of(Resource)[0].node["a"] == "root"


# policies

DOCUMENT = """
variable "arns" {}
variable "more" {}
locals {
  actions = ["s3:Get*", "s3:List*"]
}
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "Base"
    actions   = ["kms:*"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "all" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    sid     = "Read"
    actions = local.actions
    resources = [aws_s3_bucket.b.arn]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    principals {
      type        = "AWS"
      identifiers = ["1"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:x"
      values   = ["1"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:y"
      values   = ["2"]
    }
  }
  statement {
    effect      = "Deny"
    not_actions = ["iam:*"]
    resources   = var.arns
  }
  dynamic "statement" {
    for_each = { "a" = "sns:*" }
    content {
      actions   = [statement.value]
      resources = ["*"]
      dynamic "principals" {
        for_each = var.more
        content {
          type        = "AWS"
          identifiers = ["*"]
        }
      }
    }
  }
  dynamic "statement" {
    for_each = var.more
    content {
      actions   = ["*"]
      resources = ["*"]
    }
  }
}
resource "x" "y" {
  a = data.aws_iam_policy_document.all.json
  b = jsonencode(jsondecode(data.aws_iam_policy_document.base.json))
}
"""


def test_the_data_source_is_a_policy() -> None:
    project = project_of([("main.tf", DOCUMENT)])
    (resource,) = project.all(Resource)
    policy = decoded(resource.node["a"])
    statements = policy["Statement"]
    assert policy["Version"] == "2012-10-17"
    assert [shown(each) for each in statements] == [
        {"Sid": "Base", "Effect": "Allow", "Action": ["kms:*"], "Resource": ["*"]},
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": [...],
            "Principal": {"AWS": ["*", "1"]},
            "Condition": {"StringEquals": {"aws:x": ["1"], "aws:y": ["2"]}},
        },
        {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": ...},
        {"Effect": "Allow", "Action": ["sns:*"], "Resource": ["*"], "Principal": ...},
        ...,
    ]
    principal = statements[3]["Principal"].expression
    assert principal
    assert principal.may_be_null, "nobody knows whether there is any"
    assert statements[1]["Action"][0].source.slice(statements[1]["Action"][0].span) == '"s3:Get*"'
    assert statements[0]["Sid"].span.line == 9
    assert shown(decoded(resource.node["b"])["Statement"][0]["Action"]) == ["kms:*"]
    (data,) = (each for each in project.all(Data) if each.label == "base")
    assert json_of(data) is json_of(data)
    assert shown(document(data.node)["Statement"][0]["Effect"]) == "Allow"


def test_overriding_documents_replace_statements_of_the_same_sid() -> None:
    text = """
variable "open" {}
data "aws_iam_policy_document" "a" {
  override_policy_documents = [
    jsonencode({ Statement = { Sid = "X", Effect = "Deny", Action = "a:b", Resource = "*" } })
  ]
  statement {
    sid     = "X"
    actions = ["x:y"]
  }
  statement { actions = ["y:z"] }
}
data "aws_iam_policy_document" "b" {
  override_policy_documents = [var.open]
  statement {
    sid     = "X"
    actions = ["x:y"]
  }
  statement { actions = ["y:z"] }
}
"""
    a, b = (document(data.node)["Statement"] for data in project_of([("main.tf", text)]).all(Data))
    assert [shown(each["Action"]) for each in a] == [["a:b"], ["y:z"]]
    assert a[0]["Effect"] == "Deny"
    assert [shown(each["Action"]) if each.known else ... for each in b] == [..., ["y:z"], ...]


WRITTEN = {
    "jsonencode": 'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", '
    'Principal = "*", Resource = [x.z.arn] }] })',
    "heredoc": '<<EOF\n{\n  "Version": "2012-10-17",\n  "Statement": {\n    "Effect": "Allow",\n    "Action": "s3:*",\n'
    '    "Principal": "*",\n    "Resource": ["${x.z.arn}"]\n  }\n}\nEOF',
    "indented": '<<-EOF\n    {"Version": "2012-10-17",\n      "Statement": {"Effect": "Allow", "Action": "s3:*",\n'
    '      "Principal": "*", "Resource": ["${x.z.arn}"]}}\n    EOF',
    "template": 'templatefile("${path.module}/p.tpl", { arn = x.z.arn })',
    "local": "local.written",
    "plain": "local.plain",
}
PARTS = ("infra/p.tpl", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Principal": '
                        '{"*": "*"}, "Resource": ["${arn}"]}]}')  # fmt: skip


@pytest.mark.parametrize("form", WRITTEN)
def test_a_policy_is_the_same_however_it_is_written(form: str) -> None:
    plain = WRITTEN["heredoc"].replace("${x.z.arn}", "*")
    rest = f"locals {{\n  written = {WRITTEN['heredoc']}\n  plain = {plain}\n}}\n"
    written = attribute(WRITTEN[form], PARTS, rest=rest)
    policy = decoded(written)
    expected = {"Effect": "Allow", "Action": ["s3:*"], "Principal": {"*": ["*"]}, "Resource": [...]}
    expected["Resource"] = ["*"] if form == "plain" else [...]
    assert shown(policy) == {"Version": "2012-10-17", "Statement": [expected]}
    action = policy["Statement"][0]["Action"][0]
    if form != "template":
        assert action.source.slice(action.span) == '"s3:*"', "placed at what was written"


def test_a_policy_in_a_file_is_placed_there() -> None:
    written = attribute('file("${path.module}/p.json")', ("infra/p.json", '{\n  "Statement": [{"Action": "a:b"}]\n}\n'))
    action = decoded(written)["Statement"][0]["Action"][0]
    assert (action.source.path, action.span.line) == ("infra/p.json", 2)


NO_POLICY = ['"no policy"', "5", "var.open", "x.z.policy", '"{ broken"', '"${x.z.id}{}"', "timestamp()"]


@pytest.mark.parametrize("text", NO_POLICY)
def test_what_is_no_policy_is_not_known(text: str) -> None:
    assert not decoded(attribute(text, rest='variable "open" {}')).known


def test_documents_that_name_themselves_end() -> None:
    itself = "data.aws_iam_policy_document.a.json"
    text = f'data "aws_iam_policy_document" "a" {{\n  source_policy_documents = [{itself}]\n}}\n'
    (data,) = project_of([("main.tf", text)]).all(Data)
    assert not decoded(json_of(data))["Statement"][0].known


# types


@pytest.mark.parametrize(
    ("type_", "given_value", "expected"),
    [
        ("string", "5", "5"),
        ("number", '"5"', 5),
        ("bool", '"true"', True),
        ("list(string)", "[1, true]", ["1", "true"]),
        ("set(string)", '["b", "a", "b"]', ["a", "b"]),
        ("map(number)", '{ a = "1" }', {"a": 1}),
        ("tuple([string, number])", '[1, "2"]', ["1", 2]),
        ("object({ a = string })", "{ a = 1, b = 2 }", {"a": "1"}),
        ("object({ a = optional(object({ b = optional(number, 3) }), {}) })", "{}", {"a": {"b": 3}}),
        ("object({ a = optional(string, 5) })", "{ a = null }", {"a": "5"}),
        ("object({ a = optional(string) })", "{}", {"a": None}),
        ("map(any)", '{ a = 1, b = "x" }', {"a": "1", "b": "x"}),
        ("any", "{ a = [1] }", {"a": [1]}),
        ("list(object({ a = optional(bool, true) }))", "[{}, { a = false }]", [{"a": True}, {"a": False}]),
        ("map", "{ a = 1 }", {"a": 1}),
        ("number", '"x"', ...),
        ("list(string)", '"x"', ...),
        ("object({ a = string })", "{}", ...),
    ],
)
def test_variables_have_the_type_that_they_ask_for(type_: str, given_value: str, expected: Any) -> None:
    rest = f'variable "v" {{\n  type = {type_}\n  default = {given_value}\n}}\n'
    assert shown(attribute("var.v", rest=rest)) == expected


def test_a_list_is_never_equal_to_what_stands_in_brackets() -> None:
    rest = 'variable "v" {\n  type = list(string)\n  default = []\n}\n'
    assert attribute("var.v == []", rest=rest).value is False
    assert attribute("var.v == tolist([])", rest=rest).value is True
    assert attribute("length(var.v) == 0", rest=rest).value is True
