from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import BranchRules
from gatekeeper.proof import Held, elsewhere, none, proofs
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "branch-protected", gate="production-approval", severity="high", seed="2.1 Code review for infrastructure changes"
)
def branch_protected(revision: Revision, project: Project) -> Iterator[Answer]:
    """A second person reviews what is merged, because the server asks for it.

    CODEOWNERS names reviewers; only a rule of the server makes their review necessary. A snapshot of that rule
    (`gh api repos/OWNER/REPO/rules/branches/main`, and `.../branches/main/protection`) shows it; it holds for 30 days.
    Rulesets and the older branch protection add up, and neither snapshot shows the other.

    Unknown, of no known age:
    ```json .gatekeeper/evidence/rules.json
    [{"type": "pull_request", "ruleset_source_type": "Repository", "ruleset_source": "acme/orders", "ruleset_id": 42,
      "parameters": {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": true,
      "require_code_owner_review": true, "require_last_push_approval": true,
      "required_review_thread_resolution": false}}]
    ```
    """
    found = proofs(
        BranchRules, project, ["github_rules"], max_age=project.settings.thresholds.api_max_age, any_commit=True
    )
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no snapshot of the branch's rules")
    wrong = [answer for held in found.held for answer in elsewhere(held.evidence, held.facts.repository, project)]
    yield from wrong
    if found.held and not wrong:
        named = dict.fromkeys(held.facts.branch for held in found.held if held.facts.branch)
        for branch in named or [""]:  # the rules of a branch do not name it
            yield from _judged(branch, [held for held in found.held if held.facts.branch in (branch, "")])


def _judged(branch: str, held: list[Held[BranchRules]]) -> Iterator[Answer]:
    """Rulesets and classic protection add up, and neither shows the other: only both can say that none asks."""
    strictest = max(held, key=lambda each: each.facts.approvals)
    approvals = strictest.facts.approvals
    checks = {check for each in held for check in each.facts.checks}
    name = branch or "the branch"
    words = f"{name}: {approvals} approving, {len(checks)} checks required"
    words += ", and some may bypass them" if strictest.facts.enforced_for_admins is False else ""
    yield strictest.measure(words, len(held))
    if approvals > 0:
        return
    if len(held) > 1:
        yield Finding(strictest.at, f"{name} asks for no review before a merge")
    else:
        words = f"{held[0].evidence.path} asks for no review; rulesets and branch protection are two snapshots"
        yield Unknown(held[0].at, words, Reason.NEEDS_API)
