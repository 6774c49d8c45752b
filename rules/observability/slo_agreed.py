from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links import deploys
from gatekeeper.links.slos import objectives
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Measure, absent, rule


@rule(
    "slo-agreed",
    gate="slo",
    severity="medium",
    seed="5.4 SLO Targets; 5.1 Monitoring, SLI/SLO tracking",
    where=lambda repository, project: bool(objectives(project)) or deploys(project).deploys,
)
def agreed(repository: Repository, project: Project) -> Iterator[Answer]:
    """What is deployed from here has objectives that are written down.

    Without an objective nobody can say whether a night of slow answers was bad luck or a breach, and every alert is a
    guess. Written down is: a table in a document (a column for the service, one for what is measured, one for the
    target), OpenSLO, Sloth, Pyrra, or an objective that Terraform makes (Datadog, New Relic, Google Cloud, CloudWatch).
    Numbers in running text are none, nor is a table below a heading that calls it an example or a proposal. That this
    repository has none does not say that nobody has: it is a fault only where `owns` in gatekeeper.yaml names slo.

    Bad, they belong here: # expect: no objective
    ```yaml gatekeeper.yaml
    owns: [slo]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Availability | 99.9% |
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```

    Unknown, an example and a sentence:
    ```markdown docs/slo.md
    # Service level objectives

    We aim for 99.9% availability.

    ## Example of an SLO

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Availability | 99.9% |
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80}]}
    ```
    """
    found = objectives(project)
    if found:
        count = len(found)
        yield Measure(found[0], f"{count} objective{'s' if count > 1 else ''}", count)
    else:
        yield absent(project, "slo", "no objective here")
