"""Turn the repository of a well-known Terraform module into the facts about it that gatekeeper ships.

    git clone https://github.com/terraform-aws-modules/terraform-aws-rds $CLONE
    python scripts/make_registry_modules.py terraform-aws-modules/rds/aws $CLONE --since 4.2.0 > $RECORD

where $RECORD is gatekeeper/models/terraform/registry_modules/terraform-aws-modules.rds.aws.yaml. A folder of the
repository (`--subfolder modules/db_instance`) is a file of its own, `..rds.aws+modules.db_instance.yaml`. The `since`
of a file that is there says what to give as `--since`.

Every tag is read from the clone; nothing in it is executed. What is written is which resources a call makes, each
attribute in terms of the call's arguments, the defaults of those, and since which version each of these is so. What the
module decides by means that are not followed is "?": unknown. Only types that some rule asks about are kept, so the
output grows with the rules; with the same rules, the same clone and the same `--checked` it is the same.
"""

from __future__ import annotations

import argparse
import datetime
import json
import posixpath
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from gatekeeper.node import Source
from gatekeeper.parsers import hcl

PROJECT = Path(__file__).resolve().parent.parent
ASKING = ("rules/terraform", "gatekeeper/links", "gatekeeper/models/terraform/provider_defaults")

UNKNOWN = "?"
WHEN, EACH, COUNT, NAMED = "(when)", "(each)", "(count)", "(as)"

# Where nothing is read of a repository: none of it is part of a module that people call.
NOT_MODULES = ("examples/", "wrappers/", "test", "docs/", "exports/")
FUNCTIONS = frozenset(
    "coalesce lookup length keys values contains merge concat tobool toset tostring tonumber lower upper compact "
    "flatten tolist tomap startswith endswith max min distinct".split()
)
META = frozenset(("count", "for_each", "depends_on", "provider"))
OF_A_CALL = frozenset(("source", "version", "count", "for_each", "providers", "depends_on"))
NAMING = frozenset(("identifier_prefix", "name_prefix", "description"))  # of these no rule asks what exactly they say

LONGEST = 400  # characters of an expression that is still a fact; of what is made of several, twice as many
NESTED = 4  # modules inside modules

Version: TypeAlias = tuple[int, int, int]
Value: TypeAlias = "str | bool | list[Value] | dict[str, Value] | None"
Facts: TypeAlias = dict[str, Value]  # of a resource in one version: WHEN, EACH, COUNT and its attributes
History: TypeAlias = list[tuple[Version, Value]]  # what is so since which version

# What this script does not follow and a person read instead: (module, resource, attribute), what it is in all versions.
_STATUS = 'lookup(var.versioning, "enabled", lookup(var.versioning, "status", true))'
_MFA = 'lookup(var.versioning, "mfa_delete", null)'
BY_HAND: dict[tuple[str, str, str], Value] = {
    # The module tries whether the input can be read as a truth, and takes it for the word of the provider if not:
    # try(var.versioning["enabled"] ? .., tobool(var.versioning["status"]) ? .., title(lower(var.versioning["status"])))
    ("terraform-aws-modules/s3-bucket/aws", "aws_s3_bucket_versioning.this", "versioning_configuration"): [
        {
            "status": f'contains(["true", "enabled"], lower(tostring({_STATUS}))) ? "Enabled" : "Suspended"',
            "mfa_delete": f'{_MFA} == null ? null : contains(["true", "enabled"], lower(tostring({_MFA})))'
            ' ? "Enabled" : "Disabled"',
        }
    ],
}


class Inside(Exception):
    """The module decides it in a way that is not followed."""


class Unreadable(Exception):
    """A version whose files are no valid Terraform."""


# what is asked


@cache
def asked() -> frozenset[str]:
    """Every word in what rules say: the types and the attributes that they ask about are among them."""
    paths = [path for folder in ASKING for path in (PROJECT / folder).rglob("*") if path.suffix in (".py", ".yaml")]
    return frozenset(word for path in paths for word in re.findall(r"[a-z][a-z0-9_]+", path.read_text("utf-8")))


# the clone


