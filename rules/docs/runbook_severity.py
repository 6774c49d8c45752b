from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links.runbooks import alerts_of
from gatekeeper.models.docs import LEVEL, Runbook, empty
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Reason, rule

_URGENT = regex(r"\b(?:p[01]|sev(?:erity)?[- ]?[01]|critical|page|emergency)\b", re.IGNORECASE)
_CALM = regex(r"\b(?:p[345]|sev(?:erity)?[- ]?[345]|minor|low|info(?:rmational)?|none)\b", re.IGNORECASE)
_LEFT = regex(r"[\[<{].*[\]>}]|\w[\w -]{0,20}(?:[ ]?[|/][ ]?\w[\w -]{0,20}){2,8}", re.IGNORECASE)


@rule(
    "runbook-severity",
    gate="documentation",
    severity="medium",
    seed="Runbook Template",
    where=lambda runbook, project: runbook.incident and runbook.severity is not None,
)
def runbook_severity(runbook: Runbook, project: Project) -> Iterator[Answer]:
    """The severity that a runbook states is one, and the one that its alert has.

    `Severity: P1 | P2 | P3` was copied and never chosen: whoever is called cannot tell whether to get up. And where the
    alert that links to the runbook pages, a runbook that calls it P3 or low is believed by one of two people. Judged is
    what a runbook states, in a heading, a line, a table or the front matter; that it states nothing is runbook-context.

    Bad:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    <!-- expect: nobody has chosen -->
    ## Severity: P1 | P2 | P3
    ## Diagnosis
    Look at the logs.
    ```

    Bad, against its alert:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    <!-- expect: HighErrorRate pages -->
    **Severity**: P3
    ## Diagnosis
    Look at the logs.
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
            annotations: {runbook_url: docs/runbooks/errors.md}
    ```

    Bad, left open:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Severity
    <!-- expect: no severity is said -->
    TBD
    ## Diagnosis
    Look at the logs.
    ```
    ```markdown docs/runbooks/latency.md
    # Runbook: Latency
    | Severity | Team |
    |---|---|
    |  | Orders | <!-- expect: no severity is said -->
    ## Diagnosis
    Look at the logs.
    ```

    Unknown, in words of one's own:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    **Severity**: depends on the day
    ## Diagnosis
    Look at the logs.
    ```

    Good:
    ```markdown docs/runbooks/errors.md
    ---
    severity: P1
    ---
    # Runbook: High error rate
    ## Diagnosis
    Look at the logs.
    ```
    ```markdown docs/runbooks/latency.md
    # Runbook: Latency
    | Severity | Team |
    |---|---|
    | Warning, critical after an hour | Orders |
    ## Diagnosis
    Look at the logs.
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
            labels: {severity: critical}
            annotations: {runbook_url: docs/runbooks/errors.md}
    ```
    """
    said = runbook.severity
    if said is None:
        return
    levels = {level.lower() for level in LEVEL.findall(said.text)}
    if _LEFT.fullmatch(said.text.strip(" .*`")) and (len(levels) > 2 or not levels):
        yield Finding(said, f"`{said.text[:60]}` is the choice of a template: nobody has chosen")
        return
    if empty(said.text):
        yield Finding(said, f"no severity is said where one is promised (`{said.text[:40]}`)")
        return
    if not levels:
        yield Unknown(said, f"`{said.text[:60]}` is no level that is known", Reason.NEEDS_HUMAN)
        return
    alerts = [alert for alert in alerts_of(runbook, project) if alert.severity is not None and alert.severity.known]
    pages = next((alert for alert in alerts if alert.pages), None)
    if pages is not None and _CALM.search(said.text) and not _URGENT.search(said.text):
        yield Finding(said, f"{_name(pages)} pages, and this says {said.text[:40]}", (Note(pages, "the alert"),))
    calm = alerts and all(_CALM.search(alert.severity.text) for alert in alerts if alert.severity is not None)
    if calm and _URGENT.search(said.text) and not _CALM.search(said.text):
        words = f"{_name(alerts[0])} is {alerts[0].severity.text if alerts[0].severity else ''}: nobody is called"
        yield Finding(said, f"{words}, and this says {said.text[:40]}", (Note(alerts[0], "the alert"),))


def _name(alert: Alert) -> str:
    return alert.alert
