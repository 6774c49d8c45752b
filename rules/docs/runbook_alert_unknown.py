from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.docs import Runbook
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Reason, rule

_NAMED = regex(
    r"\balertname[ ]?=~?[ ]?[\"']?([A-Z][A-Za-z0-9_]{3,80})\b"
    r"|\b[Aa]lerts?(?: name)?:?[ ]([A-Z][a-z0-9]+[A-Z][A-Za-z0-9]{1,80})\b"
    r"|\b([A-Z][a-z0-9]+[A-Z][A-Za-z0-9]{1,80}) (?:alert|fires|is firing)\b"
)


def _mentions(runbook: Runbook) -> list[tuple[str, Node]]:
    """The alerts that a runbook names as such, each once."""
    found: dict[str, Node] = {}
    if not _NAMED.search(runbook.source.text):
        return []
    for node in (
        *(text.node for text in runbook.parts.texts),
        *(line for code in runbook.parts.codes for line in code.lines),
    ):
        for match in _NAMED.finditer(node.text[:2000]):
            found.setdefault(next(name for name in match.groups() if name), node)
    return list(found.items())


@rule(
    "runbook-alert-unknown",
    gate="documentation",
    severity="low",
    seed="Runbook Template",
    where=lambda runbook, project: bool(project.all(Alert)) and bool(_mentions(runbook)),
)
def runbook_alert_unknown(runbook: Runbook, project: Project) -> Iterator[Answer]:
    """The alerts that a runbook names exist.

    An alert was renamed, and whoever searches for its name finds no runbook. Judged is what a runbook calls an alert
    (`alertname="HighErrorRate"`, "the HighErrorRate alert"), where this repository has alerts. A name that is nearly
    one of them is a fault; any other may be an alert of a chart or of another repository, and is not known, unless
    `owns` in gatekeeper.yaml names alerts.

    Bad:
    ```markdown docs/runbooks/errors.md
    # Runbook: Errors
    ## Symptoms
    <!-- expect: HighErrorsRate; HighErrorRate is -->
    The HighErrorsRate alert fires.
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
    ## Symptoms
    Alert: HighErrorRate; silence it by `amtool silence add alertname="HighErrorRate"`. Alerts arrive by mail.
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
    ```

    Unknown, perhaps of a chart:
    ```markdown docs/runbooks/errors.md
    # Runbook: Errors
    ## Symptoms
    KubePodCrashLooping fires.
    ```
    ```yaml monitoring/rules.yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: job:request_errors:ratio5m > 0.001
    ```
    """
    known = set(project.by(Alert, "alert"))
    for name, at in _mentions(runbook):
        if name in known:
            continue
        near = get_close_matches(name, sorted(known), 1, 0.87)
        if near:
            yield Finding(at, f"there is no alert {name}; {near[0]} is")
        elif "alerts" in project.settings.owns:
            yield Finding(at, f"there is no alert {name} here; gatekeeper.yaml says that alerts belong here")
        else:
            yield Unknown(at, f"there is no alert {name} here; it may be another repository's", Reason.NOT_OWNED_HERE)
