from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import elsewhere, makes_secrets, producers_of, unsettled
from gatekeeper.links.secrets import references
from gatekeeper.models.kubernetes import Object, Workload
from gatekeeper.rule import Answer, Reason, rule

_WITHOUT = {
    "pod": "the pod is not started without it",
    "pull": "a private image is not pulled without it",
    "ingress": "the Ingress has no certificate without it",
}


@rule(
    "k8s-secret-ref-unresolved",
    gate="iac-validation",
    severity="medium",
    seed="6.2 Secrets Management",
    where=lambda each: any(reference.kind == "Secret" for reference in references(each)),
)
def secret_ref_unresolved(each: Object, project: Project) -> Iterator[Answer]:
    """Every Secret that a workload, ServiceAccount or Ingress asks for is made or documented here.

    A pod whose Secret does not exist is not started. Looked for are the Secret itself, what makes one
    (ExternalSecret, SealedSecret, SecretProviderClass, objects of cert-manager, Vault, 1Password, Doppler, Infisical
    and Crossplane, a kustomize secretGenerator, Terraform's kubernetes_secret), what operators name after their object
    (CloudNativePG, ECK, Strimzi, Zalando, RabbitMQ and others), and `kubectl create secret` or a manifest in scripts,
    pipelines and pages. References that are `optional` are not meant. Where this repository declares none of its
    Secrets, or where charts and operators may make them, the answer is not known: a Secret may well be made by hand.

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

    Bad, beside the pod:
    ```yaml
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: app}
    # expect: a private image is not pulled
    imagePullSecrets: [{name: registry}]
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: app}
    # expect: has no certificate
    spec: {tls: [{secretName: app-tls}]}
    ---
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db}
    ```

    Good, named after its object:
    ```yaml
    apiVersion: postgresql.cnpg.io/v1
    kind: Cluster
    metadata: {name: orders}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", envFrom: [{secretRef: {name: orders-app}}]}]
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
    for reference in references(each):
        if reference.kind != "Secret" or reference.optional:
            continue
        name = reference.name.text
        if not name or producers_of(name, each.namespace, project):
            continue
        other = elsewhere(project)
        patch = unsettled(each, project) if isinstance(each, Workload) else None
        if patch:
            yield Unknown(reference.name, f"{patch.path} may patch the references")
        elif other:
            yield Unknown(reference.name, f"{name} may be made elsewhere: {other}", Reason.NOT_OWNED_HERE)
        elif not makes_secrets(project):
            yield Unknown(reference.name, f"nothing here makes the Secret {name}", Reason.NOT_OWNED_HERE)
        else:
            yield Finding(reference.name, f"nothing here makes the Secret {name}: {_WITHOUT[reference.by]}")