class Clone:
    """A repository as git has it, bare or not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts: dict[str, str] = {}  # by the name of the blob: most files are the same in many versions

    def git(self, *words: str, given: str = "") -> bytes:
        command = ["git", "-C", str(self.path), *words]
        return subprocess.run(command, input=given.encode(), capture_output=True, check=True).stdout

    def versions(self, since: Version) -> dict[Version, str]:
        """The tags that are versions, in their order; what comes before a release is none."""
        found: dict[Version, str] = {}
        for tag in sorted(self.git("tag").decode().split()):
            match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?", tag)
            if match:
                first, second, third = (int(part or 0) for part in match.groups())
                found[first, second, third] = tag
        return {version: found[version] for version in sorted(found) if version >= since}

    def files(self, tag: str) -> dict[str, str]:
        """The Terraform files of a version, by path."""
        rows = (line.split("\t", 1) for line in self.git("ls-tree", "-r", tag).decode().splitlines())
        blobs = {
            path: meta.split()[2]
            for meta, path in rows
            if path.endswith(".tf") and not path.startswith(NOT_MODULES)
        }  # fmt: skip
        self.read([blob for blob in blobs.values() if blob not in self.texts])
        return {path: self.texts[blob] for path, blob in blobs.items()}

    def read(self, blobs: list[str]) -> None:
        raw = self.git("cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs))
        at = 0
        while at < len(raw):
            start = raw.index(b"\n", at) + 1
            blob, _, size = raw[at:start].split()
            at = start + int(size) + 1
            self.texts[blob.decode()] = raw[start : at - 1].decode("utf-8", "replace")


# a module at one version


@cache
def parsed(path: str, text: str) -> hcl.Body:
    document = hcl.parse(Source(path, text))
    if document.faults:
        raise Unreadable(f"{path}: {document.faults[0].message}")
    return document.body


class Folder:
    """What the Terraform files of a folder declare."""

    def __init__(self, files: dict[str, str], path: str) -> None:
        self.files = files
        self.path = path
        self.variables: dict[str, dict[str, hcl.Attribute]] = {}
        self.locals: dict[str, hcl.Expr] = {}
        self.resources: dict[str, hcl.Block] = {}
        self.calls: dict[str, hcl.Block] = {}
        for name in sorted(name for name in files if posixpath.dirname(name) == path):
            for block in parsed(name, files[name]).blocks:
                self.add(block)

    def add(self, block: hcl.Block) -> None:
        match block.type:
            case "variable":
                self.variables[block.labels[0]] = block.body.attributes
            case "locals":
                self.locals |= {name: each.expr for name, each in block.body.attributes.items()}
            case "resource":
                self.resources[".".join(block.labels)] = block
            case "module":
                self.calls[block.labels[0]] = block

    @property
    def empty(self) -> bool:
        return not (self.variables or self.resources or self.calls)

    def type_of(self, variable: str) -> hcl.Expr | None:
        declared = self.variables.get(variable, {}).get("type")
        return declared.expr if declared else None

    def default(self, variable: str) -> str | None:
        """The default of a variable in words; None when it must be given."""
        declared = self.variables.get(variable, {}).get("default")
        return CONSTANT.write(declared.expr) if declared else None

    def nullable(self, variable: str) -> bool:
        said = self.variables.get(variable, {}).get("nullable")
        return said is None or said.expr.text != "false"


# types, whose optional fields have defaults


def _required(kind: hcl.Expr | None) -> hcl.Expr | None:
    """A type without the `optional` around it."""
    while isinstance(kind, hcl.Call) and kind.name == "optional":
        kind = kind.arguments[0]
    return kind


def field(kind: hcl.Expr | None, name: str) -> tuple[str | None, hcl.Expr | None]:
    """What an optional field of an object is by default (None when it is not optional), and its type."""
    kind = _required(kind)
    shape = kind.arguments[0] if isinstance(kind, hcl.Call) and kind.name == "object" else None
    for key, value in shape.pairs if isinstance(shape, hcl.Object) else ():
        if not isinstance(key, hcl.Literal) or key.value != name:
            continue
        if not isinstance(value, hcl.Call) or value.name != "optional":
            return None, value
        default = CONSTANT.write(value.arguments[1]) if len(value.arguments) > 1 else "null"
        return default, value.arguments[0]
    return None, None


def element(kind: hcl.Expr | None) -> hcl.Expr | None:
    """The type of what a collection holds."""
    kind = _required(kind)
    return kind.arguments[0] if isinstance(kind, hcl.Call) and kind.name in ("map", "list", "set") else None


# expressions, in words that hold nothing but the inputs of the module that is called


class Item(NamedTuple):
    """One of what a `for_each` goes over (`each`, or the name of a block), or directly of what a `for` goes over."""

    word: str
    type: hcl.Expr | None
    direct: bool = False  # has no `.key` and `.value`


Bound: TypeAlias = "Item | Inside"


class Names:
    """What names mean at one place of a module."""

    def __init__(self, folder: Folder, given: dict[str, str | Inside] | None = None, prefix: str = "") -> None:
        self.folder = folder
        self.given = given  # the arguments that another module calls this one with; None for the one that people call
        self.prefix = prefix  # of its resources
        self.bound: dict[str, Bound] = {}
        self.busy: set[str] = set()  # locals that are being written

    def within(self, names: Mapping[str, Bound]) -> Names:
        inner = Names(self.folder, self.given, self.prefix)
        inner.bound = {**self.bound, **names}
        inner.busy = self.busy
        return inner

    def short(self, expr: hcl.Expr) -> str:
        return short(self.write(expr))

    def value(self, expr: hcl.Expr) -> str:
        try:
            return self.short(expr)
        except Inside:
            return UNKNOWN

    def write(self, expr: hcl.Expr) -> str:
        match expr:
            case hcl.Literal(value=value):
                return literal(value)
            case hcl.Piece() | hcl.Repeat():
                raise Inside("a text")
            case hcl.Template(parts=[hcl.Expr() as part]):
                return self.write(part)
            case hcl.Tuple(items=items):
                return f"[{', '.join(map(self.write, items))}]"
            case hcl.Object(pairs=pairs):
                return f"{{{', '.join(self.pair(key, value) for key, value in pairs)}}}"
            case hcl.Variable() | hcl.GetAttr() | hcl.Index():
                return self.traversal(expr)
        return self.operation(expr)

    def operation(self, expr: hcl.Expr) -> str:
        match expr:
            case hcl.Conditional():
                return self.conditional(expr)
            case hcl.Unary(operator=operator, of=of):
                said = self.write(of)
                opposite = {"true": "false", "false": "true"} if operator == "!" else {}
                return opposite.get(said, f"{operator}{said}")
            case hcl.Binary(operator="&&" | "||" as operator, left=left, right=right):
                return joined(operator, self.write(left), self.write(right))
            case hcl.Binary(operator=operator, left=left, right=right):
                return f"({self.write(left)} {operator} {self.write(right)})"
            case hcl.Call(name="try", expands=False, arguments=arguments):
                return self.attempt(arguments)
            case hcl.Call(name=name, expands=False, arguments=arguments) if name in FUNCTIONS:
                return f"{name}({', '.join(map(self.write, arguments))})"
            case hcl.For(groups=False):
                return self.comprehension(expr)
        raise Inside(type(expr).__name__)

    def pair(self, key: hcl.Expr, value: hcl.Expr) -> str:
        if not isinstance(key, hcl.Literal):
            raise Inside("a key")
        word = str(key.value)
        return f"{word if is_word(word) else json.dumps(word)} = {self.write(value)}"

    def conditional(self, expr: hcl.Conditional) -> str:
        test, yes, no = map(self.write, (expr.test, expr.yes, expr.no))
        if test == "true" or yes == no:
            return yes
        return no if test == "false" else f"({test} ? {yes} : {no})"

    def comprehension(self, expr: hcl.For) -> str:
        *keys, last = expr.names
        kind = type_of_each(expr.over, self)
        inner = self.within({key: Item(key, None, True) for key in keys} | {last: Item(last, kind, True)})
        over = f"for {', '.join(expr.names)} in {self.write(expr.over)}"
        condition = f" if {inner.write(expr.condition)}" if expr.condition else ""
        if expr.key is None:
            return f"[{over} : {inner.write(expr.result)}{condition}]"
        return f"{{{over} : {inner.write(expr.key)} => {inner.write(expr.result)}{condition}}}"

    def attempt(self, arguments: Sequence[hcl.Expr]) -> str:
        """`try(..)`. A field that may not be there is looked up."""
        first, *rest = arguments
        match first:
            case hcl.Variable() | hcl.GetAttr() | hcl.Index():
                return self.traversal(first, self.attempt(rest) if rest else "null")
            case hcl.Call(name="jsondecode") if rest:  # for those who hand over JSON; others hand over what it says
                return self.attempt(rest)
            case hcl.Call(name="flatten" | "tolist") | hcl.Tuple() if rest:
                return self.attempted_list(first, rest[0])
            case hcl.Literal() | hcl.Call(name="coalesce"):
                return self.write(first)
        if not rest:
            return self.write(first)
        raise Inside("try")

    def attempted_list(self, expr: hcl.Expr, other: hcl.Expr) -> str:
        """`try(flatten([x.y]), [])`: a list of what is there, if it is."""
        flat = False
        while isinstance(expr, hcl.Call) and expr.name in ("flatten", "tolist"):
            flat = flat or expr.name == "flatten"
            expr = expr.arguments[0]
        if not isinstance(expr, hcl.Tuple) or len(expr.items) != 1 or self.write(other) != "[]":
            raise Inside("try")
        only = self.traversal(expr.items[0], "null")
        return f"({only} == null ? [] : {f'flatten([{only}])' if flat else f'[{only}]'})"

    def traversal(self, expr: hcl.Expr, fallback: str | None = None) -> str:
        """A reference, step by step; with a fallback each step is one that may not be there."""
        root, steps = path_of(expr)
        kind: hcl.Expr | None = None
        if not isinstance(root, hcl.Variable):
            text = self.write(root)
        elif root.name not in self.bound and steps and f"{root.name}.{steps[0]}" in self.folder.resources:
            return f"resource.{self.prefix}{root.name}.{steps[0]}"
        else:
            text, steps, kind = self.root(root.name, steps)
        if text == "null" and steps:
            return fallback or "null"
        for number, step in enumerate(steps, 1):
            last = number == len(steps)
            if isinstance(step, int):
                text, kind = f"{text}[{step}]", element(kind)
                continue
            default, kind = field(kind, step)
            if default is not None:
                text = optional(text, step, default, last)
            elif fallback is not None:
                text = f"lookup({text}, {json.dumps(step)}, {fallback if last else 'null'})"
            else:
                text = f"{text}.{step}" if is_word(step) else f"{text}[{json.dumps(step)}]"
        return text

    def root(self, name: str, steps: list[str | int]) -> tuple[str, list[str | int], hcl.Expr | None]:
        """What a reference begins with, the steps that are left, and the type of it."""
        first = str(steps[0]) if steps else ""
        if name in self.bound:
            return self.bound_name(name, steps)
        if name == "var":
            return self.variable(first), steps[1:], self.folder.type_of(first)
        if name == "local":
            return self.local(first), steps[1:], None
        if name == "module" and steps == ["this", "enabled"] and {"enabled", "context"} <= self.folder.variables.keys():
            # Every module of Cloud Posse calls their null-label as `this`, with both of these.
            enabled, context = self.variable("enabled"), self.variable("context")
            return f'coalesce({enabled}, lookup({context}, "enabled", null), true)', [], None
        raise Inside(name)

    def bound_name(self, name: str, steps: list[str | int]) -> tuple[str, list[str | int], hcl.Expr | None]:
        bound = self.bound[name]
        match bound, steps:
            case Inside(), _:
                raise bound
            case Item(direct=True), _:
                return bound.word, steps, bound.type
            case Item(), ["value", *rest]:
                return f"{bound.word}.value", rest, bound.type
            case Item(), ["key", *rest]:
                return f"{bound.word}.key", rest, None
        raise Inside("iterator")

    def local(self, name: str) -> str:
        if name not in self.folder.locals or name in self.busy:
            raise Inside("local")
        self.busy.add(name)
        try:
            return self.write(self.folder.locals[name])
        finally:
            self.busy.discard(name)

    def variable(self, name: str) -> str:
        if self.given is None:
            if name not in self.folder.variables:
                raise Inside("undeclared")
            return f"var.{name}"
        default = self.folder.default(name)
        given = self.given.get(name, default)
        if given is None:
            raise Inside("required")
        if isinstance(given, Inside):
            raise given
        certain = given in ("true", "false") or given.startswith(("[", "{", '"'))
        if name not in self.given or self.folder.nullable(name) or default in (None, "null") or certain:
            return given
        return f"({given} == null ? {default} : {given})"


CONSTANT = Names(Folder({}, ""), {})  # where nothing has a name: defaults


def short(text: str) -> str:
    if len(text) > 2 * LONGEST:
        raise Inside("long")
    return text


def is_word(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][\w-]*", text) is not None


def literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if "${" in value or "%{" in value or "\n" in value or len(value) > 60:
        raise Inside("a text")
    return json.dumps(value)


def joined(operator: str, *sides: str) -> str:
    """`a && b` or `a || b`, less what decides nothing."""
    decides, decides_not = ("false", "true") if operator == "&&" else ("true", "false")
    if decides in sides:
        return decides
    left = [side for side in sides if side != decides_not]
    if not left:
        return decides_not
    return left[0] if len(left) == 1 else f"({left[0]} {operator} {left[1]})"


def path_of(expr: hcl.Expr) -> tuple[hcl.Expr, list[str | int]]:
    """What a traversal begins with, and its steps."""
    steps: list[str | int] = []
    while isinstance(expr, (hcl.GetAttr, hcl.Index)):
        if isinstance(expr, hcl.GetAttr):
            steps.append(expr.name)
        elif isinstance(expr.key, hcl.Literal) and isinstance(expr.key.value, (str, int)):
            steps.append(expr.key.value)
        else:
            raise Inside("a computed index")
        expr = expr.of
    return expr, steps[::-1]


def optional(text: str, step: str, default: str, last: bool) -> str:
    """A field that has a default, which null stands for too."""
    found = f"lookup({text}, {json.dumps(step)}, null)"
    if default == "null":
        return found
    if not last:  # what is taken of null is not known
        return f"lookup({text}, {json.dumps(step)}, {default})"
    if default in ("true", "false") or default.lstrip("-").isdigit():
        return f"coalesce({found}, {default})"
    return f"({found} == null ? {default} : {found})"


def type_of_each(over: hcl.Expr, names: Names) -> hcl.Expr | None:
    """The type of what a `for_each` goes over, where that is an input, or an input in a list, or some of an input."""
    match over:
        case hcl.Conditional(yes=yes, no=no):
            return type_of_each(yes, names) or type_of_each(no, names)
        case hcl.Tuple(items=[hcl.GetAttr(of=hcl.Variable(name="var"), name=name)]):
            return names.folder.type_of(name)
        case hcl.GetAttr(of=hcl.Variable(name="var"), name=name):
            return element(names.folder.type_of(name))
        case hcl.GetAttr(of=hcl.Variable(name="local"), name=name) if name in names.folder.locals:
            return type_of_each(names.folder.locals[name], names)
        case hcl.For(over=inner, result=hcl.Variable(name=result), names=[*_, last]) if result == last:
            return type_of_each(inner, names)
    return None


# how often something is made


class Times(NamedTuple):
    """The conditions that must all be true, and what it is made for each of, or how often."""

    when: list[str]
    each: str = ""
    number: str | None = None


def condition(expr: hcl.Expr, names: Names) -> str:
    """A condition; of the parts of a conjunction some may be decided inside."""
    if isinstance(expr, hcl.Binary) and expr.operator == "&&":
        return joined("&&", condition(expr.left, names), condition(expr.right, names))
    try:
        text = names.write(expr)
    except Inside:
        return "inside"
    return text if len(text) < LONGEST else "inside"


def doubted(when: str) -> bool:
    """Whether a condition can come to false or to what nobody knows, never to true."""
    return when == UNKNOWN or re.search(r"\binside\b", when) is not None


def switch(expr: hcl.Expr, names: Names) -> str | None:
    """`count = condition ? 1 : 0` as the condition; None for other numbers."""
    answers = (expr.yes.text, expr.no.text) if isinstance(expr, hcl.Conditional) else ()
    if isinstance(expr, hcl.Conditional) and answers == ("1", "0"):
        text = short(condition(expr.test, names))
        if set(re.findall(r"\w+", text)) <= {"inside"}:
            raise Inside("count")
        return text
    if isinstance(expr, hcl.Conditional) and answers == ("0", "1"):
        return short(f"!{names.write(expr.test)}")
    return "true" if names.short(expr) == "1" else None


def perhaps(expr: hcl.Expr, names: Names) -> str:
    """What must be true for a `count` or a `for_each` that is not followed to come to anything."""
    test: hcl.Expr | None = None
    if isinstance(expr, hcl.Conditional) and expr.no.text in ("0", "[]", "{}", "toset([])"):
        test = expr.test
    if isinstance(expr, hcl.For):
        test, names = expr.condition, names.within(dict.fromkeys(expr.names, Inside("for")))
    text = condition(test, names) if test else "inside"
    if set(re.findall(r"\w+", text)) <= {"inside"}:
        raise Inside("how often")
    return short(text if doubted(text) else joined("&&", text, "inside"))


def times_of(block: hcl.Block, names: Names, outer: Times) -> tuple[Times, Names]:
    """How often a block is made within what is made so often, and what names mean in it."""
    when, each, number = [*outer.when], outer.each, outer.number
    attributes = block.body.attributes
    if "count" in attributes:
        of = attributes["count"].expr
        try:
            text = switch(of, names)
            if text is None and (each or number or block.type == "module"):
                raise Inside("count")
            number = names.short(of) if text is None else number
        except Inside:
            text = perhaps(of, names)
        when += [text] if text and text != "true" else []
    if "for_each" in attributes:
        over = attributes["for_each"].expr
        try:
            if each or number:
                raise Inside("for_each")
            each = names.short(over)
            names = names.within({"each": Item("each", type_of_each(over, names))})
        except Inside as why:
            when.append(perhaps(over, names))
            names = names.within({"each": why})
    return Times(when, each, number), names


def chosen(times: Times) -> Times:
    """With the conditions that each one answers for itself as what chooses among them."""
    own = [each for each in times.when if re.search(r"\beach\.", each)]
    if not own or not times.each:
        return times
    test = re.sub(r"\beach\.value\b", "v", " && ".join(own))
    test = re.sub(r"\beach\.key\b", "k", test)
    if re.search(r"\bfor (k|v)\b", test):
        raise Inside("names")
    each = short(f"{{for k, v in {times.each} : k => v if {test}}}")
    others = [condition for condition in times.when if condition not in own]
    return Times([*others, "inside"] if doubted(test) else others, each, times.number)


# resources


def block_facts(body: hcl.Body, names: Names) -> Facts:
    """The arguments and the nested blocks of a resource."""
    found: Facts = {name: names.value(each.expr) for name, each in body.attributes.items() if name not in META}
    groups: dict[str, list[hcl.Block]] = {}
    for block in body.blocks:
        groups.setdefault(block.labels[0] if block.type == "dynamic" else block.type, []).append(block)
    for name, blocks in groups.items():
        if name == "provisioner":
            found[name] = UNKNOWN
        else:
            found[name] = [lifecycle(blocks[-1])] if name == "lifecycle" else [nested(each, names) for each in blocks]
    return found


def lifecycle(block: hcl.Block) -> Facts:
    attributes = block.body.attributes
    found: Facts = {}
    if "prevent_destroy" in attributes:
        found["prevent_destroy"] = CONSTANT.value(attributes["prevent_destroy"].expr)
    if "ignore_changes" in attributes:
        ignored = attributes["ignore_changes"].expr
        words = [each.text for each in ignored.items] if isinstance(ignored, hcl.Tuple) else None
        plain = ", ".join(each for each in words or () if "[" not in each and "(" not in each)
        found["ignore_changes"] = UNKNOWN if words is None else f"[{plain}]"
    return found


def nested(block: hcl.Block, names: Names) -> Facts:
    if block.type != "dynamic":
        return block_facts(block.body, names)
    (name,) = block.labels
    over = block.body.attributes["for_each"].expr
    iterator = block.body.attributes.get("iterator")
    word = iterator.expr.text if iterator else name
    content = next(each for each in block.body.blocks if each.type == "content")
    found: Facts = {EACH: names.value(over)}
    if word != name:
        found[NAMED] = word
    return found | block_facts(content.body, names.within({word: Item(word, type_of_each(over, names))}))


class Model(NamedTuple):
    """A module at one version: the defaults of its inputs, what a call makes, which other remote modules it calls."""

    inputs: dict[str, Value]
    resources: dict[str, Facts]
    remote: set[str]


def resource_facts(block: hcl.Block, names: Names, outer: Times) -> Facts | None:
    """A resource; None when it is made in no case."""
    try:
        times, inner = times_of(block, names, outer)
        if "false" in times.when:
            return None
        times = chosen(times)
        found: Facts = {WHEN: " && ".join(times.when) or "true", EACH: times.each}
        if times.number is not None:
            found[COUNT] = times.number
    except Inside as why:
        found, inner = {WHEN: UNKNOWN, EACH: ""}, names.within({"each": why})
    return found | block_facts(block.body, inner)


def walk(names: Names, outer: Times, model: Model, depth: int = 0) -> None:
    """The resources of a folder and of the folders that it calls."""
    for address, block in names.folder.resources.items():
        found = resource_facts(block, names, outer)
        if found is not None:
            model.resources[f"{names.prefix}{address}"] = found
    for block in names.folder.calls.values():
        source = block.body.attributes["source"].expr
        path = source.value if isinstance(source, hcl.Literal) else ""
        if not path.startswith("."):
            model.remote.add(path)
        elif depth < NESTED:
            called(block, path, names, outer, model, depth)


def called(block: hcl.Block, path: str, names: Names, outer: Times, model: Model, depth: int) -> None:
    """What a folder makes that another one calls."""
    target = posixpath.normpath(posixpath.join(names.folder.path, path))
    folder = Folder(names.folder.files, "" if target == "." else target)
    known = True
    try:
        times, inner = times_of(block, names, outer)
    except Inside as why:
        known, times, inner = False, outer, names.within({"each": why})
    found = Model({}, {}, model.remote)
    walk(Names(folder, arguments(block, inner), f"{names.prefix}{block.labels[0]}."), times, found, depth + 1)
    for facts in found.resources.values():
        if not known:
            facts[WHEN] = UNKNOWN
    model.resources.update(found.resources)


def arguments(block: hcl.Block, names: Names) -> dict[str, str | Inside]:
    given: dict[str, str | Inside] = {}
    for name, attribute in block.body.attributes.items():
        if name not in OF_A_CALL:
            try:
                given[name] = names.short(attribute.expr)
            except Inside as why:
                given[name] = why
    return given


def input_facts(folder: Folder, name: str) -> Value:
    try:
        default = folder.default(name)
        if default is None:
            return "required"
        short(default)
    except Inside:
        return UNKNOWN
    return default if folder.nullable(name) or default == "null" else {"default": default, "nullable": False}


def model_of(folder: Folder) -> Model:
    model = Model({name: input_facts(folder, name) for name in sorted(folder.variables)}, {}, set())
    walk(Names(folder), Times([]), model)
    return model


# what is so since which version


class Record(NamedTuple):
    """What is written: the first and the last version that was read, and between them who was what when."""

    first: Version
    last: Version
    remote: list[str]
    inputs: dict[str, History]
    resources: dict[str, dict[str, History]]


def history(versions: Iterable[Version], values: Iterable[Value]) -> History:
    """Each value with the version that it is so since."""
    found: History = []
    for version, value in zip(versions, values, strict=True):
        if not found or found[-1][1] != value:
            found.append((version, value))
    return found


def filled(values: list[Value], missing: list[bool]) -> list[Value]:
    """Where it is not there it is as it was before, and before it was there as it came to be."""
    current = next(value for value, gone in zip(values, missing, strict=True) if not gone)
    found: list[Value] = []
    for value, gone in zip(values, missing, strict=True):
        current = current if gone else value
        found.append(current)
    return found


def recent(said: History) -> History:
    """Of nested blocks only how they are now and were last."""
    keep = [at for at, (_, value) in enumerate(said) if isinstance(value, list)][-2:]
    values = [UNKNOWN if isinstance(value, list) and at not in keep else value for at, (_, value) in enumerate(said)]
    return history([version for version, _ in said], values)


def trimmed(value: Value) -> Value:
    """Without what is too long for a fact."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else UNKNOWN
    if isinstance(value, list):
        return [trimmed(each) for each in value]
    return {key: trimmed(each) for key, each in value.items()} if isinstance(value, dict) else value


