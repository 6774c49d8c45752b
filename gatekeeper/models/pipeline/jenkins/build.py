"""A Jenkinsfile's statements to stages and steps, declarative and scripted alike.

Stages follow one another: each needs the one before, branches of `parallel` and cells of `matrix` stand beside one
another. Functions of the same file, of files that it loads and of `vars/` are followed; what is called and is nowhere
here stays a step of which nobody knows what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import kinds
from gatekeeper.models.pipeline.ir import VENDORED, Unresolved, normal
from gatekeeper.models.pipeline.jenkins import plugins
from gatekeeper.models.pipeline.jenkins.conditions import Condition
from gatekeeper.models.pipeline.jenkins.subjects import (
    SHELLS,
    Agent,
    Around,
    JenkinsJob,
    JenkinsPipeline,
    JenkinsStep,
    Library,
    Scope,
)
from gatekeeper.node import Node, Source, regex
from gatekeeper.parsers import groovy
from gatekeeper.parsers.groovy import Assign, Block, Call, Expr, Function, If, Leave, Loop, Statement, Switch, Try
from gatekeeper.parsers.groovy_conditions import expression

_KEEPS = regex(r"\w[\w.]{0,80}(?:\[[^\]\n]{0,200}\][ \t]*=|[ \t]*<<)[ \t]*\{")
_CHOOSES = regex(r"\A[^{'\"\n]{0,200}(?:&&|\|\||[ \t]\?[ \t])")
JOBS = 500
STEPS = 5_000
_FOLLOWED = 400  # functions that one pipeline leads through
_DEPTH = 6  # functions that call functions
_NEST = 80  # blocks within blocks, through functions too
_METHODS = frozenset("each eachWithIndex collect times any every find findAll collectEntries".split())


def literal(expr: Expr | None) -> str:
    """A string that is written out; '' for anything else."""
    return expr.node.text if expr is not None and expr.node.known else ""


class Builder:
    """Walks the statements of a pipeline and collects its jobs."""

    def __init__(self, pipeline: JenkinsPipeline) -> None:
        self.pipeline = pipeline
        self.jobs: list[JenkinsJob] = []
        self.ids: dict[str, int] = {}
        self.last: tuple[str, ...] = ()  # the jobs that whatever comes next waits for
        self.job: JenkinsJob | None = None
        self.base = Around()
        self.path = ""
        self.steps = 0
        self.followed = 0
        self.nested = 0
        self.given: dict[str, Expr] = {}  # what each variable was given last, wherever
        self.lost: list[Unresolved] = []
        self.kept: list[tuple[str, Expr]] = []  # closures that are put away to be run later
        self.agents: list[Agent] = []
        self.libraries: list[Library] = []

    # jobs

    def open(self, path: str, place: Node, around: Around) -> JenkinsJob:
        name = path or "outside the stages"
        count = self.ids[name] = self.ids.get(name, 0) + 1
        id = name if count == 1 else f"{name} #{count}"
        job = JenkinsJob(place, self.pipeline, id, path.rpartition("/")[2] if path else "", around)
        job.needs = self.last
        if len(self.jobs) < JOBS:
            self.jobs.append(job)
        self.job = job
        return job

    def close(self) -> None:
        """Whatever comes next waits for the job that was open."""
        if self.job is not None:
            self.last = (self.job.id,)
            self.job = None

    def step(self, call: Call, around: Around) -> None:
        self.steps += 1
        if self.steps > STEPS:
            return
        job = self.job or self.open(self.path, call.place, self.base)
        job.steps = (*job.steps, JenkinsStep(call, job, len(job.steps), around))
        if around.locked is not None and job.around.locked is None:
            job.around = job.around._replace(locked=around.locked)

    def leftover(self, around: Around) -> None:
        """The closures that nothing was seen to run: they may, and nothing waits for them."""
        self.close()
        kept, self.kept = self.kept, []
        for _, expr in kept:
            if expr.block is not None:
                self.beside(expr.block, around)

    # statements

    def block(self, block: Block, around: Around) -> Around:
        """The statements of a block; what they leave behind for the statements after it (variables)."""
        if self.nested >= _NEST:
            self.lost.append(Unresolved("a block", block.place, "it is nested too deeply"))
            return around
        self.nested += 1
        own = {s.name: s for s in block.statements if isinstance(s, Function)}
        if own:
            around = around._replace(functions={**around.functions, **own})
        for statement in block.statements:
            around = self.statement(statement, around)
        self.nested -= 1
        return around

    def statement(self, statement: Statement, around: Around) -> Around:
        if isinstance(statement, Call):
            return self.call(statement, around)
        if isinstance(statement, Assign):
            return self.assign(statement, around)
        if isinstance(statement, If):
            return self.if_(statement, around)
        if isinstance(statement, Try):
            self.try_(statement, around)
        elif isinstance(statement, Switch):
            self.switch(statement, around)
        elif isinstance(statement, Loop):
            self.expr(statement.head, around)
            self.block(statement.body, around)
        elif isinstance(statement, Leave):
            if statement.value is not None:
                self.expr(statement.value, around)
        elif isinstance(statement, Expr):
            text = statement.node.source.slice(statement.node.span)
            if _KEEPS.match(text) and statement.calls:  # `branches['tests'] = { … }`: what runs it stands elsewhere
                self.kept.append((f"branch {len(self.kept) + 1}", statement._replace(block=statement.calls[0].body)))
                return around
            chooses = bool(statement.calls) and _CHOOSES.search(text) is not None
            unsure = around._replace(conditions=(*around.conditions, condition_of(statement))) if chooses else around
            self.expr(statement, unsure)
        return around

    def expr(self, expr: Expr, around: Around) -> None:
        for call in expr.calls:
            self.call(call, around)

    def assign(self, statement: Assign, around: Around) -> Around:
        value = statement.value
        self.expr(value, around)
        name = statement.name
        self.given[name] = value
        if value.block is not None:
            return around._replace(functions={**around.functions, name: value.block})
        if name.startswith("env."):
            return around._replace(env={**around.env, name.removeprefix("env."): value.node})
        if name.startswith("currentBuild"):
            return around
        first = value.calls[0] if value.calls else None
        if first is not None and first.name == "load":
            return around._replace(
                functions={**around.functions, **self.loaded(name, literal(first.arg("path", at=0)))}
            )
        return around._replace(names={**around.names, name: value})

    def if_(self, statement: If, around: Around) -> Around:
        self.expr(statement.condition, around)
        condition = condition_of(statement.condition)
        inner = around._replace(conditions=(*around.conditions, condition))
        outer: Condition = ("not", condition)
        other = around._replace(conditions=(*around.conditions, outer))
        self.apart(statement.then, inner)
        if statement.otherwise is not None:
            self.apart(statement.otherwise, other)
        last = statement.then.statements[-1] if statement.then.statements else None
        returns = isinstance(last, Leave) and last.word == "return" and statement.otherwise is None
        after = other if returns else around
        changed = {s.name for part in (statement.then, statement.otherwise) if part for s in part.statements
                   if isinstance(s, Assign)}  # fmt: skip
        return self.forget(after, changed)

    def forget(self, around: Around, changed: Iterable[str]) -> Around:
        """Variables that are given a value on one way only: which one they have is not known."""
        names = [name for name in changed if name in around.names or name.removeprefix("env.") in around.env]
        if not names:
            return around
        kept = {name: expr for name, expr in around.names.items() if name not in names}
        env = {name: node for name, node in around.env.items() if f"env.{name}" not in names}
        return around._replace(names=kept, env=env)

    def apart(self, block: Block, around: Around) -> None:
        """A block under a condition: steps outside of any stage that stand in it get a job of their own."""
        if self.job is None:
            base, self.base = self.base, around
            self.block(block, around)
            self.close()
            self.base = base
        else:
            self.block(block, around)

    def try_(self, statement: Try, around: Around) -> None:
        scope = caught(statement)
        if scope is None:
            self.block(statement.body, around)
        else:
            self.within(scope, [statement.body], around)
        for each in statement.catches:
            self.beside(each, around._replace(phase="catch"))
        if statement.last is not None:
            self.beside(statement.last, around._replace(phase="finally"))

    def within(self, scope: Scope, blocks: list[Block], around: Around) -> None:
        """Blocks whose failure is caught. What follows still waits for what came before them."""
        before, job, count = self.last, self.job, len(self.jobs)
        for block in blocks:
            self.block(block, around._replace(scopes=(*around.scopes, scope)))
        if (len(self.jobs) > count and self.job is not job) or (job is None and self.job is None):
            self.close()
            self.last = tuple(dict.fromkeys((*self.last, *before)))

    def beside(self, block: Block, around: Around) -> None:
        """A `catch` or `finally`: what comes after the `try` does not wait for it."""
        if self.path and self.job is not None:
            self.block(block, around)
            return
        self.close()
        last, base = self.last, self.base
        self.base = around
        self.block(block, around)
        self.job = None
        self.last, self.base = last, base

    def switch(self, statement: Switch, around: Around) -> None:
        self.expr(statement.subject, around)
        subject = statement.subject.node
        text = subject.source.slice(subject.span)
        labels: list[Condition] = []
        for label, body in statement.cases:
            if label is None:
                condition: Condition = ("not", ("any", *labels)) if labels else ("all",)
            else:
                written = label.node.source.slice(label.node.span)
                condition = ("groovy", expression(f"{text} == {written}"))
                labels.append(condition)
            self.apart(body, around._replace(conditions=(*around.conditions, condition)))

    # calls

    def call(self, call: Call, around: Around) -> Around:
        first, _, rest = call.name.partition(".")
        if rest and first in ("steps", "script", "this", "pipeline") and call.name not in around.functions:
            call = call._replace(name=rest)
        handler = _HANDLERS.get(call.name)
        if handler is not None:
            handler(self, call, around)
            return around
        if call.name == "@Library":
            self.load_libraries(call)
            return around
        stands_around = call.name in plugins.WRAPPERS or call.name.rpartition(".")[2] in plugins.WRAPPERS
        if not stands_around:  # what is given to a wrapper only describes: credentials, containers
            self.arguments(call, around)
        if call.name.rpartition(".")[2] in _METHODS or call.name == "{}" or stands_around:
            self.bodies(call, around)
        elif call.name in SHELLS:
            self.step(call, around)
        else:
            self.other(call, around)
        for then in call.then:
            self.chained(call, then, around)
        return around

    def arguments(self, call: Call, around: Around) -> None:
        for expr in (*call.args, *(expr for _, expr in call.named)):
            self.expr(expr, around)

    def bodies(self, call: Call, around: Around) -> None:
        """The closures that are given to a call, read where it stands."""
        blocks = [call.body] if call.body is not None else []
        blocks += [expr.block for expr in (*call.args, *(e for _, e in call.named)) if expr.block is not None]
        for block in blocks:
            self.block(block, around)

    def chained(self, call: Call, then: Call, around: Around) -> None:
        """What is called on a result: `docker.image('x').inside { }`, `docker.build('x').push()`."""
        self.arguments(then, around)
        if then.name == "push" and call.name.startswith("docker."):
            self.step(then._replace(name="docker.push"), around)
        elif call.name.startswith("openshift.") and then.name in ("rollout", "latest", "scale", "apply", "patch"):
            self.step(then._replace(name="openshift.rollout"), around)
        elif then.body is not None or any(expr.block for expr in then.args):
            if call.name == "docker.image" and call.args:
                self.agents.append(Agent("docker", call.args[0], call.place))
            self.bodies(then, around)

    def other(self, call: Call, around: Around) -> None:
        """A plugin's step, a function of this repository, or one that is nowhere here."""
        name = call.name
        target = around.functions.get(name) or around.functions.get(name.removeprefix("this."))
        if target is not None:
            self.follow(call, target, around)
            return
        receiver, _, method = name.rpartition(".")
        if receiver and method == "push" and self.is_image(receiver, around):
            self.step(call._replace(name="docker.push"), around)
            return
        if receiver and method in ("inside", "withRun") and call.body is not None:
            self.bodies(call, around)
            return
        if receiver in around.names and kinds.action_kind(f"jenkins/{name}") is None:
            self.bodies(call, around)  # a method of a value: it is the language's
            return
        if kinds.action_kind(f"jenkins/{name}") is None and self.from_vars(call, around):
            return
        if name.startswith(("openshift.", "docker.")) or not _is_language(name):
            self.step(call, around)
        self.unread(call, around)

    def unread(self, call: Call, around: Around) -> None:
        """The closures given to what is not known: they most likely run."""
        known = kinds.action_kind(f"jenkins/{call.name}") is not None
        if call.body is not None and not known and not self.path:
            why = (
                f"it is in the shared library {self.libraries[-1].name}" if self.libraries else "it is not defined here"
            )
            self.lost.append(Unresolved(call.name, call.place, why))
        self.bodies(call, around)

    def is_image(self, name: str, around: Around) -> bool:
        value = around.names.get(name, self.given.get(name))
        return value is not None and any(call.name in ("docker.build", "docker.image") for call in value.calls)

    def follow(self, call: Call, target: Function | Block, around: Around) -> None:
        self.followed += 1
        if self.followed > _FOLLOWED or around.depth >= _DEPTH:
            self.step(call, around)
            return
        body = target.body if isinstance(target, Function) else target
        names = dict(around.names)
        functions = dict(around.functions)
        for name, expr in zip(target.parameters, call.args, strict=False):
            bind(name, expr, names, functions)
        if call.named and target.parameters:
            for key, expr in call.named:
                bind(f"{target.parameters[0]}.{key}", expr, names, functions)
        if call.body is not None and target.parameters:
            functions[target.parameters[-1]] = call.body
        self.block(body, around._replace(names=names, functions=functions, depth=around.depth + 1))

    def from_vars(self, call: Call, around: Around) -> bool:
        """A global variable of a shared library that lies in this repository, or in a kept copy of it."""
        first, _, method = call.name.partition(".")
        folders = ["vars", *(f"{VENDORED}{library.name}/vars" for library in self.libraries)]
        source = next((s for f in folders if (s := self.pipeline.workspace.source(f"{f}/{first}.groovy"))), None)
        if source is None:
            return False
        functions = functions_of(source)
        target = functions.get(method or "call")
        if target is None:
            return False
        self.follow(call, target, around._replace(functions={**around.functions, **functions}))
        return True

    def loaded(self, variable: str, path: str) -> Mapping[str, Function | Block]:
        """The functions of a file that is loaded, by the names they are called by here."""
        source = self.pipeline.workspace.source(normal(path)) if path else None
        functions = functions_of(source) if source else {}
        return {**{f"{variable}.{name}": f for name, f in functions.items()}, **functions}

    def load_libraries(self, call: Call) -> None:
        named = call.arg("identifier")
        for expr in (*call.args, *((named,) if named is not None else ())):
            each = [item for _, item in expr.items] or [expr]
            for item in each:
                name, _, version = (groovy.template(item.node) or "").partition("@")
                if name:
                    self.libraries.append(Library(name, version, item.node))

    # calls with a meaning of their own

    def on_library(self, call: Call, around: Around) -> None:
        self.load_libraries(call)

    def on_node(self, call: Call, around: Around) -> None:
        self.agents.append(Agent("label", None, call.place))
        self.bodies(call, around._replace(held=True))

    def on_stage(self, call: Call, around: Around) -> None:
        title = literal(call.arg("name", at=0)) or "stage"
        path, base = self.path, self.base
        self.close()
        self.path = f"{path}/{title}" if path else title
        self.base = around
        if call.body is not None:
            self.open(self.path, call.args[0].node if call.args else call.place, around)
            opened = self.job
            self.block(call.body, around)
            if opened is not None and self.job is not opened and not opened.steps:
                self.drop(opened)
            self.close()
        self.path, self.base = path, base

    def drop(self, job: JenkinsJob) -> None:
        """A stage that holds nothing but stages is no job."""
        if job in self.jobs:
            self.jobs.remove(job)
            for other in self.jobs:
                if job.id in other.needs:
                    other.needs = tuple(dict.fromkeys((*(n for n in other.needs if n != job.id), *job.needs)))
            if job.id in self.last:
                self.last = tuple(dict.fromkeys((*(n for n in self.last if n != job.id), *job.needs)))

    def on_parallel(self, call: Call, around: Around) -> None:
        pairs = [*call.named, *(item for expr in call.args for item in expr.items if item[0])]
        pairs = [pair for pair in pairs if pair[0] != "failFast"]
        if not pairs:
            self.step(call, around)  # its branches are made elsewhere
            pairs, self.kept = self.kept, []
            if not pairs:
                return
        self.close()
        start, path, ends = self.last, self.path, list[str]()
        for name, expr in pairs:
            self.last, self.path = start, f"{path}/{name}" if path else name
            base, self.base = self.base, around
            self.job = None
            if expr.block is not None:
                self.block(expr.block, around)
            else:
                self.expr(expr, around)
            self.close()
            ends += self.last
            self.base = base
        self.last, self.path = tuple(dict.fromkeys(ends)) or start, path

    def on_dir(self, call: Call, around: Around) -> None:
        to = literal(call.arg("path", at=0))
        known = bool(to) and not to.startswith(("/", "~")) and around.folder is not None
        self.bodies(call, around._replace(folder=normal(f"{around.folder}/{to}") if known else None))

    def on_with_env(self, call: Call, around: Around) -> None:
        found = dict(around.env)
        for _, item in (pair for expr in call.args for pair in expr.items):
            text = groovy.template(item.node) or ""
            name, _, value = text.partition("=")
            if name.isidentifier():
                found[name] = Node(value, item.node.source, item.node.span) if item.node.known else item.node
        self.bodies(call, around._replace(env=found))

    def on_timeout(self, call: Call, around: Around) -> None:
        self.bodies(call, around._replace(bounded=True))

    def on_lock(self, call: Call, around: Around) -> None:
        self.bodies(call, around._replace(locked=call.place))

    def on_caught(self, call: Call, around: Around) -> None:
        scope = Scope(call.place, "no", f"{call.name} lets the pipeline go on")
        self.within(scope, [call.body] if call.body is not None else [], around)

    def on_properties(self, call: Call, around: Around) -> None:
        from gatekeeper.models.pipeline.jenkins.declarative import properties

        properties(self, call)

    def on_pipeline(self, call: Call, around: Around) -> None:
        from gatekeeper.models.pipeline.jenkins.declarative import pipeline

        if call.body is not None:
            pipeline(self, call.body, around)


