"""Ansible: plays and tasks, variables, inventories, and what is taken from Galaxy.

What Jinja puts in is known only when a play runs: such a value is an `Expression`, and never a fault.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from gatekeeper.discover import Tree, is_test_data
from gatekeeper.models import Subject
from gatekeeper.models.ansible import layout
from gatekeeper.models.ansible.layout import Home, roles_in
from gatekeeper.models.ansible.settings import (
    VAULT,
    Config,
    Inventory,
    Requirement,
    Variables,
    Vault,
    config,
    inventory,
    is_inventory,
    is_requirements,
    of_galaxy,
    requirements,
)
from gatekeeper.models.ansible.tasks import COMMANDS, FILLED_IN, Play, Task, Written, role_name, tasks_of
from gatekeeper.models.ansible.values import filled, names_in, names_of, templated, truth
from gatekeeper.node import START, Fault, Node, Source
from gatekeeper.parsers import yaml

__all__ = [
    "COMMANDS",
    "FILLED_IN",
    "Config",
    "Inventory",
    "Play",
    "Requirement",
    "Task",
    "Variables",
    "Vault",
    "Written",
    "filled",
    "names_in",
    "names_of",
    "read",
    "role_name",
    "roles_in",
    "templated",
    "truth",
]

_ENDINGS = (".yml", ".yaml", ".json")


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """What a file holds of Ansible; nothing for any other file."""
    home = layout.home_of(source.path, tree)
    if home and not home.part:
        return
    text = source.text
    if text.startswith(VAULT):
        yield Vault(Node(None, source, START))
    elif home and home.part == "config":
        yield config(source)
    elif home and home.part == "inventory" and not source.path.endswith(_ENDINGS):
        found = inventory(source)
        if found:
            yield found
    else:
        yield from _documents(source, home, tree)


def _documents(source: Source, home: Home | None, tree: Tree) -> Iterator[Subject | Fault]:
    documents = source.once(yaml.parse)
    for document in documents.nodes:
        yield from _document(document, home, tree)
    if home and home.part not in ("inventory", "requirements"):
        yield from (fault._replace(technology="ansible") for fault in documents.faults)


def _document(document: Node, home: Home | None, tree: Tree) -> Iterator[Subject | Fault]:
    part = home.part if home else ""
    if part in ("tasks", "handlers") and home:
        yield from _tasks(document, home)
    elif part in ("defaults", "vars", "group_vars"):
        if document.is_mapping:
            yield Variables(document, part)
    elif part == "meta":
        if posixpath.basename(document.source.path).startswith("main.") and document["dependencies"].is_list:
            yield from requirements(document["dependencies"])
    elif part == "galaxy":
        if document["namespace"].present and document["name"].present:
            yield from of_galaxy(document)
    elif part == "requirements" and is_requirements(document):
        yield from requirements(document)
    elif part in ("inventory", "") and is_inventory(document) and _ansible_speaks(document):
        yield Inventory(document)
    elif document.is_list and any(layout.is_play(item) for item in document):
        yield from _plays(document, tree)
    elif layout.is_list_of_tasks(document):
        yield from _with_objects(tasks_of(document, None))


def _tasks(document: Node, home: Home) -> Iterator[Subject]:
    if document.is_list:
        yield from _with_objects(tasks_of(document, None, handler=home.part == "handlers", role=home.role))


_APPLY = frozenset({"k8s", "community.kubernetes.k8s", "community.okd.k8s"})


def _with_objects(tasks: Iterable[Task]) -> Iterator[Subject]:
    """The tasks, and the objects of Kubernetes that are written out in them."""
    for task in tasks:
        yield task
        if task.module not in _APPLY or not task.called.is_mapping or task.called["state"]._value == "absent":
            continue
        names = ("definition", "resource_definition", "inline")
        said = next((task.called[name] for name in names if task.called[name].present), task.called["definition"])
        objects = [each for each in (said._value if said.is_list else [said]) if each.is_mapping]
        if objects:
            from gatekeeper.models.kubernetes import of_nodes  # read already, like every file of YAML

            yield from of_nodes(objects, "")


def _ansible_speaks(document: Node) -> bool:
    """`all`, or a variable of Ansible's own: other programs have groups with hosts too."""
    text = document.source.text
    return "all" in document or "ansible_" in text or "inventor" in document.source.path


def _plays(document: Node, tree: Tree) -> Iterator[Subject]:
    for item in document:
        if not layout.is_play(item):
            continue
        play = Play(item)
        yield play
        yield from _with_objects(play.tasks)
        yield from play.handlers
        yield from _variables_of(play, tree)


def _variables_of(play: Play, tree: Tree) -> Iterator[Variables]:
    """The files of variables that a play names and whose place says nothing of what they are."""
    folder = posixpath.dirname(play.path)
    listed = play.node["vars_files"]
    for entry in listed if listed.is_list else [listed]:
        for each in entry if entry.is_list else (entry,):
            if not isinstance(each._value, str) or templated(each._value) or each._value.startswith("/"):
                continue
            path = posixpath.normpath(posixpath.join(folder, each._value))
            taken = tree.once(_taken)
            if path in tree and path not in taken and not is_test_data(path) and not _known(path, tree):
                taken.add(path)
                for document in tree.source(path).once(yaml.parse).nodes:
                    if document.is_mapping:
                        yield Variables(document, "vars_files")


def _known(path: str, tree: Tree) -> bool:
    """Whether the file is read as variables by itself."""
    home = layout.home_of(path, tree)
    return home is not None and home.part in ("", "vars", "defaults", "group_vars")


def _taken(tree: Tree) -> set[str]:
    return set()
