"""Steps to facts: by the action, by the command, by what a target or script runs, and last by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models.pipeline import (
    declared,
    environments,
    kinds,
    makefiles,
    packages,
    remote,
    scanners,
    shell,
    tables,
)
from gatekeeper.models.pipeline.environments import named_by_flags
from gatekeeper.models.pipeline.ir import Fact, Script, Step, normal, pairs, text_of
from gatekeeper.models.pipeline.kinds import Hit
from gatekeeper.models.pipeline.scanners import YES, Blocking
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import Node, Source, regex
from gatekeeper.parsers import yaml

FOLLOWED = 300  # scripts, recipes and actions that one step may lead to
DEPTH = 3  # scripts that call scripts, and actions that use actions
_RANK = {"yes": 0, "unknown": 1, "no": 2}
_STANDARD = frozenset(
    {"test", "lint", "typecheck", "build", "e2e", "type-check", "test:unit", "test:ci", "test:e2e", "coverage"}
)


class StepFacts(NamedTuple):
    """What a step does, and whether that is all it does (`known`)."""

    facts: tuple[Fact, ...]
    known: bool


class _Seen(NamedTuple):
    hit: Hit
    strength: str
    blocking: Blocking
    target: str = ""


class _Look(NamedTuple):
    """What was seen in a script, and whether all of it is known."""

    seen: list[_Seen]
    known: bool


def of_step(step: Step) -> StepFacts:
    """The facts of one step; made once."""
    made: StepFacts | None = step.__dict__.get("_made")
    if made is None:
        made = step.__dict__["_made"] = _of_step(step)
    return made


def _of_step(step: Step) -> StepFacts:
    if step.never:
        return StepFacts((), True)
    if step.uses:
        look = _action(step, step.slug, step.inputs, 0)
        place = step.uses_at
        found = [(seen, place, 0) for seen in look.seen]
    else:
        found = []
        known = not shell.read(step.run).why
        read = shell.read(step.run)
        here = _Here(shell.functions(read), _exported(read))
        for script in step.scripts:
            look = _command(step, script.command, script.folder, 0, here)
            known = known and look.known
            if look.seen:
                heard = _heard(step, script.number)
                left = [seen._replace(blocking=worse(seen.blocking, heard)) for seen in look.seen]
                left = [_unless_read(seen, step, script) for seen in left]
                found += [(seen, script.place, script.number) for seen in left]
        look = _Look([], known and bool(step.scripts))
    if not found and not step.slug.startswith("actions/") and not _says_only(step):
        named = kinds.by_name(text_of(step.title_at), "name")
        found = [(_Seen(hit, "name", YES), step.title_at, 0) for hit in named]
    outer = _outer(step)
    facts = tuple(
        Fact(
            s.hit.kind,
            s.hit.tool,
            s.strength,
            b.word,
            b.reason,
            s.target,
            step.index * 1000 + min(at, 999),
            place,
            step,
        )
        for s, place, at in found
        for b in (worse(s.blocking, outer),)
    )
    return StepFacts(facts, look.known)


_SHOWS = frozenset("cat echo printf head tail less ls cp mv rm wc tee gzip zip tar mkdir touch curl aws gsutil".split())


def _unless_read(seen: _Seen, step: Step, script: Script) -> _Seen:
    """A scan that cannot fail, whose report a later command looks at: that one may."""
    if seen.blocking.word != "no" or seen.hit.kind not in kinds.SCANS:
        return seen
    command = script.command
    written = {each.target for each in command.redirects if each.operator.startswith(">")}
    written |= {after for word, after in pairwise(command.words) if word in ("-o", "--output", "--output-file")}
    written = {name for name in written if len(name) > 3 and not name.startswith(("-", "/dev/", "&"))}
    later = [each for each in step.scripts if each.number > script.number]
    later += [each for other in step.job.steps[step.index + 1 :] for each in other.scripts]
    for each in later if written else ():
        if each.command.program not in _SHOWS and any(n in word for word in each.command.words[1:] for n in written):
            why = f"{seen.blocking.reason}, but {each.command.program} looks at its report later"
            return seen._replace(blocking=Blocking("unknown", why))
    return seen


def _outer(step: Step) -> Blocking:
    """What the step around its commands does with their failure."""
    word, why = step.soft
    if word == "no":
        return YES
    if word == "yes" and _asked_later(step):
        return Blocking("unknown", f"{why}, and a later step looks at its outcome")
    return Blocking("no" if word == "yes" else "unknown", why)


def _asked_later(step: Step) -> bool:
    """Whether a later step of the job looks at how this one went."""
    id = text_of(step.node["id"])
    if not id:
        return False
    asked = (f"steps.{id}.outcome", f"steps['{id}'].outcome", f"steps.{id}.conclusion")
    later = step.job.steps[step.index + 1 :]
    texts = (text for each in later for text in (text_of(each.cond), each.run, *each.env.values()))
    return any(name in text for text in texts for name in asked)


_TALK = frozenset("echo printf true : exit sleep export set cd ls cat mkdir test [ [[ date pwd env".split())


def _says_only(step: Step) -> bool:
    """Whether a script only prints and prepares: its name promises what it does not do."""
    words = [script.command.words for script in step.scripts]
    return bool(words) and all(not each or each[0] in _TALK for each in words)


def _heard(step: Step, index: int) -> Blocking:
    """Whether the failure of one command of the step's script fails the step."""
    made: list[shell.Heard] | None = step.__dict__.get("_heard")
    if made is None:
        script = shell.read(step.run)
        made = step.__dict__["_heard"] = shell.heard(script, step.errexit, step.pipefail)
    word = _of_place(step.scripts[index].command, made[index])
    if step.powershell and word.reason.startswith("set +e"):
        return Blocking("unknown", "PowerShell goes on after it, and ends with the exit code of its last program")
    return word


