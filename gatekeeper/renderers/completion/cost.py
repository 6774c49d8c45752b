"""Section 9: what an estimate of this commit says."""

from __future__ import annotations

from gatekeeper.models.evidence.facts import Estimate, Price
from gatekeeper.proof import Held, proofs
from gatekeeper.renderers.completion.sheet import Sheet, section, shortened, slot, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text

_OPTIMIZATIONS = (  # with the criterion that says so; a review of costs does not say what was done about them
    ("Right-sized instances", "right-sized"),
    ("Spot/preemptible instances where applicable", ""),
    ("Reserved instances for predictable workloads", ""),
    ("Unused resources cleaned up", "right-sized"),
)
_MOST = 30  # resources of an estimate


def cost(sheet: Sheet) -> str:
    found = proofs(Estimate, sheet.project, ("infracost",), max_age=sheet.report.settings.thresholds.cost.max_age)
    rows = [row for each in found.held for row in _rows(each, sheet)]
    why = slot("no-evidence: keep an Infracost report of this commit")
    if found.open:
        first = found.open[0]
        why = slot(f"{first.reason.value}: {markdown_text(shortened(first.message))}")
    ticks = "\n".join(
        f"- [ ] {each}: {sheet.answer(criterion) if criterion else slot('needs-human')}"
        for each, criterion in _OPTIMIZATIONS
    )
    return section(
        "### 9. Cost Analysis",
        "#### Monthly Estimate",
        table("Resource | Cost/Month | Notes", rows, why, most=_MOST + 5),
        "#### Cost Optimization Done",
        ticks,
    )


def _rows(held: Held[Estimate], sheet: Sheet) -> list[tuple[str, str, str]]:
    facts = held.facts
    dearest = sorted(facts.rows, key=lambda row: (-(row.monthly or 0), row.name))
    rows = [_row(each, facts.currency) for each in dearest[:_MOST]]
    more = len(dearest) - _MOST
    rows += (
        [(f"{more} more", _money(sum(row.monthly or 0 for row in dearest[_MOST:]), facts.currency), "")]
        if more > 0
        else []
    )
    total = _money(facts.total, facts.currency) if facts.total is not None else slot("nothing in it has a price")
    notes = [f"excludes {facts.unpriced} unpriced"] if facts.unpriced else []
    made = held.evidence.origin.made or facts.made
    notes += [f"made {made.date()}"] if made else []
    return [*rows, ("**Total**", total, f"{'; '.join(notes)} ({sheet.at(held.at)})".strip())]


def _row(price: Price, currency: str) -> tuple[str, str, str]:
    monthly = _money(price.monthly, currency) if price.monthly is not None else slot("depends on use")
    return markdown_code(shortened(price.name, 80)), monthly, markdown_text(shortened(price.kind, 60))


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.2f} {markdown_text(currency)}"
