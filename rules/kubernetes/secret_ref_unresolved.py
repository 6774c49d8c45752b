from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere, makes_secrets, overlaid, producers_of
from gatekeeper.models.kubernetes import Workload
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


class _Reference(NamedTuple):
    name: Node
    optional: Node


@rule(
    "k8s-secret-ref-unresolved",
    gate="iac-validation",
    severity="medium",
    seed="6.2 Secrets Management",
    where=lambda workload: any(True for _ in _references(workload)),
)
def secret_ref_unresolved(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every Secret that a workload needs is made or documented here.

    A pod whose Secret does not exist is not started. Looked for are the Secret itself, what makes one
    (ExternalSecret, SealedSecret, SecretProviderClass, cert-manager, Vault and 1Password objects, a kustomize
    secretGenerator, Terraform's kubernetes_secret), and `kubectl create secret` in scripts, pipelines and pages.
    References that are `optional` are not meant. Where this repository declares none of its Secrets, or where charts
    and operators may make them, the answer is not known: a Secret may well be made by hand.

    Bad, the others are declared:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              env:
                - name: DB_PASSWORD
                  # expect: db-secret
                  valueFrom: {secretKeyRef: {name: db-secret, key: password}}
                - name: API_TOKEN
                  valueFrom: {secretKeyRef: {name: api, key: token}}
    ---
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db}
    spec: {target: {name: db-secrets}}
    ---
    apiVersion: bitnami.com/v1alpha1
    kind: SealedSecret
    metadata: {name: api}
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              envFrom: [{secretRef: {name: app-env}}, {secretRef: {name: extra, optional: true}}]
          volumes: [{name: tls, secret: {secretName: app-tls}}]
          imagePullSecrets: [{name: registry}]
    ---
    apiVersion: cert-manager.io/v1
    kind: Certificate
    metadata: {name: app}
    spec: {secretName: app-tls}
    ```
    ```yaml k8s/kustomization.yaml
    resources: [app.yaml]
    secretGenerator: [{name: app-env, envs: [.env]}]
    ```
    ```markdown README.md
    kubectl create secret docker-registry \\
      -n shop registry --docker-server=ghcr.io
    ```

    Unknown, made by hand:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", envFrom: [{secretRef: {name: app-env}}]}]
    ```
    """
    for reference in _references(workload):
        name = reference.name.text
        if not name or reference.optional == True or producers_of(name, workload.namespace, project):  # noqa: E712  # a node
            continue
        other = elsewhere(project)
        patch = overlaid(workload, "secretKeyRef", project)
        if patch:
            yield Unknown(reference.name, f"{patch.path} patches the references")
        elif other:
            yield Unknown(reference.name, f"{name} may be made elsewhere: {other}", Reason.NOT_OWNED_HERE)
        elif not makes_secrets(project):
            yield Unknown(reference.name, f"nothing here makes the Secret {name}", Reason.NOT_OWNED_HERE)
        else:
            yield Finding(reference.name, f"nothing here makes the Secret {name}: the pod is not started without it")


def _references(workload: Workload) -> Iterator[_Reference]:
    for container in workload.containers:
        for variable in container.env:
            reference = variable.value_from["secretKeyRef"]
            if reference.present:
                yield _Reference(reference["name"], reference["optional"])
        for entry in _items(container.node["envFrom"]):
            if entry["secretRef"].present:
                yield _Reference(entry["secretRef"]["name"], entry["secretRef"]["optional"])
    for volume in _items(workload.pod["volumes"]):
        if volume["secret"].present:
            yield _Reference(volume["secret"]["secretName"], volume["secret"]["optional"])
        for source in _items(volume["projected"]["sources"]):
            if source["secret"].present:
                yield _Reference(source["secret"]["name"], source["secret"]["optional"])
    for entry in _items(workload.pod["imagePullSecrets"]):
        yield _Reference(entry["name"], entry["optional"])


def _items(node: Node) -> list[Node]:
    return list(node) if node.is_list else []
