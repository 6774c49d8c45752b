from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.documents import dead_links
from gatekeeper.models.docs import Runbook, told
from gatekeeper.rule import Answer, Reason, rule

_ACTS = ("diagnosis", "resolution", "rollback", "steps")
_AROUND = ("pre-deployment", "verification", "post-deployment")  # of a deployment: less grave


@rule(
    "runbook-hollow-section",
    gate="documentation",
    severity="high",
    seed="Runbook Template",
    where=lambda runbook: any(runbook.sections(about) for about in (*_ACTS, *_AROUND)),
)
def hollow_section(runbook: Runbook, project: Project | None = None) -> Iterator[Answer]:
    """No section that tells somebody what to do is empty.

    A heading promises help; under pressure a `TODO` costs time that nobody has. Judged are the sections on diagnosis,
    resolution and rollback, and those of a runbook for deploying: what must hold before, steps, verification, what is
    watched afterwards (the first and the last two are less grave). Empty, `TODO`, `TBD` and nothing but `[Step 1]` or
    `On-call: [contact]` are hollow, and so are a table without rows and a link that leads nowhere; another link, a
    command, a sentence, also in a subsection, is not. What an image alone says is not known. 24 such sections stand in
    108 published runbooks.

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

    Bad, links that lead nowhere, and tables that hold nothing:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    <!-- expect: Investigation: says nothing -->
    ## Investigation
    See [the guide](guide.md).
    <!-- expect: Checks: says nothing -->
    ## Checks
    | Step | Command |
    |---|---|
    | Logs | TBD |
    <!-- expect: Mitigation: says nothing -->
    ## Mitigation
    [Do this](#)
    ```

    Bad, of a deployment:
    ```markdown docs/runbooks/deploy.md
    # Deploying
    <!-- expect: Pre-deployment: says nothing -->
    ## Pre-deployment
    - [ ] TBD
    <!-- expect: Deployment Steps: says nothing -->
    ## Deployment Steps
    1. [Step 1]
    ## Rollback
    `helm rollback orders 0`
    ```

    Good:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Diagnosis
    ### Logs
    1. Check [dashboard/logs]
    2. Run `kubectl get pods -n production`
    ## Resolution
    See [the other one](other.md).
    ## Rollback
    | What | How |
    |---|---|
    | Image | Revert the release |
    ```
    ```markdown docs/runbooks/other.md
    # Other
    ```

    Unknown, an image alone:
    ```markdown docs/runbooks/errors.md
    # Runbook: High error rate
    ## Diagnosis
    ![what to look at first](https://wiki.example.com/errors.png)
    ```
    """
    dead = dead_links(runbook, project) if project else frozenset[str]()
    for about in (*_ACTS, *_AROUND):
        for section in runbook.sections(about):
            said = told(runbook, section, dead)
            if said == "image":
                words = f"{section.heading.text}: an image alone, whose words are not read"
                yield Unknown(section.heading.node, words, Reason.NEEDS_HUMAN)
            elif not said:
                words = f"{section.heading.text}: says nothing, or only placeholders"
                yield Finding(section.heading.node, words, severity="medium" if about in _AROUND else None)
