from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.argocd import production_app
from gatekeeper.links.argocd_projects import project_of, syncers
from gatekeeper.links.argocd_stops import Stop, reviewed, stops
from gatekeeper.models.kubernetes import Application
from gatekeeper.models.kubernetes.argocd import Tracked, tracked
from gatekeeper.node import Node
from gatekeeper.rule import Reason, rule


@rule(
    "argocd-production-approval",
    gate="production-approval",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda each, project: production_app(each, project) is not None,
)
def production_approval(each: Application, project: Project) -> Iterator[Unknown]:
    """Somebody approves before Argo CD brings a change to production.

    Where sync is automated, nobody presses a button: the approval is the review of the branch that is tracked, and
    whether a review is needed is a setting of the server. Evidence (`gh api repos/OWNER/REPO/rules/branches/main`),
    Terraform or `.github/settings.yml` settle that for an Application of this repository. A Rollout that waits until
    somebody promotes it (`pause: {}`, `autoPromotionEnabled: false`) is an approval too, where every workload of the
    Application is one.

    Where sync is manual, or a sync window denies all but manual syncs, one person is enough. Who may sync stands in
    `argocd-rbac-cm` and in the roles of the project: both can be read here only in part, so the answer is not known
    either. `automated: {enabled: false}` is manual, as is an Application that is not reconciled at all.

    Which Applications are production, their destination, labels, project, paths, value files and names say. Where none
    here says so, those that say nothing are not known.

    Good, a person promotes:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      project: shop
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
      syncPolicy: {automated: {}}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-staging}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/staging}
      destination: {name: staging, namespace: shop}
      syncPolicy: {automated: {}}
    ```
    ```yaml overlays/production/rollout.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: shop}
    spec:
      strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
      template: {spec: {containers: [{name: shop, image: "shop:1.0.0"}]}}
    ```
    ```yaml overlays/staging/namespace.yaml
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}
    ```

    Unknown, a review of the branch:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
      syncPolicy: {automated: {}}
    ```

    Good, the branch asks for a review:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop-production}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
      syncPolicy: {automated: {}}
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
    ```yaml .github/settings.yml
    branches:
      - name: main
        protection: {required_pull_request_reviews: {required_approving_review_count: 1}}
    ```

    Unknown, a chart whose newest version comes by itself:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: redis}
    spec:
      source: {repoURL: "https://charts.example.com", chart: redis, targetRevision: 18.x}
      destination: {name: production, namespace: redis}
      syncPolicy: {automated: {}}
    ```

    Unknown, by hand:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      project: shop
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production, targetRevision: main}
      destination: {name: production, namespace: shop}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop}
    spec:
      sourceRepos: ["https://github.com/acme/gitops"]
      destinations: [{name: production, namespace: shop}]
      roles:
        - name: releasers
          policies: ["p, proj:shop:releasers, applications, sync, shop/*, allow"]
          groups: [acme:releasers]
    ```
    """
    production = production_app(each, project)
    weak = "" if not production or production.certain else f" (held to be production because {production.why})"
    before = stops(each, project)
    if not each.automated or any(_by_hand(stop) for stop in before):
        yield Unknown(each, f"synced by hand: one person is enough; {_who(each, project)}{weak}", Reason.NEEDS_API)
        return
    if any(stop.person for stop in before):
        return
    floating = [source for source in each.sources if tracked(source) is not Tracked.FIXED]
    open_ = [source for source in each.sources if tracked(source) is not Tracked.FIXED or not source.chart.present]
    if floating and all(reviewed(source, project) for source in open_):
        return
    branch = floating[0].revision.text or "HEAD" if floating else ""
    words = f"whoever may push to {branch} deploys; whether a merge needs a review is not in the files"
    if not floating:
        words = "a change of its revision deploys; whether that needs a review is not in the files"
    yield Unknown(each, f"synced by itself: {words}{weak}", Reason.NEEDS_API)


def _by_hand(stop: Stop) -> bool:
    """Whether a window leaves the sync to somebody."""
    window = stop.at
    return isinstance(window, Node) and window["kind"].text == "deny" and window["manualSync"].text == "true"


def _who(each: Application, project: Project) -> str:
    belongs = project_of(each, project)
    groups = syncers(each, belongs) if belongs else []
    if groups:
        return f"its project lets {', '.join(groups)} sync, argocd-rbac-cm perhaps others"
    return "who may sync is in argocd-rbac-cm"