def _of_place(command: shell.Command, heard: shell.Heard) -> Blocking:
    """Whether a command is run at all where it stands, and its failure heard."""
    word = _blocking(heard)
    if word is not YES:
        return word
    if command.branch:
        return Blocking("unknown", "it runs only in one branch of the script")
    return Blocking("unknown", "it runs only when what stands before || fails") if command.before == "||" else YES


def _blocking(heard: shell.Heard) -> Blocking:
    if heard.lost is False:
        return YES
    return Blocking("no" if heard.lost else "unknown", heard.why)


def _spent(step: Step) -> bool:
    """Whether a step has had its share of scripts and actions followed: what calls itself many times must end."""
    outer = step.outer or step
    outer.followed += 1
    return outer.followed > FOLLOWED


def worse(a: Blocking, b: Blocking) -> Blocking:
    """The one of two that stops less."""
    return b if _RANK[b.word] > _RANK[a.word] else a


# actions


_TRIVY_KINDS = {"config": "iacscan", "fs": "sca", "filesystem": "sca", "repo": "sca", "sbom": "sca"}


def _said(step: Step, field: str, *texts: str) -> _Look:
    """What somebody says in gatekeeper.yaml that an action, a command or a script does."""
    found = declared.of(step.job.pipeline.workspace.tree, field, *texts)
    reason = f"its failure does not count, {declared.BY}"
    return _Look(
        [
            _Seen(
                Hit(each.kind, f"{texts[0]}, {declared.BY}"), "strong",
                YES if each.blocking else Blocking("no", reason), each.environment,
            )
            for each in found
        ],
        bool(found),
    )  # fmt: skip


def _action(step: Step, slug: str, inputs: dict[str, str], depth: int) -> _Look:
    if slug.startswith(("./", "$/")):
        said = _said(step, "uses", slug, step.uses)
        if said.seen:
            return said
        return _composite(step, normal(step.uses[2:].partition("@")[0]), depth)
    if slug.startswith("docker://"):
        image = slug.removeprefix("docker://").rpartition("/")[2].partition(":")[0]
        return _hits(step, [image, *inputs.get("args", "").split()])
    said = _said(step, "uses", slug, step.uses)
    if said.seen:
        return said
    look = _runs_input(step, slug, inputs, depth)
    return _by_table(step, slug, inputs, depth) if look is None else look


