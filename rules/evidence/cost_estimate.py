from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Estimate
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule


@rule("cost-estimate", gate="cost", severity="high", seed="9. Cost Analysis: Monthly Estimate")
def cost_estimate(revision: Revision, project: Project) -> Iterator[Answer]:
    """The monthly estimate is within the budget.

    The budget is set in the settings (`thresholds: {cost: {max: 1500, currency: USD}}`): without one nobody can say
    that an estimate is within it. What has no price because it depends on use is counted as unpriced, never as free.
    Where most has none, where a price was looked for in vain, or where all comes to nothing, the sum says too little.

    Bad: # expect: 73.00 USD a month; the budget is 50
    ```json .gatekeeper/evidence/infracost.json
    {"version": "0.2", "currency": "USD", "metadata": {"infracostCommand": "breakdown", "vcsCommitSha": ""},
     "timeGenerated": "2026-11-20T10:00:00Z", "totalMonthlyCost": "73", "projects": [{"name": "infra", "breakdown":
      {"totalMonthlyCost": "73", "resources": [{"name": "aws_instance.web", "resourceType": "aws_instance",
       "monthlyCost": "73", "costComponents": []}]}}]}
    ```
    ```yaml gatekeeper.yaml
    thresholds: {cost: {max: 50}}
    ```

    Good:
    ```json .gatekeeper/evidence/infracost.json
    {"version": "0.2", "currency": "USD", "metadata": {"infracostCommand": "breakdown", "vcsCommitSha": ""},
     "timeGenerated": "2026-11-20T10:00:00Z", "totalMonthlyCost": "73", "projects": [{"name": "infra", "breakdown":
      {"totalMonthlyCost": "73", "resources": [{"name": "aws_instance.web", "resourceType": "aws_instance",
       "monthlyCost": "73", "costComponents": []}]}}]}
    ```
    ```yaml gatekeeper.yaml
    thresholds: {cost: {max: 100}}
    ```

    Unknown, a price was not found:
    ```json .gatekeeper/evidence/infracost.json
    {"version": "0.2", "currency": "USD", "metadata": {"infracostCommand": "breakdown", "vcsCommitSha": ""},
     "timeGenerated": "2026-11-20T10:00:00Z", "totalMonthlyCost": "1", "projects": [{"name": "infra", "breakdown":
      {"totalMonthlyCost": "1", "resources": [{"name": "aws_eip.a", "monthlyCost": "1", "costComponents": []},
       {"name": "aws_instance.gpu", "monthlyCost": null, "costComponents": [
        {"name": "Instance usage", "monthlyCost": null, "priceNotFound": true}]}]}}]}
    ```
    ```yaml gatekeeper.yaml
    thresholds: {cost: {max: 100}}
    ```

    Unknown, no budget:
    ```json .gatekeeper/evidence/infracost.json
    {"version": "0.2", "currency": "USD", "metadata": {"infracostCommand": "breakdown", "vcsCommitSha": ""},
     "timeGenerated": "2026-11-20T10:00:00Z", "totalMonthlyCost": "73", "projects": [{"name": "infra", "breakdown":
      {"totalMonthlyCost": "73", "resources": [{"name": "aws_instance.web", "resourceType": "aws_instance",
       "monthlyCost": "73", "costComponents": []}]}}]}
    ```
    """
    asked = project.settings.thresholds.cost
    found = proofs(Estimate, project, ["infracost"], max_age=asked.max_age)
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no estimate (Infracost)")
    for held in found.held:
        yield from _judged(held, project)
    if len(found.held) > 1:
        yield from _together(found.held, project)


def _together(held: list[Held[Estimate]], project: Project) -> Iterator[Answer]:
    """What several parts cost together; of two estimates of one part the higher counts."""
    asked, parts = project.settings.thresholds.cost, dict[str, float]()
    for each in held:
        if each.facts.currency == asked.currency:
            about = each.evidence.origin.about
            parts[about] = max(parts.get(about, 0), each.facts.total or 0)
    if asked.max is not None and sum(parts.values()) > asked.max >= max(parts.values(), default=0):
        words = f"{len(parts)} estimates come to {sum(parts.values()):.2f} {asked.currency} a month together"
        yield Finding(held[0].at, f"{words}; the budget is {asked.max:g}")


def _judged(held: Held[Estimate], project: Project) -> Iterator[Answer]:
    estimate, asked = held.facts, project.settings.thresholds.cost
    if estimate.total is None:
        yield Unknown(held.at, f"{held.evidence.path}: nothing in it has a price", Reason.EMPTY)
        return
    words = f"{estimate.total:.2f} {estimate.currency} a month"
    unpriced = f", excludes {estimate.unpriced} unpriced" if estimate.unpriced else ""
    budget = f" of {asked.max:g}" if asked.max is not None else ""
    yield held.measure(f"{words}{budget}{unpriced}", len(estimate.rows) or 1)
    if asked.max is None:
        yield Unknown(held.at, f"{words}, and no budget is set: thresholds.cost.max", Reason.NEEDS_HUMAN)
    elif asked.currency != estimate.currency:
        words = f"the estimate is in {estimate.currency}, the budget in {asked.currency}"
        yield Unknown(held.at, words, Reason.WRONG_SUBJECT)
    elif estimate.total > asked.max:
        yield Finding(held.at, f"{words}; the budget is {asked.max:g}")
    elif _too_little(estimate):
        yield Unknown(held.at, f"{words}: {_too_little(estimate)}", Reason.EMPTY)
    else:
        yield from held.failed()


def _too_little(estimate: Estimate) -> str:
    """Why a sum within the budget does not show that what is made is; '' where it does."""
    if not estimate.total:
        return "a sum of nothing shows nothing"
    if estimate.unfound:
        return f"it leaves out {estimate.unfound} whose price was not found"
    priced = sum(1 for row in estimate.rows if row.monthly is not None)
    every = len(estimate.rows) + estimate.unsupported
    return f"only {priced} of {every} have a price" if 2 * priced < every else ""
