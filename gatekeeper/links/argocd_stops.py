"""What stands between a commit and what Argo CD makes of it: the revision, windows, Rollouts, and what the server asks.

https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.argocd import here
from gatekeeper.links.argocd_files import objects_of
from gatekeeper.links.argocd_projects import project_of, window_over
from gatekeeper.models.kubernetes import Application, Object
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.models.pipeline.ir import Fact, Job
from gatekeeper.node import Node
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.evidence.facts import BranchRules


class Stop(NamedTuple):
    """What stands between a commit and production: in words, its place, and whether a person must act."""

    words: str
    at: Node | Object
    person: bool


def stops(each: Application, project: Project) -> list[Stop]:
    """What holds an automated sync, or what it brings out, before it is everywhere. Raises `Unresolved`."""
    belongs = project_of(each, project)
    window = window_over(each, belongs) if belongs else None
    found = [] if window is None else [Stop("a sync window", window, person=False)]
    return [*found, *_rollouts(each, project)]


def _rollouts(each: Application, project: Project) -> Iterator[Stop]:
    """The stops of an Application whose every workload is a Rollout that stops."""
    made = [one for one in objects_of(each, project) if is_rollout(one) or one.kind in _PLAIN]
    rollouts = [one for one in made if is_rollout(one)]
    if len(rollouts) < len(made):
        return
    strategies = [strategy_of(one) for one in rollouts]
    if rollouts and all(one.asks for one in strategies):
        yield Stop(f"{rollouts[0].name} waits until somebody promotes it", rollouts[0], person=True)
    elif rollouts and all(one.asks or one.watches for one in strategies):
        yield Stop(f"{rollouts[0].name} goes on when its analysis is good", rollouts[0], person=False)


_PLAIN = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


def reviewed(branch: str, project: Project) -> bool:
    """Whether evidence shows that a merge to a branch needs a review."""
    return any(rules.approvals > 0 for rules in _demands(branch, project))


def _demands(branch: str, project: Project) -> Iterator[BranchRules]:
    """What evidence shows that the server demands before a merge to a branch."""
    from gatekeeper.links.bound import doubt, of_another
    from gatekeeper.models.evidence import Evidence
    from gatekeeper.models.evidence.facts import BranchRules

    age = project.settings.thresholds.api_max_age
    for each in project.all(Evidence):
        facts = each.facts
        if not isinstance(facts, BranchRules) or each.trouble or not _same_branch(facts.branch, branch):
            continue
        if not of_another(facts.repository, project) and doubt(each, project, age, any_commit=True) is None:
            yield facts


def _same_branch(named: str, branch: str) -> bool:
    """Whether rules are about a branch: those of a branch do not name it, and HEAD is whichever is the default."""
    return named in ("", branch) or (branch in ("", "HEAD") and named in ("main", "master"))


def awaited(each: Application, fact: Fact, project: Project) -> bool:
    """Whether evidence shows that no commit comes to what an Application tracks before a check of this repository has
    passed. Raises `Unresolved`."""
    branches = [source.revision.text for source in each.sources if here(source, project) is not None]
    wanted = _check_name(fact.step.job)
    return bool(branches) and fact.blocking == "yes" and all(
        any(wanted in rules.checks for rules in _demands(branch, project)) for branch in branches
    )  # fmt: skip


def _check_name(job: Job) -> str:
    """How the server calls the check that a job is: its name, behind that of the job that calls its pipeline."""
    caller = job.pipeline.caller
    own = job.title or job.id
    return f"{caller.title or caller.id} / {own}" if caller else own


def checked_by(kinds: frozenset[str], project: Project) -> list[Fact]:
    """What checks of these kinds the pipelines of this repository run, whatever waits for them."""
    from gatekeeper.links.pipelines import entries

    return [
        fact
        for pipeline in entries(project)
        for fact in pipeline.facts
        if fact.kind in kinds and fact.blocking != "no"
    ]  # fmt: skip
