from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import roots_covered, terraform_roots
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Drift
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "drift-free", gate="environments", severity="high", seed="Best Practices: Infrastructure as Code, no manual changes"
)
def drift_free(revision: Revision, project: Project) -> Iterator[Answer]:
    """What runs is what the code says.

    A plan that would change nothing, or an application that Argo CD reports as synced, shows that nobody changed
    anything by hand. It holds for a week.

    Bad: # expect: orders differs from the code: Deployment orders
    ```json .gatekeeper/evidence/application.json
    {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "orders"},
     "spec": {"project": "default"}, "status": {"reconciledAt": "2026-11-22T08:00:00Z",
     "sync": {"status": "OutOfSync", "revision": "0123456789abcdef0123456789abcdef01234567"},
     "health": {"status": "Healthy"}, "resources": [
     {"kind": "Deployment", "name": "orders", "status": "OutOfSync"}]}}
    ```

    Good:
    ```json .gatekeeper/evidence/application.json
    {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "orders"},
     "spec": {"project": "default"}, "status": {"reconciledAt": "2026-11-22T08:00:00Z",
     "sync": {"status": "Synced", "revision": "0123456789abcdef0123456789abcdef01234567"},
     "health": {"status": "Healthy"}, "resources": [{"kind": "Deployment", "name": "orders", "status": "Synced"}]}}
    ```

    Unknown, too long ago:
    ```json .gatekeeper/evidence/application.json
    {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "orders"},
     "spec": {"project": "default"}, "status": {"reconciledAt": "2026-10-01T08:00:00Z",
     "sync": {"status": "Synced", "revision": "0123456789abcdef0123456789abcdef01234567"},
     "health": {"status": "Healthy"}, "resources": [{"kind": "Deployment", "name": "orders", "status": "Synced"}]}}
    ```
    """
    asked = project.settings.thresholds.drift_max_age
    found = proofs(Drift, project, ["terraform_plan", "argocd"], max_age=asked, any_commit=True)
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no plan and no state of a deployment")
    for held in found.held:
        yield from _judged(held)
    plans = [held.evidence.origin.about for held in found.held if held.evidence.format == "terraform_plan"]
    roots = terraform_roots(project) if found.held else []  # an application in sync says nothing about them
    covered = roots_covered(roots, plans)
    missing = [root for root in roots if root not in covered]
    if missing:
        words = f"no plan is of {', '.join(root or '.' for root in missing[:3])}: name it with --about"
        yield Unknown(project.repository, words, Reason.NO_EVIDENCE)


def _judged(held: Held[Drift]) -> Iterator[Answer]:
    drift = held.facts
    name = drift.name or held.evidence.origin.about or "the plan"
    compared = f" of {drift.compared}" if drift.compared else ""
    yield held.measure(f"{name}: {len(drift.differing)}{compared} differ", drift.compared or 1)
    if drift.differing or not drift.synced:
        which = ", ".join(drift.differing[:3]) or "it does not say where"
        more = f" and {len(drift.differing) - 3} more" if len(drift.differing) > 3 else ""
        yield Finding(held.at, f"{name} differs from the code: {which}{more}")
    else:
        yield from held.failed()
    if drift.healthy is False:
        yield Finding(held.at, f"{name} is not healthy")
    if drift.compared == 0:
        yield Unknown(held.at, f"{name}: nothing was compared", Reason.EMPTY)
