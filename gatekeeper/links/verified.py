"""What looks at a deployment after it was made: smoke tests, waits for the rollout; and which commands do not wait."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.pipelines import entries, later
from gatekeeper.links.ran import Ran, ran
from gatekeeper.links.ways_of_tools import deploying_commands
from gatekeeper.models import Subject
from gatekeeper.models.pipeline import Fact, Job, Pipeline, Step, Trigger, play, step_runs
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.ir import normal
from gatekeeper.models.pipeline.levels import deploying
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import Node
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object

ASKS = frozenset({"smoke", "e2e", "dast", "perf"})  # what asks the service itself
_WAITS = frozenset({"--wait", "--atomic", "--rollback-on-failure"})
_POD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "DeploymentConfig"})


class Checks(NamedTuple):
    """What comes after the deployment of a job in the runs that deploy.

    `asked` reach the service, `waited` only wait for the rollout, `tested` are tests of which nobody can tell whether
    they reach it. `lacking` is a way of starting in which none of them runs; `open` a step that may be one.
    """

    asked: tuple[Fact, ...]
    waited: tuple[Fact, ...]
    tested: tuple[Fact, ...]
    lacking: Trigger | None
    open: Step | None
    remote: str

    @property
    def any(self) -> bool:
        return bool(self.asked or self.waited)


def checks_after(job: Job, project: Project) -> Checks:
    """The checks of a job's deployment; made once."""
    return project.once(("checks after", id(job)), lambda project: _checks(job, project))


def _checks(job: Job, project: Project) -> Checks:
    triggers = deploying(job)
    after = later(job)
    following = [*_following(job, project)]
    facts: list[Fact] = []
    lacking = None
    for trigger in triggers:
        found = [*_in_run(job, after, trigger), *following]
        facts += [fact for fact in found if fact not in facts]
        if lacking is None and not any(fact.kind == "verify" or _asks(fact) for fact in found):
            lacking = trigger
    asked = tuple(fact for fact in facts if _asks(fact))
    waited = tuple(fact for fact in facts if fact.kind == "verify")
    tested = tuple(fact for fact in facts if fact.kind == "test" and not _asks(fact))
    steps = [*_behind(job), *(step for each in after for step in each.steps)]
    open_ = next((step for step in steps if not step.classified and not _tells(step)), None)
    remote = next((each.unresolved for each in (job, *after) if each.unresolved), "")
    return Checks(asked, waited, tested, lacking if asked or waited else None, open_, remote)


def _asks(fact: Fact) -> bool:
    """Whether a check reaches what was deployed: by its kind, or a test that is called a smoke test."""
    return fact.kind in ASKS or (fact.kind == "test" and "smoke" in tokens(f"{fact.step.words} {fact.step.slug}"))


_TELLS = frozenset("notify notifier notification notifications slack teams comment telegram discord".split())


def _tells(step: Step) -> bool:
    """Whether a step is an action that by its name tells people something, and checks nothing."""
    return bool(step.uses) and not _TELLS.isdisjoint(tokens(step.slug))


def first_deploy(job: Job) -> Fact:
    return job.deploy or next(fact for fact in job.facts if fact.kind == "deploy")


def _behind(job: Job) -> list[Step]:
    first = first_deploy(job)
    return [step for step in job.steps if step.index > first.step.index]


def _in_run(job: Job, after: Sequence[Job], trigger: Trigger) -> Iterator[Fact]:
    """The facts behind the deployment in the run that a trigger starts, when nothing before them failed."""
    first = first_deploy(job)
    played = play(job.root.pipeline, trigger)
    behind = [fact for fact in job.facts if fact.order >= first.order and fact is not first]
    facts = behind + [fact for each in after if played.of(each) is not False for fact in each.facts]
    yield from (fact for fact in facts if step_runs(fact.step, trigger) is not False)


def _following(job: Job, project: Project) -> Iterator[Fact]:
    """The facts of the pipelines that start after this one."""
    root = job.root.pipeline
    for pipeline in project.once("followers", _followers).get(root.title or root.path, ()):
        if pipeline is not root:
            yield from pipeline.facts