_HANDLERS: dict[str, Callable[[Builder, Call, Around], None]] = {
    "library": Builder.on_library,
    "node": Builder.on_node,
    "stage": Builder.on_stage,
    "parallel": Builder.on_parallel,
    "dir": Builder.on_dir,
    "withEnv": Builder.on_with_env,
    "timeout": Builder.on_timeout,
    "lock": Builder.on_lock,
    "catchError": Builder.on_caught,
    "warnError": Builder.on_caught,
    "properties": Builder.on_properties,
    "pipeline": Builder.on_pipeline,
}
_LANGUAGE = frozenset(
    "print println printf getClass toString sleep evaluate new String Integer Long Double Boolean Date System Math "
    "Arrays Collections Objects JsonOutput JsonSlurper JsonSlurperClassic Jenkins Thread UUID URLEncoder URLDecoder "
    "Pattern LocalDate LocalDateTime Calendar File currentBuild env params scm it log".split()
)
_PREPARES = frozenset(
    "string booleanParam choice text password file cron pollSCM upstream buildDiscarder logRotator parameters "
    "disableConcurrentBuilds pipelineTriggers credentials usernamePassword usernameColonPassword sshUserPrivateKey "
    "certificate configFile dockerCert githubPush gitlab containerTemplate emptyDirVolume hostPathVolume secretVolume "
    "buildUser developers requestor culprits brokenTestsSuspects".split()
)


