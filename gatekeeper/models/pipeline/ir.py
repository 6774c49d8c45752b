"""What a pipeline is, whatever tool runs it: jobs that need one another, steps, and the facts the steps establish.

A front end (`github`, `gitlab`, `jenkins`) builds these from its files; rules see only them. A fact is one thing a step
does: its kind (`test`, `deploy`, …), by what evidence, whether its failure stops the pipeline, and where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.git import origin_of, owner_and_name
from gatekeeper.models import Subject
from gatekeeper.models.pipeline import environments
from gatekeeper.models.pipeline.environments import Class
from gatekeeper.models.pipeline.shell import EXPRESSION, Command, commands
from gatekeeper.models.secrets import without_secrets
from gatekeeper.node import Node, Source, Span, cached_property, regex

Values = tuple[str, ...] | None  # what a text may be; None: not known


class Trigger(NamedTuple):
    """One way a pipeline starts: the event, the class of the ref it runs for, and the ref where that is known.

    `ref` is one of pr, pr-target, push-default, push-release, push-other, tag, release, schedule, dispatch, call,
    workflow_run, other. `branch` stands for all that match a pattern when `pattern` is set; `follows` are the names of
    the pipelines after which it starts.
    """

    event: str
    ref: str
    at: Node
    branch: str = ""
    pattern: str = ""
    follows: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How to name it in a sentence."""
        names = {
            "pr": "a pull request",
            "pr-target": "a pull request (pull_request_target)",
            "tag": "a tag",
            "release": "a release",
            "dispatch": "a start by hand",
            "schedule": "a schedule",
            "workflow_run": f"the end of {' or '.join(self.follows)}",
        }
        if self.event == "merge_request_event":
            return f"a merge request to {self.branch}"
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
    """Why a job is held to deploy to production. Not `certain` when only a weak sign says so.

    `parametric`: it may go elsewhere too. `guessed`: nothing names an environment, only what starts it.
    """

    certain: bool
    why: str
    parametric: bool = False
    guessed: bool = False


class Script(NamedTuple):
    """One command of a step with its place and the folder it runs in (None: not known)."""

    command: Command
    step: Step
    folder: str | None
    number: int

    @property
    def place(self) -> Node:
        return self.step.place_of(self.command.line)


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

    def home_of(self, reference: str) -> str | None:
        """Where what `owner/repository/path` names lies here: in this repository itself, or as a kept copy.

        None when it is neither. What this repository says about another of its commits is taken as it is here.
        """
        owner, name, path = (*reference.split("/", 2), "", "")[:3]
        if f"{owner}/{name}".lower() == self.tree.once(_repository):
            return path
        kept = f"{VENDORED}{owner}/{name}/{path}"
        return kept if self.exists(kept) else None


VENDORED = ".gatekeeper/vendor/"


def _repository(tree: Tree) -> str:
    return owner_and_name(origin_of(tree.root))


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


class Unresolved(NamedTuple):
    """Something a pipeline takes from elsewhere that cannot be read here: an include, a library, a template."""

    text: str
    at: Node
    why: str = "it is in another repository"


Status = frozenset[str]  # what a job may have come to: success, failure, skipped, absent (not in this run at all)


class Run(NamedTuple):
    """One run of a pipeline as a job of it meets it: how it was started, and what the jobs before came to.

    `before` are the jobs that it names as needed, by id; `above` all jobs before it in its file; `upstream` is the
    result of the pipeline that this one follows.
    """

    trigger: Trigger
    before: Mapping[str, Status] = {}
    above: Sequence[Status] = ()
    upstream: str = "success"


