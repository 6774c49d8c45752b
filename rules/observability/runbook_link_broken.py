from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import runbook_of
from gatekeeper.models.prometheus import Alert
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "runbook-link-broken",
    gate="alerting",
    severity="high",
    seed="5.3 Alerting Rules",
    where=lambda alert: alert.runbook is not None,
)
def runbook_link_broken(alert: Alert, project: Project) -> Iterator[Answer]:
    """The runbook that an alert links to exists.

    26 of the 125 runbooks that one much used set of alerts links to were never written: that is found out at night.
    A path is looked up from the root of the repository and beside the rules; an address below a prefix of
    `runbook_roots` (gatekeeper.yaml) in the folder named there, whatever its case, with or without `.md`; an anchor
    among the headings. Any other address is somebody else's page and not known: nothing is fetched.

    Bad:
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            annotations:
              # expect: docs/runbooks/errors.md is not in this repository
              runbook_url: docs/runbooks/errors.md
          - alert: HighLatency
            expr: job:latency:p95 > 0.5
            annotations:
              # expect: has no heading #slow
              runbook_url: docs/runbooks/latency.md#slow
    ```
    ```markdown docs/runbooks/latency.md
    # Latency
    ## Slow queries
    ```

    Bad, below a declared address:
    ```yaml gatekeeper.yaml
    runbook_roots:
      https://runbooks.example.com/: docs/runbooks
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            annotations:
              # expect: docs/runbooks/orders/HighErrorRate is not in this repository
              runbook_url: https://runbooks.example.com/orders/HighErrorRate
    ```

    Good:
    ```yaml gatekeeper.yaml
    runbook_roots:
      https://runbooks.example.com: docs/runbooks
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            annotations: {runbook_url: "https://runbooks.example.com/errors/#diagnosis"}
          - alert: Beside
            expr: up == 0
            annotations: {runbook: ../docs/runbooks/Errors.md}
    ```
    ```markdown docs/runbooks/Errors.md
    # Errors
    ## Diagnosis
    ```

    Unknown, somebody else's page:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            annotations: {runbook_url: https://wiki.example.com/HighErrorRate}
    ```

    Unknown, filled in when it fires:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            annotations: {runbook_url: "docs/runbooks/{{ $labels.job }}.md"}
    ```
    """
    link = runbook_of(alert, project)
    if link is None or alert.runbook is None:
        return
    if link.missing:
        yield Finding(alert.runbook, f"the runbook of {alert.alert} is not there: {link.missing}")
    elif link.elsewhere:
        words = f"the runbook of {alert.alert} is not in this repository; if it is, say so in `runbook_roots`"
        yield Unknown(alert.runbook, words, Reason.NOT_OWNED_HERE)
