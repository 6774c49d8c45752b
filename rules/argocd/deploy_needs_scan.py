from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.argocd import production_app
from gatekeeper.links.argocd_stops import awaited, checked_by
from gatekeeper.models.kubernetes import Application
from gatekeeper.models.pipeline import SCANS
from gatekeeper.rule import Reason, rule


@rule(
    "argocd-deploy-needs-scan",
    gate="security-scan",
    severity="high",
    seed="3.3 Quality Gates: security scan no critical issues",
    where=lambda each, project: production_app(each, project) is not None,
)
def deploy_needs_scan(each: Application, project: Project) -> Iterator[Unknown]:
    """What Argo CD brings to production was scanned.

    Argo CD scans nothing: it applies what a branch holds. So the scans are those that had to pass before a commit came
    to that branch, or before the images that it names were pushed. Where a pipeline of this repository scans, only a
    rule of the server makes a merge wait for it; where none does, the images are built and scanned elsewhere. Neither
    can be seen in the files: the answer is not known until somebody attests it, or evidence of the branch's rules
    (`gh api repos/OWNER/REPO/rules/branches/main`) names the job among the required checks.

    Unknown, built elsewhere:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production, namespace: shop}
    ```

    Unknown, scanned before the merge:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production, namespace: shop}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      scan:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: npm audit --audit-level=high
    ```
    """
    found = checked_by(SCANS, project)
    if any(awaited(each, fact, project) for fact in found):
        return
    production = production_app(each, project)
    weak = f" (held to be production because {production.why})" if production and not production.certain else ""
    if found:
        where = found[0].step.job.root.pipeline.name
        words = f"{where} scans; whether a merge waits for it is not in the files"
        yield Unknown(each, f"{words}{weak}", Reason.NEEDS_API)
    else:
        words = "no pipeline here scans: what is deployed is scanned elsewhere"
        yield Unknown(each, f"{words}{weak}", Reason.NOT_OWNED_HERE)
