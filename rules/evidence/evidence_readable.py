from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Unknown
from gatekeeper.models.evidence import Evidence
from gatekeeper.rule import Answer, Reason, rule


@rule("evidence-readable", gate="requirements", severity="medium", seed="3. Acceptance Criteria Verification: Evidence")
def evidence_readable(evidence: Evidence) -> Iterator[Answer]:
    """Every piece of evidence can be read, and is what its manifest says.

    Evidence that nobody can read proves nothing, and somebody put it there to prove something. A format that is not
    known, a file that its manifest names and that is missing or was changed: each is said, none is passed over.

    Good:
    ```xml .gatekeeper/evidence/junit.xml
    <testsuite name="orders"><testcase classname="orders" name="creates"/></testsuite>
    ```

    Unknown, no format that is known:
    ```text .gatekeeper/evidence/notes.txt
    all tests passed, trust me
    ```
    """
    if evidence.trouble:
        yield Unknown(evidence, evidence.trouble.message, Reason(evidence.trouble.reason))
