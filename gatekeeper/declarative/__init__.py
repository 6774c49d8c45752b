"""A rule written as data: a YAML file to a `Rule`, the same as a Python rule makes.

    id: tf-rds-encrypted
    title: RDS storage is encrypted
    why: |
      A copied snapshot or a stolen disk is readable without it.
    severity: high
    gate: security-posture
    seed: "6.1 Security Hardening"
    aliases: [CKV_AWS_16, AWS-0080]
    each: terraform.Resource
    where: {it.type: aws_db_instance}
    must:
      storage_encrypted: {equals: true, absent: fail}
    message: storage is not encrypted
    fix: set storage_encrypted = true
    bad: |
      # expect: not encrypted
      resource "aws_db_instance" "orders" {}
    good: |
      resource "aws_db_instance" "orders" { storage_encrypted = true }

`where` chooses the subjects, `must` is what holds for each of them; see `conditions` for both. `bad`, `good` and
`unknown` are its tests: one text, or a list of `{case, text}` or `{case, files: {path: text}}`. Code is never loaded:
`each` names a model that ships with gatekeeper, or one of a plugin that is already loaded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatekeeper.declarative.conditions import OPERATORS, Context, Malformed, Result, Test, read_condition
from gatekeeper.declarative.joins import JOINS, joins
from gatekeeper.declarative.typed import TYPED
from gatekeeper.meant import meant
from gatekeeper.models import Subject
from gatekeeper.node import START, Expression, Missing, Node, Source, Unresolved, regex
from gatekeeper.parsers import yaml
from gatekeeper.rule import Answer, Finding, Fix, Reason, Rule, Spot, Unknown, Where, build

if TYPE_CHECKING:
    from gatekeeper.project import Project

OPERATORS.update(TYPED)
OPERATORS.update(JOINS)

_TEXTS = ("id", "title", "why", "severity", "gate", "each", "message")
_EXAMPLES = ("bad", "good", "unknown")
_KEYS = (*_TEXTS, "seed", "aliases", "where", "must", "fix", *_EXAMPLES)


def read(path: Path) -> Rule:
    """The rule of one file. Raises ValueError (path:line, what was expected, what to do) for a malformed one."""
    source = Source(str(path), path.read_text("utf-8"))
    nodes, faults = yaml.parse(source)
    if faults:
        raise ValueError(f"{path}:{faults[0].span.line}: {faults[0].message}: mend the YAML")
    if len(nodes) != 1:
        raise ValueError(f"{path}:1: expected one rule: one file holds one YAML document")
    try:
        return _read(nodes[0], str(path))
    except Malformed as error:
        raise ValueError(f"{path}:{error.at.mark.line}: {error}") from None


def glimpse(path: Path) -> Rule:
    """The rule of one file, its conditions and examples put off until somebody needs them.

    For catalogues of hundreds of files, of which one audit needs few: only the lines in front are looked at, and a file
    whose lines are not of the plain form is read whole.
    """
    head = _head(path.read_text("utf-8"))
    if head is None:
        return read(path)
    try:
        return build(
            id=head["id"], title=head["title"].rstrip("."), severity=head["severity"], gate=head["gate"],
            seed=head["seed"], aliases=_listed(head["aliases"]), origin=str(path),
            subject=_kind(Node(head["each"], Source(str(path), ""), START)), types=frozenset(_types_in(head["where"])),
            check=_with_project(lambda *given: read_once(path).check(*given), bool(_JOIN.search(head["must"]))),
            where=_with_project(lambda *given: _where_of(path)(*given), bool(_JOIN.search(head["where"])))
            if head["where"]
            else None,
            document=lambda: read_once(path).document,
        )  # fmt: skip
    except (Malformed, ValueError):
        return read(path)  # which says what is wrong, and where


_LINE = regex(r"([a-z]+):(?:[ ]+(\S.*?))?[ ]*\Z")
_PLAIN = regex(r'"[^"\\]*"\Z|[A-Za-z0-9](?:[^#:"\n]|:(?! ))*\Z')
_FLOW = regex(r"\[[^\[\]{}#&*!]*\]\Z")
_JOIN = regex(rf"\b(?:{'|'.join(JOINS)})[ ]*:")
_TYPE = regex(r"(?:\A|[\s{])it\.type:[ ]*(\[[^\[\]]*\]|\w+|(?: ?- \w+)+)")
_NAME = regex(r"\w+")
_COMBINED = regex(r"\b(?:any|all|not|when|then|where|each|some)[ ]*:")


def _head(text: str) -> dict[str, str] | None:
    """What stands behind each key, as text, without the examples; None where that is not plain enough to be trusted."""
    parts: dict[str, list[str]] = {}
    key = ""
    for line in text.splitlines():
        if line[:1] not in (" ", "", "#", "-"):
            found = _LINE.match(line)
            if not found or found[1] not in _KEYS or found[1] in parts:
                return None
            key = found[1]
            parts[key] = [found[2] or ""]
        elif key and key not in _EXAMPLES:
            parts[key].append(line.strip())
    head = {key: " ".join(lines).strip() for key, lines in parts.items()}
    if any(not _PLAIN.match(head.get(name, "")) for name in ("id", "title", "severity", "gate", "each")):
        return None
    if (head.get("seed") and not _PLAIN.match(head["seed"])) or (
        head.get("aliases") and not _FLOW.match(head["aliases"])
    ):
        return None
    if "must" not in head or "message" not in head:
        return None
    return {name: head.get(name, "").strip('"') for name in (*_TEXTS, "seed", "aliases", "where", "must")}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip(" \"'") for part in text.strip("[] ").split(",") if part.strip())


def _types_in(where: str) -> tuple[str, ...]:
    """The types that `where` demands besides whatever else; then the engine looks at no others."""
    found = _TYPE.match(where) or (None if _COMBINED.search(where) else _TYPE.search(where))
    return tuple(_NAME.findall(found[1])) if found else ()


@cache
def read_once(path: Path) -> Rule:
    return read(path)


def _where_of(path: Path) -> Where:
    where = read_once(path).where
    assert where is not None
    return where


def _read(node: Node, origin: str) -> Rule:
    _check_keys(node)
    kind = _kind(node["each"])
    must = read_condition(node["must"], kind)
    where = read_condition(node["where"], kind) if "where" in node else None
    try:
        return build(
            id=_text(node["id"]), title=_text(node["title"]).rstrip("."),
            severity=_text(node["severity"]), gate=_text(node["gate"]), seed=_text(node["seed"]),
            aliases=tuple(_list_of_texts(node["aliases"])), subject=kind, origin=origin, document=_page(node, kind),
            check=_check(must, _text(node["message"]), _text(node["fix"]), joins(node["must"].plain)),
            where=where and _where(where, joins(node["where"].plain)), types=_types(node["where"]["it.type"]),
        )  # fmt: skip
    except ValueError as error:
        raise Malformed(node, str(error)) from None


def _types(node: Node) -> frozenset[str]:
    """The types that a plain `it.type: [a, b]` chooses: the engine then looks at no others."""
    texts = [item.value for item in (node if node.is_list else [node])]
    return frozenset(texts) if all(isinstance(text, str) for text in texts) else frozenset()


def _check_keys(node: Node) -> None:
    if not node.is_mapping:
        raise Malformed(node, "expected a mapping that starts with 'id:'")
    for key, value in node.items():
        if key not in _KEYS:
            hint = meant(key, _KEYS, f"a rule has {', '.join(_KEYS)}", shown=repr)
            raise Malformed(Node(key, value.source, value.key or value.span), f"unknown key {key!r}: {hint}")
    for key in (*_TEXTS, "must"):
        if not node[key].present:
            raise Malformed(node, f"no '{key}': a rule needs {', '.join(_TEXTS)} and must")


def _text(node: Node) -> str:
    if node.is_mapping or node.is_list:
        raise Malformed(node, "expected text")
    return node.text.strip()


def _list_of_texts(node: Node) -> Iterator[str]:
    if node.present and not node.is_list:
        raise Malformed(node, "expected a list: [CKV_AWS_16, AWS-0080]")
    for item in node:
        yield _text(item)


_BUILT_IN = regex(r"([a-z][a-z0-9_]*)\.([A-Z]\w*)\Z")
_OF_PLUGIN = regex(r"([A-Za-z_][\w.]*):([A-Z]\w*)\Z")


def _kind(node: Node) -> type[Subject]:
    """The type of subject that `each` names. Imports our own models only; a plugin's must be loaded already."""
    name = _text(node)
    if built_in := _BUILT_IN.match(name):
        from importlib import import_module
        from importlib.util import find_spec

        if find_spec(f"gatekeeper.models.{built_in[1]}"):
            import_module(f"gatekeeper.models.{built_in[1]}")
        if found := Subject.registry.get(name):
            return found
    elif of_plugin := _OF_PLUGIN.match(name):
        kind = getattr(sys.modules.get(of_plugin[1]), of_plugin[2], None)
        if isinstance(kind, type) and issubclass(kind, Subject):
            return kind
        raise Malformed(node, f"{name!r} is not loaded: name its plugin with --plugin or in your own configuration")
    known = ", ".join(sorted(Subject.registry))
    raise Malformed(node, f"{name!r} is no subject: expected technology.Class; known here are {known}")


