from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding
from gatekeeper.models.decisions import Decision
from gatekeeper.rule import rule


@rule(
    "docs-adr-sections",
    gate="documentation",
    severity="low",
    seed="1.2 Document architecture decisions (ADR)",
    where=lambda decision: decision.standing in ("accepted", "superseded", "deprecated"),
)
def adr_sections(decision: Decision) -> Iterator[Finding]:
    """A record of a decision that was made says why, what, and what follows.

    What was decided shows in the code; why, and what was accepted with it, does not. Headings may be called otherwise
    (Problem, Drivers; Outcome, Solution; Implications, Trade-offs, Pros and cons), or one sentence may say all three
    ("In the context of ..., we decided ... to achieve ..., accepting ..."). What is only proposed is not judged.

    Bad:
    ```markdown docs/adr/0001-use-postgres.md
    <!-- expect: has no part on context, consequences -->
    # 1. Use PostgreSQL
    ## Status
    Accepted
    ## Decision
    We use PostgreSQL.
    ```

    Bad, headings and what the template says:
    ```markdown docs/adr/0001-use-postgres.md
    <!-- expect: nothing but placeholders stands below context, decision, consequences -->
    # 1. Use PostgreSQL
    ## Status
    Accepted
    ## Context
    {Describe the context}
    ## Decision
    TBD
    ## Consequences
    ```

    Good:
    ```markdown docs/adr/0001-use-postgres.md
    # 1. Use PostgreSQL
    ## Status
    Accepted
    ## Context and problem statement
    We need one.
    ## Decision Outcome
    PostgreSQL.
    ### Positive Consequences
    It is known.
    ```
    ```markdown docs/adr/0002-queue.md
    # Queue
    Status: accepted

    In the context of orders, facing bursts, we decided for a queue to achieve calm, accepting delay.
    ```
    ```markdown docs/adr/0003-cache.md
    # Cache
    Status: proposed
    ```
    ```markdown docs/adr/0004-bus.md
    # Bus
    Status: accepted

    **Context:** many.

    **Decision:** one.

    **Implications:** few.
    ```
    """
    missing = decision.missing()
    if missing:
        yield Finding(decision, f"this record has no part on {', '.join(missing)}")
    empty = decision.empty()
    if empty:
        yield Finding(decision, f"nothing but placeholders stands below {', '.join(empty)}")
