from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.decisions import Decision
from gatekeeper.rule import rule


@rule("docs-adr-status", gate="documentation", severity="low", seed="1.2 Document architecture decisions (ADR)")
def adr_status(decision: Decision) -> Iterator[Finding]:
    """A decision record says whether the decision stands.

    Without a status nobody knows whether a record binds, was turned down, or was replaced long ago. It may stand in a
    section, a line (`Status: accepted`), a table or the front matter, in any usual words, with an emoji or without. Of
    105 records of six organisations 98 have one. A template's choice that was left as it is says nothing.

    Bad:
    ```markdown docs/adr/0001-use-postgres.md
    <!-- expect: says no status -->
    # 1. Use PostgreSQL
    ## Context
    HTTP status: 500 was seen.
    ```

    Bad, the choice of a template:
    ```markdown docs/adr/0002-queue.md
    <!-- expect: is the choice that a template offers -->
    * Status: [proposed | rejected | accepted | deprecated | superseded by ADR-0005]

    # Queue
    ```

    Bad, a section of its own words:
    ```markdown docs/adr/0003-cache.md
    # Cache
    ## Status
    <!-- expect: says nothing that is known as a status -->
    See the minutes.
    ```

    Good:
    ```markdown docs/adr/0001-use-postgres.md
    # 1. Use PostgreSQL
    Date: 2025-01-02
    ## Status
    ✅ Accepted
    ```
    ```markdown docs/adr/0002-queue.md
    ---
    status: superseded by ADR-0003
    ---
    # Queue
    ```
    ```markdown docs/adr/0003-cache.md
    # Cache
    | Date | Status |
    |---|---|
    | 2025-01-02 | In review |
    ```
    ```markdown docs/adr/0005-time.md
    # Time zones

    | CREATED | STATUS | AUTHOR |
    | :---: | :---: | :---: | :---: |
    | 06/06/2023 | Accepted | @somebody |
    ```
    ```markdown docs/adr/0004-bus.md
    # Bus
    **Status.** Decided
    ```
    """
    fix = Fix("a line `Status: accepted` (or proposed, rejected, deprecated, superseded by ...)")
    if decision.status is None:
        yield Finding(decision, "this record says no status", fix=fix)
    elif decision.placeholder:
        yield Finding(decision.status, "the status is the choice that a template offers", fix=fix)
    elif not decision.standing:
        yield Finding(decision.status, "this says nothing that is known as a status", fix=fix)