def refers(value: Value) -> bool:
    """To another resource of the module: it is by these that companions are joined."""
    return isinstance(value, str) and "resource." in value


def plain(value: Value) -> bool:
    words = r"(var\.)?[\w-]+|\"[^\"]*\"|lookup\(\w+\.value, \"\w+\", null\)"
    return value is None or (isinstance(value, str) and re.fullmatch(words, value) is not None)


def cautious(facts: Facts | None) -> Facts | None:
    """Where nobody can tell whether it is there: only what it belongs to."""
    if facts is None or not doubted(str(facts[WHEN])):
        return facts
    return {
        name: value if name.startswith("(") or refers(value) else UNKNOWN
        for name, value in facts.items()
        if name != "lifecycle"
    }


def attribute_history(name: str, versions: list[Version], facts: list[Facts | None]) -> History:
    values = [None if each is None else each.get(name) for each in facts]
    values = filled(
        [value if name.startswith("(") else trimmed(value) for value in values], [each is None for each in facts]
    )
    judged = (name in asked() and name not in NAMING) or name.startswith("(") or name in ("lifecycle", "provisioner")
    if not judged and not all(map(plain, values)) and not any(map(refers, values)):
        values = [None if value is None else UNKNOWN for value in values]
    return recent(history(versions, values))


