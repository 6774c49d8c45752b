from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Coverage
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule

FORMATS = ["cobertura", "jacoco", "lcov", "coverage_py", "istanbul"]


@rule("coverage-measured", gate="coverage", severity="high", seed="3.3 Quality Gates, Code coverage threshold met")
def coverage_measured(revision: Revision, project: Project) -> Iterator[Answer]:
    """Measured coverage reaches its threshold.

    The threshold names its metric (`thresholds: {coverage: {metric: line, min: 80}}`, which is also what holds without
    it): one and the same run is 75 % with branches and 83 % of lines. Percentages are computed from what was counted,
    never read; a report in which nothing can be covered is no 100 %. Each report must reach it.

    Bad: # expect: 50.0 % of lines are covered; at least 80 % is asked
    ```text .gatekeeper/evidence/lcov.info
    SF:src/orders.ts
    DA:1,4
    DA:2,0
    end_of_record
    ```

    Good:
    ```text .gatekeeper/evidence/lcov.info
    SF:src/orders.ts
    DA:1,4
    DA:2,1
    LF:2
    LH:2
    end_of_record
    ```

    Good, a lower threshold:
    ```text .gatekeeper/evidence/lcov.info
    SF:src/orders.ts
    DA:1,4
    DA:2,0
    end_of_record
    ```
    ```yaml gatekeeper.yaml
    thresholds: {coverage: {metric: line, min: 50}}
    ```

    Unknown, another metric than the report has:
    ```text .gatekeeper/evidence/lcov.info
    SF:src/orders.ts
    DA:1,4
    end_of_record
    ```
    ```yaml gatekeeper.yaml
    thresholds: {coverage: {metric: branch}}
    ```
    """
    found = proofs(Coverage, project, FORMATS)
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no coverage report (Cobertura, LCOV, JaCoCo, coverage.py, Istanbul)")
    for held in found.held:
        yield from _judged(held, project)


def _judged(held: Held[Coverage], project: Project) -> Iterator[Answer]:
    asked = project.settings.thresholds.coverage
    ratio = held.facts.metrics.get(asked.metric)
    if ratio is None:
        there = ", ".join(sorted(held.facts.metrics)) or "nothing"
        words = f"{held.evidence.path} counts {there}, not {asked.metric}, which the threshold names"
        yield Unknown(held.at, words, Reason.NO_EVIDENCE)
        return
    if not ratio.total:
        yield Unknown(held.at, f"{held.evidence.path} has no {asked.metric} that could be covered", Reason.EMPTY)
        return
    many = f"{asked.metric}{'es' if asked.metric == 'branch' else 's'}"
    share = ratio.covered * 100 / ratio.total
    yield held.measure(
        f"{_percent(share)} of {many} ({ratio.covered} of {ratio.total}), at least {asked.min:g} % asked", ratio.total
    )
    if share < asked.min:
        words = f"{_percent(share)} of {many} are covered; at least {asked.min:g} % is asked"
        yield Finding(held.at, words, (), Fix("cover more, or set thresholds.coverage in gatekeeper.yaml"))
    else:
        yield from held.failed()


def _percent(share: float) -> str:
    """Rounded down, so that what misses the threshold never looks as if it reached it."""
    return f"{int(share * 10) / 10:.1f} %"
