from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.slos import alike, objectives, words_of
from gatekeeper.models.slo import Objective
from gatekeeper.rule import Answer, Reason, rule


def _coded(objective: Objective, project: Project) -> list[Objective]:
    """The same objective where it is kept as code."""
    return [
        other
        for other in objectives(project)
        if other.form != "a table"
        and other.limit is not None
        and alike(other, objective)
        and _same_share(other, objective)
    ]


def _same_share(one: Objective, other: Objective) -> bool:
    return one.indicator != "latency" or one.quantile == other.quantile


def _in_both(objective: Objective, project: Project) -> bool:
    if objective.form != "a table" or objective.limit is None:
        return False
    return bool(_coded(objective, project) or _told_otherwise(objective, project))


def _told_otherwise(objective: Objective, project: Project) -> Objective | None:
    """What the table of another document promises of the same, of two that disagree for the second."""
    return next(
        (
            other
            for other in project.by(Objective, "form").get("a table", ())
            if other.path < objective.path
            and other.indicator == objective.indicator
            and other.limit not in (None, objective.limit)
            and other.quantile == objective.quantile
            and (words_of(other.service), words_of(other.sli)) == (words_of(objective.service), words_of(objective.sli))
        ),
        None,
    )


@rule("slo-agrees", gate="slo", severity="medium", seed="5.4 SLO Targets", where=_in_both)
def agrees(objective: Objective, project: Project) -> Iterator[Answer]:
    """The objectives in documents are those that are measured.

    Whoever reads the table believes 99.9, and the alerts are made for 99.5: one of the two was changed and the other
    forgotten. Compared are the rows of a table with the objectives of OpenSLO, Sloth, Pyrra or Terraform for the same
    service and indicator; of a latency also the percentile must be the same. One that agrees is enough; where several
    are kept as code and none agrees, which of them the row means is not known. Nor is which counts of the tables of
    two documents that say different things of the same.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% | <!-- expect: slo/orders.yaml:5 measures 99.5% -->
    ```
    ```yaml slo/orders.yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: requests-availability
        objective: 99.5
        alerting: {name: OrdersFail}
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Error rate | < 0.1% |
    ```
    ```yaml slo/orders.yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: requests-availability
        objective: 99.9
        alerting: {name: OrdersFail}
    ```

    Unknown, two documents disagree:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% |
    ```
    ```markdown docs/sre/targets.md
    # SLO targets

    | Service | SLI | Target |
    |---------|-----|--------|
    | Orders | Availability | 99.5% |
    ```

    Unknown, several are measured:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% |
    ```
    ```yaml slo/orders.yaml
    version: prometheus/v1
    service: orders
    slos:
      - name: reading-availability
        objective: 99.5
        alerting: {name: ReadingFails}
      - name: writing-availability
        objective: 99
        alerting: {name: WritingFails}
    ```
    """
    coded = _coded(objective, project)
    if not coded:
        yield from _disagree(objective, _told_otherwise(objective, project))
        return
    if any(abs(_missed(other) - _missed(objective)) < 1e-9 for other in coded):
        return
    first = coded[0]
    if len(coded) > 1:
        words = f"{len(coded)} objectives of {objective.called} are measured, and none is {objective.promise}"
        yield Unknown(objective, words, Reason.NEEDS_HUMAN)
    else:
        words = f"{objective.promise} is promised; {first.path}:{first.span.line} measures {first.promise}"
        yield Finding(objective, words, (Note(first, f"{first.called}: {first.promise}"),))


def _disagree(objective: Objective, other: Objective | None) -> Iterator[Answer]:
    if other:
        words = (
            f"{objective.promise} here, {other.promise} in {other.path}:{other.span.line}: which counts is not known"
        )
        yield Unknown(objective, words, Reason.NEEDS_HUMAN)


def _missed(objective: Objective) -> float:
    """What may be missed of it: the same for an availability and for the errors beside it."""
    limit = objective.limit or 0.0
    return 1 - limit if objective.indicator == "availability" else limit
