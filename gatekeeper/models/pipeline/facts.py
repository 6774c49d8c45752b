"""Steps to facts: by the action, by the command, by what a target or script runs, and last by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import kinds, scanners, shell, tables
from gatekeeper.models.pipeline.environments import named_by_flags
from gatekeeper.models.pipeline.ir import Fact, Job, Step, normal, pairs, text_of
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


def of_job(job: Job) -> tuple[Fact, ...]:
    """The facts of a job. One that calls another pipeline has those only when it cannot be read: by its name."""
    if job.unresolved:
        words = job.unresolved.partition("@")[0].rpartition("/")[2].removesuffix(".yml").removesuffix(".yaml")
        hits = kinds.by_name(words, job.unresolved) or kinds.by_name(job.id, job.unresolved)
        step = Step(job.node, job, 0)
        return tuple(
            Fact(
                h.kind,
                h.tool,
                "name",
                "unknown",
                f"{job.unresolved} is in another repository",
                "",
                0,
                job.uses_at,
                step,
            )
            for h in hits
        )
    return tuple(fact for step in job.steps for fact in step.facts)


def softened(found: tuple[Fact, ...], by: tuple[str, str]) -> tuple[Fact, ...]:
    """Facts as the jobs behind theirs meet them, where that job's failure may count as success."""
    if by[0] == "no":
        return found
    word = "no" if by[0] == "yes" else "unknown"
    return tuple(_weakened(fact, Blocking(word, f"the job has {by[1]}")) for fact in found)


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
        known = True
        for script in step.scripts:
            look = _command(step, script.command, script.folder, 0)
            known = known and look.known
            if look.seen:
                heard = _heard(step, script.number)
                worse = [seen._replace(blocking=_worse(seen.blocking, heard)) for seen in look.seen]
                found += [(seen, script.place, script.number) for seen in worse]
        look = _Look([], known and bool(step.scripts))
    if not found and not step.slug.startswith("actions/") and not _says_only(step):
        named = kinds.by_name(text_of(step.title_at), "name")
        found = [(_Seen(hit, "name", YES), step.title_at, 0) for hit in named]
    hidden = step.soft
    outer = YES if hidden[0] == "no" else Blocking("no" if hidden[0] == "yes" else "unknown", hidden[1])
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
        for b in (_worse(s.blocking, outer),)
    )
    return StepFacts(facts, look.known)


_TALK = frozenset("echo printf true : exit sleep export set cd ls cat mkdir test [ [[ date pwd env".split())


def _says_only(step: Step) -> bool:
    """Whether a script only prints and prepares: its name promises what it does not do."""
    words = [script.command.words for script in step.scripts]
    return bool(words) and all(not each or each[0] in _TALK for each in words)


def _heard(step: Step, index: int) -> Blocking:
    """Whether the failure of one command of the step's script fails the step."""
    made: list[shell.Heard] | None = step.__dict__.get("_heard")
    if made is None:
        script = shell.commands(step.run)
        made = step.__dict__["_heard"] = shell.heard(script, step.errexit, step.pipefail)
    word = _blocking(made[index])
    if word is YES and step.scripts[index].command.branch:
        return Blocking("unknown", "it runs only in one branch of the script")
    return word


def _blocking(heard: shell.Heard) -> Blocking:
    if heard.lost is False:
        return YES
    return Blocking("no" if heard.lost else "unknown", heard.why)


def _spent(step: Step) -> bool:
    """Whether a step has had its share of scripts and actions followed: what calls itself many times must end."""
    outer = step.outer or step
    outer.followed += 1
    return outer.followed > FOLLOWED


def _worse(a: Blocking, b: Blocking) -> Blocking:
    return b if _RANK[b.word] > _RANK[a.word] else a


def _weakened(fact: Fact, by: Blocking) -> Fact:
    worse = _worse(Blocking(fact.blocking, fact.reason), by)
    return fact._replace(blocking=worse.word, reason=worse.reason)


# actions


