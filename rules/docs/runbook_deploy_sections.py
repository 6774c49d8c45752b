from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node
from gatekeeper.models.docs import Runbook
from gatekeeper.models.document_parts import DEPLOYMENT
from gatekeeper.node import regex
from gatekeeper.rule import rule

_CHECKS = regex(
    r"smoke|\bverif|\bvalidat|\bhealth|rollout status|\bconfirm|\bcheck(?![ -]?(?:out|list|in\b|ed out))|\bcurl\b"
    r"|\bmonitor|\bmake sure|\bensure|\blogs\b|dashboard|\btest(?:s|ing)?\b|\bget (?:pods|deploy)|\bstatus\b|\bwatch\b",
    re.IGNORECASE,
)
_ORDERED = regex(r"^[ \t]{0,8}(?:\d{1,3}[.)]|[-*+])[ \t]+\S", re.MULTILINE)


def _read(runbook: Runbook) -> Iterator[Node]:
    """What is read as text or commands: neither headings nor comments."""
    yield from (text.node for text in runbook.parts.texts)
    yield from (line for code in runbook.parts.codes for line in code.lines)


@rule(
    "runbook-deploy-sections",
    gate="documentation",
    severity="medium",
    seed="11. Runbook: Deployment Procedure",
    where=lambda runbook: runbook.deploys,
)
def deploy_sections(runbook: Runbook) -> Iterator[Finding]:
    """A runbook for deploying says what to do, and how to see that it went well.

    Steps are a section of that name, a list or a command anywhere; a check is a section on verification, smoke tests
    or health, or such words in the steps. What must hold before and what is watched afterwards is advice. A file is a
    runbook for deploying by its title or name; how to go back is asked by runbook-deploy-rollback.

    Bad:
    ```markdown docs/runbooks/deploy.md
    <!-- expect: does not say how to see that it went well -->
    # Deploy to production
    1. Merge the pull request, or `git checkout main`
    2. Wait
    ## Before each release
    Ask QA.
    ## Afterwards, post-release
    Write it down.
    ```

    Bad, as advice:
    ```markdown docs/runbooks/deploy.md
    <!-- expect: does not say what is watched afterwards, what must hold before -->
    # Deploy to production
    ## Steps
    1. Merge the pull request
    2. Run the smoke tests
    ```

    Good:
    ```markdown docs/runbooks/deploy.md
    ## Deploy to Production
    ### Pre-deployment
    - [ ] QA signed off
    ### Deployment Steps
    1. Merge the pull request
    2. Run smoke tests
    ### Rollback Procedure
    `helm rollback orders 0`
    ### Post-deployment
    - [ ] Monitor error rates for 30 min
    ```
    """
    missing = {part.name: part for part in DEPLOYMENT if part.tells and not runbook.sections(part.name)}
    missing.pop("rollback", None)
    missing.pop("escalation", None)
    text = runbook.source.text
    if _ORDERED.search(text) or any(True for _ in runbook.commands()):
        missing.pop("steps", None)
    if any(_CHECKS.search(node.text) for node in _read(runbook)):
        missing.pop("verification", None)
    for name in ("steps", "verification"):
        if name in missing:
            part = missing.pop(name)
            yield Finding(runbook, f"this runbook does not say {part.tells}", fix=Fix(f"a section `{part.heading}"))
    if missing:
        words = ", ".join(part.tells for part in missing.values())
        yield Finding(runbook, f"this runbook does not say {words}", severity="low")
