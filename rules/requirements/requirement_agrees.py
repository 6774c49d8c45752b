from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links.requirements import Requirement, requirements
from gatekeeper.links.slos import objectives
from gatekeeper.models.files import Repository
from gatekeeper.models.slo import Objective
from gatekeeper.models.slo.targets import Target, targets
from gatekeeper.rule import rule

_WORD = re.compile(r"[a-z0-9]+")
_RESPONDS = re.compile(r"\brespon(?:se|ds?|ding)\b", re.IGNORECASE)


def _promised(requirement: Requirement) -> Target | None:
    """What a requirement asks of availability, errors or latency, where its words hold one number for it."""
    words = requirement.words
    found = targets("latency" if _RESPONDS.search(words) else words, words)
    if len(found) != 1 or found[0].limit is None or found[0].indicator == "other":
        return None
    return found[0]


def _kept(target: Target, words: str, project: Project) -> list[Objective]:
    """The objectives about the same, of which a limit is known; where the requirement names their service, only its."""
    every = [
        each
        for each in objectives(project)
        if each.indicator == target.indicator
        and each.limit is not None
        and (target.quantile is None or each.quantile in (None, target.quantile))
    ]
    said = f" {' '.join(_WORD.findall(words.lower()))} "
    named = [each for each in every if (name := " ".join(_WORD.findall(each.service.lower()))) and f" {name} " in said]
    return named or every


def _keeps(objective: Objective, target: Target) -> bool:
    """Whether an objective is no looser than what is required."""
    assert objective.limit is not None and target.limit is not None
    if target.indicator == "availability":
        return objective.limit >= target.limit - 1e-12
    return objective.limit <= target.limit + 1e-12


def _compared(project: Project) -> list[tuple[Requirement, Target, list[Objective]]]:
    found = []
    for each in requirements(project):
        target = _promised(each)
        kept = _kept(target, each.words, project) if target else []
        if target and kept:
            found.append((each, target, kept))
    return found


@rule(
    "requirement-agrees",
    gate="requirements",
    severity="medium",
    seed="2. PRD Alignment Check; 5.4 SLO Targets",
    where=lambda repository, project: bool(requirements(project)) and bool(_compared(project)),
)
def requirement_agrees(repository: Repository, project: Project) -> Iterator[Finding]:
    """No objective is looser than what the requirements ask for.

    The requirement says 99.9 %, and the objective that everybody watches says 99.5: nobody will notice when the
    requirement is missed. Compared are numbered requirements that give one number for availability, errors or latency
    with the objectives for the same (a table, OpenSLO, Sloth, Pyrra, Terraform), of a latency also the percentile where
    both name one. Which service a requirement means is rarely said: it is a fault when no objective keeps it. A
    stricter one does.

    Bad:
    ```markdown docs/prd.md
    # Requirements
    <!-- expect: docs/slo.md:4 promises 99.5% -->
    - NFR-001: Availability 99.9%
    - NFR-002: Response <500ms
    ```
    ```markdown docs/slo.md
    # Service level objectives
    | Service | SLI | SLO Target |
    |---|---|---|
    | API | Availability | 99.5% |
    | API | Latency (p95) | < 300ms |
    ```

    Bad, it names the service:
    ```markdown docs/prd.md
    # Requirements
    <!-- expect: docs/slo.md:4 promises 99% -->
    - NFR-001: Availability of the API 99.9%
    ```
    ```markdown docs/slo.md
    # Service level objectives
    | Service | SLI | SLO Target |
    |---|---|---|
    | API | Availability | 99% |
    | Reports | Availability | 99.99% |
    ```

    Good, one of two services keeps it:
    ```markdown docs/prd.md
    # Requirements
    | ID | Requirement |
    |---|---|
    | NFR-001 | Availability 99.9% |
    ```
    ```markdown docs/slo.md
    # Service level objectives
    | Service | SLI | SLO Target |
    |---|---|---|
    | API | Availability | 99.95% |
    | Reports | Availability | 99% |
    ```
    """
    for requirement, target, kept in _compared(project):
        if any(_keeps(each, target) for each in kept):
            continue
        first = kept[0]
        words = f"{requirement.id} asks for {_shown(target)}; {first.path}:{first.span.line} promises {first.promise}"
        more = f", and {len(kept) - 1} more are looser too" if len(kept) > 1 else ""
        yield Finding(requirement.at, f"{words}{more}", tuple(Note(each, each.promise) for each in kept[:5]))


def _shown(target: Target) -> str:
    assert target.limit is not None
    if target.indicator == "latency":
        return f"at most {target.limit * 1000:g} ms"
    return f"{target.limit * 100:.6g} % {'availability' if target.indicator == 'availability' else 'errors'}"
