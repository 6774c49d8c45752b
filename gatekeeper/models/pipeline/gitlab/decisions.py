"""Whether a job is part of a pipeline, and how it then runs: its `rules`, or its `only` and `except`.

Source: "CI/CD YAML syntax reference" of GitLab's documentation (`rules`, `only`, `when`, `allow_failure`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gatekeeper.discover import Tree as Files
from gatekeeper.globs import covers
from gatekeeper.models.pipeline.gitlab import conditions, variables
from gatekeeper.models.pipeline.gitlab.conditions import UNKNOWN, Tree, Value
from gatekeeper.models.pipeline.gitlab.merging import flat, texts
from gatekeeper.models.pipeline.ir import Trigger, Workspace, text_of
from gatekeeper.node import Node

STUB = "\0stub"  # the tag of rules that stand in the table of GitLab's own templates; no file can write it
_NO_CHANGES = frozenset({"tag", "schedule", "dispatch", "other"})  # without a push, `changes` always holds
_GLOBS = 200  # patterns of one `exists`
_FOLLOWED = 5  # variables that stand for one another; `A: $A` is one of the project's settings
_REFS = {
    "branches": frozenset({"push-default", "push-release", "push-other", "schedule", "dispatch", "other"}),
    "tags": frozenset({"tag"}), "merge_requests": frozenset({"pr"}),
}  # fmt: skip
# What `only` and `except` call the ways in which pipelines start, by what CI_PIPELINE_SOURCE calls them
SOURCES = {
    "pushes": "push", "push": "push", "schedules": "schedule", "schedule": "schedule", "web": "web", "webs": "web",
    "api": "api", "apis": "api", "triggers": "trigger", "trigger": "trigger", "pipelines": "pipeline",
    "pipeline": "pipeline", "chat": "chat", "chats": "chat", "external": "external", "webide": "webide",
}  # fmt: skip
_DEFAULT = ("branches", "tags")


class Outcome(NamedTuple):
    """One way in which a job may take part: `when`, and whether its failure is allowed (yes, no, unknown; why)."""

    when: str  # on_success | on_failure | always | manual | delayed | never | unknown
    soft: str = "no"
    why: str = ""
    at: Node | None = None  # the rule that decides

    @property
    def there(self) -> bool:
        return self.when != "never"


class Context(NamedTuple):
    """What conditions are answered from, for one way in which the pipeline starts."""

    trigger: Trigger
    default: str
    child: bool
    written: Mapping[str, Node]  # the variables of the file that the condition sees
    workspace: Workspace
    has_workflow_rules: bool
    own: frozenset[str]  # what conditions call this repository itself

    def value(self, name: str, depth: int = 0) -> Value:
        if name in self.written:
            return self._written(self.written[name], depth)
        if variables.is_predefined(name):
            return variables.predefined(name, self.trigger, self.default, self.child)
        return UNKNOWN

    def _written(self, node: Node, depth: int) -> Value:
        """A variable of the file; whoever starts a pipeline by hand or by schedule may give it another value."""
        declared = node["value"] if node.is_mapping else node
        if self.trigger.ref in ("dispatch", "schedule", "other") or not declared.known:
            return UNKNOWN
        text = declared.text
        if "$" not in text:
            return text
        name = text.strip("${}")
        return self.value(name, depth + 1) if name.isidentifier() and depth < _FOLLOWED else UNKNOWN

    def stub_value(self, name: str) -> Value:
        """For rules of GitLab's templates: what nobody sets is not set."""
        return self.value(name) if name in self.written or variables.is_predefined(name) else None


def outcomes(job: Node, context: Context) -> tuple[Outcome, ...]:
    """Every way in which a job may take part in the pipelines of a trigger: one when the files settle it."""
    if job["rules"].present:
        return tuple(_ruled(job["rules"], _plain(job), context))
    return tuple(_by_only(job, context))


def let_in(rules: Node, context: Context) -> bool | None:
    """Whether the rules of a `workflow` let a pipeline start, or those of an `include` take its file in."""
    if not rules.present:
        return True
    found = {each.there for each in _ruled(rules, Outcome("always"), context)}
    return found.pop() if len(found) == 1 else None


def _plain(job: Node) -> Outcome:
    """How a job takes part where no rule says otherwise."""
    when = text_of(job["when"]) or "on_success"
    manual = ("yes", "when: manual without allow_failure: false")
    return Outcome(when, *_allowed(job["allow_failure"], manual if when == "manual" else ("no", "")), at=job["when"])


def _ruled(rules: Node, otherwise: Outcome, context: Context) -> Iterator[Outcome]:
    """The outcomes of a list of rules: of each that may be the first to hold."""
    if not rules.known:
        yield otherwise._replace(when="unknown")
        return
    stub = rules.tag == STUB
    for rule in flat(rules):
        holds = _holds(rule, context, stub) if rule.known else None
        if holds is False:
            continue
        yield _ruled_by(rule, otherwise)
        if holds:
            return
    yield Outcome("never", at=rules)


def _ruled_by(rule: Node, otherwise: Outcome) -> Outcome:
    if not rule.known or not rule["when"].known:
        return otherwise._replace(when="unknown", at=rule)
    when = text_of(rule["when"]) or otherwise.when
    soft = _allowed(rule["allow_failure"], (otherwise.soft, otherwise.why))
    return Outcome(when, *soft, at=rule)


def _holds(rule: Node, context: Context, stub: bool) -> bool | None:
    parts: list[bool | None] = []
    if rule["if"].present:
        parts.append(holds_text(rule["if"], context, stub))
    if rule["changes"].present:
        parts.append(True if context.trigger.ref in _NO_CHANGES else None)
    if rule["exists"].present:
        parts.append(exists(rule["exists"], context.workspace))
    return False if False in parts else None if None in parts else True