def inputs_used(text: Iterable[str]) -> list[str]:
    return sorted({name for each in text for name in re.findall(r"var\.([A-Za-z_][\w-]*)", each)})


def texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from texts(each)


def record(name: str, read: dict[Version, Model]) -> Record:
    versions, models = list(read), list(read.values())
    resources: dict[str, dict[str, History]] = {}
    for address in dict.fromkeys(address for model in models for address in model.resources):
        if address.split(".")[-2] not in asked():
            continue
        facts = [cautious(model.resources.get(address)) for model in models]
        found = {"in": history(versions, [each is not None for each in facts])}
        for attribute in dict.fromkeys(attribute for each in facts for attribute in each or ()):
            said = BY_HAND.get((name, address, attribute))
            found[attribute] = [(versions[0], said)] if said else attribute_history(attribute, versions, facts)
        resources[address] = found
    said_of_them = [value for each in resources.values() for said in each.values() for _, value in said]
    inputs: dict[str, History] = {}
    for used in inputs_used(text for value in said_of_them for text in texts(value)):
        missing = [used not in model.inputs for model in models]
        values = filled([model.inputs.get(used) for model in models], missing)
        inputs[used] = history(versions, values)
    remote = sorted({source for model in models for source in model.remote if "label" not in source})
    return Record(versions[0], versions[-1], remote, inputs, resources)