_RUNS_INPUT = {
    "nick-fields/retry": "command",
    "nick-invision/retry": "command",
    "appleboy/ssh-action": "script",
    "azure/cli": "inlinescript",
    "azure/powershell": "inlinescript",
    "cloud-gov/cg-cli-tools": "cf_command",
    "citizen-of-planet-earth/cf-cli-action": "command",
    "addnab/docker-run-action": "run",
    "reactivecircus/android-emulator-runner": "script",
    "coactions/setup-xvfb": "run",
    "gabrielbb/xvfb-action": "run",
    "kubevious/cli": "",
}
_WITH_PROGRAM = {
    "gradle/gradle-build-action": ("gradle", "arguments"),
    "gradle/actions/setup-gradle": ("gradle", "arguments"),
    "actions-rs/cargo": ("cargo", "command"),
    "superfly/flyctl-actions": ("flyctl", "args"),
    "cloudflare/wrangler-action": ("wrangler", "command"),
    "pulumi/actions": ("pulumi", "command"),
    "w9jds/firebase-action": ("firebase", "args"),
    "serverless/github-action": ("serverless", "args"),
    "cloud-gov/cg-cli-tools": ("cf", "cf_command"),
    "burrunan/gradle-cache-action": ("gradle", "arguments"),
    "goreleaser/goreleaser-action": ("goreleaser", "args"),
    "amondnet/vercel-action": ("vercel", "vercel-args"),
    "borales/actions-yarn": ("yarn", "cmd"),
}
_TRIVY_KINDS = {"config": "iacscan", "fs": "sca", "filesystem": "sca", "repo": "sca", "sbom": "sca"}


def _action(step: Step, slug: str, inputs: dict[str, str], depth: int) -> _Look:
    if slug.startswith(("./", "$/")):
        written = step.uses if depth == 0 else slug
        return _composite(step, normal(written[2:]), depth)
    if slug.startswith("docker://"):
        image = slug.removeprefix("docker://").rpartition("/")[2].partition(":")[0]
        return _hits(step, [image, *inputs.get("args", "").split()])
    runs = _RUNS_INPUT.get(slug)
    if runs and inputs.get(runs):
        return _script(step, inputs[runs], step.folder, depth + 1, errexit=False)
    for prefix, (program, name) in _WITH_PROGRAM.items():
        if (slug == prefix or slug.startswith(prefix + "/")) and inputs.get(name):
            arguments = inputs[name].split() if inputs[name].split()[:1] != [program] else inputs[name].split()[1:]
            look = _hits(step, [program, *arguments])
            return look if look.seen else _Look([], True)
    kind = kinds.action_kind(slug)
    if kind is None:
        repository, _, last = slug.rpartition("/")
        named = kinds.by_name(last, slug) or kinds.by_name(repository.rpartition("/")[2], slug)
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
    if kind not in kinds.SCANS:
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
            look = _script(inner, inner.run, "", depth + 1, errexit=True)
        hidden = inner.soft
        outer = YES if hidden[0] == "no" else Blocking("no" if hidden[0] == "yes" else "unknown", hidden[1])
        seen += [
            each._replace(strength=_weaker(each.strength), blocking=_worse(each.blocking, outer)) for each in look.seen
        ]
        known = known and look.known
    return _Look(seen, known)


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
    """What a script does that the step runs: a file, a recipe, an input."""
    if depth > DEPTH or _spent(step):
        return _Look([], False)
    script = shell.commands(text)
    seen: list[_Seen] = []
    known = True
    for command, outer in zip(script, shell.heard(script, errexit, pipefail), strict=True):
        look = _command(step, command, folder, depth)
        heard = _blocking(outer)
        seen += [
            each._replace(blocking=_worse(each.blocking, heard), strength=_weaker(each.strength)) for each in look.seen
        ]
        known = known and look.known
    return _Look(seen, known)


def _command(step: Step, command: shell.Command, folder: str | None, depth: int) -> _Look:
    words = kinds.unwrap(command.words)
    if not words:
        return _Look([], True)
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
    if (
        "/" in path
        and program not in ("gradle", "mvn")
        and not path.startswith(("/", "~", "node_modules", "./node_modules", "vendor/bin", "./vendor/bin"))
    ):
        return _local(step, path, folder, depth)
    if program in _INTERPRETERS and not kinds.command_kinds(words):  # `node --test` is a command of its own
        file = next((w for w in words[1:] if not w.startswith("-")), "")
        return (
            _named(file.rpartition("/")[2].rpartition(".")[0], file)
            if file and EXPRESSION not in file
            else _Look([], not file)
        )
    if program in ("terraform", "tofu") and "apply" in words and _creates_nothing(step, words, folder):
        return _Look([], True)
    return _hits(step, words)


