"""Files beside the playbooks: inventories, ansible.cfg, what is taken from Galaxy, what Vault encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.ansible.tasks import Written
from gatekeeper.models.ansible.values import filled
from gatekeeper.node import START, Node, Source, Span, regex

VAULT = "$ANSIBLE_VAULT;"
_HEAD = regex(r"^[ \t]{0,8}\[[\w.:-]{1,100}\]", re.MULTILINE)
_HOST = regex(r"[ \t]{0,8}[\w.:\[\]-]{1,200}(?:[ \t]{1,20}[A-Za-z_]\w{0,80}=\S{1,400}){0,40}[ \t]*(?:#|\Z)")
_SECTION = regex(r"[ \t]{0,8}\[([^\[\]\n]{1,200})\]")
_SETTING = regex(r"([\w.-]{1,100})([ \t]{0,20}[=:][ \t]{0,20})(.*)\Z")
_WORD = regex(r"([A-Za-z_]\w{0,80})=('[^'\n]{0,400}'|\"[^\"\n]{0,400}\"|[^\s#]{0,400})")


class Variables(Written):
    """A file of variables: of a role, of groups and hosts, of a play."""

    example_path = "group_vars/all.yml"

    def __init__(self, node: Node, part: str) -> None:
        super().__init__(node)
        self.part = part

    @property
    def defaults(self) -> bool:
        """They are what a role assumes, and meant to be set by whoever uses it."""
        return self.part == "defaults"

    @property
    def span(self) -> Span:
        return START


class Inventory(Written):
    """An inventory: the hosts, and variables of theirs."""

    example_path = "inventory.ini"

    @property
    def span(self) -> Span:
        return START


class Vault(Subject):
    """A file that Vault encrypted. Nothing in it is read."""

    technology = "ansible"
    example_path = "group_vars/all/vault.yml"


class Config(Written):
    """An ansible.cfg: `node` holds its sections, each with its settings as texts."""

    example_path = "ansible.cfg"

    @property
    def span(self) -> Span:
        return START


class Requirement(Subject):
    """A role or collection that is taken from elsewhere: in requirements.yml, galaxy.yml, a role's dependencies."""

    technology = "ansible"
    example_path = "requirements.yml"

    def __init__(self, node: Node, kind: str, called: Node, version: Node, source: Node) -> None:
        super().__init__(node)
        self.kind = kind
        self.called = called
        self.version = version
        self.source = source

    @property
    def name(self) -> str:
        return str(self.called._value) if isinstance(self.called._value, str) else self.kind

    @property
    def span(self) -> Span:
        return self.called.span

    @property
    def git(self) -> bool:
        said = (self.called, self.source, self.node["type"], self.node["scm"])
        words = [each._value for each in said if isinstance(each._value, str)]
        return any(
            word == "git" or word.startswith(("git+", "git@", "git://", "ssh://")) or word.endswith(".git")
            or "://github.com/" in word or "://gitlab.com/" in word
            for word in words
        )  # fmt: skip


def requirements(document: Node) -> Iterator[Requirement]:
    """The entries of a requirements.yml, in either of its forms."""
    if document.is_list:
        yield from _roles(document)
        return
    yield from _roles(document["roles"])
    listed = document["collections"]
    for entry in listed if listed.is_list else ():
        if entry.is_mapping:
            yield Requirement(entry, "collection", filled(entry["name"]), filled(entry["version"]), entry["source"])
        elif isinstance(entry._value, str):
            name, colon, _ = entry._value.partition(":")
            version = (
                Node(entry._value[len(name) + 1 :], entry.source, entry.span)
                if colon and "//" not in entry._value
                else entry["version"]
            )
            yield Requirement(entry, "collection", entry, version, entry["source"])


