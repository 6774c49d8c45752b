from __future__ import annotations

from collections.abc import Iterator
from math import prod

from gatekeeper import Finding, Note, Project
from gatekeeper.links.slos import depends_on, objectives, same, words_of
from gatekeeper.models.slo import Objective
from gatekeeper.rule import rule


def _dependencies(objective: Objective, project: Project) -> list[Objective]:
    """The availabilities of what the catalogue says that the service depends on."""
    named = depends_on(objective, project)
    return [
        other
        for other in objectives(project)
        if other.indicator == "availability" and other.limit is not None and other is not objective
        and any(same(words_of(name), words_of(other.service)) for name in named)
    ]  # fmt: skip


def _depends(objective: Objective, project: Project) -> bool:
    if objective.indicator != "availability" or objective.limit is None or not words_of(objective.service):
        return False
    return bool(_dependencies(objective, project))


@rule("slo-dependency", gate="slo", severity="low", seed="5.4 SLO Targets", where=_depends)
def dependency(objective: Objective, project: Project) -> Iterator[Finding]:
    """A service promises no more than what it depends on.

    A service that needs a database of 99.5 percent is down whenever that is: it cannot be there 99.9 percent of the
    time. Of several dependencies the product counts, as if they failed independently. Only dependencies that are
    declared are known: `dependsOn` of a Component in catalog-info.yaml. A cache that the service can do without is no
    such dependency, which the file does not say, so this is advice.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% | <!-- expect: what it depends on comes to 99.5 % -->
    | Ledger | Availability | 99.5% |
    ```
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata: {name: orders}
    spec:
      type: service
      dependsOn: ["component:default/ledger"]
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | Orders | Availability | 99.9% |
    | Ledger | Availability | 99.99% |
    ```
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata: {name: orders}
    spec:
      type: service
      dependsOn: ["component:default/ledger"]
    ```
    """
    found = _dependencies(objective, project)
    best: dict[str, float] = {}
    for each in found:
        best[each.service] = max(best.get(each.service, 0.0), each.limit or 0.0)
    comes_to = prod(best.values())
    if (objective.limit or 0.0) > comes_to + 1e-9:
        words = f"{objective.promise} is promised; what it depends on comes to {comes_to * 100:.5g} %"
        yield Finding(objective, words, tuple(Note(each, f"{each.called}: {each.promise}") for each in found[:3]))
