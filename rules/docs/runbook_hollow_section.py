from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.docs import Runbook, hollow
from gatekeeper.rule import rule

_ACTS = ("diagnosis", "resolution", "rollback")


@rule(
    "runbook-hollow-section",
    gate="documentation",
    severity="high",
    seed="Runbook Template",
    where=lambda runbook: any(runbook.sections(about) for about in _ACTS),
)
def hollow_section(runbook: Runbook) -> Iterator[Finding]:
    """No section that tells somebody what to do is empty.

    A heading promises help; under pressure a `TODO` costs time that nobody has. Judged are the sections on diagnosis,
    resolution and rollback. Empty, `TODO`, `TBD` and nothing but `[Step 1]` or `On-call: [contact]` are hollow; a link,
    a command, a sentence, also in a subsection, is not. 26 such sections stand in 108 published runbooks.

    Bad:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    <!-- expect: says nothing -->
    ## Diagnosis

    ## Resolution Steps
    Restart it.
    ```

    Bad, a template's placeholders:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    <!-- expect: Diagnosis: says nothing -->
    ## Diagnosis
    TBD: look at the [dashboard]
    <!-- expect: Resolution Steps: says nothing -->
    ## Resolution Steps
    1. [Step 1]
    2. [Step 2]
       - TODO
    ### Details
    <!-- write this -->
    ~~~bash
    # TODO: command needed
    ~~~
    ## Escalation
    - On-call: [contact]
    ```

    Good:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Diagnosis
    ### Logs
    1. Check [dashboard/logs]
    2. Run `kubectl get pods -n production`
    ## Resolution
    See [the other one](latency.md).
    ## Rollback
    | What | How |
    |---|---|
    | Image | Revert the release |
    ```
    """
    for about in _ACTS:
        for section in runbook.sections(about):
            if hollow(runbook, section):
                yield Finding(section.heading.node, f"{section.heading.text}: says nothing, or only placeholders")
