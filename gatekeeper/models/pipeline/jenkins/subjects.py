"""Pipelines, stages and steps as Jenkins runs them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import NamedTuple

from gatekeeper.models.pipeline import kinds
from gatekeeper.models.pipeline.expressions import UNKNOWN, Value
from gatekeeper.models.pipeline.facts import of_step
from gatekeeper.models.pipeline.ir import Fact, Job, Pipeline, Run, Step, Trigger, Values, normal, text_of
from gatekeeper.models.pipeline.jenkins import plugins
from gatekeeper.models.pipeline.jenkins.conditions import Condition, builtins, holds, looks_at_result, names, value_of
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import Missing, Node, regex
from gatekeeper.parsers import groovy, groovy_tokens
from gatekeeper.parsers.groovy import Block, Call, Expr, Function
from gatekeeper.parsers.groovy_conditions import expression

_MOST = 40  # values of one text that are followed
_DEPTH = 5
_BUDGET = 200_000  # texts of one pipeline that are looked into
_PATH = "${%s}"
_TOOL_HOME = regex(r"(?:\$\{\w{1,60}\}|\$\w{1,60}|\ue000)/bin/(?=[\w.-])")  # ${tool 'sonar'}/bin/sonar-scanner
SHELLS = ("sh", "bat", "powershell", "pwsh")
_ALWAYS = frozenset({"always", "cleanup", "finally"})
_FAILED = frozenset({"failure", "unsuccessful", "catch"})
_OPEN = frozenset({"push-other", "push-release", "tag"})


class Scope:
    """Something that catches a failure inside it and lets the pipeline go on. `word`: no, or unknown."""

    __slots__ = ("at", "why", "word")

    def __init__(self, at: Node, word: str, why: str) -> None:
        self.at = at
        self.word = word
        self.why = why


class Around(NamedTuple):
    """What stands around a step: conditions, variables, the folder, and what catches its failure.

    `phase` is the condition of a `post` section, `catch` or `finally`; '' for the ordinary way. `bounded`: inside a
    `timeout`; `held`: on an executor; `depth`: how many functions are being followed.
    """

    conditions: tuple[Condition, ...] = ()
    env: Mapping[str, Node] = {}
    names: Mapping[str, Expr] = {}
    functions: Mapping[str, Function | Block] = {}
    folder: str | None = ""
    scopes: tuple[Scope, ...] = ()
    phase: str = ""
    bounded: bool = False
    held: bool = False
    depth: int = 0
    locked: Node | None = None


class JenkinsPipeline(Pipeline):
    """A Jenkinsfile."""

    technology = "pipeline"
    example_path = "Jenkinsfile"
    platform = "jenkins"

    multibranch = False  # something in it says that Jenkins builds each branch
    changes = False  # something in it says that Jenkins builds pull requests
    skips_after_unstable = False
    parameters: Mapping[str, Values] = {}
    defaults: Mapping[str, Value] = {}
    libraries: tuple[Library, ...] = ()
    agents: tuple[Agent, ...] = ()
    options: Mapping[str, Call] = {}
    serialised: Node | None = None
    starts: tuple[Call, ...] = ()  # what its `triggers` say
    told: frozenset[str] = frozenset()  # the branches that have a trigger of their own
    targets: frozenset[str] = frozenset()  # the branches to which requests have one
    spent = 0  # texts that were looked into

    @cached_property
    def asks_for_result(self) -> bool:
        """Whether some stage runs only for what the build has come to so far."""
        jobs = [job for job in self.jobs if isinstance(job, JenkinsJob)]
        return any(looks_at_result(condition) for job in jobs for condition in job.around.conditions)


class Library(NamedTuple):
    """A shared library that a pipeline loads. `version` is '' for the one that Jenkins' settings name."""

    name: str
    version: str
    place: Node


class Agent(NamedTuple):
    """Where a pipeline or a stage runs: `any`, a label, or an image."""

    kind: str
    image: Expr | None
    place: Node