# YAML


def scalar(text: str) -> str:
    if text == UNKNOWN:
        return f'"{text}"'
    text = bare(text)
    words = ("true", "false", "null", "yes", "no", "on", "off")
    if re.fullmatch(r"[A-Za-z_][\w.-]*", text) and text not in words:
        return text
    return json.dumps(text, ensure_ascii=False) if "'" in text else f"'{text}'"


def bare(text: str) -> str:
    """Without the parentheses around the whole."""
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for at, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if depth == 0 and at < len(text) - 1:
                return text
        text = text[1:-1]
    return text


def flow(value: Value) -> str:
    match value:
        case None:
            return "~"
        case bool():
            return "true" if value else "false"
        case str():
            return scalar(value)
        case list():
            return f"[{', '.join(map(flow, value))}]"
    keys = [key if re.fullmatch(r"[A-Za-z_]\w*", key) else json.dumps(key) for key in value]
    pairs = [f"{key}: {flow(each)}" for key, each in zip(keys, value.values(), strict=True)]
    return f"{{{', '.join(pairs)}}}"


def since(said: History) -> str:
    if len(said) == 1:
        return flow(said[0][1])
    pairs = [f'"{dotted(version)}": {flow(value)}' for version, value in said]
    return f"{{{', '.join(pairs)}}}"