_INTERPRETERS = frozenset("python python3 node ruby deno tsx ts-node php Rscript pwsh perl".split())
_CREATES = regex(r'^[ \t]*(?:resource|module)[ \t]+"', re.MULTILINE)


def _creates_nothing(step: Step, words: Sequence[str], folder: str | None) -> bool:
    """Whether the Terraform that is applied has neither resources nor modules: it is applied to read its outputs."""
    to = scanners.option(words, "-chdir", "--chdir") or ""
    if folder is None or EXPRESSION in to or "$" in to:
        return False
    workspace = step.job.pipeline.workspace
    home = normal(f"{workspace.root}{folder}/{to}")
    paths = [path for path in workspace.tree.paths if path.endswith(".tf") and path.rpartition("/")[0] == home]
    texts = [workspace.text(path.removeprefix(workspace.root)) for path in paths]
    return bool(texts) and all(text and not _CREATES.search(text) for text in texts)


def _hits(step: Step, words: Sequence[str]) -> _Look:
    hits = kinds.command_kinds(words)
    if hits is None:
        return _Look([], False)
    seen = []
    for hit in hits:
        blocking = YES
        if hit.kind in kinds.SCANS:
            blocking = scanners.of_command(words, step.env, step.job.pipeline.workspace.text)
        target = " ".join(named_by_flags(words)) if hit.kind in ("deploy", "migrate", "rollback") else ""
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


_TARGET = regex(r"^([A-Za-z0-9_./% -]{1,200}?)[ \t]*::?(?![=:])([^\n#]*)", re.MULTILINE)