def _followers(project: Project) -> dict[str, list[Pipeline]]:
    """The pipelines that start after others, by the names of those."""
    found: dict[str, list[Pipeline]] = {}
    for pipeline in entries(project):
        for name in dict.fromkeys(name for trigger in pipeline.triggers for name in trigger.follows):
            found.setdefault(name, []).append(pipeline)
    return found


class Unwaited(NamedTuple):
    """A deployment that returns before its outcome is known. Not `certain`: what it brings out is not known."""

    words: str
    at: Node
    order: int
    certain: bool


def unwaited(job: Job, project: Project) -> list[Unwaited]:
    """The deployments of a job that return at once; made once. What waits for them is not asked here."""
    return project.once(("unwaited", id(job)), lambda project: [*_unwaited(job, project)])


def _unwaited(job: Job, project: Project) -> Iterator[Unwaited]:
    for each in deploying_commands(job, project):
        certain = _returns_at_once(each, project)
        if certain is not None:
            yield Unwaited(" ".join(each.words[:3]), each.place, each.order, certain)
    for fact in job.facts:
        action = fact.kind == "deploy" and fact.tool.startswith("aws-actions/amazon-ecs-deploy-task-definition")
        if action and fact.step.inputs.get("wait-for-service-stability", "false").lower() == "false":
            yield Unwaited(fact.tool, fact.place, fact.order, True)


def _returns_at_once(command: Ran, project: Project) -> bool | None:
    """Whether a command certainly (or perhaps: False) returns before what it deploys is ready; None: it waits."""
    words = command.words
    if words[0] in ("helm", "helmfile"):
        return None if any(_has_flag(words, flag) for flag in _WAITS) or words[0] == "helmfile" else True
    if words[:3] in (("aws", "ecs", "update-service"), ("docker", "stack", "deploy")):
        return None if "--detach=false" in words else True
    if words[:3] in (("aws", "deploy", "create-deployment"), ("argocd", "app", "set")):
        return True
    if words[0] not in ("kubectl", "oc") or "argo" in words[1:2]:
        return None
    if "image" in words and "set" in words:
        return True
    if "rollout" in words and "restart" in words:
        return True
    if "apply" in words or "replace" in words or "create" in words:
        return _applies(command, project)
    return None


def _has_flag(words: Sequence[str], flag: str) -> bool:
    return flag in words or any(word.startswith(f"{flag}=") and not word.endswith("=false") for word in words)


def _applies(command: Ran, project: Project) -> bool | None:
    """Whether what is applied has pods: True where it lies here and has, None where it has none or nothing is given."""
    found = [_with_pods(path, command, project) for path in _given(command.words)]
    if any(found):
        return True
    return None if all(each is False for each in found) else False  # all of none, too


def _given(words: Sequence[str]) -> Iterator[str]:
    for word, following in zip(words, (*words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if name in ("-f", "-k", "--filename", "--kustomize"):
            yield value if equals else following


def _with_pods(path: str, command: Ran, project: Project) -> bool | None:
    """Whether the manifests at a path have pods; None where nobody can tell."""
    folder = command.folder
    if path == "-":
        made = any(_makes_plain(each) for each in ran(command.step.job, project) if each.step is command.step)
        return False if made else None
    if path.startswith(("http://", "https://")):
        return False if "crd" in path.lower() else None
    if folder is None or "$" in path or EXPRESSION in path or path.startswith(("/", "~")):
        return None
    home = normal(f"{command.step.job.pipeline.workspace.root}{folder}/{path.rstrip('*')}")
    model = Subject.registry.get("kubernetes.Object")
    objects = cast("list[Object]", project.all(model)) if model else []
    here = [each for each in objects if each.path == home or each.path.startswith(f"{home}/") or not home]
    if not here:
        return None
    if any(each.kind in _POD_KINDS for each in here):
        return True
    return None if posixpath.basename(home).startswith("kustom") else False


def _makes_plain(command: Ran) -> bool:
    """`kubectl create secret --dry-run -o yaml | kubectl apply -f -` brings no pods out."""
    words = command.words
    plain = {"secret", "configmap", "namespace", "ns", "serviceaccount", "sa", "generic"}
    return words[:2] == ("kubectl", "create") and bool(plain & {*words[2:6]})
