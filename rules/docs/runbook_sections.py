from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docs import Runbook
from gatekeeper.models.document_parts import INCIDENT, Part, part_of
from gatekeeper.rule import rule


@rule(
    "runbook-sections",
    gate="documentation",
    severity="medium",
    seed="Runbook Template",
    where=lambda runbook: runbook.incident,
)
def sections(runbook: Runbook) -> Iterator[Finding]:
    """A runbook for incidents says how to find the cause and how to end it.

    Sections are known by what their headings say: Diagnosis, Investigation, Troubleshooting, Debugging, Triage, Checks;
    Resolution, Mitigation, Remediation, Fix, Recovery, Actions, Steps. Of 108 published runbooks 103 have both. A file
    counts as a runbook by its folder, its name or a title `Runbook: ...`, and as one for incidents when it speaks of
    symptoms, impact, diagnosis, mitigation or escalation, or is called like an alert; other procedures are not judged.
    A heading in a code block that nobody closed is none: readers see code.

    Bad:
    ```markdown docs/runbooks/errors.md
    <!-- expect: does not say how to end it -->
    # Runbook: High error rate
    ## Symptoms
    Customers see 500s.
    ## Investigation
    Look at the logs.
    ```

    Bad, called like an alert, with nothing in it:
    ```markdown runbooks/HighErrorRate.md
    <!-- expect: does not say how to end it -->
    # HighErrorRate
    See what happens. Check.
    ## Causes
    Many.
    ```

    Bad, an open code block:
    ````markdown runbooks/HighErrorRate.md
    # HighErrorRate
    ## Diagnosis
    ```sh
    kubectl logs deployment/orders
    # expect: `## Mitigation` is inside a code block
    ## Mitigation
    Restart it.
    ````

    Good:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Symptoms
    Customers see 500s.
    ## 1. Troubleshooting
    Look at the logs.
    ## 2. What to do
    Restart it.
    ```
    ```markdown docs/runbooks/alerts.md
    # Alert runbook
    ## HighErrorRate
    **Impact:** orders fail
    **Investigation steps:**
    1. Look at the logs
    **Root causes and resolutions:**
    - a bad release: roll back
    - **Mitigation**: restart it
    ```
    ```markdown docs/runbooks/rotate-keys.md
    # Rotate the keys
    Run the job.
    ```
    ```markdown docs/runbooks/README.md
    # Runbooks
    ## Impact
    ```
    """
    for part in INCIDENT:
        if part.needed and not runbook.tells(part.name):
            yield _missing(part, runbook)


def _missing(part: Part, runbook: Runbook) -> Finding:
    hidden = next((line for line in runbook.swallowed if part_of(line.text, INCIDENT) == part.name), None)
    if hidden is not None:
        words = f"`{hidden.text[:60]}` is inside a code block that is never closed: readers see no section"
        return Finding(hidden, words, fix=Fix("close the code block before it"))
    fix = Fix(f"a section `{part.heading}")
    return Finding(runbook, f"this runbook does not say {part.tells}: no section on {part.name}", fix=fix)
