"""What the testers, scanners and validators of a step leave that a program can read, and what would make them.

A run is found in the step's own script, in the package script or make target that it calls, or in an action of the
table. What a variable holds is known only at run time: where its name says that it holds options, so is the report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import kinds, makefiles, packages, report_advice, report_settings, report_tables, shell
from gatekeeper.models.pipeline.facts import FOLLOWED
from gatekeeper.models.pipeline.ir import Job, Step, text_of
from gatekeeper.models.pipeline.report_left import Left, best, values
from gatekeeper.models.pipeline.report_tables import Input, Tool
from gatekeeper.models.pipeline.shell import EXPRESSION, Command
from gatekeeper.node import Node, regex

DEPTH = 3  # package scripts and make targets that call one another
MOST = 50  # runs of one step that are looked at
VARIABLES = 10  # variables in one command that are looked into
WORDS = 2000  # words of one command that are looked at


class ToolRun(NamedTuple):
    """One run of a tool. `name` is what starts it: `pytest`, `npm test: jest`, an action.

    `advice` is the command line, or what to write where, that leaves a report; it becomes evidence of `tool.kind`.
    `number` is the command's place in the step's script.
    """

    tool: Tool
    name: str
    place: Node
    number: int
    left: Left
    advice: str


class _Call(NamedTuple):
    """A command with where it stands: the text of the script, the folder, and who calls that script how."""

    command: Command
    text: str
    folder: str | None
    said: str = ""
    home: str = ""  # the file it is written in, where that is not the pipeline
    adds: tuple[str, ...] = ()  # the words that hand options on to it: `npm test --`
    environment: Mapping[str, str] = {}
    kept: str = ""  # the file that takes its standard output


def runs(step: Step) -> tuple[ToolRun, ...]:
    """The runs of the tools of the table in a step, in their order; made once for all steps of its job."""
    made: dict[int, tuple[ToolRun, ...]] | None = step.job.__dict__.get("_reports")
    if made is None:
        names: Counter[str] = Counter()
        made = {
            each.index: tuple(
                run._replace(advice=report_advice.numbered(run.tool, run.advice, names)) for run in _of_step(each)
            )
            for each in step.job.steps
        }
        step.job.__dict__["_reports"] = made
    return made.get(step.index, ())


def _of_step(step: Step) -> Iterator[ToolRun]:
    if text_of(step.cond).replace("${{", "").replace("}}", "").strip() == "false":
        return iter(())
    return islice(_of_action(step) if step.uses else _of_script(step), MOST)


# the runs of a script


def _of_script(step: Step) -> Iterator[ToolRun]:
    exported: dict[str, str] = {}
    programs = report_tables.by_program()
    for script in step.scripts:
        if script.command.words[:1] == ("export",):
            exported |= _assignments(script.command.words[1:])
        words = _unwrapped(script.command.words)
        if not words or (words[0] not in programs and words[0] not in _FOLLOWED):
            continue  # as most commands
        call = _Call(
            script.command, step.run, script.folder, environment={**step.env, **exported} if exported else step.env
        )
        for inner in _followed(step, call, 0):
            yield from _run(step, inner, script.place, script.number)


_FOLLOWED = frozenset("make gmake npm yarn pnpm bun".split())


def _assignments(words: Iterable[str]) -> dict[str, str]:
    pairs = (word.replace(EXPRESSION, "$").partition("=") for word in words)  # `$`: not known before it runs
    return {name: value for name, given, value in pairs if given and name.isidentifier()}


def _followed(step: Step, call: _Call, depth: int) -> Iterator[_Call]:
    """The call itself, or what the package script or make target that it names runs."""
    if _spent(step, bool(depth)) or depth > DEPTH or call.command.inner:
        return
    words = _unwrapped(call.command.words)
    if not words:
        return
    if words[0] in ("make", "gmake"):
        yield from _made(step, call, words, depth)
    else:
        name, script = _script(step, call, words)
        yield from [call] if script is None else _packaged(step, call, words, name, script, depth)


def _spent(step: Step, more: bool = False) -> bool:
    """Whether a step has had its share of commands followed: what calls itself many times must end."""
    spent = step.__dict__["_looked_into"] = step.__dict__.get("_looked_into", 0) + more
    return bool(spent > FOLLOWED)


def _made(step: Step, call: _Call, words: tuple[str, ...], depth: int) -> Iterator[_Call]:
    goals, folder, own = makefiles.goals_of(words, call.folder)
    source = None if own else makefiles.makefile(step, folder)
    if source is None:
        return
    try:
        rules = source.once(makefiles.targets)
    except Unreadable:
        return
    for goal in goals or [name for name in rules if not name.startswith(".")][:1]:
        for line in _recipe(rules, goal, set()):
            if _spent(step):
                return
            for command in shell.commands(line):
                said = call.said or f"make {goal}"
                inner = _Call(command, line, folder, said, "Makefile", environment=call.environment)
                yield from _followed(step, inner, depth + 1)


def _recipe(rules: Mapping[str, tuple[list[str], list[str]]], goal: str, seen: set[str]) -> Iterator[str]:
    """The lines that make a goal, those of what it needs first."""
    stack = [(goal, False)]
    while stack and len(seen) < 100:
        name, ready = stack.pop()
        if ready:
            yield from (line.lstrip("@+-") for line in rules[name][1])
        elif name in rules and name not in seen:
            seen.add(name)
            stack.append((name, True))
            stack += [(needed, False) for needed in reversed(rules[name][0])]


def _script(step: Step, call: _Call, words: tuple[str, ...]) -> tuple[str, str | None]:
    """The package script that a call names, and its text where it is known."""
    name = packages.script_of(words) if words[0] in ("npm", "yarn", "pnpm", "bun") else None
    if name is None or call.folder is None or packages.elsewhere(words):
        return "", None
    source = step.job.pipeline.workspace.source(f"{call.folder}/package.json")
    return name, source.once(packages.scripts_of).get(name) if source else None


def _packaged(step: Step, call: _Call, words: tuple[str, ...], name: str, script: str, depth: int) -> Iterator[_Call]:
    more = words[words.index(name) + 1 :] if name in words else words[2:]  # `npm t` is `npm test`
    handed = more[1:] if more[:1] == ("--",) else () if words[0] == "npm" else more
    dashes = ("--",) if words[0] == "npm" and "--" not in words else ()
    commands = shell.commands(script)
    adds = (*call.command.words, *dashes) if len(commands) == 1 and not depth else ()
    said = call.said or report_advice.shown(words[: len(words) - len(more)])
    for number, command in enumerate(commands):
        if _spent(step):
            return
        if number == len(commands) - 1:
            command = command._replace(words=(*command.words, *handed))
        inner = call._replace(command=command, text=script, said=said, home="package.json", adds=adds)
        yield from _followed(step, inner, depth + 1)


_KEEPS = regex(r"(?<![0-9<>=&-])[1&]?>{1,2}[ \t]*[\"']?([^\s\"'|&;<>()]{1,200})")
_TEE = regex(r"\btee[ \t]+(?:-a[ \t]+)?[\"']?([^\s\"'|&;<>()]{1,200})")


def _run(step: Step, call: _Call, place: Node, number: int) -> Iterator[ToolRun]:
    found = _row(_program_of_package(_unwrapped(call.command.words)))
    if found is None:
        return
    words, before, environment = _tool_words(call)
    if _runs_nothing(found[0], words, found[1]):
        return
    tool, at, name = found
    words = words[:WORDS]
    line = _logical(call.text, call.command.line)
    captured = "what it prints" if "--capture" in before and _keeps_evidence(before) else ""
    call = call._replace(environment=environment, kept=captured or _kept_output(line))
    left = _with_variables(step, tool, words, call, line)
    if left.state != "report" and tool.kind == "junit" and _converted(step.job):
        left = Left("report", "JUnit XML", "its report", "junit")
    name = f"{call.said}: {name}" if call.said else name
    yield ToolRun(tool, name, place, number, left, _advice(tool, before, at, call))


def _advice(tool: Tool, before: Sequence[str], at: int, call: _Call) -> str:
    words = call.command.words[len(before) :]
    if call.adds and report_advice.addable(tool, words, at):
        return f"{report_advice.shown(call.adds)} {tool.add}"
    line = report_advice.line(tool, before, words, at, bool(call.kept))
    return f"in {call.home}: {line}" if call.home else line


def _tool_words(call: _Call) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
    """The words from the tool on, what stands before them, and the variables the tool sees."""
    raw = call.command.words
    words = _program_of_package(_unwrapped(raw))
    before = raw[: len(raw) - len(words)]
    assigned = _assignments((*call.command.env, *before))
    return words, before, {**call.environment, **assigned}


def _unwrapped(raw: Sequence[str]) -> tuple[str, ...]:
    """The command behind all that only runs another."""
    words = kinds.unwrap(raw)
    for _ in range(3):
        inner = _wrapped(words)
        if inner is None:
            break
        words = kinds.unwrap(inner)
    return words


def _wrapped(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """What a program runs that measures coverage, sets variables or keeps evidence; None for any other program."""
    if not words:
        return None
    if words[0] in ("gatekeeper", "gatekeeper-lint") and "--" in words:
        return words[words.index("--") + 1 :]
    if words[0] == "coverage" and words[1:2] == ("run",) and "-m" in words:
        return words[words.index("-m") + 1 :]
    if words[0] in _AROUND:
        known = {*report_tables.by_program(), "npx", "npm", "yarn", "pnpm"}
        return next((words[at:] for at in range(1, len(words)) if words[at] in known), None)
    return None


_AROUND = frozenset("nyc c8 cross-env dotenv".split())


def _program_of_package(words: tuple[str, ...]) -> tuple[str, ...]:
    """`jest` of `yarn jest`: yarn and pnpm run the programs of packages by their names."""
    if words[:1] not in (("yarn",), ("pnpm",)) or packages.elsewhere(words):
        return words
    inner = words[2:] if words[1:2] == ("run",) else words[1:]
    return inner if inner and inner[0] in report_tables.by_program() else words


def _keeps_evidence(words: Sequence[str]) -> bool:
    return any(word.rpartition("/")[2].startswith("gatekeeper") for word in words) and "evidence" in words


def _row(words: Sequence[str]) -> tuple[Tool, int, str] | None:
    """The row of a command, how many of its words say so, and the words of the row."""
    for wanted, tool in report_tables.by_program().get(words[0], ()) if words else ():
        at = _matched(wanted, words)
        if at:
            return tool, at, " ".join(wanted)
    return None


def _matched(wanted: tuple[str, ...], words: Sequence[str]) -> int:
    """How many words it takes to find the wanted ones, options and their values aside; 0 when they are not there."""
    found = 0
    for index, word in enumerate(words):
        if word == wanted[found]:
            found += 1
            if found == len(wanted):
                return index + 1
        elif not word.startswith("-") and (not words[index - 1].startswith("-") or "=" in words[index - 1]):
            return 0
    return 0


_ASKS = frozenset("--version --help -h version help".split())
_NO_TEST = regex(r"(?:\^\$\$?|\^?(?i:none|xxx|benchmark)\$?\$?|\^#)\Z")
_PHASES = {
    "mvn": frozenset("test verify install package integration-test".split()),
    "gradle": frozenset("test check build".split()),
}


def _runs_nothing(tool: Tool, words: Sequence[str], at: int) -> bool:
    """Whether the command only asks, lists, compiles or prepares."""
    never = set(tool.never.split())
    if _ASKS & set(words[1:2]) or "--version" in words or "--help" in words:
        return True
    options = {word.partition("=")[0] for word in words[1:] if word.startswith("-")}
    if never & {*options, *words[at : at + 1]}:
        return True
    if tool.name in _PHASES:
        return not any(hit.kind == "test" for hit in kinds.command_kinds(words) or ()) or not (
            _PHASES[tool.name] & {word.rpartition(":")[2] for word in words[1:]}
        )
    return tool.name == "go test" and any(_NO_TEST.match(value) for value in values(words, "-run --run -test.run"))


def _logical(text: str, line: int) -> str:
    """The line of a script on which a command starts, with those that continue it."""
    lines = text.split("\n")
    end = line
    while end < len(lines) and lines[end].rstrip("\r").endswith("\\"):
        end += 1
    return "\n".join(lines[line : end + 1])


def _kept_output(line: str) -> str:
    """The file that takes what a command prints; '' when the log alone does."""
    files = [found[1] for pattern in (_KEEPS, _TEE) for found in pattern.finditer(line)]
    return next((name for name in files if not name.startswith(("/dev/", "$GITHUB_", "${GITHUB_"))), "")


# what a run leaves


_VARIABLE = regex(r"\$\{\{([^}]{0,200})\}\}|\$[{(]?([A-Za-z_][A-Za-z0-9_]{0,60})[})]?|\$[@*]")
_OF_OPTIONS = regex(r"(?i)(?:arg|opt|flag|extra|param|report|\$[@*]|'-)")


def _with_variables(step: Step, tool: Tool, words: Sequence[str], call: _Call, line: str) -> Left:
    """What a run leaves, with the options that variables hold as far as the files say what that is."""
    left = _left(step, tool, words, call)
    if left.state == "report":
        return left
    variables = {found[0]: found for found in _VARIABLE.finditer(line)}
    holding = {text: v for text, v in variables.items() if _OF_OPTIONS.search(v[1] or v[2] or text)}
    if len(holding) > VARIABLES:
        return Left("unknown", f"{len(holding)} variables hold its options")
    for found in holding.values():
        held = _held(step, call, found)
        if held is None:
            return Left("unknown", f"what {found[0]} holds is known only at run time")
        each = [_left(step, tool, [*words, *report_settings.split(value)], call) for value in held]
        if len({other.state for other in each}) > 1:
            return Left("unknown", f"{found[0]} holds options that differ from run to run")
        left = each[0] if each else left
    return left


def _held(step: Step, call: _Call, found: re.Match[str]) -> tuple[str, ...] | None:
    """The values of a variable in a script; None when they are not known."""
    if found[1] is not None:
        return step.job.values(found[0])
    value = call.environment.get(found[2] or "")
    return None if value is None or "$" in value else (value,)


def _left(step: Step, tool: Tool, words: Sequence[str], call: _Call) -> Left:
    """The best of what a run leaves, by its options and its configuration."""
    if tool.itself:
        return Left("report", "XML", tool.itself, tool.kind)
    named = [f"{flag}={call.environment[name]}" for name, flag in _variables(tool) if call.environment.get(name)]
    given = [*words, *named]
    left = best(tool, given, call.kept)
    if left.state in ("report", "unknown"):
        return left
    chosen = any(values(given, tool.choosers))  # the command line goes before configuration
    if call.folder is None:
        why = "the folder it runs in, where its configuration lies, is known only at run time"
        return Left("unknown", why) if report_settings.configurable(tool) and not chosen else left
    read = report_settings.reader(step.job.pipeline.workspace, call.folder)
    configured = [
        word
        for word in report_settings.options(tool, words, call.environment, read)
        if not (chosen and word.partition("=")[0] in tool.choosers.split())
    ]
    left = best(tool, [*given, *configured], call.kept)
    if left.state in ("report", "unknown"):
        return left
    unread = "" if chosen else report_settings.code(tool, words, read)
    unread = unread or report_settings.unread_variable(tool, call.environment)
    return Left("unknown", unread) if unread else left


def _variables(tool: Tool) -> Iterator[tuple[str, str]]:
    return iter(report_tables.values(tool.variables).items())


def _converted(job: Job) -> bool:
    """Whether a command of the job turns what tests print into JUnit XML: `go-junit-report`, `tap-xunit`."""
    made: bool | None = job.__dict__.get("_converts")
    if made is None:
        words = (kinds.unwrap(script.command.words)[:1] for step in job.steps for script in step.scripts)
        made = job.__dict__["_converts"] = any("junit" in w or w == "tap-xunit" for first in words for w in first)
    return made


# actions


_OWNERS = frozenset(row.action.partition("/")[0] for row in report_tables.INPUTS)


def _of_action(step: Step) -> Iterator[ToolRun]:
    if step.slug.partition("/")[0] not in _OWNERS:
        return
    row = next((row for row in report_tables.INPUTS if step.slug == row.action or _below(step.slug, row.action)), None)
    if row is None or (step.inputs.get("command", "test") != "test" and row.words.startswith("snyk")):
        return
    words = (*row.words.split(), *_given(row, step.inputs))
    found = _row(words)
    if found is None:
        return
    call = _Call(Command(words, (), 0, 0), "", "", environment=step.env)
    line = " ".join(step.inputs.get(name, "") for name in row.splits.split())
    left = _with_variables(step, found[0], words, call, line)
    yield ToolRun(found[0], step.uses.partition("@")[0], step.node["uses"], 0, left, f"with: {{{row.with_}}}")


def _below(slug: str, action: str) -> bool:
    return action.endswith("/") and slug.startswith(action) and not slug.startswith("snyk/actions/setup")


_EXPRESSIONS = regex(r"\$\{\{[^}]{0,500}\}\}")


def _given(row: Input, inputs: Mapping[str, str]) -> Iterator[str]:
    """The options that an action makes of its inputs."""
    otherwise = report_tables.values(row.otherwise)
    for name in row.splits.split():
        yield from report_settings.split(inputs.get(name, ""))
    for name, flag in report_tables.values(row.gives).items():
        value = inputs.get(name) or otherwise.get(name, "")
        if value:
            yield f"{flag}={_EXPRESSIONS.sub(EXPRESSION, value).rstrip(',')}"
    for name, option in report_tables.values(row.switches).items():
        if (inputs.get(name) or otherwise.get(name, "")) == "true":
            yield option


# whether a report outlives the job


_HARMLESS_ACTIONS = (
    "actions/setup-", "actions/cache", "actions/checkout", "docker/setup-", "docker/login-action",
    "docker/build-push-action", "docker/metadata-action",
)  # fmt: skip
_HARMLESS = frozenset("echo printf cd export set exit true : test [ [[ mkdir ls pwd sleep cat grep env date".split())
_HARMLESS_KINDS = frozenset(
    {"lint", "typecheck", "build", "test", "e2e", "validate", "image", "sca", "sast", "iacscan"}
)
_HOSTED = ("ubuntu-", "windows-", "macos-")


def lost(step: Step, run: ToolRun) -> bool:
    """Whether it is certain that nothing takes a run's report away before the runner and its files are gone."""
    labels = step.job.values(text_of(step.job.node["runs-on"])) or ()
    if not labels or not all(label.startswith(_HOSTED) for label in labels):
        return False
    later = step.job.steps[step.index + 1 :]
    if any(each.uses and not each.slug.startswith(_HARMLESS_ACTIONS) for each in later):
        return False
    commands = [script.command for script in step.scripts if script.number > run.number]
    commands += [script.command for each in later for script in each.scripts]
    understood = all(each.scripts or not each.run for each in later)
    return understood and all(_harmless(command) for command in commands)


def _harmless(command: Command) -> bool:
    """Whether a command surely keeps no file: it is one that only prints, builds, tests or checks."""
    words = kinds.unwrap(command.words)
    if not words or words[0] in _HARMLESS:
        return True
    if words[0] in ("make", "npm", "yarn", "pnpm", "bun") or "junit" in words[0]:
        return False
    hits = kinds.command_kinds(words)
    return bool(hits) and all(hit.kind in _HARMLESS_KINDS for hit in hits or ())
