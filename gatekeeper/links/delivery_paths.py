"""The way to production as the pipelines have it: what starts them, their jobs in order, what each stands behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.approval import Approval, approval_of
from gatekeeper.links.pipelines import depends, entries, production_of, tests_for
from gatekeeper.links.required_checks import settled
from gatekeeper.links.returning import Way
from gatekeeper.links.rollback import ways_back
from gatekeeper.links.verified import Checks, checks_after
from gatekeeper.models import Spot, Subject, place
from gatekeeper.models.pipeline import SCANS, Job, Judgement, Pipeline, Production
from gatekeeper.models.pipeline.reach import ordered
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Application

# What a job does, in the order of a delivery
_ORDER = (
    "lint validate typecheck build test e2e coverage sast sca secretscan iacscan imagescan scan analysis dast sbom "
    "image sign imagepush publish plan approval wait migrate deploy trigger gitpush verify smoke perf rollback notify"
).split()


class Passage(NamedTuple):
    """What a deployment comes to for one question of the checklist: the answer in a word, why, and where it is seen.

    `places` are paths with lines.
    """

    asks: str
    word: str
    why: str
    places: tuple[tuple[str, int], ...] = ()


class Stop(NamedTuple):
    """One job on the way: how deep it lies in the pipelines that call one another, and what it waits for."""

    job: Job
    depth: int
    kinds: tuple[str, ...]
    production: Production | None
    passages: tuple[Passage, ...]


class DeliveryPath(NamedTuple):
    """One pipeline from its start to its last job. `deploys`: whether it certainly deploys, wherever to."""

    pipeline: Pipeline
    starts: tuple[str, ...]
    stops: tuple[Stop, ...]
    deploys: bool

    @property
    def reaches_production(self) -> bool:
        return any(stop.production for stop in self.stops)


class Synced(NamedTuple):
    """An Application of Argo CD as a way to where it goes: what it takes, whether by itself, and what stops it."""

    application: Application
    what: str
    to: str
    production: bool
    how: str


def synced(project: Project) -> list[Synced]:
    """The Applications declared here, those of production first; none where no manifest of Argo CD is met."""
    if "kubernetes.Application" not in Subject.registry:
        return []
    from gatekeeper.models.kubernetes import Application

    found = [_synced(each, project) for each in project.all(Application) if each.there]
    return sorted(found, key=lambda each: (not each.production, each.application.path, each.application.span))


def _synced(each: Application, project: Project) -> Synced:
    from gatekeeper.links.argocd import production_app
    from gatekeeper.links.argocd_stops import stops

    what = ", ".join(f"{_text(s.path) or _text(s.chart)} at {_text(s.revision) or 'HEAD'}" for s in each.sources)
    destination = each.node.at("spec.destination")
    to = " ".join(filter(None, (_text(destination[key]) for key in ("name", "server", "namespace"))))
    try:
        production = production_app(each, project) is not None
        held = [stop.words for stop in stops(each, project)]
        how = ", ".join(("by itself", *held)) if each.automated else "by hand"
    except Unresolved as unresolved:
        return Synced(each, what, to, False, f"not known: {unresolved}")
    return Synced(each, what, to, production, how)


def _text(node: Node) -> str:
    """A scalar as it stands there; '' where nothing is written."""
    if not node.present:
        return ""
    return node.text if node.known and not node.is_mapping else "(filled in)"


def delivery_paths(project: Project) -> list[DeliveryPath]:
    """Every pipeline that something starts; those that reach production first, then those that deploy at all."""
    found = [_path(pipeline, project) for pipeline in entries(project)]
    return sorted(found, key=lambda path: (not path.reaches_production, not path.deploys, path.pipeline.path))


def _path(pipeline: Pipeline, project: Project) -> DeliveryPath:
    starts = dict.fromkeys(trigger.words for trigger in pipeline.triggers if trigger.ref != "call")
    return DeliveryPath(pipeline, tuple(starts), tuple(_stops(pipeline, 0, project)), bool(pipeline.deploys))


def _stops(pipeline: Pipeline, depth: int, project: Project) -> list[Stop]:
    stops: list[Stop] = []
    for job in ordered(pipeline):
        production = production_of(job, project)
        passages = _passages(job, project) if production else ()
        kinds = tuple(sorted(job.kinds, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else len(_ORDER)))
        stops.append(Stop(job, depth, kinds, production, passages))
        if job.called:
            stops += _stops(job.called, depth + 1, project)
    return stops


def _passages(job: Job, project: Project) -> tuple[Passage, ...]:
    return (
        _level("test", depends(job, tests_for(job), project), job, project),
        _level("scan", depends(job, SCANS, project), job, project),
        _approval(approval_of(job, project)),
        _afterwards(checks_after(job, project)),
        _way_back(ways_back(job, project)),
    )


def _level(asks: str, judgement: Judgement, job: Job, project: Project) -> Passage:
    why = judgement.why or ", ".join(dict.fromkeys(fact.tool for fact in judgement.cites[:4]))
    demanded = settled(judgement, job, project)
    if demanded and demanded.word == "yes":
        why = demanded.why
    return Passage(asks, judgement.level.value, why, _places(fact.place for fact in judgement.cites))


def _approval(approval: Approval) -> Passage:
    return Passage("approval", approval.status.value, approval.why, _places(cite.at for cite in approval.cites))


def _afterwards(checks: Checks) -> Passage:
    facts = checks.asked or checks.waited
    if facts and checks.lacking is None:
        word = "checked" if checks.asked else "waited for"
        return Passage("after it", word, facts[0].tool, _places(fact.place for fact in facts))
    if checks.remote:
        return Passage("after it", "unknown", f"{checks.remote} cannot be read here")
    if checks.open:
        return Passage("after it", "unknown", f"what {checks.open.words} does could not be told")
    return Passage("after it", "absent", "nothing checks it")


def _way_back(ways: Sequence[Way]) -> Passage:
    if not ways:
        return Passage("way back", "absent", "none is seen here")
    first = ways[0]
    return Passage("way back", {"itself": "automatic"}.get(first.by, first.by), first.words, _places([first.at]))


def _places(spots: Iterable[Spot]) -> tuple[tuple[str, int], ...]:
    return tuple((at.source.path, at.span.line) for at in map(place, spots))
