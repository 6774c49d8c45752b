"""Section 9: what an estimate of this commit says."""

from __future__ import annotations

from gatekeeper.links.resources import GROUP_OF
from gatekeeper.links.spot import spot
from gatekeeper.models.evidence.facts import Estimate, Price
from gatekeeper.node import regex
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
_CLASSES = ("Compute", "Database", "Networking", "Monitoring", "Other")
_NETWORK = regex(
    r"nat_gateway|eip|elb|_lb\b|_lb_|loadbalancer|load_balancer|forwarding_rule|cloudfront|cdn|route53|dns|vpc|vpn|gateway"
    r"|public_ip|firewall|bandwidth|transfer|network|globalaccelerator"
)
_WATCH = regex(r"cloudwatch|log_group|logging|monitor|metric|alarm|log_analytics|application_insights")


def cost(sheet: Sheet) -> str:
    found = proofs(Estimate, sheet.project, ("infracost",), max_age=sheet.report.settings.thresholds.cost.max_age)
    rows = [row for each in found.held for row in _rows(each, sheet)]
    why = slot("no-evidence: keep an Infracost report of this commit")
    if found.open:
        first = found.open[0]
        why = slot(f"{first.reason.value}: {markdown_text(shortened(first.message))}")
    ticks = "\n".join(f"- [ ] {each}: {_done(each, criterion, sheet)}" for each, criterion in _OPTIMIZATIONS)
    return section(
        "### 9. Cost Analysis",
        "#### Monthly Estimate",
        table("Resource | Cost/Month | Notes", rows, why, most=_MOST + 5),
        "#### Cost Optimization Done",
        ticks,
    )


def _done(what: str, criterion: str, sheet: Sheet) -> str:
    if criterion:
        return sheet.answer(criterion)
    found = spot(sheet.project) if what.startswith("Spot") else []
    if not found:
        return slot("needs-human")
    return f"{len(found)} declared as spot ({sheet.places(found)}); {slot('needs-human: whether more could be')}"


def _class(price: Price) -> str:
    """The class of the document's table that a resource counts as."""
    group = GROUP_OF.get(price.kind, "")
    if group in ("Compute", "Database", "Cache"):
        return "Database" if group == "Cache" else group
    if group == "Load Balancer" or _NETWORK.search(price.kind):
        return "Networking"
    return "Monitoring" if _WATCH.search(price.kind) else "Other"


def _classes(facts: Estimate) -> list[tuple[str, str, str]]:
    """What each class comes to. What has no price is said, and adds nothing."""
    rows = []
    for name in _CLASSES:
        members = [each for each in facts.rows if _class(each) == name]
        priced = [each.monthly for each in members if each.monthly is not None]
        if members:
            amount = _money(sum(priced), facts.currency) if priced else slot("depends on use")
            without = len(members) - len(priced)
            note = f"{len(members)} {'resource' if len(members) == 1 else 'resources'}"
            rows.append((name, amount, note + (f", {without} without a price" if without else "")))
    return rows


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
    if facts.total is not None and facts.before is not None:
        notes.append(f"{facts.total - facts.before:+,.2f} {markdown_text(facts.currency)} against the base")
    notes += [f"made {made.date()}"] if made else []
    return [*_classes(facts), *rows, ("**Total**", total, f"{'; '.join(notes)} ({sheet.at(held.at)})".strip())]


def _row(price: Price, currency: str) -> tuple[str, str, str]:
    monthly = _money(price.monthly, currency) if price.monthly is not None else slot("depends on use")
    return markdown_code(shortened(price.name, 80)), monthly, markdown_text(shortened(price.kind, 60))


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.2f} {markdown_text(currency)}"