def _runs_input(step: Step, slug: str, inputs: Mapping[str, str], depth: int) -> _Look | None:
    """What an action runs that is given a script, or the arguments of one program; None for the others."""
    name = tables.load().scripts.get(slug, "")
    if inputs.get(name):
        look = _script(step, inputs[name], None if "ssh" in slug else step.folder, depth + 1, errexit=False)
        return _rolled_out(look, inputs[name], slug) if "ssh" in slug else look
    programs = tables.load().programs
    repository = "/".join(slug.split("/")[:2])
    program, name = programs.get(slug) or programs.get(repository) or ("", "")
    if not inputs.get(name):
        return None
    arguments = inputs[name].split()
    return _hits(step, [program, *(arguments[1:] if arguments[:1] == [program] else arguments)])._replace(known=True)


def _by_table(step: Step, slug: str, inputs: dict[str, str], depth: int) -> _Look:
    """What the table says of an action; what is kept of one that it does not know; and last its name."""
    kind = kinds.action_kind(slug)
    kept = step.job.pipeline.workspace.home_of(step.uses.partition("@")[0]) if kind is None else None
    if kept is not None:
        return _composite(step, normal(kept), depth)
    if kind is None:
        outer, _, last = slug.rpartition("/")
        outer = outer.rpartition("/")[2]
        several = "actions" in environments.tokens(outer)  # a repository of many says nothing about one of them
        named = kinds.by_name(last, slug) or ([] if several else kinds.by_name(outer, slug))
        return _Look(
            [_Seen(hit, "name", Blocking("unknown", f"what {slug} does is not known")) for hit in named], False
        )
    if slug.startswith("aquasecurity/trivy-action"):
        kind = _TRIVY_KINDS.get(inputs.get("scan-type", ""), kind)
    if slug.startswith("snyk/actions/") and inputs.get("command", "").startswith("monitor"):
        kind = "sca"
    seen = (
        [_Seen(Hit(kind, slug), "strong", _action_blocking(step, kind, slug, inputs), _target(inputs))] if kind else []
    )
    if kind == "image" and (inputs.get("push") == "true" or "type=registry" in inputs.get("outputs", "")):
        seen.append(_Seen(Hit("imagepush", slug), "strong", YES))
    if kind == "deploy" and (inputs.get("wait-for-service-stability") == "true" or inputs.get("wait-for-minutes")):
        seen.append(_Seen(Hit("verify", slug), "strong", YES))
    if slug.startswith("cypress-io/"):
        seen.append(_Seen(Hit("e2e", slug), "strong", YES))
    return _Look(seen, True)


def _action_blocking(step: Step, kind: str, slug: str, inputs: dict[str, str]) -> Blocking:
    if kind not in kinds.SCANS and (kind not in kinds.TESTS or scanners.of_slug(slug) is None):
        return YES
    return scanners.of_action(slug, inputs, step.env, step.job.pipeline.workspace.text)


_TARGET_INPUTS = (
    "namespace",
    "environment",
    "env",
    "stage",
    "cluster",
    "service",
    "slot-name",
    "app-name",
    "app",
    "space",
    "cf_space",
    "stack-name",
    "project_id",
    "cluster-name",
    "resource-group",
    "context",
)


def _target(inputs: dict[str, str]) -> str:
    return " ".join(inputs[name] for name in _TARGET_INPUTS if inputs.get(name) and "${{" not in inputs[name])


