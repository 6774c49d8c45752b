"""What plays name and where it stands: roles, handlers, files of tasks and variables."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gatekeeper.models.ansible import Config, Play, Requirement, Task, roles_in, templated
from gatekeeper.node import Node
from gatekeeper.project import Project

_INCLUDES_ROLE = frozenset({"include_role", "import_role"})
_INCLUDES_TASKS = frozenset({"include_tasks", "import_tasks", "include"})


def roles_called(play: Play) -> Iterator[Node]:
    """The names of the roles that a play takes in, in `roles` and in its tasks."""
    yield from play.roles
    for task in (*play.tasks, *play.handlers):
        if task.module in _INCLUDES_ROLE:
            yield task.args["name"]


class Reach(NamedTuple):
    """The handlers that a play or role can notify: their names, and why there may be more ('' where not)."""

    names: frozenset[str]
    open: str = ""


def folders_of(name: str, project: Project) -> tuple[str, ...]:
    """The folders of the repository's roles of that name; a collection's role by its last word."""
    return project.tree.once(roles_in).get(name.rpartition(".")[2].rpartition("/")[2], ())


def handlers_of_role(folder: str, project: Project) -> Reach:
    """The handlers of a role and of all that it takes in."""
    return project.once(("ansible handlers of", folder), lambda project: _of_role(folder, project))


def _of_role(folder: str, project: Project) -> Reach:
    table = project.once("ansible role tasks", _by_role)
    seen: set[str] = set()
    waiting = [folder]
    names: set[str] = set()
    why = ""
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        for task in table.get(each, ()):
            if task.handler:
                names |= _names(task)
                why = why or _open(task)
            if task.module in _INCLUDES_ROLE:
                more, reason = _folders(task.args["name"], project)
                waiting += more
                why = why or reason
        for needed in project.once("ansible role dependencies", _dependencies).get(each, ()):
            more, reason = _folders(needed, project)
            waiting += more
            why = why or reason
    return Reach(frozenset(names), why)


def handlers_of_play(play: Play, project: Project) -> Reach:
    """Every handler that a task of the play can notify: its own, and those of its roles."""
    return project.once(("ansible handlers of", id(play)), lambda project: _of_play(play, project))


def _of_play(play: Play, project: Project) -> Reach:
    names: set[str] = set()
    why = ""
    for task in play.handlers:
        names |= _names(task)
        why = why or _open(task)
    for task in play.tasks:
        if task.module in _INCLUDES_TASKS:
            why = why or f"{task.name} includes tasks, which may include roles"
    for called in roles_called(play):
        folders, reason = _folders(called, project)
        why = why or reason
        for folder in folders:
            reach = handlers_of_role(folder, project)
            names |= reach.names
            why = why or reach.open
    return Reach(frozenset(names), why)


def all_handlers(project: Project) -> frozenset[str]:
    """The names of every handler of the repository."""

    def make(project: Project) -> frozenset[str]:
        return frozenset(name for task in project.all(Task) if task.handler for name in _names(task))

    return project.once("ansible handlers", make)


def written_with_jinja(project: Project) -> list[tuple[str, str]]:
    """The handlers whose name Jinja makes a part of: what stands before and behind it."""

    def make(project: Project) -> list[tuple[str, str]]:
        found = []
        for task in project.all(Task):
            for node in task.answers_to if task.handler else ():
                if node.expression:
                    text = node.expression.text
                    found.append((text.partition("{{")[0], text.rpartition("}}")[2]))
        return found

    return project.once("ansible handlers with jinja", make)


def _names(task: Task) -> set[str]:
    return {node.text for node in task.answers_to if node.known}


def _open(task: Task) -> str:
    """Why a handler may stand for others: it includes tasks or roles."""
    if task.module in _INCLUDES_TASKS | _INCLUDES_ROLE and not (
        task.node["name"].present and task.module == "include_tasks"
    ):
        return f"handlers are included by {task.name}"
    return ""


def _folders(called: Node, project: Project) -> tuple[list[str], str]:
    if called.expression or not called.present:
        return [], "a role is named only when the play runs"
    found = folders_of(called.text, project)
    return list(found), "" if found else f"the role {called.text} is not in this repository"


def _by_role(project: Project) -> dict[str, list[Task]]:
    table: dict[str, list[Task]] = {}
    for task in project.all(Task):
        if task.role is not None:
            table.setdefault(task.role, []).append(task)
    return table


def _dependencies(project: Project) -> dict[str, list[Node]]:
    table: dict[str, list[Node]] = {}
    for each in project.all(Requirement):
        folder, name = posixpath.split(each.path)
        if name.startswith("main.") and posixpath.basename(folder) == "meta":
            table.setdefault(posixpath.dirname(folder), []).append(each.called)
    return table


def plays_of_role(folder: str, project: Project) -> list[Play]:
    """The plays of the repository that take a role in, by `roles` or in their tasks."""
    return project.once("ansible plays of roles", _plays).get(folder, [])


def _plays(project: Project) -> dict[str, list[Play]]:
    table: dict[str, list[Play]] = {}
    for play in project.all(Play):
        for called in roles_called(play):
            for folder in _folders(called, project)[0]:
                table.setdefault(folder, []).append(play)
    return table


def required(project: Project) -> dict[str, list[Requirement]]:
    """What is taken from Galaxy or git, by every name that plays may call it."""

    def make(project: Project) -> dict[str, list[Requirement]]:
        table: dict[str, list[Requirement]] = {}
        for each in project.all(Requirement):
            for name in _called(each):
                table.setdefault(name, []).append(each)
        return table

    return project.once("ansible requirements", make)


def _called(each: Requirement) -> Iterator[str]:
    for node in (each.called, each.node["name"] if each.node.is_mapping else each.called):
        if node.known and isinstance(node.value, str):
            yield node.text
            yield posixpath.basename(node.text).removesuffix(".git").removesuffix(".tar.gz")


@lru_cache(maxsize=4096)
def _tail(path: str) -> str:
    steps = [step for step in path.split("/") if step not in ("", ".", "..")]
    return "/".join(steps)


def is_there(path: str, project: Project) -> bool | None:
    """Whether a file that a play names is in the repository, wherever below: Ansible looks in several folders.

    None where that cannot be told: Jinja makes the path, or it is that of a host.
    """
    if templated(path) or path.startswith(("/", "~")) or not path.strip():
        return None
    return _tail(path) in project.once("ansible tails", _Tails).all


class _Tails:
    """Every end of every path of the repository that is a file of YAML."""

    def __init__(self, project: Project) -> None:
        self.all: set[str] = set()
        for path in project.tree.paths:
            steps = path.split("/")
            self.all.update("/".join(steps[at:]) for at in range(max(len(steps) - 6, 0), len(steps)))
            if len(steps) > 6:
                self.all.add(path)


def configured(project: Project, setting: str) -> list[Node]:
    """A setting of every ansible.cfg of the repository."""
    return [each.node["defaults"][setting] for each in project.all(Config) if each.node["defaults"][setting].present]


__all__ = [
    "Reach",
    "all_handlers",
    "configured",
    "folders_of",
    "handlers_of_play",
    "handlers_of_role",
    "is_there",
    "plays_of_role",
    "required",
    "roles_called",
    "written_with_jinja",
]