class JenkinsJob(Job):
    """A stage without stages in it, or the steps that stand beside the stages."""

    technology = "pipeline"
    example_path = "Jenkinsfile"

    pipeline: JenkinsPipeline
    says_when = "its when"

    def __init__(self, node: Node, pipeline: JenkinsPipeline, id: str, title: str, around: Around) -> None:
        super().__init__(node, pipeline, id)
        self.around = around
        self.stage = title
        self.env = dict(around.env)
        self.folder = around.folder or ""

    @property
    def title(self) -> str:
        return self.stage

    @property
    def cond(self) -> Node:
        return self.node

    @property
    def never(self) -> bool:
        triggers = self.pipeline.triggers
        return bool(triggers) and all(self.wanted(trigger) is False for trigger in triggers)

    @property
    def permissions(self) -> Node:
        return Missing(self.node, "permissions")

    @property
    def concurrency(self) -> Node:
        places = (self.around.locked, self.pipeline.serialised)
        return next((at for at in places if at is not None), Missing(self.node, "disableConcurrentBuilds"))

    @property
    def matrix(self) -> Node:
        return Missing(self.node, "matrix")

    @cached_property
    def guards(self) -> tuple[str, ...]:
        return tuple(name for condition in self.around.conditions for name in names(condition))

    def wanted(self, trigger: Trigger) -> bool | None:
        """Whether what stands around it lets it run."""
        look = partial(looked_up, job=self, trigger=trigger, named=self.around.names)
        words = [holds(condition, trigger, look) for condition in self.around.conditions]
        if False in words:
            return False
        if None in words:
            return None
        if trigger.ref == "pr" and not self.pipeline.changes:
            return None
        return None if trigger.ref in _OPEN and not self.pipeline.multibranch else True

    def runs_in(self, run: Run) -> bool | None:
        wanted = self.wanted(run.trigger)
        phase = self.around.phase
        if wanted is False or phase in _ALWAYS:
            return wanted
        failed = self._failed(run)
        if phase in _FAILED:
            return wanted if failed else failed
        if phase not in ("", "success"):
            return None
        if failed is None:
            return None
        return False if failed else wanted

    def _failed(self, run: Run) -> bool | None:
        """Whether a stage before it failed, and nothing between caught that."""
        words = [
            "failure" in status if len(status) == 1 or "failure" not in status else None
            for id, status in run.before.items()
            if not self._caught(id)
        ]
        return True if True in words else None if None in words else False

    def _caught(self, id: str) -> bool:
        other = self.pipeline.job.get(id)
        return isinstance(other, JenkinsJob) and not set(other.around.scopes) <= set(self.around.scopes)

    def idle(self, run: Run) -> str:
        """A stage that is passed over hands on the failure of one before it."""
        return "failure" if self.around.phase in ("", "success") and self._failed(run) else "skipped"

    @cached_property
    def own_facts(self) -> tuple[Fact, ...]:
        """What its steps do. What catches a failure and holds the deployment too does not keep that from waiting."""
        found = self._plain
        deploy = next((fact for fact in found if fact.kind == "deploy"), None)
        around = deploy.step.inner_scopes if deploy and isinstance(deploy.step, JenkinsStep) else ()
        return tuple(_caught_by(fact, around) for fact in found)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(_caught_by(fact, ()) for fact in self._plain)

    @cached_property
    def _plain(self) -> tuple[Fact, ...]:
        found = tuple(fact for step in self.steps for fact in step.facts)
        return found or tuple(self._by_name())

    def _by_name(self) -> list[Fact]:
        """What its name says, where nothing else does: some step of it does what is not known."""
        step = next((step for step in self.steps if not step.classified), None)
        if step is None:
            return []
        why, order = f"what {step.label} does is not known", step.index * 1000
        hits = kinds.by_name(self.stage, "stage")
        return [Fact(hit.kind, hit.tool, "name", "unknown", why, "", order, step.node, step) for hit in hits]

    def values(self, text: str) -> Values:
        return possible(text, self, self.around.names, 0)


def _caught_by(fact: Fact, but: tuple[Scope, ...]) -> Fact:
    step = fact.step
    scopes = [s for s in step.inner_scopes if s not in but] if isinstance(step, JenkinsStep) else []
    if not scopes or fact.blocking == "no":
        return fact
    worst = next((scope for scope in scopes if scope.word == "no"), scopes[0])
    if worst.word == "no" and getattr(step.job.pipeline, "asks_for_result", False):
        return fact._replace(blocking="unknown", reason=f"{worst.why}; whether what comes after looks at the result")
    return fact._replace(blocking=worst.word, reason=worst.why)


