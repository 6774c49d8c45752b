from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gatekeeper import Finding
from gatekeeper.models.docs import Document
from gatekeeper.node import Node
from gatekeeper.rule import rule

_REPORT = re.compile(
    r"(?i)(?:devops )?(?:completion|progress|final|status) (?:report|update)\b|task acknowledged\b|task\s?:"
    r"|task\s+[A-Z]+-\d+"
)
_FIELDS = re.compile(r"(?im)^[\s*_>-]{0,10}(?:task id|prd reference|acceptance criteria|actual effort)\W{0,6}:")
_TEMPLATE = re.compile(r"(?i)template|example|sample|skeleton|readme")
# A bracket that is no link, no footnote, no box to tick and no label; and the number that nobody gave.
_LEFT = re.compile(
    r"\[(?!(?:Done|Pending|Optional|Bug|Feature|Fix(?:ed)?|Open|Closed|Resolved|Draft|Note|Warning|Info|Low|Medium|High"
    r"|Critical|New|Added|Changed|Removed|Breaking)\])"
    r"(?:[A-Z][a-z][A-Za-z ,/'-]{1,50}|X[ %][A-Za-z/ ]{0,30}|URL)\](?![(\[:])"
    r"|\[?\b[A-Z]{2,5}-XXX\b\]?"
)
_MOST = 20  # findings in one document


def _is_report(document: Document) -> bool:
    """Whether it is a task or a report about one that somebody filled in, and no template of it."""
    if _TEMPLATE.search(document.path) or _TEMPLATE.search(document.title):
        return False
    return bool(_REPORT.match(document.title) or len(_FIELDS.findall(document.source.text)) > 1)


@rule(
    "report-placeholder",
    gate="requirements",
    severity="low",
    seed="Required Task Fields; First Response Template; Final Report",
    where=_is_report,
)
def report_placeholder(document: Document) -> Iterator[Finding]:
    """A task or report that is kept has no placeholder left in it.

    `[DO-XXX]`, `[Task Name]` or `[Reason]` in a document that says what was done shows that somebody stopped half-way,
    and nobody can tell what else was not meant. Meant are documents that are called a report, an update or a task, or
    have its fields; templates are none, and neither are links, boxes and what stands in code.

    Bad:
    ```markdown docs/reports/orders.md
    <!-- expect: [DO-XXX] is a placeholder -->
    # Progress Update: [DO-XXX] - Orders

    <!-- expect: [Date/Time] is a placeholder -->
    **Updated**: [Date/Time]

    | Blocker | Impact |
    |---|---|
    <!-- expect: [Cloud quota] is a placeholder -->
    | [Cloud quota] | none |
    ```

    Good:
    ```markdown docs/reports/orders.md
    # Progress Update: DO-142 - Orders
    - [x] Pipeline, see [the run](https://ci.example/1)
    ```
    """
    found: dict[int, Node] = {}
    parts = document.parts
    cells = [cell for table in parts.tables for row in table.rows for cell in row]
    for node in (*(each.node for each in parts.headings), *(each.node for each in parts.texts), *cells):
        found.setdefault(node.span.line, node)
    codes = {line.span.line for code in parts.codes for line in code.lines}
    hits = ((node, _LEFT.search(document.source.line(line))) for line, node in found.items() if line not in codes)
    for node, left in islice(((node, left) for node, left in hits if left), _MOST):
        yield Finding(node, f"{left[0]} is a placeholder")
