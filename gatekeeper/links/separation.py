"""Which environments Terraform is run for, by everything in the repository that tells them apart."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper.discover import Unreadable
from gatekeeper.links.environments import environments
from gatekeeper.links.judged import judged
from gatekeeper.links.state import states
from gatekeeper.links.terraform_runs import run_here
from gatekeeper.models.pipeline.environments import Class, classify, tokens
from gatekeeper.models.terraform import Block, Directory, ModuleCall, Variable
from gatekeeper.project import Project

_FOLDERS = frozenset("environments environment envs env stages accounts live stacks".split())
_CHOOSES = frozenset(
    "environment env environment_name env_name stage env_type deployment_environment workspace account_name "
    "environment_type govuk_environment".split()
)
_MOST = 20_000  # files


def separated(project: Project) -> set[str]:
    """The names of the environments that are told apart; `each workspace` stands for all that workspaces make."""
    return project.once("separated environments", lambda project: set(_names(project)))


def _names(project: Project) -> Iterator[str]:
    directories = [each for each in project.all(Directory) if not each.example]
    for each in directories:
        yield from _of_path(each.directory) if each.root or each.wrapper else ()
        if each.root and _by_workspace(each):
            yield from ("each workspace", "and the next")
    for state in states(project):
        if state.file is not None:
            yield from _of_path(state.file.path)
    for path in judged(project)[:_MOST]:
        if path.endswith((".tfvars", ".tfvars.json", ".tfbackend", "terragrunt.hcl")) or _is_stack(path):
            yield from _of_path(path)
    for environment in environments(project):
        if environment.cls in (Class.PROD, Class.NONPROD):
            yield environment.name.lower()
    for call in project.all(ModuleCall):
        if call.module.root and not call.module.shown and classify(call.label) in (Class.PROD, Class.NONPROD):
            yield call.label.lower()


def _is_stack(path: str) -> bool:
    return path.endswith((".yaml", ".yml")) and "stacks" in path.split("/")[:-1]


def _of_path(path: str) -> Iterator[str]:
    """The environments that the folders and the name of a path speak of."""
    steps = path.split("/")
    for above, step in zip(("", *steps), steps, strict=False):
        name = step.partition(".")[0]
        words = tokens(name)
        known = [word for word in words if classify(word) in (Class.PROD, Class.NONPROD)]
        if known and (len(words) < 4 or above.lower() in _FOLDERS):
            yield known[0]
        elif above.lower() in _FOLDERS and name:
            yield name.lower()


def _by_workspace(directory: Directory) -> bool:
    backend = directory.module.backend
    if backend is not None and backend.tag in ("cloud", "remote"):
        workspaces = backend["workspaces"]
        if workspaces["tags"].present or workspaces["prefix"].present or workspaces["project"].present:
            return True
    if backend is not None and backend["workspace_key_prefix"].present:
        return True
    return any(_asks_workspace(block) for block in directory.module.blocks if not block.implied)


def _asks_workspace(block: Block) -> bool:
    if "terraform.workspace" not in _text(block):
        return False
    return any(reference.path[:2] == ("terraform", "workspace") for reference in block.references)


def _text(block: Block) -> str:
    try:
        return block.syntax.home.source.text
    except Unreadable:
        return ""


def chosen_by(project: Project) -> Variable | None:
    """A variable of a root by which whoever runs it says which environment is meant."""
    for directory in run_here(project):
        for name, variable in directory.module.variables.items():
            if name.lower() in _CHOOSES and not posixpath.basename(variable.path).startswith("_"):
                return variable
    return None
