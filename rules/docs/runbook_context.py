from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.docs import Runbook, hollow
from gatekeeper.rule import rule

_ADVISED = {
    "symptoms": "how the incident shows",
    "impact": "who is affected",
    "escalation": "who to call next",
}


@rule(
    "runbook-context",
    gate="documentation",
    severity="low",
    seed="Runbook Template",
    where=lambda runbook: runbook.incident,
)
def context(runbook: Runbook) -> Iterator[Finding]:
    """A runbook for incidents says how the incident shows, who is affected and who to call next.

    Advice: whoever is new on call needs it most. Symptoms, Meaning and Overview are the same section here, and so are
    Escalation, Contacts and On-call. Of 108 published runbooks none has a section on escalation.

    Bad:
    ```markdown docs/runbooks/errors.md
    <!-- expect: does not say who to call next -->
    # Runbook: High error rate
    ## Symptoms
    Customers see 500s.
    <!-- expect: who is affected: nothing but a placeholder -->
    ## Impact
    - [Business impact]
    ## Diagnosis
    Look at the logs.
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
    | On-call | @orders |
    ```
    """
    for about, purpose in _ADVISED.items():
        found = runbook.sections(about)
        if not found:
            yield Finding(runbook, f"this runbook does not say {purpose}: no section on {about}")
        for section in found:
            if hollow(runbook, section):
                yield Finding(section.heading.node, f"on {purpose}: nothing but a placeholder")