class Pipeline(Subject):
    """One pipeline file, or a reusable one as its caller sees it (`caller` set, `inputs` bound)."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"
    platform = ""  # github, gitlab, jenkins, argocd
    merges = False  # whether what it takes from elsewhere may change the jobs that it writes itself

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
        self.unresolved: tuple[Unresolved, ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

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

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(fact.kind for fact in self.facts)

    @property
    def entry(self) -> bool:
        """Whether something other than another pipeline starts it."""
        return self.caller is None and self._started

    @cached_property
    def _started(self) -> bool:
        return any(trigger.ref != "call" for trigger in self.triggers)

    @cached_property
    def deploys(self) -> tuple[Job, ...]:
        """Its jobs that certainly deploy something, wherever to."""
        return tuple(job for job in self.all_jobs if job.deploy)


class Job(Subject):
    """One job, with the edges of the graph it stands in. A front end's subclass says what its tool writes otherwise."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"
    says_when = "its if:"  # where its tool has it written when it runs
    stage = ""  # the stage it stands in, where the tool has stages
    template = ""  # the template of the tool's maker that it comes from

    def __init__(self, node: Node, pipeline: Pipeline, id: str) -> None:
        super().__init__(node)
        self.pipeline = pipeline
        self.id = id
        self.needs: tuple[str, ...] = ()
        self.steps: tuple[Step, ...] = ()
        self.called: Pipeline | None = None
        self.unresolved = ""  # what it runs that cannot be read here
        self.shell = ""
        self.folder = ""
        self.env: dict[str, Node] = {}

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def _name(self) -> str:
        caller = self.pipeline.caller
        return without_secrets(f"{caller.name}/{self.id}" if caller else f"{self.pipeline.name}:{self.id}")

    @property
    def span(self) -> Span:
        return self.node.key or self.node.mark

    @property
    def root(self) -> Job:
        """The job of the pipeline that starts everything: itself, or whoever called its pipeline."""
        return self.pipeline.caller.root if self.pipeline.caller else self

    # what a front end says

    @property
    def title(self) -> str:
        """Its name for people; '' when it has only its id."""
        return ""

    @property
    def cond(self) -> Node:
        """Where it is written when it runs."""
        return self.node["if"]

    @property
    def never(self) -> bool:
        """Whether it is switched off."""
        return False

    @property
    def environment(self) -> EnvRef | None:
        """The environment it runs in, by name; None when it names none."""
        return None

    @property
    def permissions(self) -> Node:
        return self.node["permissions"]

    @property
    def concurrency(self) -> Node:
        """What keeps two runs of it apart."""
        return self.node["concurrency"]

    @property
    def matrix(self) -> Node:
        return self.node["strategy"]["matrix"]

    @property
    def soft(self) -> tuple[str, str]:
        """yes, no or unknown: whether its failure counts as success for the jobs that need it; and why."""
        return "no", ""

    @property
    def guards(self) -> tuple[str, ...]:
        """The branches that its condition names."""
        return ()

    @property
    def asked(self) -> tuple[Fact, ...]:
        """The persons it waits for before its first step, as facts of the kind `approval`."""
        return ()

    def waits_in(self, trigger: Trigger) -> bool | None:
        """Whether it waits for a person before its first step; None when the files do not say."""
        return bool(self.asked)

    def refused_in(self, trigger: Trigger) -> str:
        """What it comes to for the jobs behind it when the person whom it waits for does not let it start."""
        return "failure"

    @property
    def starts(self) -> tuple[Trigger, ...]:
        """The ways in which its pipeline starts and it may be a part."""
        return self.root.pipeline.triggers

    @property
    def uses_at(self) -> Node:
        """Where the pipeline that it calls is named."""
        return self.node

    def runs_in(self, run: Run) -> bool | None:
        """Whether it runs; None when the files do not say. By default after the success of all that it needs."""
        bad = any(status & {"failure", "skipped"} for status in run.before.values())
        sure = all(len(status) == 1 for status in run.before.values())
        return None if bad and not sure else not bad

    def idle(self, run: Run) -> str:
        """What it comes to in a run in which it does not run."""
        return "skipped"

    def softened_in(self, trigger: Trigger) -> tuple[str, str]:
        """`soft`, for one way in which the pipeline starts."""
        return self.soft

    def environment_in(self, trigger: Trigger) -> str | None:
        """The environment it names in the run that a trigger starts; None when that is not known, '' for none."""
        return "" if self.environment is None else self.environment.raw

    def values(self, text: str) -> Values:
        """What a text of it may be, by inputs, matrix, variables and literals."""
        return (text,)

    # what follows from it

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
    def own_facts(self) -> tuple[Fact, ...]:
        """What its steps do, in their order, as a later step of the job meets their failure."""
        from gatekeeper.models.pipeline.job_facts import of_job

        return (*self.asked, *of_job(self))

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What its steps do, in their order. A failure that is hidden from the jobs behind it stops nothing."""
        from gatekeeper.models.pipeline.job_facts import softened

        asked = len(self.asked)  # a refusal is no failure that could be hidden
        return (*self.own_facts[:asked], *softened(self.own_facts[asked:], self.soft))

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(fact.kind for fact in self.facts)

    @cached_property
    def by_step(self) -> dict[int, list[Fact]]:
        """Its facts by the id of the step that does them."""
        found: dict[int, list[Fact]] = {}
        for fact in self.facts:
            found.setdefault(id(fact.step), []).append(fact)
        return found

    @cached_property
    def firm(self) -> dict[str, set[str]]:
        """The tools whose failure stops it, each with the kinds of what it does."""
        found: dict[str, set[str]] = {}
        for fact in self.facts:
            if fact.blocking == "yes":
                found.setdefault(fact.tool, set()).add(fact.kind)
        return found

    @cached_property
    def deploy(self) -> Fact | None:
        """The first fact that it deploys, by action or command (not by name alone)."""
        return next((f for f in self.facts if f.kind == "deploy" and f.strength != "name"), None)

    @cached_property
    def production(self) -> Production | None:
        """Whether it deploys to production, and by what sign. None: it does not, or nothing says so."""
        from gatekeeper.models.pipeline.production import of_job

        return of_job(self)


class Step(Subject):
    """One step: an action it uses or a script it runs. A front end's subclass reads what its tool writes."""

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
    def title_at(self) -> Node:
        """Where its name is written; Missing for a step without one."""
        return self.node["name"]

    @property
    def label(self) -> str:
        """Its name as written, its id, or its number from 1."""
        return text_of(self.title_at) or f"step {self.index + 1}"

    @property
    def words(self) -> str:
        """How to name it in a sentence: what is put into its name when it runs is left out."""
        if self.label == "script":
            return f"the script of {self.job.id}"
        return _PUT_IN.sub("…", self.label)

    @property
    def uses(self) -> str:
        """The action, plugin step or template it uses, as written; '' for a script."""
        return ""

    @property
    def uses_at(self) -> Node:
        return self.node["uses"]

    @cached_property
    def slug(self) -> str:
        """owner/repo/path of the action, in lower case, without its ref."""
        return self.uses.partition("@")[0].strip().lower()

    @property
    def run(self) -> str:
        """Its script."""
        return ""

    @property
    def cond(self) -> Node:
        return self.node["if"]

    @property
    def never(self) -> bool:
        """Whether it is switched off."""
        return False

    @property
    def soft(self) -> tuple[str, str]:
        """yes, no or unknown: whether its failure goes unheard; and why."""
        return "no", ""

    @property
    def inputs(self) -> dict[str, str]:
        """What is given to the action, as text by lower-case names; resolved where it is known."""
        return {}

    @property
    def env_nodes(self) -> dict[str, Node]:
        """The variables set for this step alone, as written."""
        return {}

    @cached_property
    def env(self) -> dict[str, str]:
        """Environment variables as the step sees them: its own over its job's over the pipeline's."""
        merged = {**self.job.pipeline.env, **self.job.env, **self.env_nodes}
        return {key: self.resolved(text_of(node)) for key, node in merged.items()}

    @property
    def shell(self) -> str:
        return self.job.shell

    @property
    def powershell(self) -> bool:
        """Whether PowerShell runs it, which goes on after a program that fails, and ends as the last one did."""
        return self.shell.partition(" ")[0] in ("pwsh", "powershell")

    @property
    def errexit(self) -> bool:
        """Whether its shell stops at the first command that fails."""
        return True

    @property
    def pipefail(self) -> bool:
        """Whether a pipe fails when any command of it does."""
        return False

    @property
    def folder(self) -> str | None:
        """The folder its script starts in, below the repository; None when it is not known."""
        return normal(self.job.folder)

    def resolved(self, text: str) -> str:
        """The text with what is known of its expressions put in."""
        values = self.job.values(text)
        return values[0] if values and len(values) == 1 else text

    def place_of(self, line: int) -> Node:
        """The place of a line of its script, counted from 0."""
        return line_of(self.node, line)

    def runs_in(self, trigger: Trigger, failed: bool = False) -> bool | None:
        """Whether it runs when its job does; with `failed`, after an earlier step has failed."""
        return not failed

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        """The commands of its script, each with the folder it runs in; empty for shells that are none (python)."""
        if not self.run or not _is_shell(self.shell):
            return ()
        folder = self.folder
        found: list[Script] = []
        for index, command in enumerate(commands(self.run)):
            found.append(Script(command, self, folder, index))
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