def _composite(step: Step, folder: str, depth: int) -> _Look:
    """What an action that lies in the repository does: its own steps, with the inputs that it is given."""
    from gatekeeper.models.pipeline.github.subjects import GithubStep

    if depth >= DEPTH or _spent(step):
        return _Look([], False)
    workspace = step.job.pipeline.workspace
    source = next((s for n in ("action.yml", "action.yaml") if (s := workspace.source(f"{folder}/{n}"))), None)
    document = _document(source)
    if document is None or text_of(document["runs"]["using"]) != "composite":
        named = kinds.by_name(folder.rpartition("/")[2], f"./{folder}")
        return _Look(
            [_Seen(hit, "name", Blocking("unknown", f"what ./{folder} does is not known")) for hit in named], False
        )
    given = {name.lower(): text_of(declared["default"]) for name, declared in pairs(document["inputs"])} | step.inputs
    seen: list[_Seen] = []
    known = True
    for number, node in enumerate(document["runs"]["steps"] if document["runs"]["steps"].is_list else ()):
        inner = GithubStep(node, step.job, number)
        inner.outer = step.outer or step
        inner.bound = given
        if inner.node["uses"].present:
            look = _action(inner, inner.uses.lower().partition("@")[0], inner.inputs, depth + 1)
        else:
            look = _script(inner, inner.run, inner.folder, depth + 1, inner.errexit, inner.pipefail)
            look = look if inner.scripts else _Look([], False)
            if inner.powershell and len(inner.scripts) > 1:
                lost = Blocking("unknown", "PowerShell ends with the exit code of its last program")
                look = look._replace(seen=[each._replace(blocking=lost) for each in look.seen])
        runs = _runs_within(inner)
        if runs is False:
            continue
        if _runs_within(inner, failed=True) is not False and any(each.hit.kind == "deploy" for each in look.seen):
            goes_on = Blocking("unknown", f"{inner.label} of ./{folder} runs although it failed")
            seen = [each._replace(blocking=worse(each.blocking, goes_on)) for each in seen]
        hidden = inner.soft
        outer = YES if hidden[0] == "no" else Blocking("no" if hidden[0] == "yes" else "unknown", hidden[1])
        if runs is None:
            outer = worse(outer, Blocking("unknown", f"whether {inner.label} of ./{folder} runs depends on its if:"))
        seen += [
            each._replace(strength=_weaker(each.strength), blocking=worse(each.blocking, outer)) for each in look.seen
        ]
        known = known and look.known
    return _Look(seen, known)


def _runs_within(step: Step, failed: bool = False) -> bool | None:
    """Whether a step of an action runs, in whatever way the pipeline starts; None when it does not in each."""
    if not step.cond.present:
        return not failed
    answers = {step.runs_in(trigger, failed) for trigger in step.job.root.pipeline.triggers}
    return answers.pop() if len(answers) == 1 else None


def _document(source: Source | None) -> Node | None:
    if source is None:
        return None
    try:
        nodes = source.once(yaml.parse).nodes
    except Unreadable:
        return None
    return nodes[0] if nodes and nodes[0].is_mapping else None


def _weaker(strength: str) -> str:
    return "derived" if strength == "strong" else strength


# commands


def _script(step: Step, text: str, folder: str | None, depth: int, errexit: bool, pipefail: bool = False) -> _Look:
    """What a script does that the step runs: a file, a recipe, an input. The same script is looked at once."""
    if depth > DEPTH or _spent(step):
        return _Look([], False)
    workspace = step.job.pipeline.workspace
    made = workspace.tree.once(_scripts_seen)
    key = (text, folder, depth, errexit, pipefail, workspace.root, step.outer is None, *step.env.items())
    if key not in made:
        made[key] = _script_once(step, text, folder, depth, errexit, pipefail)
    return made[key]


def _scripts_seen(tree: Tree) -> dict[object, _Look]:
    return {}


def _script_once(step: Step, text: str, folder: str | None, depth: int, errexit: bool, pipefail: bool) -> _Look:
    script = shell.read(text)
    here = _Here(shell.functions(script), _exported(script))
    seen: list[_Seen] = []
    known = not script.why
    for command, outer in zip(script.commands, shell.heard(script, errexit, pipefail), strict=True):
        look = _command(step, command, folder, depth, here)
        heard = _of_place(command, outer)
        seen += [
            each._replace(blocking=worse(each.blocking, heard), strength=_weaker(each.strength)) for each in look.seen
        ]
        known = known and look.known
    return _Look(seen, known)


class _Here(NamedTuple):
    """What a script has set up for the commands in it: functions, whose commands are read where they stand, and
    variables that it exports."""

    functions: frozenset[str] = frozenset()
    exported: tuple[str, ...] = ()


_NOTHING = _Here()


def _exported(script: shell.Script) -> tuple[str, ...]:
    """The variables that a script exports before anything else may choose, as `NAME=value`."""
    found = [c for c in script.commands if c.words[:1] == ("export",) and not c.branch and c.group == 0]
    return tuple(word for command in found for word in command.words[1:] if "=" in word)


