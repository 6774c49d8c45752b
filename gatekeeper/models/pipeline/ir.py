"""What a pipeline is, whatever tool runs it: jobs that need one another, steps, and the facts the steps establish.

A front end (`github.py`) builds these from a file; rules see only them. A fact is one thing a step does: its kind
(`test`, `deploy`, …), by what evidence, whether its failure stops the pipeline, and where that is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject
from gatekeeper.models.pipeline import environments, expressions
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.shell import Command, commands
from gatekeeper.node import Node, Source, Span

Values = tuple[str, ...] | None  # what a text may be; None: not known


class Trigger(NamedTuple):
    """One way a pipeline starts: the event, the class of the ref it runs for, and the ref where that is known.

    `ref` is one of pr, pr-target, push-default, push-release, push-other, tag, release, schedule, dispatch, call,
    workflow_run, other. `branch` stands for all that match a pattern when `pattern` is set.
    """

    event: str
    ref: str
    at: Node
    branch: str = ""
    pattern: str = ""

    @property
    def words(self) -> str:
        """How to name it in a sentence."""
        names = {
            "pr": "a pull request",
            "pr-target": "a pull request (pull_request_target)",
            "tag": "a tag",
            "release": "a release",
        }
        if self.event == "push" and self.ref != "tag":
            return f"a push to {self.pattern or self.branch}" if self.pattern != "*" else "a push to any branch"
        return names.get(self.ref, self.event)


class EnvRef(NamedTuple):
    """The environment a job names: as written, what that may be, and its class."""

    raw: str
    values: Values
    cls: Class
    url: str
    at: Node


class Fact(NamedTuple):
    """One thing a step does. `blocking`: does its failure stop the job (yes, no, unknown; `reason` when not yes)?"""

    kind: str
    tool: str
    strength: str  # strong | derived | name
    blocking: str
    reason: str
    target: str
    order: int
    place: Node
    step: Step


class Production(NamedTuple):
    """Why a job is held to deploy to production. Not `certain` when only a weak sign says so."""

    certain: bool
    why: str
    parametric: bool = False


class Script(NamedTuple):
    """One command of a step with its place and the folder it runs in (None: not known)."""

    command: Command
    place: Node
    folder: str | None
    number: int


class Workspace:
    """The repository as a job sees it after a checkout: paths below `root`."""

    def __init__(self, tree: Tree, root: str = "") -> None:
        self.tree = tree
        self.root = root

    def exists(self, path: str) -> bool:
        return self.tree.exists(self.root + path)

    def text(self, path: str) -> str:
        """The text of a file; '' when there is none or it cannot be read."""
        source = self.source(path)
        try:
            return source.text if source else ""
        except Unreadable:
            return ""

    def source(self, path: str) -> Source | None:
        clean = normal(self.root + path)
        return self.tree.source(clean) if clean in self.tree else None

    def executable(self, path: str) -> bool | None:
        return self.tree.executable(normal(self.root + path))


def normal(path: str) -> str:
    """A path without `.` and `..`; one that leaves the repository keeps its `..`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


class Pipeline(Subject):
    """One pipeline file, or a reusable one as its caller sees it (`caller` set, `inputs` bound)."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"
    platform = "github"

    def __init__(self, node: Node, workspace: Workspace, title: str, triggers: tuple[Trigger, ...]) -> None:
        super().__init__(node)
        self.workspace = workspace
        self.title = title
        self.triggers = triggers
        self.jobs: tuple[Job, ...] = ()
        self.caller: Job | None = None
        self.inputs: dict[str, Values] = {}
        self.booleans: frozenset[str] = frozenset()
        self.env: dict[str, Node] = {}
        self.shell = ""
        self.folder = ""
        self.default_branch = "main"

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def span(self) -> Span:
        return (self.node["name"] if self.node["name"].present else self.node["on"]).mark

    @cached_property
    def job(self) -> dict[str, Job]:
        return {job.id: job for job in self.jobs}

    @cached_property
    def all_jobs(self) -> tuple[Job, ...]:
        """The jobs, and behind each that calls a reusable pipeline that pipeline's jobs."""
        return tuple(inner for job in self.jobs for inner in (job, *(job.called.all_jobs if job.called else ())))

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for job in self.all_jobs for fact in job.facts)

    @property
    def entry(self) -> bool:
        """Whether something other than another pipeline starts it."""
        return self.caller is None and any(trigger.ref != "call" for trigger in self.triggers)

    @cached_property
    def deploys(self) -> tuple[Job, ...]:
        """Its jobs that certainly deploy something, wherever to."""
        return tuple(job for job in self.all_jobs if job.deploy)


