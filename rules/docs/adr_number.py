from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links.decisions import numbered
from gatekeeper.models.decisions import Decision
from gatekeeper.node import regex
from gatekeeper.rule import rule

_PADDED = regex(r"(?:adr[-_]?)?\d{3}")


@rule(
    "docs-adr-number",
    gate="documentation",
    severity="low",
    seed="1.2 Document architecture decisions (ADR)",
    where=lambda decision: decision.number is not None and bool(_PADDED.match(decision.stem.lower())),
)
def adr_number(decision: Decision, project: Project) -> Iterator[Finding]:
    """A decision's number is its own.

    Two branches that take the next number at once make two records of it, and `see ADR 12` means either. Numbers are
    compared within a folder, where they are padded (`0012-...`); a date in front is no number.

    Bad:
    ```markdown docs/adr/0012-queue.md
    # 12. Queue
    Status: accepted
    ```
    ```markdown docs/adr/0012-cache.md
    <!-- expect: 12 is also the number of 0012-queue -->
    # 12. Cache
    Status: accepted
    ```

    Good:
    ```markdown docs/adr/0012-queue.md
    # 12. Queue
    ```
    ```markdown services/orders/adr/0012-cache.md
    # 12. Cache
    ```
    ```markdown docs/adr/2025-01-02-bus.md
    # Bus
    ```
    ```markdown docs/adr/2025-01-02-cron.md
    # Cron
    ```
    """
    same = numbered(project).get((decision.folder, decision.number or 0), [])
    other = next((each for each in reversed(same) if each is not decision), None)
    if other is not None and decision.number is not None and same[-1] is not decision:
        yield Finding(decision, f"{decision.number} is also the number of {other.stem}", (Note(other, "the other"),))
