from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.argocd_files import Named, values_named
from gatekeeper.models.kubernetes import Application
from gatekeeper.rule import Answer, rule


def _named(each: Application, project: Project) -> list[Named]:
    """The files of values that can be looked up here."""
    return [named for source in each.sources for named in values_named(each, source, project)]


@rule(
    "argocd-broken-values-ref",
    gate="iac-validation",
    severity="high",
    seed="Best Practices Checklist, Deployment: GitOps",
    aliases=["argocd-source-lint:broken-values-ref"],
    where=lambda each, project: bool(_named(each, project)),
)
def broken_values_ref(each: Application, project: Project) -> Iterator[Answer]:
    """Every file of values that an Application names exists.

    Helm stops at the first file that is not there, and the Application does not sync any more. A path is meant from the
    chart's folder, one with `/` in front from the root of its repository, and `$name/...` from the root of the source
    with that `ref`. Globs, addresses, files of charts from elsewhere, and `ignoreMissingValueFiles` are not judged.

    Bad:
    ```yaml argocd/shop.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: shop}
    spec:
      sources:
        - repoURL: https://charts.example.com
          chart: shop
          targetRevision: 1.4.2
          helm:
            valueFiles:
              - $values/values/shop.yaml
              # expect: there is no values/shop-production.yaml
              - $values/values/shop-production.yaml
              # expect: no source has the ref config
              - $config/values/shop.yaml
        - {repoURL: "https://github.com/acme/gitops", targetRevision: main, ref: values}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source:
        repoURL: https://github.com/acme/gitops
        path: charts/web
        helm:
          valueFiles:
            - values.yaml
            # expect: there is no charts/web/values-production.yaml
            - values-production.yaml
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: values}
    spec:
      source: {repoURL: "https://github.com/acme/gitops", path: values}
    ```
    ```yaml values/shop.yaml
    replicas: 2
    ```
    ```yaml charts/web/Chart.yaml
    apiVersion: v2
    name: web
    version: 1.0.0
    ```
    ```yaml charts/web/values.yaml
    replicas: 2
    ```

    Good:
    ```yaml argocd/web.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source:
        repoURL: https://github.com/acme/gitops
        path: charts/web
        helm: {valueFiles: [values.yaml, /values/web.yaml, ../../values/web.yaml, "https://example.com/values.yaml"]}
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: values}
    spec:
      source:
        repoURL: https://github.com/acme/gitops
        path: values
        helm: {ignoreMissingValueFiles: true, valueFiles: [production.yaml]}
    ```
    ```yaml values/web.yaml
    replicas: 2
    ```
    ```yaml charts/web/Chart.yaml
    apiVersion: v2
    name: web
    version: 1.0.0
    ```
    ```yaml charts/web/values.yaml
    replicas: 2
    ```

    Unknown, nothing says which repository this is:
    ```yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: web}
    spec:
      source:
        repoURL: https://github.com/acme/gitops
        path: charts/web
        helm: {valueFiles: [values-production.yaml]}
    ```
    """
    for named in _named(each, project):
        if named.trouble:
            yield Finding(
                named.node, named.trouble, fix=Fix("name a file that is there, or set ignoreMissingValueFiles")
            )
        elif named.doubt:
            yield Unknown(named.node, named.doubt)
