from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.documents import target_of
from gatekeeper.links.runbooks import alerts_of
from gatekeeper.models.docs import Document, Runbook
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import rule


@rule(
    "runbook-orphan",
    gate="documentation",
    severity="off",
    seed="Runbook Template",
    where=lambda runbook, project: runbook.incident and bool(project.all(Alert)),
)
def runbook_orphan(runbook: Runbook, project: Project) -> Iterator[Finding]:
    """Something leads to every runbook for incidents.

    A runbook that no alert and no page links to is found by those who know it. Off: alerts of another repository may
    link to it (of 108 published runbooks 9 have no alert).

    Bad:
    ```markdown docs/runbooks/errors.md
    <!-- expect: no alert and no page links to it -->
    # Runbook: Errors
    ## Diagnosis
    Look at the logs.
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
    ```

    Good:
    ```markdown docs/runbooks/errors.md
    # Runbook: Errors
    ## Diagnosis
    Look at the logs.
    ```
    ```markdown docs/runbooks/latency.md
    # Runbook: Latency
    ## Diagnosis
    As for [errors](errors.md).
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighLatency
            expr: job:latency:p95 > 0.5
            annotations: {runbook_url: docs/runbooks/latency.md}
    ```
    """
    linked = project.once("linked documents", _linked)
    if not alerts_of(runbook, project) and runbook.path not in linked:
        yield Finding(runbook, "no alert and no page links to it")


def _linked(project: Project) -> frozenset[str]:
    targets = (
        (document, target_of(link, document, project)) for document in project.all(Document) for link in document.links
    )
    return frozenset(target.path for document, target in targets if target and target.path != document.path)
