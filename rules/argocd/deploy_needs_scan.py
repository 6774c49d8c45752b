from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.argocd import production_app
from gatekeeper.links.argocd_stops import unchecked
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
    (`gh api repos/OWNER/REPO/rules/branches/main`), Terraform or `.github/settings.yml` name the job among the required
    checks. It must run on every pull request, and no other job may be called the same.

    Good, the check that a merge needs:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-staging}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/staging}
      destination: {name: staging, namespace: shop}
    ```
    ```yaml overlays/production/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```
    ```yaml overlays/staging/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
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
    ```yaml .github/settings.yml
    branches:
      - name: main
        protection: {required_status_checks: {strict: true, contexts: [scan]}}
    ```

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
    doubt = unchecked(each, SCANS, "scans", "scanned", project)
    if doubt:
        yield Unknown(each, doubt.why, Reason(doubt.reason))
