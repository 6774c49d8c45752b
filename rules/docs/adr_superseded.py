from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links.decisions import successors
from gatekeeper.models.decisions import Decision
from gatekeeper.rule import rule

_BINDS_NOT = ("proposed", "rejected")


@rule(
    "docs-adr-superseded",
    gate="documentation",
    severity="medium",
    seed="1.2 Document architecture decisions (ADR)",
    where=lambda decision: decision.standing == "superseded",
)
def adr_superseded(decision: Decision, project: Project) -> Iterator[Finding]:
    """A decision that was superseded leads to the one that stands in its place.

    `Superseded by 0012` is only of use where there is a 0012, and where that one was accepted: else neither binds.
    Links are followed, and numbers looked up among the records of the same folder. A status that names no successor is
    reported as advice.

    Bad:
    ```markdown docs/adr/0001-mysql.md
    # 1. MySQL
    ## Status
    <!-- expect: no record 7 in docs/adr -->
    Superseded by ADR-0007
    ```
    ```markdown docs/adr/0002-queue.md
    # 2. Queue
    ## Status
    <!-- expect: docs/adr/0004-bus.md does not exist -->
    Superseded by [4. Bus](0004-bus.md)
    ```
    ```markdown docs/adr/0003-cache.md
    # 3. Cache
    <!-- expect: which is rejected -->
    Status: replaced by [0005](0005-memory.md)
    ```
    ```markdown docs/adr/0005-memory.md
    # 5. Memory
    Status: ❌ Rejected
    ```
    ```markdown docs/adr/0006-cron.md
    # 6. Cron
    <!-- expect: does not say by which -->
    Status: superseded
    ```

    ```markdown docs/adr/0008-bus.md
    # 8. Bus
    <!-- expect: superseded by itself -->
    Status: superseded by ADR-0008
    ```

    Good:
    ```markdown docs/adr/0001-mysql.md
    # 1. MySQL
    ## Status
    Accepted; superseded by [0002](0002-postgres.md), [0003](./0003-bus.md)
    ```
    ```markdown docs/adr/0002-postgres.md
    ---
    status: accepted
    ---
    # 2. PostgreSQL
    ```
    ```markdown docs/adr/0003-bus.md
    # 3. Bus
    Status: superseded by ADR 2
    ```
    ```markdown docs/adr/0004-cron.md
    # 4. Cron
    Status: Superseded by [the platform's](https://wiki.example.com/cron)
    ```
    """
    found = successors(decision, project)
    for each in found:
        if each.missing:
            yield Finding(each.at, f"what took its place is not here: {each.missing}")
        elif each.decision is decision:
            yield Finding(each.at, "it is said to be superseded by itself")
        elif each.decision is not None and each.decision.standing in _BINDS_NOT:
            words = f"superseded by {each.decision.stem}, which is {each.decision.standing}: neither binds"
            see = (Note(each.decision.status, "its status"),) if each.decision.status is not None else ()
            yield Finding(each.at, words, see)
    if not found and decision.status is not None and " by " not in f" {decision.status.text} ":
        yield Finding(decision.status, "it is superseded, and does not say by which", severity="low")
