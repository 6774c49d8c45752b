from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docs import Runbook, hollow
from gatekeeper.node import regex
from gatekeeper.rule import rule

# Ways back that are no command: a revert that a controller follows, an earlier run of the pipeline, a button.
_WAY = regex(
    r"\brevert(?:s|ing)?\b|\bre-?(?:run|deploy)|\b(?:previous|earlier|last(?: known)? good|older) (?:\w+ ){0,2}"
    r"(?:version|release|tag|image|commit|deployment|build|revision|run|pipeline)|switch (?:\w+ ){0,3}back"
    r"|roll(?:s|ed)?[ -]?back (?:automatically|button|job|workflow|action|pipeline|to)|feature flag",
    re.IGNORECASE,
)
_COMMAND = regex(
    r"\brollout\s+undo\b|\brollouts?\s+(?:undo|abort)\b|\bhelm\s+(?:\S+\s+){0,6}rollback\b|\brollback\b|\bgit\s+revert\b"
    r"|\bswap\b|--to-revision\b|\bundo\b",
    re.IGNORECASE,
)


@rule(
    "runbook-deploy-rollback",
    gate="deployment-rollback",
    severity="high",
    seed="11. Rollback Procedure",
    where=lambda runbook: runbook.deploys,
)
def deploy_rollback(runbook: Runbook) -> Iterator[Finding]:
    """A runbook for deploying says how to go back.

    A rollback that was not written down is invented while customers wait. Asked for is a section on it (Rollback,
    Revert, Back out, Undo) that names a way: a command, a link, a revert, an earlier version to deploy; or such a
    command anywhere in the runbook. A runbook is one for deploying by its title or file name.

    Bad:
    ```markdown docs/runbooks/deploy.md
    <!-- expect: does not say how to go back -->
    ## Deploy to Production
    ### Pre-deployment
    - [ ] Rollback plan ready
    ### Deployment Steps
    1. Run `kubectl apply -f k8s/`
    ```

    Bad, a section without a way:
    ```markdown docs/runbooks/release.md
    # Release
    <!-- expect: names no way back -->
    ## Rollback
    Identify the issue and notify the team.
    ```

    Bad, a section that is empty:
    ```markdown docs/ops.md
    # Deployment runbook
    <!-- expect: names no way back -->
    ## How to roll back
    TBD
    ```

    Good:
    ```markdown docs/runbooks/deploy.md
    # Deploy to production
    ## Rollback Procedure
    1. Run: `kubectl rollout undo deployment/orders`
    2. Notify team
    ```
    ```markdown docs/runbooks/release.md
    # Release
    ## Reverting
    Revert the merge commit; Argo CD follows.
    ```

    Good, a command without a section:
    ```markdown docs/runbooks/deployment.md
    # Deploying
    Run the pipeline. When it fails, `helm rollback orders 0`.
    ```
    """
    sections = runbook.sections("rollback")
    fix = Fix("a section `Rollback` with the command, or the revert that undoes a deployment")
    if not sections:
        if not any(_COMMAND.search(command.text) for command in runbook.commands()):
            yield Finding(runbook, "this runbook does not say how to go back", fix=fix)
        return
    for section in sections:
        told = any(section.holds(text.node) and _WAY.search(text.node.text) for text in runbook.parts.texts)
        linked = any(section.holds(link.node) for link in runbook.links)
        if hollow(runbook, section) or not (told or linked or any(runbook.commands(section))):
            yield Finding(section.heading.node, f"{section.heading.text}: names no way back", fix=fix)
