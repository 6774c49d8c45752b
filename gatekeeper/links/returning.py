"""What goes back by itself because it is declared so: flags of a deployment, objects of the cluster, infrastructure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import judged
from gatekeeper.links.ran import Ran
from gatekeeper.links.ways_of_tools import deploying_commands
from gatekeeper.models import Place, Spot, Subject
from gatekeeper.models.pipeline import Job
from gatekeeper.models.pipeline.scanners import option
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

By = Literal["itself", "button", "writing", "strategy"]
_CLUSTER = frozenset({"kubectl", "helm", "argocd", "Argo Rollouts", "flux", "werf", "tk", "tanka", "garden", "okteto"})
_FLAGS = frozenset({"--atomic", "--rollback-on-failure"})
_ON = {
    "ecs": regex(r"rollback[\"']?[=:] ?true", re.IGNORECASE),
    "deploy": regex(r"rollback[\"']?[=:] ?true|enabled=true", re.IGNORECASE),
}


class _Told(NamedTuple):
    """A kind of file in which a tool is told to go back: parts of its name, what it says, and of what it says so."""

    tool: str
    names: tuple[str, ...]
    says: re.Pattern[str]
    each: re.Pattern[str]
    words: str


_IN_FILES = (
    _Told(
        "helm", ("helmfile",), regex(r"^[ \t]*atomic:[ \t]*true\b", re.M), regex(r"^[ \t-]*chart:", re.M),
        "atomic: true",
    ),
    _Told(
        "helm", ("skaffold",), regex(r"--atomic|--rollback-on-failure"), regex(r"^[ \t]*upgrade:", re.M), "--atomic"
    ),
    _Told(
        "docker swarm", ("compose", "stack"), regex(r"failure_action:[ \t]*[\"']?rollback"),
        regex(r"^[ \t]+image:", re.M), "failure_action: rollback",
    ),
    _Told(
        "nomad", (".nomad", ".hcl"), regex(r"^[ \t]*auto_revert[ \t]*=[ \t]*true", re.M),
        regex(r"^[ \t]*group[ \t]+\"", re.M), "auto_revert = true",
    ),
    _Told(
        "cloudformation", ("template", "serverless", "sam"),
        regex(r"(?:DeploymentPreference|deploymentSettings):[^\0]{0,600}?\b[Aa]larms:"),
        regex(r"AWS::Serverless::Function|^[ \t]+handler:", re.M), "alarms on its deployment preference",
    ),
)  # fmt: skip
_MOST_FILES = 3_000


class Way(NamedTuple):
    """One way back. Not `certain`: whether it goes back, or goes back here, is not known from the files."""

    by: By
    words: str
    at: Spot
    certain: bool = True


def declared(job: Job, tools: Sequence[str], project: Project) -> Iterator[Way]:
    """The ways back that are declared for what a job deploys with."""
    for each in deploying_commands(job, project):
        yield from _by_flags(each)
    if _CLUSTER & {*tools}:
        yield from project.once("returning workloads", lambda project: [*_workloads(project)])
    if "flux" in tools:
        yield from _releases(project)
    if {"aws ecs", "aws deploy"} & {*tools}:
        yield from _infrastructure(tools, project)
    yield from _files(tools, project)


def _by_flags(command: Ran) -> Iterator[Way]:
    words = command.words
    name = " ".join(words[:2])
    if words[0] in ("helm", "helmfile") and any(_flag(words, flag) for flag in _FLAGS):
        flag = next(flag for flag in sorted(_FLAGS) if _flag(words, flag))
        yield Way("itself", f"{name} {flag}", command.place)
    elif words[0] == "aws" and words[1] in _ON and any(_ON[words[1]].search(word) for word in words):
        yield Way("itself", f"{name} rolls back a deployment that fails", command.place)
    elif words[:3] == ("docker", "service", "update") and "rollback" in (
        option(words, "--update-failure-action") or ""
    ):
        yield Way("itself", f"{name} --update-failure-action rollback", command.place)
    elif words[:2] == ("gcloud", "run") and ("--no-traffic" in words or "--to-revisions" in words):
        yield Way("strategy", f"{name} brings the new revision out without its traffic", command.place)
    elif "slot" in words and "swap" in words:
        yield Way("strategy", "the slots are swapped: the version before waits in the other", command.place)


def _flag(words: Sequence[str], flag: str) -> bool:
    return flag in words or f"{flag}=true" in words


def _workloads(project: Project) -> Iterator[Way]:
    """Workloads that are brought out in steps: by itself only where every one of them goes back."""
    if "kubernetes.Workload" not in Subject.registry:
        return
    from gatekeeper.links.delivery import Delivery, delivery_of
    from gatekeeper.models.kubernetes import Workload

    found: list[Delivery] = []
    unread = False
    for workload in project.all(Workload):
        try:
            delivery = delivery_of(workload, project)
        except Unresolved:
            unread = True
            continue
        if delivery:
            found.append(delivery)
    returning = [each for each in found if each.returns]
    for each in returning[:1]:
        yield Way("itself", each.words, each.at, len(returning) == len(found) and not unread)
    stepwise = [each for each in found if not each.returns and each.words.startswith(("canary", "blue-green"))]
    for each in stepwise[:1]:
        yield Way("strategy", f"{each.words}: the version before is still there", each.at)


def _releases(project: Project) -> Iterator[Way]:
    """Releases of Flux: by itself only where every one of them goes back."""
    from gatekeeper.models.kubernetes import Object

    found = project.by(Object, "kind").get("HelmRelease", ())
    returning = [each for each in found if _remedied(each.spec["upgrade"]["remediation"])]
    for each in returning[:1]:
        words = f"HelmRelease {each.object_name} goes back when an upgrade fails"
        yield Way("itself", words, each, len(returning) == len(found))


def _remedied(remediation: Node) -> bool:
    """Whether an upgrade that fails is rolled back, which is what is done where no other strategy is named."""
    retries, strategy = remediation["retries"], remediation["strategy"]
    rolls_back = not strategy.present or (strategy.known and strategy == "rollback")
    return retries.known and retries.present and retries != 0 and rolls_back


def _resources(kind: str, project: Project) -> list[Resource]:
    model = Subject.registry.get("terraform.Resource")
    every = cast("dict[str, list[Resource]]", project.by(model, "type")) if model else {}
    return [each for each in every.get(kind, []) if not each.absent and not each.module.shown]


def _infrastructure(tools: Sequence[str], project: Project) -> Iterator[Way]:
    groups = _resources("aws_codedeploy_deployment_group", project)
    services = _resources("aws_ecs_service", project)
    codedeploy = [_says(each.node.at("auto_rollback_configuration.enabled")) for each in groups]
    breakers = [_breaks(each.node) for each in services]
    by_group = [_by_codedeploy(each) for each in services]
    if "aws deploy" in tools and any(codedeploy):
        yield Way("itself", "CodeDeploy rolls back", groups[0], all(codedeploy))
    if "aws ecs" in tools and services:
        grouped = bool(codedeploy) and all(codedeploy)
        each_returns = [breaker or (group and grouped) for breaker, group in zip(breakers, by_group, strict=True)]
        if any(each_returns) or None in breakers:
            at = next((s for s, returns in zip(services, each_returns, strict=True) if returns), services[0])
            yield Way("itself", "ECS rolls back a deployment that fails", at, all(each_returns))


def _breaks(service: Node) -> bool | None:
    answers = [_says(service.at(f"deployment_circuit_breaker.{key}")) for key in ("enable", "rollback")]
    return False if False in answers else None if None in answers else True


def _by_codedeploy(service: Resource) -> bool:
    node = service.node.at("deployment_controller.type")
    return node.known and node == "CODE_DEPLOY"


def _says(node: Node) -> bool | None:
    if not node.known:
        return None
    return node.present and not node.is_mapping and not node.is_list and node.text == "true"


def _files(tools: Sequence[str], project: Project) -> Iterator[Way]:
    for told in _IN_FILES:
        if told.tool in tools or (told.tool == "helm" and "kubectl" in tools and "skaffold" in told.names):
            found = project.once(("told to go back", told.words), partial(_first, told))
            if found:
                yield found


def _first(told: _Told, project: Project) -> Way | None:
    """The first file that says so: certain where it says so of everything in it, by number or before the first."""
    for path in judged(project)[:_MOST_FILES]:
        name = path.rpartition("/")[2].lower()
        if not any(part in name for part in told.names) or name.endswith((".md", ".lock")):
            continue
        source = project.tree.source(path)
        try:
            text = source.text[:200_000]
        except Unreadable:
            continue
        said = [match for match in told.says.finditer(text) if not _commented(text, match.start())]
        if said:
            every = [*told.each.finditer(text)]
            sure = len(said) >= len(every) or said[0].start() < every[0].start()
            place = Place(source, source.span(said[0].start(), said[0].end()))
            return Way("itself", f"{told.words} ({path})", place, sure)
    return None


def _commented(text: str, at: int) -> bool:
    """Whether a place in a file stands in a comment, as far as the line just before it shows."""
    return "#" in text[max(0, at - 300) : at].rpartition("\n")[2]