def _command(
    step: Step,
    command: shell.Command,
    folder: str | None,
    depth: int,
    here: _Here = _NOTHING,
) -> _Look:
    words = kinds.unwrap(command.words)
    if not words or command.words[0] in here.functions:
        return _Look([], True)
    if declared.told(step.job.pipeline.workspace.tree):
        said = _said(step, "command", " ".join(words), " ".join(command.words))
        if said.seen:
            return said
    look = _indirect(step, command, words, folder, depth)
    if look is not None:
        return look
    if words[0] in _ELSEWHERE:
        return _elsewhere(step, command, words, depth)
    if words[0] in ("terraform", "tofu") and "apply" in words and _creates_nothing(step, words, folder):
        return _Look([], True)
    if words[0] in ("kubectl", "oc") and _only_builds(step, words, folder):
        return _Look([_Seen(Hit("build", words[0]), "strong", YES)], True)
    if words[0] in ("find", "fd") and not _STARTS.isdisjoint(words):
        return _Look([], False)
    set_here = (*here.exported, *command.env, *kinds.assigned(command.words))
    return _hits(step, words, dict(each.partition("=")[::2] for each in set_here))


_STARTS = frozenset({"-exec", "-execdir", "-ok", "-x", "--exec", "--exec-batch"})


def _indirect(
    step: Step, command: shell.Command, words: tuple[str, ...], folder: str | None, depth: int
) -> _Look | None:
    """What a command runs that only starts something else of the repository; None for a command of its own."""
    program = words[0]
    if program in ("bash", "sh", "zsh", "source", ".", "dash"):
        return _shell(step, words, folder, depth)
    if program in ("make", "gmake"):
        return _make(step, words, folder, depth)
    if program in ("npm", "yarn", "pnpm", "bun"):
        return _package(step, words, folder, depth)
    if program in ("npm-run-all", "run-s", "run-p", "concurrently", "wireit"):
        looks = [
            _package(step, ("npm", "run", w.removeprefix("npm:")), folder, depth)
            for w in words[1:]
            if not w.startswith("-")
        ]
        return _Look([seen for look in looks for seen in look.seen], all(look.known for look in looks))
    raw = command.words[0] if command.words else ""
    path = next((w for w in command.words if w.rpartition("/")[2] == program and "/" in w), raw)
    if kinds.in_container(command.words) and not path.startswith("."):
        path = ""  # the name of an image
    if (
        "/" in path
        and program not in ("gradle", "mvn")
        and not path.startswith(("/", "~", "node_modules", "./node_modules", "vendor/bin", "./vendor/bin"))
    ):
        return _variable(words, path) if "$" in path else _local(step, path, folder, depth)
    if program in _INTERPRETERS and not kinds.command_kinds(words):  # `node --test` is a command of its own
        file = next((w for w in words[1:] if not w.startswith("-")), "")
        return (
            _named(file.rpartition("/")[2].rpartition(".")[0], file)
            if file and EXPRESSION not in file
            else _Look([], not file)
        )
    return _variable(words, raw) if program.startswith("$") else None


def _variable(words: Sequence[str], path: str) -> _Look:
    """`"$SCRIPT" apply`: the program is not known, its verb speaks."""
    verb = next((word for word in words[1:3] if word in ("apply", "deploy", "promote", "rollback")), "")
    hits = kinds.by_name({"apply": "deploy"}.get(verb, verb) or path.rpartition("/")[2], path)
    return _Look([_Seen(hit, "name", YES) for hit in hits], False)


_INTERPRETERS = frozenset("python python3 node ruby deno tsx ts-node php Rscript pwsh perl".split())
_CREATES = regex(r'^[ \t]*resource[ \t]+"', re.MULTILINE)
_MODULE = regex(r'^[ \t]*module[ \t]+"', re.MULTILINE)
_FROM = regex(r'^[ \t]*source[ \t]*=[ \t]*"(\.{1,2}/[^"]{0,300})"', re.MULTILINE)


