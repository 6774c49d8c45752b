"""What a job runs, command by command: its own scripts, and those of the repository that they lead to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import Job, Step
from gatekeeper.models.pipeline.ir import normal, text_of
from gatekeeper.models.pipeline.kinds import command_kinds, unwrap
from gatekeeper.models.pipeline.makefiles import goals_of, makefile, recipe_of, targets
from gatekeeper.models.pipeline.packages import elsewhere, script_of, scripts_of
from gatekeeper.models.pipeline.scanners import option
from gatekeeper.models.pipeline.shell import EXPRESSION, Command, commands
from gatekeeper.node import Node, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

_MOST = 2_000  # commands of one job that are looked at
_DEPTH = 4  # scripts that lead to scripts
_SHELLS = frozenset("bash sh zsh dash source .".split())
_SCRIPT_INPUTS = ("script", "command", "run", "inlinescript", "cmd")
_INTERPRETED = (".py", ".js", ".ts", ".rb", ".mjs", ".php", ".pl", ".ps1")
_VARIABLE = regex(r"\$\(([A-Z_]{1,60})\)")


class Ran(NamedTuple):
    """One command as a step runs it: its words behind `sudo` and the like, where the step says so, and in which folder
    (None: not known).

    `fallback`: it runs only where something before it went wrong or was asked about (`||`, a branch). `own`: it stands
    in the pipeline's own file.
    """

    words: tuple[str, ...]
    place: Node
    step: Step
    order: int
    folder: str | None
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


def ran(job: Job, project: Project) -> tuple[Ran, ...]:
    """The commands of a job in their order; made once."""
    return project.once(("ran", id(job)), lambda project: _of_job(job, project))


def _of_job(job: Job, project: Project) -> tuple[Ran, ...]:
    steps = (ran_in(step, project) for step in job.steps if not step.never)
    return tuple(islice(chain.from_iterable(steps), _MOST))


def ran_in(step: Step, project: Project) -> tuple[Ran, ...]:
    """The commands of one step in their order; made once."""
    return project.once(("ran in", id(step)), lambda project: tuple(islice(_of_step(step), _MOST)))


def _of_step(step: Step) -> Iterator[Ran]:
    order = step.index * 1000
    for script in step.scripts:
        here = _From(step, script.place, order + min(script.number, 999), script.folder, 0)
        yield from _command(script.command, here)
    used = _From(step, step.uses_at, order, None if "ssh" in step.slug else step.folder, 0)
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
    yield Ran(words, here.place, here.step, here.order, here.folder, asked, here.depth == 0)
    if here.depth >= _DEPTH:
        return
    for text, folder in _leads_to(words, command, here):
        below = here._replace(depth=here.depth + 1, fallback=asked, folder=folder)
        for inner in commands(text):
            yield from _command(inner, below)


def _leads_to(words: tuple[str, ...], command: Command, here: _From) -> Iterator[tuple[str, str | None]]:
    """The scripts that a command runs, each with its folder: a file of the repository, what `sh -c` is given, the
    recipe of a target, the script of a package."""
    if words[0] in ("make", "gmake"):
        yield from _recipes(words, here)
        return
    if words[0] in ("npm", "yarn", "pnpm", "bun"):
        yield from _package(words, here)
        return
    path = next((word for word in command.words if "/" in word and word.rpartition("/")[2] == words[0]), "")
    if words[0] in _SHELLS:
        flagged = any(word[:1] == "-" and word[:2] != "--" and word.endswith("c") for word in words[1:-1])
        if flagged:
            yield words[-1], here.folder
            return
        path = next((word for word in words[1:] if not word.startswith(("-", "+"))), "")
    if path and not path.startswith(("/", "~")) and "$" not in path and EXPRESSION not in path:
        yield _file(path, here), here.folder


def _file(path: str, here: _From) -> str:
    if here.folder is None or path.endswith(_INTERPRETED):
        return ""
    text = here.step.job.pipeline.workspace.text(normal(f"{here.folder}/{path}"))
    first = text.partition("\n")[0]
    return "" if first.startswith("#!") and "sh" not in first else text


def _recipes(words: tuple[str, ...], here: _From) -> Iterator[tuple[str, str | None]]:
    goals, folder, own = goals_of(words, here.folder)
    source = None if own else makefile(here.step, folder)
    if source is None:
        return
    try:
        rules = source.once(targets)
    except Unreadable:
        return
    for goal in goals[:20] or [name for name in rules if not name.startswith(".")][:1]:
        lines = (line.lstrip("@+-") for line in recipe_of(rules, goal))
        yield "\n".join(_VARIABLE.sub(r"$\1", line) for line in lines), folder


def _package(words: tuple[str, ...], here: _From) -> Iterator[tuple[str, str | None]]:
    """The script of a package.json, with what it is given; `yarn jest` is `jest` where no script is called so."""
    name = script_of(words)
    folder = here.folder
    to = option(words, "--prefix", "-C", "--cwd", "--dir")
    if to and folder is not None:
        folder = None if "$" in to or EXPRESSION in to else normal(f"{folder}/{to}")
    if name is None or folder is None or (to is None and elsewhere(words)):
        return
    source = here.step.job.pipeline.workspace.source(f"{folder}/package.json")
    script = source.once(scripts_of).get(name) if source else None
    if script is None:
        if words[0] in ("yarn", "pnpm") and name in words:
            yield shlex.join(words[words.index(name) :]), folder
        return
    given = words[words.index("--") + 1 :] if "--" in words else [word for word in words if word.startswith("--cov")]
    yield f"{script} {' '.join(given)}", folder


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
        to = text_of(inner["working-directory"])
        below = here._replace(folder=None if "$" in to else normal(to), depth=1)
        for command in commands(text_of(inner["run"])):
            yield from _command(command, below)