def dotted(version: Version) -> str:
    return ".".join(map(str, version))


def listed(indent: str, key: str, names: Iterable[str]) -> list[str]:
    """`key: >-` and the names in lines."""
    lines = textwrap.wrap(" ".join(sorted(names)), 106, initial_indent=f"{indent}  ", subsequent_indent=f"{indent}  ")
    return [f"{indent}{key}: >-", *lines] if lines else []


def only(said: History) -> Value:
    """What is so in all versions."""
    return said[0][1] if len(said) == 1 else False


def input_lines(inputs: dict[str, History]) -> list[str]:
    unset = [name for name, said in inputs.items() if only(said) == "null"]
    required = [name for name, said in inputs.items() if only(said) == "required"]
    rest = [f"  {name}: {since(said)}" for name, said in inputs.items() if name not in (*unset, *required)]
    return [*listed("", "unset", unset), *listed("", "required", required), *(["inputs:", *rest] if rest else [])]


def resource_lines(address: str, facts: dict[str, History]) -> list[str]:
    marks = {"in": ("in", True), WHEN: ("when", "true"), EACH: ("each", ""), COUNT: ("count", None)}
    lines = [f"  {address}:"]
    for mark, (key, usual) in marks.items():
        said = facts.get(mark)
        if said and said != [(said[0][0], usual)]:
            lines.append(f"    {key}: {since(said)}")
    attributes = {name: said for name, said in facts.items() if name not in marks}
    same = [name for name, said in attributes.items() if only(said) == f"var.{name}"]
    inside = [name for name, said in attributes.items() if only(said) == UNKNOWN]
    rest = [f"      {name}: {since(said)}" for name, said in attributes.items() if name not in (*same, *inside)]
    lines += [*listed("    ", "same", same), *listed("    ", "inside", inside)]
    return [*lines, *(["    set:", *rest] if rest else [])]