_PUT_IN = regex(r"\$\{\{.{0,300}?\}\}")
_SHELLS = frozenset("sh bash dash ash zsh ksh pwsh powershell".split())


def _is_shell(words: str) -> bool:
    """Whether what reads a step's script runs the commands in it: no other program, and no shell that only reads."""
    program, *flags = words.split() or ["sh"]
    named = program.rpartition("/")[2].removesuffix(".exe")
    reads = any(flag[:1] == "-" and flag[:2] != "--" and "n" in flag for flag in flags)
    return named in _SHELLS and not (reads and named not in ("pwsh", "powershell"))


def _moved(folder: str | None, words: tuple[str, ...]) -> str | None:
    to = next((word for word in words if not word.startswith("-")), "")
    if folder is None or not to or EXPRESSION in to or "$" in to or to[0] in "/~":
        return None
    return normal(f"{folder}/{to}")


def line_of(node: Node, line: int) -> Node:
    """The place of a line (from 0) of a block of text; the text itself when it stands on one line."""
    source, span = node.source, node.span
    if span.line == span.end_line or source.line(span.line)[span.column - 1 : span.column] not in ("|", ">"):
        return node
    number = min(span.line + 1 + line, span.end_line)
    return Node(source.line(number).strip(), source, source.line_span(number), node.key)


def text_of(node: Node) -> str:
    """A scalar's text; '' for anything else."""
    value = node._value
    if value.__class__ is str:
        text: str = value
        return text
    return node.text if value is not None and node.known else ""


def pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """The pairs of a mapping; nothing for anything else."""
    return node.items() if node.known else iter(())


def class_of(values: Values, place: bool = True) -> Class:
    named = [value for value in values or () if value]  # '' is none
    return environments.together(environments.classify(value, place) for value in named) if named else Class.UNKNOWN
