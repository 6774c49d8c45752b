from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.attested import standing_of
from gatekeeper.models.attestations import Attestation
from gatekeeper.rule import rule

NO_CAP = 36_500  # days


def says_met(attestation: Attestation) -> bool:
    return attestation.met


@rule(
    "attestation-contradicted",
    gate="requirements",
    severity="high",
    seed="2. PRD Alignment Check",
    where=says_met,
)
def contradicted(attestation: Attestation, project: Project) -> Iterator[Finding]:
    """No attestation says that a criterion is met while what was judged says that it is not.

    A fact that says no stays, whatever a person states: the criterion is FAIL. The statement is wrong then, or out of
    date, and so may be others of the same hand. Correct what fails, or remove the attestation; a known fault is excused
    by a waiver, which keeps the word FAIL beside it.

    Bad, the decisions belong here and are not here:
    ```yaml
    # expect: B. Dev says that docs-adr is met
    criterion: docs-adr
    statement: The decisions of the last year are written down
    result: met
    by: {name: B. Dev, email: dev@example.com}
    on: 2026-10-30
    expires: 2027-01-28
    ```
    ```yaml gatekeeper.yaml
    owns: [adr]
    ```
    ```yaml k8s/shop.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: shop}
    ```

    Good, nothing judged says otherwise:
    ```yaml
    criterion: restore-tested
    statement: Restored the snapshot of 2026-10-29, row counts compared, 41 min
    result: met
    by: {name: A. Dba, email: dba@example.com}
    on: 2026-10-30
    expires: 2027-01-28
    ```
    """
    if project.verdicts.get(attestation.criterion) != "FAIL":
        return
    if standing_of(attestation, project, NO_CAP).holds:
        words = f"{attestation.by} says that {attestation.criterion} is met, and what was judged says that it fails"
        yield Finding(attestation, words)
