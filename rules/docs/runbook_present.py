from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links import deploys
from gatekeeper.models.docs import Runbook, hollow
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule


@rule(
    "docs-runbook-present",
    gate="documentation",
    severity="medium",
    seed="10. Documentation Delivered",
    where=lambda repository, project: deploys(project).deploys,
)
def runbook_present(repository: Repository, project: Project) -> Iterator[Answer]:
    """There is a runbook for incidents and one for deploying.

    A runbook is a Markdown file below `runbooks` or `playbooks`, called like one, or with a title `Runbook: ...`. One
    for deploying says so in its title or name; one for incidents speaks of symptoms, impact, diagnosis, mitigation or
    escalation. One that holds nothing but headings and placeholders is none. Many live in another repository or a wiki:
    none here is a fault only where `owns` in gatekeeper.yaml names runbooks.

    Bad, they belong here: # expect: no runbook for deploying
    ```yaml gatekeeper.yaml
    owns: [runbooks]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/runbooks/errors.md
    # Errors
    ## Diagnosis
    Look at the logs.
    ```
    ```markdown docs/runbooks/deploy.md
    # How to deploy
    ## Steps
    TODO
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/runbooks/incidents.md
    # Incidents
    ## Escalation
    Call the team of the service.
    ```
    ```markdown docs/runbooks/deploy.md
    # How to deploy
    Merge, and approve the run.
    ```

    Unknown, nobody said where they are:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/runbooks/README.md
    # Runbooks
    ## Escalation
    ```
    """
    runbooks = [each for each in project.all(Runbook) if not hollow(each)]
    found = {"incidents": any(each.incident for each in runbooks), "deploying": any(each.deploys for each in runbooks)}
    for purpose, present in found.items():
        if not present:
            yield absent(project, "runbooks", f"no runbook for {purpose} here")