_OF_VALUES = frozenset(
    "add addAll append contains containsKey endsWith equals findResult first format get getAt getName head "
    "indexOf isEmpty join keySet last length matches plus put putAll readLines remove replace replaceAll reverse "
    "size sort split startsWith substring sum tail take toBoolean toInteger toList toLowerCase toString "
    "toUpperCase tokenize trim unique values minus metaClass getMessage printStackTrace asBoolean getProperty "
    "setProperty toSet toURL text result flatten getBuildCauses getRawBuild getPreviousBuild addShortText "
    "removeAll intersect eachLine findAll collect".split()
)


def _is_language(name: str) -> bool:
    """Whether a call is Groovy's own rather than a step: on a value, on a class, or a helper that only describes."""
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    if name in _PREPARES or first in _LANGUAGE or last[:1].isupper() or last == "markStageSkippedForConditional":
        return True
    return "." in name and name.rpartition(".")[2] in _OF_VALUES


def condition_of(expr: Expr) -> Condition:
    return ("groovy", expression(expr.node.source.slice(expr.node.span)))


def bind(name: str, expr: Expr, names: dict[str, Expr], functions: dict[str, Function | Block]) -> None:
    """A parameter with the value it is called with."""
    if expr.block is not None:
        functions[name] = expr.block
        return
    names[name] = expr
    for key, item in expr.items:
        if key:
            names[f"{name}.{key}"] = item


