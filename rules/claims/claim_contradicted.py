from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import claimed
from gatekeeper.models.claims import Claim
from gatekeeper.rule import rule


@rule(
    "claim-contradicted",
    gate="handoff",
    severity="high",
    seed="7. Security Checklist; 12. Quality Gates Status; Phase 7 Quality Gates",
    where=lambda claim, project: bool(claimed(claim, project)),
)
def claim_contradicted(claim: Claim, project: Project) -> Iterator[Finding]:
    """Nothing is ticked as done that fails.

    Reports and checklists are ticked by hand, and stay ticked. Where a row is called as the document calls it, its tick
    is compared with what the gate comes to; rows under other names are joined by `claims` in the settings. A tick
    beside a gate that is waived says more than is true as well.

    Bad:
    ```markdown docs/readiness.md
    # Production readiness

    <!-- expect: Non-root containers is ticked, but docker-nonroot is FAIL -->
    - [x] Non-root containers
    ```
    ```dockerfile
    FROM debian:12
    USER root
    ```

    Good:
    ```markdown docs/readiness.md
    # Production readiness

    - [x] Non-root containers
    ```
    ```dockerfile
    FROM debian:12
    USER 1001
    ```

    Good, not ticked:
    ```markdown docs/readiness.md
    # Production readiness

    - [ ] Non-root containers
    - [x] No hardcoded secrets
    ```
    ```dockerfile
    FROM debian:12
    USER root
    ```
    """
    false = {name: status for name, status in claimed(claim, project).items() if status in ("FAIL", "WAIVED")}
    if false:
        words = f"{claim.words} is ticked, but {_listed(false)}"
        yield Finding(claim, words, (), Fix(f"take the tick away until {' and '.join(false)} passes"))


def _listed(statuses: dict[str, str]) -> str:
    return ", ".join(f"{name} is {status}" for name, status in statuses.items())
