"""Plays and the tasks in them. A task knows its module by any of its names, and what its blocks and play hand down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from gatekeeper.models import Subject
from gatekeeper.models.ansible.layout import TASK_KEYS
from gatekeeper.models.ansible.values import LONGEST, filled, pairs, scalar, templated, truth
from gatekeeper.models.shell import Script, parse
from gatekeeper.node import Node, Span, regex

# Collections whose modules are called by their short names here: `ansible.builtin.apt` is `apt`.
_KNOWN = frozenset(
    """
    ansible.builtin ansible.legacy ansible.posix ansible.windows amazon.aws community.aws community.crypto
    community.docker community.general community.mongodb community.mysql community.postgresql community.rabbitmq
    community.windows community.zabbix containers.podman kubernetes.core
    """.split()
)
COMMANDS = frozenset({"command", "shell", "raw", "script", "win_command", "win_shell"})
_ONE_TEXT = COMMANDS | {
    "include_tasks", "import_tasks", "include_vars", "import_playbook", "include", "meta",
}  # fmt: skip
_OF_COMMANDS = frozenset({"creates", "removes", "chdir", "executable", "warn", "stdin", "strip_empty_ends"})
_JINJA = regex(r"\{\{.{0,800}?\}\}", re.DOTALL)
_DEPTH = 20  # of blocks within blocks

FILLED_IN = "JINJA_"  # stands in a script where a value is put in


class Written(Subject):
    """What variables or arguments are written in: a file of variables, an inventory, a play, a task."""

    technology = "ansible"
    example_path = "playbook.yml"

    @property
    def written(self) -> tuple[Node, ...]:
        """The mappings whose keys name what is written."""
        return (self.node,)

    def texts(self) -> Iterator[tuple[str, Node]]:
        """Every text, below the name that it is given. What Vault encrypted and what Jinja makes is none."""
        for top in self.written:
            waiting = [("", top)]
            while waiting:
                name, node = waiting.pop()
                value = node._value
                if isinstance(value, dict):
                    waiting += [(key, child) for key, child in value.items()]
                elif isinstance(value, list):  # a list below `passwd` says where to look, one below `passwords` what
                    inner = name if name.endswith("s") else ""
                    waiting += [(inner, child) for child in value]
                elif isinstance(value, str) and not node.tag:
                    yield name, node


class Play(Written):
    """A play: which hosts it is for, and what runs there."""

    @property
    def name(self) -> str:
        return _title(self.node) or f"hosts {_words(self.node['hosts'])}".strip()

    @property
    def span(self) -> Span:
        first = self.node["name"] if self.node["name"].present else self.node["hosts"]
        return first.span if first.present else self.node.span

    @property
    def written(self) -> tuple[Node, ...]:
        return (self.node["vars"], self.node["environment"], self.node["module_defaults"])

    @property
    def imports(self) -> Node:
        """The playbook that this entry takes in instead of being a play."""
        found = self.node["ansible.builtin.import_playbook"]
        return found if found.present else self.node["import_playbook"]

    @cached_property
    def tasks(self) -> list[Task]:
        """All of its own tasks, in the order in which they run; no handlers."""
        return [task for part in ("pre_tasks", "tasks", "post_tasks") for task in tasks_of(self.node[part], self)]

    @cached_property
    def handlers(self) -> list[Task]:
        return list(tasks_of(self.node["handlers"], self, handler=True))

    @cached_property
    def roles(self) -> list[Node]:
        """The names of its roles, as they stand in `roles`."""
        listed = self.node["roles"]
        return [role_name(each) for each in listed] if listed.is_list else []

    @property
    def local(self) -> bool:
        """It runs on the machine that Ansible is started on."""
        return _words(self.node["hosts"]).strip() in ("localhost", "127.0.0.1") or self.node["connection"] == "local"


def role_name(entry: Node) -> Node:
    """The name of a role in a list of roles or dependencies, which may be a text or a mapping."""
    if entry.is_mapping:
        entry = next((entry[key] for key in ("role", "name", "src") if entry[key].present), entry["role"])
    return filled(entry)


class Task(Written):
    """A task, or a handler. `module` is the short name where the collection is well known, else the whole one."""

    def __init__(
        self, node: Node, above: tuple[Node, ...], play: Play | None, *, handler: bool, role: str | None
    ) -> None:
        super().__init__(node)
        self.above = above
        self.play = play
        self.handler = handler
        self.role = role
        self.rescued = False

    @property
    def name(self) -> str:
        return _title(self.node) or self.module or "task"

    @property
    def span(self) -> Span:
        if self.node["name"].present:
            return self.node["name"].span
        return self.called.key or self.node.span

    @cached_property
    def _module(self) -> tuple[str, Node]:
        for word in ("action", "local_action"):
            said = self.node[word]
            if said.is_mapping:
                return _short(_words(said["module"])), said
            if said.present:
                return _short(_words(said).partition(" ")[0]), said
        for key, value in self.node.items():
            if key not in TASK_KEYS and not key.startswith("with_"):
                return _short(key), value
        return "", self.node

    @property
    def module(self) -> str:
        return self._module[0]

    @property
    def called(self) -> Node:
        """What stands behind the module's name, as written."""
        return self._module[1]

    @property
    def local(self) -> bool:
        """It runs on the machine that Ansible is started on."""
        told = _words(self.node["delegate_to"])
        if told in ("localhost", "127.0.0.1") or self.node["local_action"].present:
            return True
        return not told and self.play is not None and self.play.local

    @cached_property
    def _arguments(self) -> tuple[dict[str, Node], str]:
        given: dict[str, Node] = {}
        text = ""
        called = self.called
        if isinstance(called._value, dict):
            given |= called._value
            for name in ("cmd", "_raw_params"):
                text = text or (_raw(called[name]) if self.module in COMMANDS else "")
            argv = called["argv"]
            if not text and argv.is_list:
                text = " ".join(map(_quoted, argv))
        elif isinstance(called._value, str):
            text = called._value
            if self.node["action"].present or self.node["local_action"].present:
                text = text.partition(" ")[2]
            split = pairs(text, _OF_COMMANDS if self.module in COMMANDS else None)
            given |= {key: scalar(value, called) for key, value in split.values.items()}
            text = split.rest
        more = self.node["args"]
        return {**given, **(more._value if more.is_mapping else {})}, text

    @cached_property
    def args(self) -> Node:
        """The arguments by name; what Jinja makes is an `Expression`."""
        values, _ = self._arguments
        if not self.node["args"].known or (isinstance(self.node["args"]._value, str)):
            return filled(self.node["args"])
        called = self.called
        if isinstance(called._value, str) and not values and templated(called._value) and self.module not in _ONE_TEXT:
            return filled(called)  # all of its arguments come from one variable
        return filled(Node(values, called.source, called.span, called.key))

    @property
    def free(self) -> str:
        """The text of a module that takes one: the command line, the file to include."""
        return self._arguments[1].strip()

    @cached_property
    def script(self) -> Script | None:
        """What `command` and `shell` run, with a word in place of each value put in; None where Jinja decides what."""
        text = self.free
        if self.module not in ("command", "shell") or not text or "{%" in text or len(text) > LONGEST:
            return None
        return parse(_JINJA.sub(FILLED_IN, text))

    @property
    def written(self) -> tuple[Node, ...]:
        arguments, _ = self._arguments
        called = self.called
        return (Node(arguments, called.source, called.span), self.node["vars"], self.node["environment"])

    def keyword(self, name: str) -> Node:
        """A keyword as the task has it: its own, else that of the blocks around it, else of the play."""
        for each in (self.node, *self.above):
            if each[name].present:
                return filled(each[name])
        return self.node[name]

    def on(self, name: str) -> bool:
        """Whether a keyword is set to yes. Raises `Unresolved`."""
        return truth(self.keyword(name)) is True

    @property
    def loops(self) -> bool:
        return "loop" in self.node or any(key.startswith("with_") for key, _ in self.node.items())

    @cached_property
    def notifies(self) -> list[Node]:
        said = self.node["notify"]
        return [filled(each) for each in said] if said.is_list else [filled(said)] if said.present else []

    @cached_property
    def answers_to(self) -> list[Node]:
        """The names that notify it, when it is a handler."""
        listened = self.node["listen"]
        names = list(listened) if listened.is_list else [listened]
        return [filled(each) for each in (self.node["name"], *names) if each.present]