def _creates_nothing(step: Step, words: Sequence[str], folder: str | None) -> bool:
    """Whether the Terraform that is applied has no resources, nor its local modules: it is there for its outputs."""
    to = scanners.option(words, "-chdir", "--chdir") or ""
    if folder is None or EXPRESSION in to or "$" in to:
        return False
    workspace = step.job.pipeline.workspace
    open_, done = [normal(f"{workspace.root}{folder}/{to}")], set[str]()
    while open_ and len(done) < 50:
        home = open_.pop()
        if home in done:
            continue
        done.add(home)
        paths = [path for path in workspace.tree.paths if path.endswith(".tf") and path.rpartition("/")[0] == home]
        texts = [workspace.text(path.removeprefix(workspace.root)) for path in paths]
        if not texts or any(not text or _CREATES.search(text) for text in texts):
            return False
        for text in texts:
            near = _FROM.findall(text)
            if len(_MODULE.findall(text)) != len(near):
                return False
            open_ += [normal(f"{home}/{source}") for source in near]
    return not open_


_KIND = regex(r"^kind:[ \t]*[\"']?(\w{1,60})", re.MULTILINE)
_BUILDS = frozenset("BuildConfig ImageStream ImageStreamTag Namespace Project".split())


def _only_builds(step: Step, words: Sequence[str], folder: str | None) -> bool:
    """Whether what is applied are objects that build images or hold others, and nothing that runs."""
    if words[1:2] not in (("apply",), ("create",), ("replace",)) or folder is None:
        return False
    file = scanners.option(words, "-f", "--filename") or ""
    text = step.job.pipeline.workspace.text(normal(f"{folder}/{file}")) if file and "$" not in file else ""
    found = set(_KIND.findall(text))
    return bool(found) and found <= _BUILDS


# commands that do something somewhere else


_ELSEWHERE = frozenset({"ssh", "scp", "rsync", "git", "gh", "curl", "wget", "http"})


def _elsewhere(step: Step, command: shell.Command, words: tuple[str, ...], depth: int) -> _Look:
    """What happens on another machine, in another repository, or by a call to what deploys."""
    program = words[0]
    if program == "ssh":
        text = remote.ssh_script(words)
        body = next((each.body for each in command.redirects if each.body), "")
        script = text or body
        if not script or script == EXPRESSION:
            return _Look([], False)
        return _rolled_out(_script(step, script, None, depth + 1, errexit=False), script, "ssh")
    if program in ("scp", "rsync"):
        strength = "strong" if program == "rsync" else "name"
        goes = remote.copies_away(words) and not {"-n", "--dry-run"} & set(words)
        return _Look([_Seen(Hit("deploy", program), strength, YES)] if goes else [], True)
    if remote.calls_deployer(words):
        return _Look([_Seen(Hit("trigger", program), "strong", YES)], True)
    look = _hits(step, words)
    to = remote.push(words)
    kind = remote.kind_of_push(to) if to else ""
    if kind and to:
        strength = "strong" if to.remote.startswith(("heroku", "dokku")) else "name"
        return look._replace(seen=[*look.seen, _Seen(Hit(kind, "git push"), strength, YES, to.branch)])
    return look


def _rolled_out(look: _Look, script: str, tool: str) -> _Look:
    """What a script on another machine does, and that it deploys there when it restarts something."""
    if any(seen.hit.kind == "deploy" for seen in look.seen):
        return look
    said = [words for command in shell.commands(script) for words in (command.words, kinds.unwrap(command.words))]
    rolls = any(map(remote.rolls_out, said))
    more = [_Seen(Hit("deploy", tool), "derived", YES)] if rolls else []
    return _Look([*look.seen, *more], look.known or rolls)


_TESTED = regex(r"(?:^|[/_.-])(?:tests?|specs?|__tests__|e2e)(?:[/_.-]|\Z)|[a-z](?:Tests?|Spec)\.\w+\Z", re.IGNORECASE)
_WITHOUT = frozenset({"--passWithNoTests", "--pass-with-no-tests", "--allow-no-tests", "--passWithNoTests=true"})


def _passes_anyway(step: Step, words: Sequence[str]) -> Blocking:
    """Whether a test passes whatever is tested: told to ignore failures, or to be content with no test at all."""
    ignored = next((word for word in words[1:] if word.removesuffix("=true") in kinds.IGNORES_FAILURES), "")
    if ignored and words[0] == "mvn":
        return Blocking("no", f"{ignored}: it passes whatever the tests say")
    if not _WITHOUT.isdisjoint(words):
        paths = step.job.pipeline.workspace.tree.paths
        if not any(_TESTED.search(path) for path in paths):
            return Blocking("unknown", "it passes without tests, and no file here looks like one")
    if kinds.reports_only(words):
        return Blocking("unknown", "it reports what something else ran")
    return YES