def functions_of(source: Source) -> dict[str, Function | Block]:
    """The functions of a file. That of a script without any is the script."""
    try:
        block = source.once(groovy.parse).block
    except Unreadable:
        return {}
    found: dict[str, Function | Block] = {s.name: s for s in block.statements if isinstance(s, Function)}
    found |= {s.name: s.value.block for s in block.statements if isinstance(s, Assign) and s.value.block is not None}
    return found


def caught(statement: Try) -> Scope | None:
    """What a `try` lets go on: None where every `catch` fails again."""
    if not statement.catches or all(fails_again(block) for block in statement.catches):
        return None
    at = statement.catches[0].place
    if any(leaves_a_mark(block) for block in statement.catches):
        return Scope(at, "unknown", "its failure is caught, and what is noted of it may be looked at")
    return Scope(at, "no", "its failure is caught and not raised again")


def fails_again(block: Block) -> bool:
    for statement in block.statements:
        if isinstance(statement, Leave) and statement.word == "throw":
            return True
        if isinstance(statement, Call) and statement.name in ("error", "sh", "bat") and _fails(statement):
            return True
    return False


def _fails(call: Call) -> bool:
    return call.name == "error" or literal(call.arg("script", at=0)).strip() in ("exit 1", "false")


def leaves_a_mark(block: Block) -> bool:
    """Whether it notes the failure somewhere, or raises it under a condition, or hands it to a function."""
    for statement in block.statements:
        if isinstance(statement, Assign) and not statement.name.startswith("currentBuild"):
            return True
        if isinstance(statement, (If, Switch, Try)):
            return True
        if isinstance(statement, Call) and _is_unknown(statement.name):
            return True
    return False


def _is_unknown(name: str) -> bool:
    return name not in SHELLS and not _is_language(name) and kinds.action_kind(f"jenkins/{name}") is None
