"""Whether whoever starts a deployment says which version: an input of the pipeline that reaches what deploys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gatekeeper.links.ran import ran
from gatekeeper.models.pipeline import Job, Pipeline, Step, play
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.models.pipeline.jenkins.subjects import JenkinsPipeline
from gatekeeper.node import Node
from gatekeeper.project import Project

REFS = frozenset({"ref", "branch", "gitref"})
_VERSIONS = frozenset("version tag digest sha ref commit image release revision build rev imagetag gitref".split())
# What such an input is the version of, or that it is none: the language, a tool, how far to count up.
_OTHERS = frozenset(
    "bump type level message notes name python node java go ruby php terraform tofu helm kubectl kubernetes chart cli "
    "sdk draft prerelease skip force dry create push next new update runner os base branch target test tests "
    "environment env".split()
)
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_ROUNDS = 4


class Chosen(NamedTuple):
    """The input that says which version, and the step that takes it. Not `certain`: how it gets there is not known."""

    input: str
    step: Step
    certain: bool


def chosen_version(job: Job, project: Project, names: frozenset[str] = _VERSIONS) -> Chosen | None:
    """The input by which a start by hand says which version the job deploys; None when there is none.

    With `names` only an input that one of these words names. Made once.
    """
    return project.once(("chosen version", id(job), names), lambda project: _chosen_version(job, project, names))


def _chosen_version(job: Job, project: Project, names: frozenset[str]) -> Chosen | None:
    root = job.root.pipeline
    by_hand = [trigger for trigger in root.triggers if trigger.ref == "dispatch"]
    if not any(play(root, trigger).of(job) is not False for trigger in by_hand):
        return None
    given = [name for name in _asked(root) if name not in root.booleans and _is_version(name, names)]
    found = [chosen for name in given if (chosen := _taken(name, job, project))]
    return next((each for each in found if each.certain), found[0] if found else None)


def _asked(root: Pipeline) -> Iterator[str]:
    """What may be written by whoever starts a pipeline by hand: a free text, and not a choice among a few."""
    yield from (name for name, values in root.inputs.items() if values is None)
    if isinstance(root, JenkinsPipeline):
        yield from (name for name, values in root.parameters.items() if values is None)
    if root.platform == "gitlab":  # the form shows the variables that are described
        for name, node in pairs(root.node["variables"]):
            if node.is_mapping and node["description"].present and not node["options"].present:
                yield name


def _is_version(name: str, names: frozenset[str]) -> bool:
    words = set(tokens(name))
    return bool(words & names) and not words & (_OTHERS - names)


def _taken(name: str, job: Job, project: Project) -> Chosen | None:
    """The step of the job that deploys what the input says, directly or by what earlier steps made of it."""
    known = _Known(name)
    jobs = [*(each for each in reversed(job.ancestors()) if not each.called), job]
    callers = [*_callers(job)]
    for _ in range(_ROUNDS):
        size = len(known.words)
        for each in callers:
            known.hand_on(each.node["with"], "inputs")
        for each in jobs:
            known.learn(each, reached := [step for step in each.steps if known.reaches(step)])
            if each is job and (step := _deploys_it(each, reached, project)):
                return Chosen(name, step, True)
        if len(known.words) == size:
            break
    step = next((step for each in jobs for step in each.steps if known.reaches(step)), None)
    return Chosen(name, step, False) if step else None


def _callers(job: Job) -> Iterator[Job]:
    caller = job.pipeline.caller
    while caller:
        yield caller
        caller = caller.pipeline.caller


def _deploys_it(job: Job, reached: list[Step], project: Project) -> Step | None:
    """A step that deploys with it, or one that checks that version out before the deployment."""
    first = job.deploy or next((fact for fact in job.facts if fact.kind == "deploy"), None)
    deploying = {id(fact.step) for fact in job.facts if fact.kind == "deploy"}
    for step in reached:
        if id(step) in deploying:
            return step
        before = first is None or step.index < first.step.index
        if before and (step.slug == "actions/checkout" or _fetches(step, job, project)):
            return step
    return None


def _fetches(step: Step, job: Job, project: Project) -> bool:
    verbs = ("checkout", "switch", "reset")
    return any(
        each.step is step and each.words[0] == "git" and each.words[1:2] and each.words[1] in verbs
        for each in ran(job, project)
    )


class _Known:
    """The ways in which texts of a pipeline name what the input said: expressions and variables."""

    def __init__(self, name: str) -> None:
        lower = name.lower()
        self.words = {f"inputs.{lower}", f"params.{lower}", f"${lower}", f"${{{lower}}}", f"parameters.{lower}"}

    def held(self, text: str) -> bool:
        lower = text.lower()
        return any(_has(word, lower) for word in self.words)

    def hand_on(self, given: Node, context: str) -> None:
        for name, node in pairs(given):
            if self.held(text_of(node)):
                self.words.add(f"{context}.{name.lower()}")

    def reaches(self, step: Step) -> bool:
        texts: Iterable[str] = (step.run, *step.inputs.values(), *map(text_of, step.env_nodes.values()))
        return any(self.held(text) for text in texts if text)

    def learn(self, job: Job, reached: list[Step]) -> None:
        """The variables that hold it, and the outputs of the steps and of the job that were made of it."""
        variables = [*job.pipeline.env.items(), *job.env.items()]
        variables += [pair for step in job.steps for pair in step.env_nodes.items()]
        for name, node in variables:
            if self.held(text_of(node)):
                self.words |= {f"env.{name.lower()}", f"${name.lower()}", f"${{{name.lower()}}}"}
        for step in reached:
            id_ = text_of(step.node["id"])
            if id_:
                self.words.add(f"steps.{id_.lower()}.outputs.")
        for name, node in pairs(job.node["outputs"]):
            if self.held(text_of(node)):
                self.words.add(f"needs.{job.id.lower()}.outputs.{name.lower()}")


def _has(word: str, text: str) -> bool:
    """Whether a text holds a word that does not go on (`$tag` is not in `$tags`)."""
    at = text.find(word)
    while at >= 0:
        after = text[at + len(word) : at + len(word) + 1]
        if word.endswith((".", "}")) or after not in _NAME:
            return True
        at = text.find(word, at + 1)
    return False
