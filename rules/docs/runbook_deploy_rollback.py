from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.documents import dead_links
from gatekeeper.models.docs import Runbook, hollow
from gatekeeper.node import regex
from gatekeeper.rule import rule

# Ways back that are no command: a revert that a controller follows, an earlier run of the pipeline, a button.
_WAY = regex(
    r"\brevert(?:s|ing)?\b|\bre-?(?:run|deploy)|\b(?:previous|earlier|last(?: known)? good|older) (?:\w+ ){0,2}"
    r"(?:version|release|tag|image|commit|deployment|build|revision|run|pipeline)|switch (?:\w+ ){0,3}back"
    r"|roll(?:s|ed)?[ -]?back (?:automatically|button|job|workflow|action|pipeline|to(?! be\b))|feature flag",
    re.IGNORECASE,
)
_COMMAND = regex(
    r"\brollout\s+undo\b|\brollouts?\s+(?:undo|abort)\b|\bhelm\s+(?:\S+\s+){0,6}rollback\b|\brollback\b|\bgit\s+revert\b"
    r"|\bswap\b|--to-revision\b|\bundo\b",
    re.IGNORECASE,
)


_NO = regex(
    r"\b(?:cannot|can['’]?t|can not|impossible|not (?:possible|supported)|unable|never|do not|don['’]?t)\b",
    re.IGNORECASE,
)
_LOOKS = regex(  # commands that change nothing, and what only filters what they print
    r"(?:sudo )?(?:kubectl\b[^|;&]{0,100}?\b(?:get|describe|logs|top|events|rollout (?:status|history))\b"
    r"|helm (?:list|ls|status|history|get)\b|git (?:log|status|diff|show|fetch)\b|docker (?:ps|logs|images)\b"
    r"|argocd app (?:get|list|history|diff)\b|aws \S{1,40} (?:describe|list|get)-|(?:ls|cat|echo|tail|grep)\b"
    r"|curl\b(?![^|;&]{0,300}? (?:-X|-d|--data|--request)))[^|;&]{0,500}"
    r"(?:\| ?(?:grep|head|tail|jq|less|wc|sort)\b[^|;&]{0,300}){0,3}\Z"
)


def _says(text: str) -> bool:
    """Whether a text names a way back, in a sentence that does not say that there is none."""
    return any(_WAY.search(each) and not _NO.search(each) for each in re.split(r"[.!;\n]", text[:5000]))


@rule(
    "runbook-deploy-rollback",
    gate="deployment-rollback",
    severity="high",
    seed="11. Rollback Procedure",
    where=lambda runbook: runbook.deploys,
)
def deploy_rollback(runbook: Runbook, project: Project | None = None) -> Iterator[Finding]:
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

    Bad, a section that only looks, or says that there is none:
    ```markdown docs/runbooks/release.md
    # Release
    <!-- expect: names no way back -->
    ## Rollback
    Check `kubectl get pods -n prod`, and see [the page](gone.md).
    ```
    ```markdown docs/runbooks/deploy.md
    # Deploying
    <!-- expect: names no way back -->
    ## Rolling back
    We cannot go back to the previous version.
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
    dead = dead_links(runbook, project) if project else frozenset[str]()
    for section in sections:
        told = any(section.holds(text.node) and _says(text.node.text) for text in runbook.parts.texts)
        linked = any(section.holds(link.node) and link.target not in dead for link in runbook.links)
        acts = any(not _LOOKS.match(command.text) for command in runbook.commands(section))
        if hollow(runbook, section, dead) or not (told or linked or acts):
            yield Finding(section.heading.node, f"{section.heading.text}: names no way back", fix=fix)