# judging


def _where(test: Test, joining: bool) -> Where:
    def where(subject: Subject, project: Project | None = None) -> bool:
        result = test(subject.node, Context(subject, project))
        if result.truth is None:
            raise Unresolved(result.at[0], result.at[0].expression or Expression(_path(result.at[0]), "is not written"))
        return result.truth

    made: Where = _with_project(where, joining)
    return made


def _with_project(function: Any, joining: bool) -> Any:
    """A function that must have the project where its condition joins, and does without where it does not."""
    return (lambda subject, project: function(subject, project)) if joining else lambda subject: function(subject)


def _check(test: Test, message: str, fix: str, joining: bool) -> Any:
    remedy = Fix(fix) if fix else None

    def check(subject: Subject, project: Project | None = None) -> Iterator[Answer]:
        result = test(subject.node, Context(subject, project))
        if result.truth is None:
            yield _unknown(subject, result)
        elif not result.truth:
            for spot in _spots(subject, result):
                yield Finding(spot, message, fix=remedy)

    return _with_project(check, joining)


def _unknown(subject: Subject, result: Result) -> Unknown:
    node = result.at[0]
    if node.expression:
        return Unknown(node, f"{node.expression.text} {node.expression.reason}")
    words = f"{_path(node)} is not written here, and nobody can tell what that means"
    return Unknown(_spots(subject, result)[0], words, Reason.NO_EVIDENCE)


