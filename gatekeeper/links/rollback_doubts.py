"""Why nobody can say that there is no way back from a deployment."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.pipelines import entries, later
from gatekeeper.links.ways_of_tools import HOSTED, deployments
from gatekeeper.models import Spot
from gatekeeper.models.pipeline import Job
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.project import Project

_CLUSTER = ("kubernetes", "helm")
_NEEDED = {  # what must lie here for a tool's way back to be seen: technologies, of which one is enough
    "kubectl": _CLUSTER,
    "helm": _CLUSTER,
    "argocd": _CLUSTER,
    "Argo Rollouts": _CLUSTER,
    "aws ecs": ("terraform", "cloudformation", "pulumi"),
    "aws lambda": ("terraform", "cloudformation", "pulumi"),
    "cloudformation": ("cloudformation",),
}
_LIKE_IT = frozenset("rollback revert undo restore deploy deployment release promote rollout cd".split())
_MOST = 400  # steps that are looked at


class Doubt(NamedTuple):
    """In words, where, and a reason of UNKNOWN's closed list."""

    words: str
    at: Spot
    reason: str = "unresolved"


def doubt_about(job: Job, project: Project) -> Doubt | None:
    """The first reason for which a way back may be there although none is seen; None where everything is known."""
    return _in_pipelines(job, project) or _of_tools(job, project)


def _in_pipelines(job: Job, project: Project) -> Doubt | None:
    unread = next((fault for fault in project.faults if fault.technology == "pipeline"), None)
    if unread:
        return Doubt(f"{unread.source.path}: {unread.message}", job, "unsupported-tool")
    own = job.root.pipeline
    likely = [each for each in project.once("jobs like going back", _likely) if each.root.pipeline is not own]
    for each in (*own.all_jobs, *likely):
        if each.unresolved and (each is job or each.root.pipeline is not own or job in each.ancestors()):
            return Doubt(f"{each.unresolved} cannot be read here", each)
    if own.unresolved:
        return Doubt(f"{own.unresolved[0].text} cannot be read here: {own.unresolved[0].why}", own.unresolved[0].at)
    first = job.deploy.step.index if job.deploy else 0
    behind = [step for step in job.steps if step.index >= first]
    after = [step for each in later(job) for step in each.steps]
    named = [step for each in likely for step in each.steps]
    open_ = next((step for step in (*behind, *after, *named)[:_MOST] if not step.classified), None)
    return Doubt(f"what {open_.name} does is not known", open_) if open_ else None


def _likely(project: Project) -> list[Job]:
    return [job for pipeline in entries(project) for job in pipeline.all_jobs if _may_go_back(job)]


def _may_go_back(job: Job) -> bool:
    """Whether somebody can start it, and it is called like something that deploys or goes back."""
    root = job.root.pipeline
    names = {*tokens(job.id), *tokens(job.title), *tokens(root.title), *tokens(root.name.rpartition(".")[0])}
    return bool(names & _LIKE_IT) and any(trigger.ref == "dispatch" for trigger in root.triggers)


def _of_tools(job: Job, project: Project) -> Doubt | None:
    deployed = deployments(job, project)
    if not deployed:
        return Doubt("that it deploys is said by its name alone", job)
    present = project.technologies()
    for tool, fact in deployed:
        if tool in HOSTED or "/" in tool:
            return Doubt(f"{tool} may keep earlier releases: write down who goes back to one, and how", fact.place)
        needed = _NEEDED.get(tool)
        if needed is None or not present & {*needed}:
            return Doubt(f"what {tool} deploys is declared elsewhere, and may go back there", fact.place)
        if tool == "cloudformation":
            words = "CloudFormation goes back only when the update itself fails: name alarms, or a job that goes back"
            return Doubt(words, fact.place, "needs-human")
    return None