def document(module: str, folder: str, checked: str, found: Record) -> str:
    owner, name, provider = module.split("/")
    lines = [f"module: {module}", *([f"folder: {folder}"] if folder else [])]
    lines += [f"repository: {owner}/terraform-{provider}-{name}", f"checked: {checked}"]
    lines += [f'since: "{dotted(found.first)}"', f'last: "{dotted(found.last)}"']
    lines += [f"calls: {flow([*found.remote])}"] if found.remote else []
    lines += [*input_lines(found.inputs), "resources:"]
    for address, facts in found.resources.items():
        lines += resource_lines(address, facts)
    return "\n".join(lines) + "\n"


def read_clone(clone: Clone, path: str, start: Version) -> dict[Version, Model]:
    """The module at each of its versions."""
    read: dict[Version, Model] = {}
    for version, tag in clone.versions(start).items():
        try:
            folder = Folder(clone.files(tag), path)
            if not folder.empty:
                read[version] = model_of(folder)
        except Unreadable as why:
            print(f"{tag} is left out: {why}", file=sys.stderr)
    return read


def make(module: str, clone: Path, path: str, start: Version, checked: str) -> str:
    read = read_clone(Clone(clone), path, start)
    found = record(f"{module}//{path}" if path else module, read) if read else None
    if found is None or not found.resources:
        raise SystemExit(f"{module} {path}: nothing that a rule asks about")
    return document(module, path, checked, found)


def main() -> None:
    asked_for = argparse.ArgumentParser(description="Make the facts about a well-known Terraform module.")
    asked_for.add_argument("module", help="as the registry has it, terraform-aws-modules/rds/aws")
    asked_for.add_argument("clone", type=Path, help="a clone of its repository with all tags, bare or not")
    asked_for.add_argument("--subfolder", default="", help="a module in it, modules/db_instance")
    asked_for.add_argument("--since", default="0.0", help="the first version to read, 4.2.0")
    asked_for.add_argument("--checked", default=str(datetime.date.today()), help="the day it was read (today)")
    given = asked_for.parse_args()
    first, second, third = (int(part) for part in f"{given.since}.0".split(".")[:3])
    print(make(given.module, given.clone, given.subfolder, (first, second, third), given.checked), end="")


if __name__ == "__main__":
    main()
