from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import claimed
from gatekeeper.models.claims import Claim
from gatekeeper.rule import rule


@rule(
    "claim-without-evidence",
    gate="handoff",
    severity="medium",
    seed="3. Acceptance Criteria Verification: Evidence",
    where=lambda claim, project: bool(claimed(claim, project)),
)
def claim_without_evidence(claim: Claim, project: Project) -> Iterator[Finding]:
    """What is ticked as done is proven by something.

    A tick is a person's word without a date and without a name. Evidence, or an attestation that expires, says the same
    so that somebody can check it.

    Bad: # expect: Tests is ticked, but tests is UNKNOWN
    ```markdown docs/readiness.md
    # Production readiness

    | Gate | Criteria | Result | Status |
    |------|----------|--------|--------|
    | Tests | all pass | 100 % | Pass |
    ```
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: npm test
    ```

    Good:
    ```markdown docs/readiness.md
    # Production readiness

    | Gate | Criteria | Result | Status |
    |------|----------|--------|--------|
    | Tests | all pass | 100 % | Pass |
    ```
    ```yaml .github/workflows/ci.yml
    on: push
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: npm test
    ```
    ```xml .gatekeeper/evidence/junit.xml
    <testsuite name="orders"><testcase classname="orders" name="creates"/></testsuite>
    ```
    """
    statuses = claimed(claim, project)
    if {"FAIL", "WAIVED"} & set(statuses.values()):
        return  # it is contradicted, which says more
    unproven = [name for name, status in statuses.items() if status in ("UNKNOWN", "ERROR")]
    if unproven:
        words = ", ".join(f"{name} is {statuses[name]}" for name in unproven)
        yield Finding(claim, f"{claim.words} is ticked, but {words}", (), Fix(_proof_of(unproven[0])))


def _proof_of(name: str) -> str:
    return f"`gatekeeper explain {name}` says what would prove it" if " " not in name else "see what is not proven"