def _roles(listed: Node) -> Iterator[Requirement]:
    for entry in listed if listed.is_list else ():
        if entry.is_mapping and (entry["src"].present or entry["name"].present or entry["role"].present):
            called = next(entry[key] for key in ("src", "name", "role") if entry[key].present)
            yield Requirement(entry, "role", filled(called), filled(entry["version"]), filled(entry["src"]))
        elif isinstance(entry._value, str):
            parts = entry._value.split(",")
            version = Node(parts[1].strip(), entry.source, entry.span) if len(parts) > 1 else entry["version"]
            yield Requirement(entry, "role", entry, version, entry["src"])


def is_requirements(document: Node) -> bool:
    if document.is_mapping:
        return any(document[part].is_list for part in ("roles", "collections"))
    return document.is_list and all(
        entry.is_mapping and (entry["src"].present or entry["role"].present or entry["name"].present)
        for entry in document
    )


def of_galaxy(document: Node) -> Iterator[Requirement]:
    """What a collection depends on: galaxy.yml has a mapping of names and versions."""
    needed = document["dependencies"]
    for name, version in needed.items() if needed.is_mapping else ():
        called = Node(name, version.source, version.key or version.span)
        yield Requirement(version, "collection", called, filled(version), version["source"])


class _Line(NamedTuple):
    section: str
    text: str
    number: int


def _lines(source: Source) -> Iterator[_Line]:
    section = ""
    for number, line in enumerate(source.lines, 1):
        head = _SECTION.match(line)
        if head:
            section = head[1].strip()
        elif line.strip() and line.lstrip()[0] not in "#;":
            yield _Line(section, line, number)


def config(source: Source) -> Config:
    """An ansible.cfg. A setting that is written twice is the later one."""
    sections: dict[str, Node] = {}
    for section, text, number in _lines(source):
        found = _SETTING.match(text.strip())
        if not found:
            continue
        start = len(text) - len(text.lstrip()) + 1
        value = found[3].partition(" #")[0].partition(" ;")[0].rstrip()
        at = start + len(found[1]) + len(found[2])
        node = Node(
            value, source, Span(number, at, number, at + len(value)), Span(number, start, number, start + len(found[1]))
        )
        inner = sections.setdefault(section, Node({}, source, node.span))
        inner._value[found[1]] = node
    return Config(Node(sections, source, START))


def inventory(source: Source) -> Inventory | None:
    """An inventory in the INI form; None when the file is something else."""
    if not _is_inventory(source):
        return None
    listed: list[Node] = []
    for section, text, number in _lines(source):
        names: dict[str, Node] = {}
        if section.endswith(":vars"):
            found = _SETTING.match(text.strip())
            if found and "=" in found[2]:
                start = text.index(found[1]) + 1 + len(found[1]) + len(found[2])
                names[found[1]] = _ini(found[3].strip(), source, number, start)
        else:
            for each in _WORD.finditer(text):
                names[each[1]] = _ini(each[2], source, number, each.start(2) + 1)
        if names:
            listed.append(Node(names, source, source.line_span(number)))
    return Inventory(Node(listed, source, START))


def _is_inventory(source: Source) -> bool:
    """Whether it speaks of Ansible, or holds groups of hosts and nothing else: many files have sections."""
    text = source.text
    if text.startswith(("#!", "{", "plugin:")) or not _HEAD.search(text):
        return text.startswith("ansible_") or (" ansible_" in text and not text.startswith("#!"))
    if "ansible_" in text or ":children]" in text or ":vars]" in text:
        return True
    return all(_HOST.match(line.text) for line in _lines(source))


def _ini(value: str, source: Source, line: int, column: int) -> Node:
    span = Span(line, column, line, column + len(value))
    if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]:
        value = value[1:-1]
    return Node(value, source, span)


def is_inventory(document: Node) -> bool:
    """Whether a mapping is an inventory in YAML: groups that have hosts, children or variables."""
    if not document.is_mapping or not len(document):
        return False
    groups = [group for _, group in document.items()]
    parts = frozenset({"hosts", "children", "vars"})
    shaped = [group for group in groups if group.is_mapping and any(key in parts for key, _ in group.items())]
    return bool(shaped) and all(
        not group.present or (group.is_mapping and all(key in parts for key, _ in group.items())) for group in groups
    )
