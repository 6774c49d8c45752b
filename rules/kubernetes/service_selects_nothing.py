from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import compatible, elsewhere, pods_of, services_of, unsettled
from gatekeeper.models.kubernetes import Service, Workload, texts
from gatekeeper.rule import Answer, Reason, rule

_CONTROL_PLANE = ("kube-", "openshift-", "gke-managed-", "gmp-", "azure-", "calico-", "tigera-")
_NAMING = frozenset({"app", "name", "k8s-app", "app.kubernetes.io/name"})


@rule(
    "k8s-service-selects-nothing",
    gate="workload-reliability",
    severity="medium",
    seed="7 Infrastructure code passes validation",
    aliases=["kube-score:service-targets-pod"],
    where=lambda service: service.selects and not service.namespace.startswith(_CONTROL_PLANE),
)
def service_selects_nothing(service: Service, project: Project) -> Iterator[Answer]:
    """Every Service selects pods of some workload.

    A Service that selects nothing accepts connections and answers none. The pods are looked for in the whole
    repository, not only beside the Service. ExternalName Services and those without a selector are not meant, nor
    those in the namespaces of the control plane. Where pods may come from elsewhere (no workload here at all, a chart
    or remote base that is installed, an operator) the answer is not known, unless a workload beside the Service has its
    name, or is the application that it selects, and is missed by a label.

    Bad:
    ```yaml k8s/service.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      # expect: no pod here has
      selector: {app: web, tier: frontend}
      ports: [{port: 80}]
    ```
    ```yaml k8s/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web, tier: front-end}}
        spec:
          containers: [{name: web, image: "web:1.0.0"}]
    ```

    Bad, whatever else is installed:
    ```yaml k8s/web.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      # expect: no pod here has
      selector: {app: webb}
      ports: [{port: 80}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1.0.0"}]
    ```
    ```markdown README.md
    helm install cert-manager jetstack/cert-manager
    ```

    Good, in another folder:
    ```yaml services/web.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ```
    ```yaml workloads/web.yaml
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: web, namespace: shop}
    spec:
      template:
        metadata: {labels: {app: web, version: v2}}
        spec:
          containers: [{name: web, image: "web:1.0.0"}]
    ```

    Unknown, an operator makes the pods:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: prometheus}
    spec: {selector: {app.kubernetes.io/name: prometheus}, ports: [{port: 9090}]}
    ---
    apiVersion: monitoring.coreos.com/v1
    kind: Prometheus
    metadata: {name: k8s}
    spec: {replicas: 2}
    ```
    """
    if pods_of(service, project).workloads:
        return
    for node in service.spec["selector"].walk():
        node.value  # noqa: B018  # what is filled in later may match
    selector = service.spec["selector"]
    labels = ", ".join(f"{key}={value}" for key, value in texts(selector).items())
    words = f"no pod here has {labels}: connections to {service.object_name} are refused"
    other = elsewhere(project)
    meant = _meant(service, project)
    if meant and not unsettled(service, project):
        yield Finding(selector, words, (Note(meant.template.at("metadata.labels"), f"the pods of {meant.name}"),))
    elif other:
        yield Unknown(selector, f"its pods may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif unsettled(service, project):
        yield Unknown(selector, "a kustomization may add labels to selectors and pods")
    elif not project.all(Workload):
        yield Unknown(selector, "no workload is declared here", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(selector, words)


def _meant(service: Service, project: Project) -> Workload | None:
    """The workload beside the Service that it misses by a label: it has its name, or is the application selected."""
    applications = {(key, value) for key, value in texts(service.spec["selector"]).items() if key in _NAMING}
    for workload in project.all(Workload):
        beside = workload.path.rpartition("/")[0] == service.path.rpartition("/")[0]
        alike = workload.object_name == service.object_name or applications & workload.pod_labels.items()
        if beside and alike and compatible(workload.namespace, service.namespace):
            return None if services_of(workload, project) else workload
    return None