class Job(Subject):
    """One job, with the edges of the graph it stands in."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"

    def __init__(self, node: Node, pipeline: Pipeline, id: str) -> None:
        super().__init__(node)
        self.pipeline = pipeline
        self.id = id
        self.needs: tuple[str, ...] = ()
        self.steps: tuple[Step, ...] = ()
        self.called: Pipeline | None = None
        self.unresolved = ""
        self.shell = ""
        self.folder = ""
        self.env: dict[str, Node] = {}

    @property
    def name(self) -> str:
        caller = self.pipeline.caller
        return f"{caller.name}/{self.id}" if caller else f"{self.pipeline.name}:{self.id}"

    @property
    def span(self) -> Span:
        return self.node.key or self.node.mark

    @property
    def root(self) -> Job:
        """The job of the pipeline that starts everything: itself, or whoever called its pipeline."""
        return self.pipeline.caller.root if self.pipeline.caller else self

    @property
    def title(self) -> str:
        node = self.node["name"]
        return node.text if node.known and node.present else ""

    @property
    def cond(self) -> Node:
        return self.node["if"]

    @cached_property
    def environment(self) -> EnvRef | None:
        """The environment it runs in, by name; None when it names none."""
        node = self.node["environment"]
        name = node["name"] if node.is_mapping else node
        raw = text_of(name)
        if not raw:
            return None
        values = self.values(raw)
        return EnvRef(raw, values, class_of(values), text_of(node["url"]) if node.is_mapping else "", name)

    @property
    def permissions(self) -> Node:
        return self.node["permissions"]

    @property
    def concurrency(self) -> Node:
        return self.node["concurrency"]

    @property
    def matrix(self) -> Node:
        return self.node["strategy"]["matrix"]

    @property
    def soft(self) -> tuple[str, str]:
        """yes, no or unknown: whether its failure counts as success for the jobs that need it; and why."""
        return soft(self.node["continue-on-error"])

    @cached_property
    def needed(self) -> tuple[Job, ...]:
        return tuple(self.pipeline.job[id] for id in self.needs if id in self.pipeline.job)

    def ancestors(self) -> tuple[Job, ...]:
        """Every job before it: what it needs, what those need, and what the job that called its pipeline needs."""
        return self._ancestors

    @cached_property
    def _ancestors(self) -> tuple[Job, ...]:
        found: dict[int, Job] = {}
        stack = list(self.needed)
        if self.pipeline.caller:
            stack += self.pipeline.caller.ancestors()
        while stack:
            job = stack.pop()
            if id(job) in found:
                continue
            found[id(job)] = job
            stack += job.needed
            if job.called:
                stack += job.called.all_jobs
        return tuple(found.values())

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What its steps do, in their order. A failure that `continue-on-error` hides stops nothing."""
        from gatekeeper.models.pipeline.facts import of_job

        return of_job(self)

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(fact.kind for fact in self.facts)

    @cached_property
    def deploy(self) -> Fact | None:
        """The first fact that it deploys, by action or command (not by name alone)."""
        return next((f for f in self.facts if f.kind == "deploy" and f.strength != "name"), None)

    @cached_property
    def production(self) -> Production | None:
        """Whether it deploys to production, and by what sign. None: it does not, or nothing says so."""
        from gatekeeper.models.pipeline.production import of_job

        return of_job(self)

    def values(self, text: str) -> Values:
        """What a text with `${{ }}` in it may be, by inputs, matrix, environment and literals."""
        from gatekeeper.models.pipeline.values import possible

        return possible(text, self)