def targets(source: Source) -> dict[str, tuple[list[str], list[str]]]:
    """A Makefile's targets, each with what it depends on and the lines of its recipe."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    current: list[str] = []
    for line in source.text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            for name in current:
                found[name][1].append(line.strip())
            continue
        match = _TARGET.match(line)
        if match:
            current = match[1].split()
            for name in current:
                needed, _, recipe = match[2].partition(";")
                found.setdefault(name, ([], []))[0].extend(needed.split())
                found[name][1].extend([recipe.strip()] if recipe.strip() else [])
        elif line.strip() and not line.startswith("#"):
            current = []
    return found


def makefile(step: Step, folder: str | None) -> Source | None:
    if folder is None:
        return None
    workspace = step.job.pipeline.workspace
    names = ("GNUmakefile", "makefile", "Makefile")
    return next((s for name in names if (s := workspace.source(f"{folder}/{name}"))), None)


def make_goals(words: Sequence[str], folder: str | None) -> tuple[list[str], str | None, bool]:
    """The goals of a `make` call, the folder it runs in, and whether it names a makefile of its own."""
    goals: list[str] = []
    own = False
    rest = iter(words[1:])
    for word in rest:
        if word in ("-C", "--directory"):
            to = next(rest, "")
            folder = None if folder is None or EXPRESSION in to or "$" in to else normal(f"{folder}/{to}")
        elif word in ("-f", "--file", "--makefile"):
            own = True
            next(rest, "")
        elif word in ("-j", "-l", "-o", "-W", "-I"):
            following = next(rest, "")
            if following and not following.isdigit():
                goals.append(following)
        elif not word.startswith("-") and "=" not in word:
            goals.append(word)
    return goals, folder, own


def _make(step: Step, words: tuple[str, ...], folder: str | None, depth: int) -> _Look:
    goals, folder, own = make_goals(words, folder)
    source = None if own else makefile(step, folder)
    known = source is not None
    rules: dict[str, tuple[list[str], list[str]]] = {}
    if source is not None:
        try:
            rules = source.once(targets)
        except Unreadable:
            known = False
    seen: list[_Seen] = []
    for goal in goals or [name for name in rules if not name.startswith(".")][:1]:
        if goal not in rules:
            seen += _named(goal, "make").seen
            known = False
            continue
        looks = [_recipe(step, line, folder, depth) for line in _lines(rules, goal)]
        inner = [each for look in looks for each in look.seen]
        known = known and all(look.known for look in looks)
        seen += inner or _named(goal, "make").seen
    return _Look(seen, known)


def _lines(rules: dict[str, tuple[list[str], list[str]]], goal: str) -> list[str]:
    """The recipe lines of a goal and of what it depends on, dependencies first."""
    lines: list[str] = []
    done: set[str] = set()
    stack = [(goal, False)]
    while stack and len(done) < 100:
        name, expanded = stack.pop()
        if expanded:
            lines += rules[name][1]
        elif name in rules and name not in done:
            done.add(name)
            stack.append((name, True))
            stack += [(needed, False) for needed in reversed(rules[name][0])]
    return lines


def _recipe(step: Step, line: str, folder: str | None, depth: int) -> _Look:
    ignored = line.lstrip("@+").startswith("-")
    look = _script(step, re.sub(r"\$\(([A-Z_]{1,60})\)", r"$\1", line.lstrip("@+-")), folder, depth + 1, errexit=True)
    if not ignored:
        return look
    return _Look(
        [s._replace(blocking=_worse(s.blocking, Blocking("no", "make ignores its failure (-)"))) for s in look.seen],
        look.known,
    )


def package_scripts(source: Source) -> dict[str, str]:
    """The scripts of a package.json."""
    try:
        scripts = json.loads(source.text).get("scripts", {})
        return {str(name): str(text) for name, text in scripts.items()}
    except (ValueError, AttributeError, RecursionError, Unreadable):
        return {}


_NPM_OWN = frozenset(tables.PACKAGE_VERBS.split())


def package_script(words: Sequence[str]) -> str | None:
    """The package script that an npm, yarn, pnpm or bun call runs; None for the tool's own verbs."""
    plain: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word in ("--prefix", "-C", "--cwd", "--dir", "--filter", "-F", "-w", "--workspace", "--project"):
            next(rest, "")
        elif word == "--":
            break
        elif not word.startswith("-"):
            plain.append(word)
    if plain[:1] == ["workspace"]:
        plain = plain[2:]
    if plain[:1] in (["run"], ["run-script"], ["rum"]):
        return plain[1] if len(plain) > 1 else None
    if not plain:
        return None
    if words[0] == "npm":
        return {"test": "test", "t": "test", "tst": "test", "start": "start", "stop": "stop"}.get(plain[0])
    if words[0] == "bun" and plain[0] in ("test", "build"):
        return None
    return None if plain[0] in _NPM_OWN else plain[0]


def elsewhere(words: Sequence[str]) -> bool:
    """Whether the call names another folder or workspace than the one it runs in."""
    options = (
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--filter",
        "-F",
        "-w",
        "--workspace",
        "--workspaces",
        "-r",
        "--recursive",
        "-ws",
        "--project",
    )
    return (
        any(word.partition("=")[0] in options for word in words[1:])
        or "workspace" in words[1:3]
        or "workspaces" in words[1:3]
    )


def _package(step: Step, words: tuple[str, ...], folder: str | None, depth: int) -> _Look:
    name = package_script(words)
    if name is None:
        return _hits(step, words)
    source = (
        None if folder is None or elsewhere(words) else step.job.pipeline.workspace.source(f"{folder}/package.json")
    )
    script = source.once(package_scripts).get(name) if source is not None else None
    named = _named(name, f"{words[0]} run {name}", "derived" if name in _STANDARD else "name")
    if script is None:
        direct = (
            kinds.command_kinds((name, *words[2:])) if words[0] in ("yarn", "pnpm") and source is not None else None
        )
        return _hits(step, (name, *words[2:])) if direct else named._replace(known=bool(named.seen))
    inner = _script(step, script, folder, depth + 1, errexit=True)
    if inner.seen and name == "build":  # whatever it runs, `tsc` say, it makes what is shipped
        return _Look([*inner.seen, *named.seen], inner.known)
    if inner.seen or inner.known:
        return inner
    return _Look(named.seen, False)


def unclassified(steps: Iterable[Step]) -> list[Step]:
    """Those of the steps of which it is not known what they do."""
    return [step for step in steps if not step.classified]
