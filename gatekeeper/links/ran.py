"""What a job runs, command by command: its own scripts, and those of the repository that they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import Job, Step
from gatekeeper.models.pipeline.ir import normal, text_of
from gatekeeper.models.pipeline.kinds import command_kinds, unwrap
from gatekeeper.models.pipeline.makefiles import goals_of, makefile, targets
from gatekeeper.models.pipeline.shell import EXPRESSION, Command, commands
from gatekeeper.node import Node
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

_MOST = 2_000  # commands of one job that are looked at
_DEPTH = 3  # scripts that lead to scripts
_SHELLS = frozenset("bash sh zsh dash source .".split())
_SCRIPT_INPUTS = ("script", "command", "run", "inlinescript", "cmd")
_INTERPRETED = (".py", ".js", ".ts", ".rb", ".mjs", ".php", ".pl", ".ps1")


class Ran(NamedTuple):
    """One command as a step runs it: its words behind `sudo` and the like, and where the step says so.

    `fallback`: it runs only where something before it went wrong or was asked about (`||`, a branch). `own`: it stands
    in the pipeline's own file.
    """

    words: tuple[str, ...]
    place: Node
    step: Step
    order: int
    fallback: bool = False
    own: bool = True

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(hit.kind for hit in command_kinds(self.words) or ())


class _From(NamedTuple):
    """Where commands come from: the step, its place in the pipeline, the folder, and how deep that is."""

    step: Step
    place: Node
    order: int
    folder: str | None
    depth: int
    fallback: bool = False

    def below(self, command: Command) -> _From:
        asked = self.fallback or command.branch or command.before == "||"
        return self._replace(depth=self.depth + 1, fallback=asked)


def ran(job: Job, project: Project) -> tuple[Ran, ...]:
    """The commands of a job in their order; made once."""
    return project.once(("ran", id(job)), lambda project: tuple(_bounded(job)))


def _bounded(job: Job) -> Iterator[Ran]:
    for count, each in enumerate(each for step in job.steps if not step.never for each in _of_step(step)):
        if count >= _MOST:
            return
        yield each


def _of_step(step: Step) -> Iterator[Ran]:
    order = step.index * 1000
    for script in step.scripts:
        here = _From(step, script.place, order + min(script.number, 999), script.folder, 0)
        yield from _command(script.command, here)
    used = _From(step, step.uses_at, order, step.folder, 0)
    if step.uses.startswith(("./", "$/")):
        yield from _composite(normal(step.uses[2:]), used)
    elif step.uses:
        for name in _SCRIPT_INPUTS:
            for command in commands(step.inputs.get(name, "")):
                yield from _command(command, used)


def _command(command: Command, here: _From) -> Iterator[Ran]:
    words = unwrap(command.words)
    if not words:
        return
    asked = here.fallback or command.branch or command.before == "||"
    yield Ran(words, here.place, here.step, here.order, asked, here.depth == 0)
    if here.depth >= _DEPTH:
        return
    for text in _leads_to(words, command, here):
        for inner in commands(text):
            yield from _command(inner, here.below(command))


def _leads_to(words: tuple[str, ...], command: Command, here: _From) -> Iterator[str]:
    """The scripts that a command runs: a file of the repository, what `sh -c` is given, the recipe of a target."""
    if words[0] in ("make", "gmake"):
        yield from _recipes(words, here)
        return
    path = next((word for word in command.words if "/" in word and word.rpartition("/")[2] == words[0]), "")
    if words[0] in _SHELLS:
        flagged = any(word[:1] == "-" and word[:2] != "--" and word.endswith("c") for word in words[1:-1])
        if flagged:
            yield words[-1]
            return
        path = next((word for word in words[1:] if not word.startswith(("-", "+"))), "")
    if path and not path.startswith(("/", "~")) and "$" not in path and EXPRESSION not in path:
        yield _file(path, here)


def _file(path: str, here: _From) -> str:
    if here.folder is None or path.endswith(_INTERPRETED):
        return ""
    text = here.step.job.pipeline.workspace.text(normal(f"{here.folder}/{path}"))
    first = text.partition("\n")[0]
    return "" if first.startswith("#!") and "sh" not in first else text


def _recipes(words: tuple[str, ...], here: _From) -> Iterator[str]:
    goals, folder, own = goals_of(words, here.folder)
    source = None if own else makefile(here.step, folder)
    if source is None:
        return
    try:
        rules = source.once(targets)
    except Unreadable:
        return
    for goal in goals[:20]:
        needed, recipe = rules.get(goal, ([], []))
        lines = [line for name in needed[:20] for line in rules.get(name, ([], []))[1]]
        yield "\n".join(line.lstrip("@+-") for line in (*lines, *recipe))


def _composite(folder: str, here: _From) -> Iterator[Ran]:
    """The scripts of an action that lies in the repository."""
    workspace = here.step.job.pipeline.workspace
    source = next((s for n in ("action.yml", "action.yaml") if (s := workspace.source(f"{folder}/{n}"))), None)
    try:
        nodes = source.once(yaml.parse).nodes if source else []
    except Unreadable:
        return
    steps = nodes[0]["runs"]["steps"] if nodes and nodes[0].is_mapping else None
    for inner in steps if steps is not None and steps.is_list else ():
        for command in commands(text_of(inner["run"])):
            yield from _command(command, here._replace(folder="", depth=1))
