from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.attested import Standing, attested
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
    standings = attested(attestation.criterion, project, NO_CAP)
    mine = next(each for each in standings if each.attestation is attestation)
    if mine.tampered:
        yield Finding(attestation, mine.words, severity="critical")
    elif mine.reason == "attestation-expired" and any(_newer(each, attestation) for each in standings):
        yield Finding(attestation.node["expires"], f"{mine.words}; a newer one holds: remove this", severity="low")
    elif mine.reason in AMISS:
        at = attestation.node["expires"] if mine.reason == "attestation-expired" else attestation
        yield Finding(at, mine.words)


def _newer(standing: Standing, attestation: Attestation) -> bool:
    return standing.holds and standing.attestation is not attestation


def _meant(attestation: Attestation, project: Project) -> str:
    from difflib import get_close_matches

    near = get_close_matches(attestation.criterion, sorted(project.criteria), n=1)
    return f"; did you mean {near[0]}?" if near else "; see `gatekeeper explain GATE`"