_WITH_TARGET = frozenset({"deploy", "migrate", "rollback", "prod-mutation"})


def _hits(step: Step, words: Sequence[str], environment: Mapping[str, str] | None = None) -> _Look:
    """What a command does by the tables; `environment` is what is set for it beside what the step sees."""
    hits = kinds.command_kinds(words)
    if hits is None:
        return _Look([], False)
    if any(hit.kind in kinds.TESTS | kinds.SCANS for hit in hits) and kinds.runs_nothing(words):
        return _Look([], True)
    seen = []
    for hit in hits:
        blocking = YES
        if hit.kind in kinds.SCANS or (hit.kind in kinds.TESTS and scanners.of_words(words)):
            blocking = scanners.of_command(words, {**step.env, **(environment or {})}, step.job.pipeline.workspace.text)
        if hit.kind in kinds.TESTS:
            blocking = worse(blocking, _passes_anyway(step, words))
        target = " ".join(named_by_flags(words)) if hit.kind in _WITH_TARGET else ""
        strength = (
            "name"
            if words[0] in ("turbo", "nx", "lerna", "task", "just", "rake", "invoke", "inv", "mage", "moon")
            else "strong"
        )
        seen.append(_Seen(hit, strength, blocking, target))
    waits = words[0] in ("helm",) and bool({"--wait", "--atomic", "--rollback-on-failure"} & set(words))
    if waits and any(hit.kind == "deploy" for hit in hits):
        seen.append(_Seen(Hit("verify", words[0]), "strong", YES))
    if "--push" in words and any(hit.kind == "image" for hit in hits):
        seen.append(_Seen(Hit("imagepush", words[0]), "strong", YES))
    return _Look(seen, True)


def _named(name: str, tool: str, strength: str = "name") -> _Look:
    return _Look([_Seen(hit, strength, YES) for hit in kinds.by_name(name, tool)], False)


def _shell(step: Step, words: tuple[str, ...], folder: str | None, depth: int) -> _Look:
    rest = list(words[1:])
    errexit = False
    while rest and rest[0].startswith(("-", "+")):
        flag = rest.pop(0)
        if flag[0] == "-" and flag[:2] != "--" and "n" in flag:  # it reads, and runs nothing
            return _Look([], True)
        errexit = errexit or (flag[:2] != "--" and "e" in flag)
        if flag == "-o" and rest:
            rest.pop(0)
        elif flag.endswith("c") and not flag.startswith("--") and rest:
            return _script(step, rest[0], folder, depth + 1, errexit)
    if not rest or EXPRESSION in rest[0] or "$" in rest[0]:
        return _Look([], not rest)
    return _local(step, rest[0], folder, depth, errexit)


def _local(step: Step, path: str, folder: str | None, depth: int, errexit: bool = False) -> _Look:
    """A script that lies in the repository; its name speaks where its commands do not."""
    said = _said(step, "script", path, normal(f"{folder or ''}/{path}"))
    if said.seen:
        return said
    name = path.rpartition("/")[2]
    named = _named(name.partition(".")[0], name)
    if folder is None or EXPRESSION in path or "$" in path or depth >= DEPTH:
        return named
    text = step.job.pipeline.workspace.text(normal(f"{folder}/{path}"))
    if not text:
        return named
    if name.endswith((".py", ".js", ".ts", ".rb", ".mjs", ".php", ".pl")) or (
        text.startswith("#!") and "sh" not in text.partition("\n")[0]
    ):
        return named
    first = text.partition("\n")[0]
    inner = _script(
        step, text, "" if folder == "" else folder, depth + 1, errexit or (first.startswith("#!") and " -e" in first)
    )
    inner_kinds = {seen.hit.kind for seen in inner.seen}
    return _Look([*inner.seen, *(seen for seen in named.seen if seen.hit.kind not in inner_kinds)], inner.known)