class JenkinsStep(Step):
    """One call: a script, a plugin's step, or a function that is not in this repository."""

    technology = "pipeline"
    example_path = "Jenkinsfile"

    def __init__(self, call: Call, job: Job, index: int, around: Around) -> None:
        super().__init__(call.place, job, index)
        self.call = call
        self.around = around

    @property
    def title_at(self) -> Node:
        return Missing(self.node, "name")

    @property
    def label(self) -> str:
        given = self.call.arg("label")
        named = text_of(given.node) if given else ""
        stage = self.job.title
        return named or (f"step {self.index + 1} of {stage}" if stage else f"step {self.index + 1}")

    @property
    def cond(self) -> Node:
        return Missing(self.node, "if")

    @property
    def uses(self) -> str:
        return "" if self.call.name in SHELLS else f"jenkins/{self.call.name}"

    @property
    def slug(self) -> str:
        """As written: where a name has several words only its capitals say so."""
        return self.uses

    @property
    def uses_at(self) -> Node:
        return self.node

    @cached_property
    def script(self) -> Node | None:
        """Where its script is written."""
        given = self.call.arg("script", at=0) if self.call.name in SHELLS else None
        return given.node if given else None

    @cached_property
    def _written(self) -> groovy_tokens.Text:
        node = self.script
        raw = node.source.slice(node.span) if node is not None else ""
        if node is None or groovy.template(node) is None:
            return groovy_tokens.Text(EXPRESSION if node is not None else "", (self.node.span.line,), False)
        if raw[:1] and raw[:1] in "'\"/$":
            made = groovy_tokens.text_of(raw, node.span.line)
            if made.text == groovy.template(node):
                return made
        text = groovy.template(node) or ""
        return groovy_tokens.Text(text, (node.span.line,) * (text.count("\n") + 1), node.expression is not None)

    @cached_property
    def run(self) -> str:
        """Its script, with what is known of the values in it put in, and the others masked."""
        return _TOOL_HOME.sub("", self._filled)

    @cached_property
    def _filled(self) -> str:
        text = self._written.text
        if not self._written.template:
            return text
        parts: list[str] = []
        at = 0
        for start, end, inner in groovy_tokens.interpolations(text):
            values = possible(text[start:end], self.job, self.around.names, 0)
            plain = text[start:end] if inner.isidentifier() else EXPRESSION
            known = values[0] if values and len(values) == 1 and "\n" not in values[0] else plain
            parts += [text[at:start], known, "\n" * text.count("\n", start, end)]
            at = end
        return "".join((*parts, text[at:]))

    def place_of(self, line: int) -> Node:
        lines = self._written.lines
        node = self.node if self.script is None else self.script
        number = lines[min(line, len(lines) - 1)]
        if node.span.line == node.span.end_line:
            return node
        return Node(node.source.line(number).strip(), node.source, node.source.line_span(number))

    @cached_property
    def inputs(self) -> dict[str, str]:
        if self.call.name == "input":  # whom it asks stands in the fact
            return {}
        found = {name.lower(): self.text(expr) for name, expr in self.call.named}
        for number, expr in enumerate(self.call.args):
            if expr.items:
                found |= {name.lower(): self.text(item) for name, item in expr.items if name}
            else:
                found[str(number)] = self.text(expr)
        return found

    def text(self, expr: Expr) -> str:
        """A value as text, with what is known of it put in; as written where it is not known."""
        text = groovy.template(expr.node)
        if text is None:
            if expr.node.known:
                return text_of(expr.node)
            written = expr.node.expression.text if expr.node.expression else ""
            values = possible(_PATH % written, self.job, self.around.names, 0)
            return values[0] if values and len(values) == 1 else f"${{{written}}}"
        return self.resolved(text) if expr.node.expression else text

    def resolved(self, text: str) -> str:
        values = possible(text, self.job, self.around.names, 0)
        return values[0] if values and len(values) == 1 else text

    @property
    def env_nodes(self) -> dict[str, Node]:
        outer = self.job.env
        return {name: node for name, node in self.around.env.items() if outer.get(name) is not node}

    @cached_property
    def env(self) -> dict[str, str]:
        return {name: self.text(Expr(node)) for name, node in {**self.job.pipeline.env, **self.around.env}.items()}

    @property
    def submitter(self) -> str:
        """Who may answer an `input`; '' when everybody may who may build."""
        given = self.call.arg("submitter")
        return self.text(given).strip() if given is not None else ""

    @property
    def errexit(self) -> bool:
        """`sh` runs its script with -xe, unless that names an interpreter; the others look at the last command only."""
        first = self.run.partition("\n")[0]
        if first.startswith("#!"):
            return any(word.startswith("-") and "e" in word for word in first.split()[1:])
        return self.call.name not in ("bat", "powershell", "pwsh")

    @property
    def shell(self) -> str:
        first = self.run.partition("\n")[0]
        if self.call.name in ("powershell", "pwsh"):
            return "pwsh"
        other = next((p for p in ("python", "node", "perl", "ruby") if p in first), "") if first[:2] == "#!" else ""
        return other or "sh"

    @property
    def folder(self) -> str | None:
        return self.around.folder if self.around.folder is None else normal(self.around.folder)

    @property
    def soft(self) -> tuple[str, str]:
        status = self.call.arg("returnStatus")
        if status is not None and status.node.known and status.node.value is True:
            if self.call.used:
                return "unknown", "returnStatus: true: its exit status is a value that may be looked at"
            return "yes", "returnStatus: true, and nobody looks at the status"
        return "no", ""

    @property
    def inner_scopes(self) -> tuple[Scope, ...]:
        """What catches its failure inside its stage."""
        outer = self.job.around.scopes if isinstance(self.job, JenkinsJob) else ()
        return tuple(scope for scope in self.around.scopes if scope not in outer)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        found = tuple(plugins.judged(fact) for fact in self._seen)
        return tuple(self._by_gate(fact) if "sonar" in f"{fact.tool} {fact.reason}".lower() else fact for fact in found)

    @property
    def _seen(self) -> tuple[Fact, ...]:
        return of_step(self).facts

    def _by_gate(self, fact: Fact) -> Fact:
        """An analysis for Sonar, judged by who waits for its quality gate, where every deployment waits too."""
        if fact.blocking == "yes" or self.uses:
            return fact
        jobs = self.job.pipeline.jobs
        gates = [s for job in jobs for s in job.steps if isinstance(s, JenkinsStep) and s.stops_at_gate]
        deploys = [s for job in jobs for s in job.steps if isinstance(s, JenkinsStep) and s.deploys]
        after = [gate for gate in gates if self.precedes(gate)]
        if after and all(any(gate.precedes(d) for gate in after) for d in deploys if self.precedes(d)):
            return fact._replace(blocking="yes", reason="")
        return fact

    @property
    def deploys(self) -> bool:
        return any(fact.kind == "deploy" for fact in self._seen)

    @property
    def stops_at_gate(self) -> bool:
        """Whether it waits for Sonar's quality gate, and stops the pipeline where that is not passed."""
        if self.call.name != "waitForQualityGate" or self.around.scopes:
            return False
        return any(plugins.judged(fact).blocking == "yes" for fact in self._seen)

    def precedes(self, other: JenkinsStep) -> bool:
        """Whether it always comes before another step."""
        return self.index < other.index if self.job is other.job else self.job in other.job.ancestors()

    def runs_in(self, trigger: Trigger, failed: bool = False) -> bool | None:
        outer = self.job.around if isinstance(self.job, JenkinsJob) else Around()
        look = partial(looked_up, job=self.job, trigger=trigger, named=self.around.names)
        own = [condition for condition in self.around.conditions if condition not in outer.conditions]
        words = [holds(condition, trigger, look) for condition in own]
        if False in words:
            return False
        open_ = None if None in words else True
        phase = self.around.phase if self.around.phase != outer.phase else ""
        if phase in _ALWAYS:
            return open_
        if phase in _FAILED:
            return open_ if failed else False
        if phase not in ("", "success"):
            return None
        return False if failed else open_


