"""What stands between a commit and what Argo CD makes of it: the revision, windows, Rollouts, and what the server asks.

https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.argocd import here, production_app
from gatekeeper.links.argocd_files import objects_of
from gatekeeper.links.argocd_projects import project_of, window_over
from gatekeeper.models.kubernetes import Application, Object
from gatekeeper.models.kubernetes.argocd import AppSource
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.models.pipeline.branches import DEFAULTS
from gatekeeper.models.pipeline.ir import Fact
from gatekeeper.node import Node
from gatekeeper.project import Project


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


def reviewed(source: AppSource, project: Project) -> bool:
    """Whether it is known that a merge to what a source tracks needs a review: a folder of this repository does.
    Raises `Unresolved`."""
    from gatekeeper.links.protected import branches

    if here(source, project) is None:
        return False
    known = branches(project).demanded
    return any(each.approvals and each.means(*branch) for each in known for branch in _branches(source))


def _branches(source: AppSource) -> list[tuple[str, bool]]:
    """The branches that a source may track, each with whether it is the default one. Raises `Unresolved`."""
    text = source.revision.text.strip().removeprefix("refs/heads/")
    names = DEFAULTS if text in ("", "HEAD") else (text,)
    return [(name, name in DEFAULTS) for name in names]


class Unchecked(NamedTuple):
    """Why it is not known that what is deployed was checked; `reason` is of UNKNOWN's closed list."""

    why: str
    reason: str


def unchecked(
    each: Application, kinds: frozenset[str], does: str, done: str, project: Project
) -> Unchecked | None:  # fmt: skip
    """Whether a check of one of the kinds passed before an Application of production syncs: None where it did.

    Argo CD checks nothing. What is known is that the server lets nothing be merged without a check of a pipeline here.
    `does` and `done` are what people say of such a pipeline, and of what it was run for. Raises `Unresolved`.
    """
    from gatekeeper.links.pipelines import entries

    facts = [fact for pipeline in entries(project) for fact in pipeline.facts]
    found = [fact for fact in facts if fact.kind in kinds and fact.blocking != "no"]
    sources = [source for source in each.sources if here(source, project) is not None]
    if sources and any(all(_required(fact, source, project) for source in sources) for fact in found):
        return None
    production = production_app(each, project)
    weak = f" (held to be production because {production.why})" if production and not production.certain else ""
    if found:
        where = found[0].step.job.root.pipeline.name
        return Unchecked(f"{where} {does}; whether a merge waits for it is not in the files{weak}", "needs-api")
    return Unchecked(f"no pipeline here {does}: what is deployed is {done} elsewhere{weak}", "not-owned-here")


def _required(fact: Fact, source: AppSource, project: Project) -> bool:
    from gatekeeper.links.required_checks import required

    return any(required(fact, name, project, default=by).word == "yes" for name, by in _branches(source))