class Step(Subject):
    """One step: an action it uses or a script it runs."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"

    def __init__(self, node: Node, job: Job, index: int) -> None:
        super().__init__(node)
        self.job = job
        self.index = index
        self.outer: Step | None = None  # the step that uses the action it is a part of
        self.followed = 0

    @property
    def name(self) -> str:
        return f"{self.job.name} {self.label}"

    @property
    def label(self) -> str:
        """Its name as written, its id, or its number from 1."""
        for key in ("name", "id"):
            if self.node[key].known and self.node[key].text:
                return self.node[key].text
        return f"step {self.index + 1}"

    @property
    def span(self) -> Span:
        for key in ("uses", "run", "name"):
            if self.node[key].present:
                node = self.node[key]
                return (
                    Span(*(node.key or node.span)[:2], *node.span[2:])
                    if node.span.line == node.span.end_line
                    else node.mark
                )
        return self.node.mark

    @property
    def uses(self) -> str:
        return text_of(self.node["uses"])

    @property
    def slug(self) -> str:
        """owner/repo/path of the action, in lower case, without its ref."""
        return self.uses.partition("@")[0].strip().lower()

    @property
    def run(self) -> str:
        return text_of(self.node["run"])

    @property
    def cond(self) -> Node:
        return self.node["if"]

    @property
    def soft(self) -> tuple[str, str]:
        return soft(self.node["continue-on-error"])

    @cached_property
    def inputs(self) -> dict[str, str]:
        """What stands under `with`, as text; resolved where it is known."""
        return {key.lower(): self.resolved(text_of(node)) for key, node in pairs(self.node["with"])}

    @cached_property
    def env(self) -> dict[str, str]:
        """Environment variables as the step sees them: its own over its job's over the pipeline's."""
        merged = {**self.job.pipeline.env, **self.job.env, **self.env_nodes}
        return {key: self.resolved(text_of(node)) for key, node in merged.items()}

    @property
    def env_nodes(self) -> dict[str, Node]:
        """The variables set for this step alone, as written."""
        return dict(pairs(self.node["env"]))

    @property
    def shell(self) -> str:
        return text_of(self.node["shell"]) or self.job.shell

    @property
    def errexit(self) -> bool:
        """GitHub's own shells stop at the first failure; a template of one's own (`bash {0}`) does only with -e."""
        return "{0}" not in self.shell or bool(re.search(r"\s-[a-z]*e", self.shell))

    @property
    def pipefail(self) -> bool:
        return self.shell == "bash" or "pipefail" in self.shell

    @cached_property
    def folder(self) -> str | None:
        """The folder its script starts in, below the repository; None when it is not known."""
        written = text_of(self.node["working-directory"]) or self.job.folder
        resolved = self.resolved(written)
        return None if "${{" in resolved or "$" in resolved or resolved.startswith(("/", "~")) else normal(resolved)

    def resolved(self, text: str) -> str:
        """The text with what is known of its `${{ }}` put in."""
        if "${{" not in text or self.outer:  # inside an action, `inputs` are the action's own
            return text
        values = self.job.values(text)
        return values[0] if values and len(values) == 1 else text

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        """The commands of its `run`, each with the folder it runs in; empty for shells that are none (python, pwsh)."""
        if not self.run or self.shell.partition(" ")[0] in ("python", "node", "perl", "ruby", "cmd"):
            return ()
        node = self.node["run"]
        folder = self.folder
        found: list[Script] = []
        for index, command in enumerate(commands(self.run)):
            found.append(Script(command, line_of(node, command.line), folder, index))
            if command.words[:1] in (("cd",), ("pushd",)) and not command.inner:
                folder = _moved(folder, command.words[1:])
            elif command.words[:1] == ("popd",):
                folder = None
        return tuple(found)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        from gatekeeper.models.pipeline.facts import of_step

        return of_step(self).facts

    @property
    def classified(self) -> bool:
        """Whether it is known what everything in it does (which may be nothing that a rule asks about)."""
        from gatekeeper.models.pipeline.facts import of_step

        return bool(self.facts) or of_step(self).known


class Use(Subject):
    """One `uses:`, of a step or of a job that calls another pipeline."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"

    def __init__(self, node: Node, job: Job) -> None:
        super().__init__(node)
        self.job = job
        self.text = text_of(node).strip()

    @property
    def name(self) -> str:
        return f"{self.job.name} {self.text}"

    @property
    def slug(self) -> str:
        """What is used, without its ref."""
        return self.text.partition("@")[0]

    @property
    def ref(self) -> str:
        return self.text.partition("@")[2]

    @property
    def local(self) -> bool:
        return self.text.startswith(("./", "$/", "../"))


def _moved(folder: str | None, words: tuple[str, ...]) -> str | None:
    to = next((word for word in words if not word.startswith("-")), "")
    if folder is None or not to or "\ue000" in to or "$" in to or to[0] in "/~":
        return None
    return normal(f"{folder}/{to}")


def line_of(node: Node, line: int) -> Node:
    """The place of a line (from 0) of a block of text; the text itself when it stands on one line."""
    source, span = node.source, node.span
    if span.line == span.end_line or source.line(span.line)[span.column - 1 : span.column] not in ("|", ">"):
        return node
    number = min(span.line + 1 + line, span.end_line)
    return Node(source.line(number).strip(), source, source.line_span(number), node.key)


def soft(node: Node) -> tuple[str, str]:
    """yes, no or unknown for a `continue-on-error`, and why."""
    if not node.present:
        return "no", ""
    text = text_of(node).strip().lower()
    if text == "true":
        return "yes", "continue-on-error: true"
    return ("no", "") if text == "false" else ("unknown", "continue-on-error is known only at run time")


def text_of(node: Node) -> str:
    """A scalar's text; '' for anything else."""
    return node.text if node.known else ""


def pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """The pairs of a mapping; nothing for anything else."""
    return node.items() if node.known else iter(())


def tree_of(node: Node) -> expressions.Tree | None:
    """The condition written at `if:`; None when there is none or it cannot be read."""
    return expressions.condition(text_of(node)) if node.present else None


def class_of(values: Values, place: bool = True) -> Class:
    return environments.together(environments.classify(value, place) for value in values) if values else Class.UNKNOWN
