from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.runbooks import alerts_of
from gatekeeper.models.docs import Runbook, hollow
from gatekeeper.models.document_parts import INCIDENT, Part
from gatekeeper.node import regex
from gatekeeper.parsers.markdown import Section
from gatekeeper.rule import rule

_ADVISED = ("symptoms", "severity", "impact", "escalation", "follow-up")  # in the order in which it is said
# Whom to call, in words: an address, a handle, a channel, a number, somebody's part.
_CONTACT = regex(
    r"@|(?:^|\s)#[a-z][\w-]|https?://|\+?\d[\d ()-]{6,20}|pager|opsgenie|slack|\bteams?\b|zoom|phone|\bcalls?\b"
    r"|on[ -]?call|rotation|\bsre\b|owners?\b|\bengineers?\b|manager\b|\blead\b|support\b|ticket|\bjira\b|\bcase\b"
    r"|contact|maintainer|\badmin|\bvendor\b|\bbug\b|\bissue\b",
    re.IGNORECASE,
)


@rule(
    "runbook-context",
    gate="documentation",
    severity="low",
    seed="Runbook Template",
    where=lambda runbook, project: runbook.incident,
)
def context(runbook: Runbook, project: Project) -> Iterator[Finding]:
    """A runbook for incidents says how it shows, how urgent it is, who is affected, whom to call and what follows.

    Advice: whoever is new on call needs it most. Symptoms, Meaning and Overview are the same section here, and so are
    Escalation, Contacts and On-call. How urgent it is may be said by the alert that links to the runbook. A section on
    escalation names somebody: a channel, a handle, a number, a team. Of 108 published runbooks none has one.

    Bad:
    ```markdown docs/runbooks/errors.md
    <!-- expect: does not say how urgent it is, who to call next, what is done afterwards -->
    # Runbook: High error rate
    ## Symptoms
    Customers see 500s.
    <!-- expect: who is affected: nothing but a placeholder -->
    ## Impact
    - [Business impact]
    ## Diagnosis
    Look at the logs.
    ```

    Bad, nobody is named:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    Severity: P1
    ## Symptoms
    Customers see 500s.
    ## Impact
    No orders.
    <!-- expect: names nobody -->
    ## Escalation
    Escalate after 30 minutes.
    ## Follow-up
    Write it down.
    ```

    Good:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Meaning
    Customers see 500s.
    ## Impact
    ### Business
    No orders.
    ## Contacts
    | Role | Who |
    |---|---|
    | First | @orders |
    ## Post-Incident
    - [ ] Schedule the post-mortem
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
    missing = []
    for part in sorted(INCIDENT, key=lambda part: _ADVISED.index(part.name) if part.name in _ADVISED else 9):
        if part.name not in _ADVISED:
            continue
        found = runbook.sections(part.name)
        if not runbook.tells(part.name) and not _said_otherwise(part, runbook, project):
            missing.append(part.tells)
        for section in found:
            yield from _in(section, part, runbook)
    if missing:
        yield Finding(runbook, f"this runbook does not say {', '.join(missing)}")


def _said_otherwise(part: Part, runbook: Runbook, project: Project) -> bool:
    if part.name != "severity":
        return False
    return runbook.severity is not None or any(alert.severity is not None for alert in alerts_of(runbook, project))


def _in(section: Section, part: Part, runbook: Runbook) -> Iterator[Finding]:
    if part.name == "severity":
        return
    if hollow(runbook, section):
        yield Finding(section.heading.node, f"{part.tells}: nothing but a placeholder")
    elif part.name == "escalation" and not _names_somebody(section, runbook):
        yield Finding(section.heading.node, f"{section.heading.text}: names nobody to call")


def _names_somebody(section: Section, runbook: Runbook) -> bool:
    parts = runbook.parts
    if any(section.holds(link.node) for link in runbook.links):
        return True
    nodes = (*(text.node for text in parts.texts), *(line for code in parts.codes for line in code.lines))
    return any(section.holds(node) and _CONTACT.search(node.text[:2000]) for node in nodes)