def tasks_of(listed: Node, play: Play | None, *, handler: bool = False, role: str | None = None) -> Iterator[Task]:
    """The tasks of a list, those of its blocks with them."""
    above = (play.node,) if play else ()
    waiting = [(each, above, False) for each in reversed(list(listed) if listed.is_list else [])]
    while waiting:
        node, outer, rescued = waiting.pop()
        if not node.is_mapping:
            continue
        if "block" not in node:
            task = Task(node, outer, play, handler=handler, role=role)
            task.rescued = rescued
            yield task
            continue
        if len(outer) > _DEPTH:
            continue
        inner = (node, *outer)
        held = rescued or node["rescue"].present
        parts = [(each, held if part == "block" else rescued) for part in ("block", "rescue", "always")
                 for each in (node[part] if node[part].is_list else ())]  # fmt: skip
        waiting += [(each, inner, kept) for each, kept in reversed(parts)]


def _short(name: str) -> str:
    collection, _, last = name.strip().rpartition(".")
    return last if collection in _KNOWN else name.strip()


def _raw(node: Node) -> str:
    return node._value if isinstance(node._value, str) else ""


def _words(node: Node) -> str:
    """The text of a node as written, also with Jinja in it; '' for anything else."""
    value = node._value
    if isinstance(value, list):
        return ",".join(map(_words, value))
    return value if isinstance(value, str) else ""


def _quoted(node: Node) -> str:
    word = _words(node) or (node.text if node.known else FILLED_IN)
    return f"'{word}'" if any(c.isspace() for c in word) and "'" not in word else word


def _title(node: Node) -> str:
    return " ".join(_words(node["name"]).split())