def holds_text(node: Node, context: Context, stub: bool = False) -> bool | None:
    """Whether a condition holds; None when that is not known."""
    tree = conditions.parse(text_of(node)) if node.known else None
    if tree is None:
        return None
    return conditions.truth(_own_repository(tree, context.own), context.stub_value if stub else context.value)


def _own_repository(tree: Tree, own: frozenset[str]) -> Tree:
    """`$CI_PROJECT_PATH == "group/name"` keeps copies out: in the repository itself it holds."""
    if tree[0] in ("&&", "||"):
        return (tree[0], *(_own_repository(part, own) for part in tree[1:]))
    if tree[0] in ("==", "!=") and tree[1][0] == "name" and tree[1][1] in variables.OWN and tree[2][1] in own:
        return ("word", tree[0] == "==")
    return tree


def exists(node: Node, workspace: Workspace) -> bool | None:
    """Whether any of the files that `exists` names is there."""
    if not node.known:
        return None
    listed = node["paths"] if node.is_mapping else node
    if node.is_mapping and node["project"].present:
        return None
    globs = texts(listed)[:_GLOBS]
    if any("$" in glob for glob in globs):
        return None
    found = workspace.tree.once(_found)
    return any(_any(glob.removeprefix("./").removeprefix("/"), workspace, found) for glob in globs)


def _found(tree: Files) -> dict[tuple[str, str], bool]:
    """Which globs are known to name a file, by the folder they start in."""
    return {}


def _names(tree: Files) -> frozenset[str]:
    """The names of all files, and their endings from each dot on: what most globs ask."""
    found: set[str] = set()
    for path in tree.paths:
        name = path.rpartition("/")[2]
        found.add(name)
        parts = name.split(".")
        found.update("." + ".".join(parts[at:]) for at in range(1, len(parts)))
    return frozenset(found)


def _any(glob: str, workspace: Workspace, found: dict[tuple[str, str], bool]) -> bool:
    root = workspace.root
    if not set("*?[{") & set(glob):
        return root + glob in workspace.tree
    plain = glob.removeprefix("**/").removeprefix("*" if glob.startswith("**/*.") else "")
    if not root and glob.startswith("**/") and not set("*?[{/") & set(plain):
        return plain in workspace.tree.once(_names)
    if (root, glob) not in found:
        paths = [path[len(root) :] for path in workspace.tree.paths if path.startswith(root)]
        found[root, glob] = any(covers(each, path) for each in _alternatives(glob) for path in paths)
    return found[root, glob]


def _alternatives(glob: str) -> list[str]:
    """`{a,b}/c` as `a/c` and `b/c`."""
    start, end = glob.find("{"), glob.find("}")
    if start < 0 or end < start:
        return [glob]
    return [glob[:start] + choice + glob[end + 1 :] for choice in glob[start + 1 : end].split(",")[:50]]


def _by_only(job: Node, context: Context) -> Iterator[Outcome]:
    here = _plain(job)
    only, excepted = job["only"], job["except"]
    if not (only.present or excepted.present) and context.has_workflow_rules:
        yield here
        return
    taken = _policy(only, context, all) if only.present else _refs(_DEFAULT, context)
    refused = _policy(excepted, context, any) if excepted.present else False
    if taken is False or refused is True:
        yield Outcome("never", at=only if only.present else excepted)
        return
    yield here
    if taken is None or refused is None:
        yield Outcome("never", at=only if only.present else excepted)


def _policy(node: Node, context: Context, together: object) -> bool | None:
    """`only` (every part must hold) or `except` (one is enough)."""
    if not node.known:
        return None
    if not node.is_mapping:
        return _refs(texts(node), context)
    parts: list[bool | None] = []
    if node["refs"].present:
        parts.append(_refs(texts(node["refs"]), context))
    if node["variables"].present:
        held = [holds_text(each, context) for each in flat(node["variables"])]
        parts.append(True if True in held else None if None in held else False)
    if node["changes"].present:
        parts.append(True if context.trigger.ref in _NO_CHANGES else None)
    if node["kubernetes"].present:
        parts.append(None)
    if together is all:
        return False if False in parts else None if None in parts else True
    return True if True in parts else None if None in parts else False


def _refs(names: tuple[str, ...] | list[str], context: Context) -> bool | None:
    found = [_ref(name, context) for name in names]
    return True if True in found else None if None in found else False


def _ref(name: str, context: Context) -> bool | None:
    trigger = context.trigger
    name = name if name.startswith("/") else name.partition("@")[0]
    if name == "external_pull_requests":
        return None
    if name in _REFS:
        return trigger.ref in _REFS[name]
    if name in SOURCES:
        return trigger.event == SOURCES[name] and not context.child
    if trigger.ref == "pr":
        return False
    tree: Tree = ("=~" if name.startswith("/") else "==", ("name", "x"), ("text", name))
    return conditions.truth(tree, lambda _: variables.sample(trigger))


def _allowed(node: Node, otherwise: tuple[str, str]) -> tuple[str, str]:
    """yes, no or unknown for an `allow_failure`, and why."""
    if not node.present:
        return otherwise
    if not node.known:
        return "unknown", "allow_failure is known only at run time"
    if node.is_mapping:
        codes = ", ".join(texts(node["exit_codes"])[:5])
        return "unknown", f"allow_failure for the exit codes {codes}"
    return ("yes", "allow_failure: true") if node.text == "true" else ("no", "")
