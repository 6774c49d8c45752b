from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import elsewhere, makes_secrets, producers_of, unsettled
from gatekeeper.links.secrets import Producer, Reference, config_maps_of, references
from gatekeeper.models.kubernetes import Workload
from gatekeeper.rule import Answer, Reason, rule


def _is_meant(reference: Reference, workload: Workload, project: Project) -> bool:
    """A ConfigMap; or a key of a Secret whose keys are all declared here."""
    if reference.optional or not reference.name.known:
        return False
    if reference.kind == "ConfigMap":
        return True
    return reference.key is not None and bool(_in_full(_producers(reference, workload, project)))


def _producers(reference: Reference, workload: Workload, project: Project) -> list[Producer]:
    made_by = producers_of if reference.kind == "Secret" else config_maps_of
    return made_by(reference.name.text, workload.namespace, project)


def _in_full(producers: list[Producer]) -> list[Producer]:
    """The producers, when all of them show all their keys."""
    return producers if all(each.keys is not None for each in producers) else []


@rule(
    "k8s-env-ref-undefined",
    gate="iac-validation",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    where=lambda workload, project: any(_is_meant(each, workload, project) for each in references(workload)),
)
def env_ref_undefined(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every ConfigMap a workload asks for is made here, and every key it names is in it or in the Secret.

    A container that asks for a key that is not there is not started (`CreateContainerConfigError`), and that shows only
    when it is rolled out. ConfigMaps are looked for as objects, configMapGenerators, in Terraform, and in the commands
    and manifests that scripts and pages give. Keys are compared where all are visible: in a Secret, ConfigMap or
    SealedSecret, an ExternalSecret without templates, a generator's literals and files. What is `optional` is not
    meant. Whether the Secret itself is made is k8s-secret-ref-unresolved's; kube-linter's env-value-from asks both of
    variables alone, so that it is not taken for the same.

    Bad:
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
                - name: DB_HOST
                  # expect: app-config has no key db_host
                  valueFrom: {configMapKeyRef: {name: app-config, key: db_host}}
                - name: DB_PASSWORD
                  # expect: db has no key pass
                  valueFrom: {secretKeyRef: {name: db, key: pass}}
              # expect: nothing here makes the ConfigMap app-settings
              envFrom: [{configMapRef: {name: app-settings}}]
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app-config}
    data: {DB_HOST: db}
    ---
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db}
    spec: {data: [{secretKey: password, remoteRef: {key: db}}]}
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
              env:
                - name: DB_HOST
                  valueFrom: {configMapKeyRef: {name: app-config, key: DB_HOST}}
                - name: EXTRA
                  valueFrom: {configMapKeyRef: {name: app-config, key: EXTRA, optional: true}}
              envFrom: [{configMapRef: {name: made-by-hand}}]
          volumes:
            - {name: ca, configMap: {name: kube-root-ca.crt}}
            - {name: generated, configMap: {name: generated, items: [{key: app.ini, path: app.ini}]}}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app-config}
    data: {DB_HOST: db}
    ```
    ```yaml k8s/kustomization.yaml
    resources: [app.yaml]
    configMapGenerator: [{name: generated, files: [conf/app.ini]}]
    ```
    ```sh deploy.sh
    kubectl create configmap made-by-hand --from-env-file=.env
    ```

    Unknown, a chart may make it:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers: [{name: app, image: "app:1.2.0", envFrom: [{configMapRef: {name: app-settings}}]}]
    ---
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: settings}
    ```
    """
    for reference in references(workload):
        if not _is_meant(reference, workload, project):
            continue
        producers = _producers(reference, workload, project)
        if not producers:
            yield from _missing(reference, workload, project)
        elif reference.key is not None and _in_full(producers):
            yield from _without_key(reference, producers)


def _missing(reference: Reference, workload: Workload, project: Project) -> Iterator[Answer]:
    name, other = reference.name.text, elsewhere(project)
    patch = unsettled(workload, project)
    if patch:
        yield Unknown(reference.name, f"{patch.path} may patch the references")
    elif other:
        yield Unknown(reference.name, f"{name} may be made elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif name and not makes_secrets(project, "ConfigMap"):
        yield Unknown(reference.name, f"nothing here makes the ConfigMap {name}", Reason.NOT_OWNED_HERE)
    elif name:
        yield Finding(reference.name, f"nothing here makes the ConfigMap {name}: the pod is not started without it")


def _without_key(reference: Reference, producers: list[Producer]) -> Iterator[Answer]:
    assert reference.key is not None
    key, name = reference.key.text, reference.name.text
    if not key or any(key in (each.keys or ()) for each in producers):
        return
    see = tuple(Note(each.node, f"this makes {name}") for each in producers[:1] if each.node is not None)
    yield Finding(reference.key, f"{name} has no key {key}", see, Fix("name a key that it has"))