def _path(node: Node) -> str:
    return node.path if isinstance(node, Missing) else "a value"


def _spots(subject: Subject, result: Result) -> list[Spot]:
    """Where to underline, each place once: the subject itself when what is missing is missing from its body."""
    spots: dict[tuple[str, Any], Spot] = {}
    for node in result.at:
        own = not node.present and node.mark == subject.node.mark
        spots.setdefault((node.source.path, subject.span if own else node.mark), subject if own else node)
    return list(spots.values()) or [subject]


# the page


def _page(node: Node, kind: type[Subject]) -> str:
    """The rule as a docstring that `rule.read_examples` understands: title, why, examples."""
    title = _text(node["title"]).rstrip(".")
    parts = [f"{title}.", _text(node["why"])]
    for verdict in _EXAMPLES:
        for case, files in _examples(node[verdict], kind.example_path):
            heading = verdict.capitalize()
            parts.append(_heading(heading, case) + "\n" + "\n".join(_fence(path, text) for path, text in files))
    return "\n\n".join(parts) + "\n"


def _heading(word: str, case: str) -> str:
    named, _, expected = case.partition("#")
    if "\n" in case or ":" in named:
        raise ValueError(f"the case {case!r} is a heading: one line without ':'")
    words = f"{word}, {named.strip()}:" if named.strip() else f"{word}:"
    return f"{words} # {expected.strip()}" if expected else words


def _examples(node: Node, default_path: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    if not node.present:
        return
    if isinstance(node.value, str):
        yield "", [(default_path, node.value)]
        return
    if not node.is_list:
        raise Malformed(node, "expected one text, or a list of {case, text} or {case, files: {path: text}}")
    for each in node:
        if each["files"].is_mapping and len(each["files"]):
            files = [(path, _example_text(text)) for path, text in each["files"].items()]
        else:
            files = [(default_path, _example_text(each["text"]))]
        yield _text(each["case"]), files


def _example_text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise Malformed(node, "expected {case, text} or {case, files: {path: text}}, with the text below '|'")
    return node.value


_LANGUAGES = {".tf": "hcl", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".md": "markdown"}


def _fence(path: str, text: str) -> str:
    if re.search(r"\s", path):
        raise ValueError(f"the example path {path!r} holds a blank: a fence cannot name it")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    language = _LANGUAGES.get(Path(path).suffix, "text")
    return f"{ticks}{language} {path}\n{text.rstrip(chr(10))}\n{ticks}"
