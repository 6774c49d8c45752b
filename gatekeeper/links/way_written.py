"""Whether a way back that a document gives is that of the tool which deploys here."""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.links.pipelines import entries
from gatekeeper.links.ways_of_tools import GITOPS, RETURNS, deployments
from gatekeeper.links.written_ways import Written
from gatekeeper.models import Subject
from gatekeeper.models.pipeline import Fact
from gatekeeper.project import Project

# What each way back goes back from; the rest of a pair is a command that changes nothing, or not for long.
_FITS = {
    "kubectl": {"kubectl"},
    "helm": {"helm"},
    "argocd": {"argocd", GITOPS},
    "Argo Rollouts": {"kubectl", "helm", "Argo Rollouts", "argocd", GITOPS},
    "aws ecs": {"aws ecs", "terraform", "cloudformation", "aws deploy"},
}
_OF_CLUSTERS = frozenset({"kubectl", "helm", "argocd", "Argo Rollouts", "flux", GITOPS})


class Mismatch(NamedTuple):
    """What makes a way back the wrong one: in words, and the step or object that deploys. `mild`: it works, for now."""

    words: str
    at: Fact | Subject
    mild: bool = False


class _Tools(NamedTuple):
    """What deploys here, by tool; `whole` when every one of them is known."""

    by: dict[str, Fact | Subject]
    whole: bool


def tools_here(project: Project) -> _Tools:
    """The tools that the pipelines deploy with, and Flux where it syncs."""
    return project.once("tools that deploy", _tools)


def _tools(project: Project) -> _Tools:
    found: dict[str, Fact | Subject] = {}
    whole = True
    for pipeline in entries(project):
        for job in pipeline.all_jobs:
            for each in deployments(job, project):
                found.setdefault(each.tool, each.fact)
                whole = whole and (each.tool in RETURNS or each.tool in ("terraform", "cloudformation", "flux"))
            named = [fact for fact in job.facts if fact.kind == "deploy" and fact.strength == "name"]
            whole = whole and not named
    for kind in ("HelmRelease", "Kustomization"):
        model = Subject.registry.get("kubernetes.Object")
        objects = project.by(model, "kind").get(kind, []) if model else []
        flux = next((each for each in objects if "fluxcd" in getattr(each, "group", "")), None)
        if flux is not None:
            found.setdefault("flux", flux)
    return _Tools(found, whole)


def mismatch(written: Written, project: Project) -> Mismatch | None:
    """Why a command does not go back from what is deployed here; None where it does, or that is not known."""
    tools = tools_here(project)
    if written.tool not in _FITS or not written.back or not tools.by or not tools.whole:
        return None
    if _FITS[written.tool] & tools.by.keys() or _by_argocd(project):
        return None
    tool, at = next(iter(tools.by.items()))
    if "flux" in tools.by and written.tool in ("kubectl", "helm"):
        return Mismatch("Flux puts it back to what the repository says", tools.by["flux"])
    if written.tool == "kubectl" and "helm" in tools.by:
        return Mismatch("Helm deploys here, and goes on to hold the broken release for the one", tools.by["helm"], True)
    if written.tool == "helm" and tools.by.keys() <= {"kubectl", *(set(tools.by) - _OF_CLUSTERS)}:
        return Mismatch(f"{tool} deploys here: Helm knows no release", at)
    if written.tool in _OF_CLUSTERS and tools.by.keys() & _OF_CLUSTERS:
        return None
    return Mismatch(f"{', '.join(sorted(tools.by))} deploys here", at)


def _by_argocd(project: Project) -> bool:
    """Whether Argo CD syncs something here: what it does against a way back has a rule of its own."""
    model = Subject.registry.get("kubernetes.Application")
    return bool(model and project.all(model))
