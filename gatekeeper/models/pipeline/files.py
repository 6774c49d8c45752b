"""Which files of the repository a step uses, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline import kinds, makefiles, packages
from gatekeeper.models.pipeline.ir import Script, Step, normal, text_of
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import Node, regex


class Wanted(NamedTuple):
    """One use of a path (below the repository), a make target or a package script.

    `how`: run (called by its path), read (given to a program), make, package, folder, action. `optional` when the
    script goes on without it. `line` counts from 0 in the step's script.
    """

    how: str
    path: str
    words: str
    place: Node
    line: int
    optional: bool


_SCANS_FOLDER = (
    "snyk/actions/",
    "bridgecrewio/checkov-action",
    "gitleaks/gitleaks-action",
    "github/codeql-action/init",
    "aquasecurity/tfsec-action",
)
_NEEDS_NOTHING = ("snyk/actions/setup", "snyk/actions/docker")
_PLAIN = regex(r"[A-Za-z0-9_./@+-]{1,300}\Z")
_INTERPRETERS = {
    "bash": (".sh", ".bash"), "sh": (".sh",), "zsh": (".sh", ".zsh"), "python": (".py",), "python3": (".py",),
    "node": (".js", ".mjs", ".cjs"), "ruby": (".rb",), "php": (".php",), "perl": (".pl",), "pwsh": (".ps1",),
}  # fmt: skip
_BUILT = frozenset(
    "dist build out target bin output coverage node_modules vendor .venv venv tmp artifacts release obj".split()
)


def wanted(step: Step) -> tuple[Wanted, ...]:
    """What a step uses of the repository, as far as it is written out; made once."""
    made: tuple[Wanted, ...] | None = step.__dict__.get("_wanted")
    if made is None:
        made = step.__dict__["_wanted"] = tuple(_of_action(step) if step.uses else _of_scripts(step))
    return made


def _of_action(step: Step) -> Iterator[Wanted]:
    place = step.node["uses"]
    if step.uses.startswith("./"):
        yield Wanted("action", normal(step.uses[2:]), step.uses, place, 0, False)
    elif step.slug.startswith(_SCANS_FOLDER) and not step.slug.startswith(_NEEDS_NOTHING):
        yield Wanted("folder", "", f"what {step.uses.partition('@')[0]} reads", place, 0, False)
    elif (
        step.slug == "aquasecurity/trivy-action"
        and step.inputs.get("scan-type") in ("fs", "config", "repo")
        and not step.inputs.get("scan-ref", ".").startswith(("/", "$"))
    ):
        yield Wanted("folder", "", "what Trivy scans", place, 0, False)


def _of_scripts(step: Step) -> Iterator[Wanted]:
    scripts = step.scripts
    for script in scripts:
        if script.folder is None or not script.command.words:
            continue
        command = script.command
        previous = scripts[script.number - 1].command if script.number else None
        guarded = command.before == "||" or (
            command.before == "&&"
            and bool(previous)
            and previous is not None
            and previous.words[:1] in (("test",), ("[",), ("[[",))
        )
        optional = command.branch or command.condition or command.after == "||" or guarded or command.inner
        for how, path, words in _named(step, script, script.folder):
            yield Wanted(how, path, words, script.place, command.line, optional)


def _named(step: Step, script: Script, folder: str) -> Iterator[tuple[str, str, str]]:
    words = kinds.unwrap(script.command.words)
    if not words:
        return
    program = words[0]
    if program in ("make", "gmake"):
        goals, where, own = makefiles.goals_of(words, folder)
        if where is not None and not own:
            yield from (("make", where, goal) for goal in goals if _PLAIN.match(goal))
        return
    if program in ("npm", "pnpm") and not packages.elsewhere(words):
        name = packages.script_of(words)
        if (
            name
            and (words[1] in ("run", "run-script") or program == "npm")
            and "--if-present" not in words
            and _PLAIN.match(name.replace(":", "-"))
        ):
            yield "package", folder, name
        return
    for how, path in _paths(program, words, script.command.words):
        if _PLAIN.match(path) and not path.startswith(("/", "~", "-")) and EXPRESSION not in path:
            inside = normal(f"{folder}/{path}")
            if inside and not inside.startswith("..") and inside.partition("/")[0] not in _BUILT:
                yield how, inside, path


def _paths(program: str, words: tuple[str, ...], raw: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    called = next((word for word in raw if "/" in word and word.rpartition("/")[2].partition("@")[0] == program), "")
    if not called and raw and raw[0].startswith("./"):
        called = raw[0]  # gradlew and mvnw go by another name
    if called.startswith("./") or (called.endswith((".sh", ".py")) and "/" in called):
        direct = called in raw[:1] or raw[:1] in (("sudo",), ("time",), ("exec",))
        yield "run" if direct else "read", called
    elif program in _INTERPRETERS:
        first = next((word for word in words[1:] if not word.startswith("-")), "")
        flags = {word for word in words[1:3] if word.startswith("-")}
        if first.endswith(_INTERPRETERS[program]) and not flags & {"-c", "-e", "-m", "-s"}:
            yield "read", first
    elif program in ("kubectl", "oc") and words[1:2] in (("apply",), ("create",), ("replace",)):
        yield from (
            ("read", words[n + 1])
            for n, w in enumerate(words[:-1])
            if w in ("-f", "--filename", "-k", "--kustomize") and "://" not in words[n + 1] and words[n + 1] != "-"
        )
    elif program == "docker" and "build" in words[1:3]:
        yield from (
            ("read", words[n + 1]) for n, w in enumerate(words[:-1]) if w in ("-f", "--file") and words[n + 1] != "-"
        )
    elif program == "ansible-playbook":
        yield from (
            ("read", word)
            for word in words[1:]
            if word.endswith((".yml", ".yaml")) and not word.startswith("-") and "/" in word
        )
    elif program == "helm" and words[1:2] in (("upgrade",), ("install",)):
        yield from (("read", word) for word in words[2:] if word.startswith("./"))


def state_of(step: Step, what: Wanted) -> str:
    """What is wrong with a use, in words; '' when nothing is, or when that cannot be told."""
    workspace = step.job.pipeline.workspace
    if what.how == "make":
        return _make(step, what)
    if what.how == "package":
        return _package(step, what)
    if what.how == "folder" or _submodule(step, what.path):
        return ""
    if what.how == "action":
        if any(workspace.exists(f"{what.path}/{name}") for name in ("action.yml", "action.yaml", "Dockerfile")):
            return ""
        return f"{what.words} has no action.yml in the repository"
    if not workspace.exists(what.path):
        return f"{what.path} does not exist in the repository"
    if what.how == "run" and workspace.executable(what.path) is False and not _made_executable(step, what):
        return f"{what.path} is not executable: it lacks the mode bit"
    return ""


def _submodule(step: Step, path: str) -> bool:
    modules = step.job.pipeline.workspace.text(".gitmodules")
    return (
        any(path.startswith(match[1]) for match in re.finditer(r"^[ \t]*path[ \t]*=[ \t]*(\S+)", modules, re.MULTILINE))
        if modules
        else False
    )


def _made_executable(step: Step, what: Wanted) -> bool:
    name = what.path.rpartition("/")[2]
    earlier = [*(each.run for each in step.job.steps[: step.index]), step.run]
    windows = "windows" in text_of(step.job.node["runs-on"]) or "${{" in text_of(step.job.node["runs-on"])
    return windows or any("chmod" in text and (name in text or "*" in text or "-R" in text) for text in earlier)


def _make(step: Step, what: Wanted) -> str:
    source = makefiles.makefile(step, what.path)
    if source is None:
        return f"there is no Makefile in {what.path or 'the root'} for make {what.words}"
    try:
        text = source.text
    except Unreadable:
        return ""
    if re.search(r"^-?s?include\b|^[^#\n\t=]{0,80}[%$][^#\n=]{0,80}:(?!=)|\beval\b|^\.DEFAULT\b", text, re.MULTILINE):
        return ""
    rules = source.once(makefiles.targets)
    workspace = step.job.pipeline.workspace
    if what.words in rules or workspace.exists(normal(f"{what.path}/{what.words}")):
        return ""
    return f"the Makefile has no target {what.words}"


def _package(step: Step, what: Wanted) -> str:
    workspace = step.job.pipeline.workspace
    source = workspace.source(f"{what.path}/package.json")
    if source is None:
        above = what.path
        while above:
            above = above.rpartition("/")[0]
            if workspace.exists(f"{above}/package.json" if above else "package.json"):
                return ""
        return f"there is no package.json in {what.path or 'the root'} for the script {what.words}"
    scripts = source.once(packages.scripts_of)
    if what.words in scripts or (what.words == "start" and workspace.exists(normal(f"{what.path}/server.js"))):
        return ""
    return f"package.json has no script {what.words}"