def _make(step: Step, words: tuple[str, ...], folder: str | None, depth: int) -> _Look:
    goals, folder, own = makefiles.goals_of(words, folder)
    if not makefiles.RUNS_NOTHING.isdisjoint(words) or set("nqtvh") & set(makefiles.flags_of(words)):
        return _Look([], True)
    source = None if own else makefiles.makefile(step, folder)
    known = source is not None
    rules: dict[str, tuple[list[str], list[str]]] = {}
    if source is not None:
        try:
            rules = source.once(makefiles.targets)
        except Unreadable:
            known = False
    seen: list[_Seen] = []
    for goal in goals or [name for name in rules if not name.startswith(".")][:1]:
        if goal not in rules:
            seen += _named(goal, "make").seen
            known = False
            continue
        stops = source is not None and bool(makefiles.STOPS.search(source.text))
        looks = [_recipe(step, line, folder, depth, stops) for line in makefiles.recipe_of(rules, goal)]
        inner = [each for look in looks for each in look.seen]
        understood = all(look.known for look in looks)
        known = known and understood
        seen += inner or ([] if understood else _named(goal, "make").seen)
    lost = makefiles.ignores(words, rules, goals, source)
    return _Look([each._replace(blocking=worse(each.blocking, lost)) for each in seen], known)


def _recipe(step: Step, line: str, folder: str | None, depth: int, stops: bool) -> _Look:
    ignored = line.lstrip("@+").startswith("-")
    look = _script(step, re.sub(r"\$\(([A-Z_]{1,60})\)", r"$\1", line.lstrip("@+-")), folder, depth + 1, stops)
    if not ignored:
        return look
    return _Look(
        [s._replace(blocking=worse(s.blocking, Blocking("no", "make ignores its failure (-)"))) for s in look.seen],
        look.known,
    )


def _package(step: Step, words: tuple[str, ...], folder: str | None, depth: int) -> _Look:
    name = packages.script_of(words)
    if name is None:
        return _hits(step, words)
    here = folder is not None and not packages.elsewhere(words)
    source = step.job.pipeline.workspace.source(f"{folder}/package.json") if here else None
    script = source.once(packages.scripts_of).get(name) if source is not None else None
    if kinds.runs_nothing(words) or (script is None and source is not None and "--if-present" in words):
        return _Look([], True)
    sure = name in _STANDARD and here and "--if-present" not in words
    named = _named(name, f"{words[0]} run {name}", "derived" if sure and script is None else "name")
    if script is None:
        direct = (
            kinds.command_kinds((name, *words[2:])) if words[0] in ("yarn", "pnpm") and source is not None else None
        )
        return _hits(step, (name, *words[2:])) if direct else named._replace(known=bool(named.seen))
    inner = _script(step, script, folder, depth + 1, errexit=False)
    if words[0] in ("npm", "yarn") and source is not None:
        around = [source.once(packages.scripts_of).get(f"{when}{name}") for when in ("pre", "post")]
        before, after = (_script(step, text, folder, depth + 1, errexit=False) if text else None for text in around)
        looks = [look for look in (before, inner, after) if look]
        inner = _Look([seen for look in looks for seen in look.seen], all(look.known for look in looks))
    if inner.seen and name == "build":  # whatever it runs, `tsc` say, it makes what is shipped
        return _Look([*inner.seen, *named.seen], inner.known)
    if inner.seen or inner.known:
        return inner
    return _Look(named.seen, False)


def unclassified(steps: Iterable[Step]) -> list[Step]:
    """Those of the steps of which it is not known what they do."""
    return [step for step in steps if not step.classified]


class Limited(NamedTuple):
    """A scan of a step by the table, and which findings it says do not count."""

    tool: str
    limit: scanners.Limit
    place: Node


def limits(step: Step) -> Iterator[Limited]:
    """What the scans of a step say of severities, as far as they say anything."""
    read = step.job.pipeline.workspace.text
    if step.uses:
        row = scanners.of_slug(step.slug)
        call = scanners.call_of(row, step.inputs, step.env, read) if row and row.severities else None
        limit = scanners.limit(row, call) if row and call else None
        if limit:
            yield Limited(step.slug, limit, step.uses_at)
        return
    for script in step.scripts:
        words = kinds.unwrap(script.command.words)
        row = scanners.of_words(words)
        if row and row.severities:
            limit = scanners.limit(row, scanners.Call(words, {}, step.env, read))
            if limit:
                yield Limited(row.name, limit, script.place)