# values


class _Followed(dict[str, Expr]):
    """Variables as they are seen from within another."""


def looked_up(path: str, job: Job, trigger: Trigger, named: Mapping[str, Expr]) -> Value:
    """What a name is in the runs that a trigger starts."""
    pipeline = job.pipeline
    assert isinstance(pipeline, JenkinsPipeline)
    name = path.removeprefix("env.")
    given = builtins(trigger, pipeline.told, pipeline.targets)
    if name in given:
        return given[name]
    if path in ("currentBuild.result", "currentBuild.currentResult"):
        return None if path == "currentBuild.result" else "SUCCESS"
    if path.startswith("params.") or name in pipeline.defaults:
        if trigger.ref == "dispatch":
            return UNKNOWN
        return pipeline.defaults.get(name.removeprefix("params."), UNKNOWN)
    expr = named.get(path)
    if expr is not None and expr.node.known and not expr.node.is_list and not expr.node.is_mapping:
        return expr.node.value
    if expr is not None and expr.node.expression is not None:
        return _evaluated(expr, job, trigger, named, path)
    values = possible(_PATH % path, job, named, 0)
    return values[0] if values and len(values) == 1 else UNKNOWN


def _evaluated(expr: Expr, job: Job, trigger: Trigger, named: Mapping[str, Expr], path: str) -> Value:
    """The value of a variable that was given an expression. Of the variables in it, one more is followed."""
    rest = {} if isinstance(named, _Followed) else _Followed({n: e for n, e in named.items() if n != path})
    written = expr.node.source.slice(expr.node.span)
    return value_of(expression(written), partial(looked_up, job=job, trigger=trigger, named=rest))


