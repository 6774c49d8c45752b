from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.attested import attested, standing_of
from gatekeeper.meant import meant
from gatekeeper.models.attestations import Attestation
from gatekeeper.rule import rule

NO_CAP = 36_500  # days: how long a criterion accepts a statement is for its gate to say
AMISS = ("attestation-expired", "stale", "unbound", "unreadable")  # the others depend on the clone


@rule("attestation-valid", gate="requirements", severity="medium", seed="2. PRD Alignment Check")
def valid(attestation: Attestation, project: Project) -> Iterator[Finding]:
    """Every attestation is well formed, about a criterion there is, has not expired, and is what was signed.

    An attestation that does not hold proves nothing, and whoever reads the repository takes it for proof. One that has
    expired is to be renewed or removed. One whose signature is not right was changed after it was signed, or signed
    by somebody who may not.

    Bad, malformed:
    ```yaml
    criterion: restore-tested
    statement: Restored the snapshot of 2026-10-29, row counts compared, 41 min
    # expect: no 'done' here; expected met or not-met
    result: done
    by: {name: A. Dba, email: dba@example.com}
    on: 2026-10-30
    expires: 2027-01-28
    # expect: did you mean 'ticket'?
    tickets: OPS-411
    ```

    Bad, expired:
    ```yaml
    criterion: restore-tested
    statement: Restored the snapshot of 2026-08-01, row counts compared, 41 min
    result: met
    by: {name: A. Dba, email: dba@example.com}
    on: 2026-08-02
    # expect: expired on 2026-10-31
    expires: 2026-10-31
    ```

    Good:
    ```yaml
    criterion: restore-tested
    statement: Restored the snapshot of 2026-10-29, row counts compared, 41 min
    result: met
    by: {name: A. Dba, email: dba@example.com, role: dba}
    on: 2026-10-30
    expires: 2027-01-28
    links: ["https://example.com/browse/OPS-411"]
    ```
    """
    for problem in attestation.problems:
        yield Finding(problem.at, problem.words)
    if attestation.problems:
        return
    if project.criteria and attestation.criterion not in project.criteria:
        yield Finding(attestation, f"no criterion is called {attestation.criterion}{_meant(attestation, project)}")
    mine = standing_of(attestation, project, NO_CAP)
    if mine.tampered:
        yield Finding(attestation, mine.words, severity="critical")
    elif mine.reason == "attestation-expired" and attested(attestation.criterion, project, NO_CAP)[0].holds:
        yield Finding(attestation.node["expires"], f"{mine.words}; a newer one holds: remove this", severity="low")
    elif mine.reason in AMISS:
        at = attestation.node["expires"] if mine.reason == "attestation-expired" else attestation
        yield Finding(at, mine.words)


def _meant(attestation: Attestation, project: Project) -> str:
    return f"; {meant(attestation.criterion, sorted(project.criteria), 'see `gatekeeper explain GATE`')}"
