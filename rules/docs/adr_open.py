from __future__ import annotations

import datetime
from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.decisions import Decision
from gatekeeper.models.stated import stated
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_DAYS = 180
_DATE = regex(r"\b((?:19|20)\d\d)-(\d\d?)-(\d\d?)\b")


@rule(
    "docs-adr-open",
    gate="documentation",
    severity="off",
    seed="1.2 Document architecture decisions (ADR)",
    where=lambda decision: decision.standing == "proposed",
)
def adr_open(decision: Decision, project: Project) -> Iterator[Answer]:
    """A proposed decision is decided within half a year.

    What is still proposed after that was mostly built long ago, or never will be. The date is the one that the record
    states (`Date: 2025-01-31`), or that its file is called by.

    Bad:
    ```markdown docs/adr/0001-queue.md
    # Queue
    Date: 2019-02-28
    <!-- expect: proposed since 2019-02-28 -->
    Status: proposed
    ```

    Good:
    ```markdown docs/adr/0001-queue.md
    # Queue
    Date: 2099-02-28
    Status: proposed
    ```

    Unknown, it has no date:
    ```markdown docs/adr/0001-queue.md
    # Queue
    Status: draft
    ```
    """
    said = stated(decision, "date|created|updated|last updated")
    found = _DATE.search(said.text if said is not None else "") or _DATE.match(decision.stem)
    at = decision.status if decision.status is not None else decision
    try:
        since = datetime.date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        since = None
    if since is None:
        yield Unknown(at, "proposed, and the record states no date")
    elif (project.today - since).days > _DAYS:
        yield Finding(at, f"proposed since {since.isoformat()}: decide it, or withdraw it")