def possible(text: str, job: Job, named: Mapping[str, Expr], depth: int) -> Values:
    """What a text with `${ }` in it may be; None when the files do not say."""
    found: tuple[str, ...] = ("",)
    at = 0
    pipeline = job.pipeline
    assert isinstance(pipeline, JenkinsPipeline)
    pipeline.spent += 1
    if pipeline.spent > _BUDGET:
        return None
    for start, end, inner in groovy_tokens.interpolations(text):
        choices = _choices(inner, job, named, depth)
        if choices is None:
            return None
        found = tuple(dict.fromkeys(f"{a}{text[at:start]}{b}" for a in found for b in choices))[:_MOST]
        at = end
    return tuple(f"{a}{text[at:]}" for a in found)


def _choices(inner: str, job: Job, named: Mapping[str, Expr], depth: int) -> Values:
    tree = expression(inner) if depth < _DEPTH else None
    if tree is None:
        return None
    if tree[0] == "literal":
        return (str(tree[1]),)
    if tree[0] in ("?", "||"):
        parts = tree[2:] if tree[0] == "?" else tree[1:]
        each = [_of_tree(part, job, named, depth + 1) for part in parts]
        return None if None in each else tuple(dict.fromkeys(v for some in each for v in some or ()))
    return _of_tree(tree, job, named, depth)


def _of_tree(tree: object, job: Job, named: Mapping[str, Expr], depth: int) -> Values:
    assert isinstance(tree, tuple)
    if tree[0] == "literal":
        return (str(tree[1]),)
    if tree[0] == "template":
        return possible(str(tree[1]), job, named, depth + 1)
    if tree[0] != "path":
        return None
    path = str(tree[1])
    name = path.removeprefix("env.")
    pipeline = job.pipeline
    assert isinstance(pipeline, JenkinsPipeline)
    expr = named.get(path) or named.get(name)
    if expr is not None:
        return _of_node(expr.node, job, {n: e for n, e in named.items() if e is not expr}, depth)
    if name.removeprefix("params.") in pipeline.parameters:
        return pipeline.parameters[name.removeprefix("params.")]
    node = job.env.get(name, pipeline.env.get(name))
    return _of_node(node, job, named, depth, name) if node is not None else None


def _of_node(node: Node, job: Job, named: Mapping[str, Expr], depth: int, own: str = "") -> Values:
    if node.is_list:
        texts = [text_of(each) for each in node]
        return tuple(texts) if all(texts) else None
    text = groovy.template(node)
    if text is None:
        if node.known:
            return (text_of(node),) if node.present else None
        text = _PATH % node.expression.text if node.expression else ""
    if node.expression is None:
        return (text,)
    if own and own in text:
        return None
    return possible(text, job, named, depth + 1)
