from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links.together import twins_of
from gatekeeper.models.kubernetes import Object
from gatekeeper.rule import rule


@rule(
    "k8s-duplicate-object",
    gate="iac-validation",
    severity="high",
    seed="7. Infrastructure code passes validation",
    where=lambda each: bool(each.object_name) and not each.object_name.endswith("*"),
)
def duplicate_object(each: Object, project: Project) -> Iterator[Finding]:
    """No object is declared twice in what is applied together.

    Two objects of the same group, kind, namespace and name are one to the cluster: the later overwrites the earlier in
    silence, Kustomize refuses to build, and Helm fails with "already exists". Held against each other are the documents
    of one file, what one kustomization builds, and the files of one chart that need no rendering. Copies in other
    files (an all-in-one manifest beside its parts) are nobody's fault.

    Bad:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: shop}
    data: {LEVEL: info}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata:
      # expect: ConfigMap/shop/settings
      name: settings
      namespace: shop
    data: {LEVEL: debug}
    ```

    Bad, in one kustomization:
    ```yaml kustomization.yaml
    resources: [a.yaml, b.yaml]
    ```
    ```yaml a.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
    ```
    ```yaml b.yaml
    apiVersion: v1
    kind: ConfigMap
    # expect: ConfigMap/settings
    metadata: {name: settings}
    ```

    Good:
    ```yaml all-in-one.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: settings}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: other}
    ```
    ```yaml parts/settings.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
    ```
    """
    for later in twins_of(each, project):
        words = f"{each.name} is declared twice: one of the two is lost, or refused"
        yield Finding(
            later.at("metadata.name"), words, (Note(each, "declared here first"),), Fix("remove or rename one")
        )
