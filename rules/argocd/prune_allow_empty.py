from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.argocd import production_app
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import Answer, rule


@rule(
    "argocd-prune-allow-empty",
    gate="deployment-rollback",
    severity="medium",
    seed="Best Practices Checklist, Deployment: GitOps",
    where=lambda each: each.automated,
)
def prune_allow_empty(each: Application, project: Project) -> Iterator[Answer]:
    """Argo CD does not delete all of production because a folder is empty.

    By default an automated sync that would remove everything is refused: a wrong path, or a template that renders to
    nothing, is a mistake more often than a wish. With `allowEmpty: true` beside `prune: true` it is done.

    Bad:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production, namespace: shop}
      syncPolicy:
        automated:
          prune: true
          # expect: an empty folder deletes everything
          allowEmpty: true
    ```

    Good:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: overlays/production}
      destination: {name: production, namespace: shop}
      syncPolicy: {automated: {prune: true}}
    ```
    """
    automated = each.spec["syncPolicy"]["automated"]
    allows = automated["prune"].text == "true" and automated["allowEmpty"].text == "true"
    production = production_app(each, project) if allows else None
    if production and not production.certain:
        yield Unknown(automated["allowEmpty"], f"prune with allowEmpty; {production.why}")
    elif production:
        words = "an empty folder deletes everything: prune with allowEmpty"
        yield Finding(automated["allowEmpty"], words, fix=Fix("leave allowEmpty out"))
