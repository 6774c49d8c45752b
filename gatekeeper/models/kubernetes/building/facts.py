"""What kustomize knows by heart about Kubernetes: lists that merge, kinds without a namespace, fields that hold names.

The lists and scopes are those of the API it ships with (1.21); a newer kind is to it what a custom resource is.
"""

from __future__ import annotations

from typing import NamedTuple

Type = str  # the name of a type below; '' is one that nothing is known about


class ListRule(NamedTuple):
    """A list that is merged: by which keys (none: a list of scalars), and the type of its items."""

    keys: tuple[str, ...]
    items: Type = ""


_POD = "PodSpec"
_CONDITIONS = {"conditions": ListRule(("type",))}

# What each type holds that leads to a list which is merged. Everything else is replaced or merged key by key.
FIELDS: dict[Type, dict[str, Type | ListRule]] = {
    "Known": {"metadata": "Meta"},
    "Meta": {"finalizers": ListRule(()), "ownerReferences": ListRule(("uid",))},
    "Pod": {"metadata": "Meta", "spec": _POD, "status": "PodStatus"},
    "PodTemplate": {"metadata": "Meta", "template": "Template"},
    "Template": {"metadata": "Meta", "spec": _POD},
    "Controller": {"metadata": "Meta", "spec": "ControllerSpec", "status": "Status"},
    "ControllerSpec": {"template": "Template"},
    "CronJob": {"metadata": "Meta", "spec": "CronJobSpec"},
    "CronJobSpec": {"jobTemplate": "JobTemplate"},
    "JobTemplate": {"metadata": "Meta", "spec": "ControllerSpec"},
    "Service": {"metadata": "Meta", "spec": "ServiceSpec", "status": "Status"},
    "ServiceSpec": {"ports": ListRule(("port", "protocol"))},
    "ServiceAccount": {"metadata": "Meta", "secrets": ListRule(("name",))},
    "Webhooks": {"metadata": "Meta", "webhooks": ListRule(("name",))},
    "WithStatus": {"metadata": "Meta", "status": "Status"},
    "ComponentStatus": {"metadata": "Meta", **_CONDITIONS},
    "Node": {"metadata": "Meta", "spec": "NodeSpec", "status": "NodeStatus"},
    "NodeSpec": {"podCIDRs": ListRule(())},
    "NodeStatus": {"addresses": ListRule(("type",)), **_CONDITIONS},
    "CSINode": {"metadata": "Meta", "spec": "CSINodeSpec"},
    "CSINodeSpec": {"drivers": ListRule(("name",))},
    "Status": {**_CONDITIONS},
    "PodStatus": {"podIPs": ListRule(("ip",)), **_CONDITIONS},
    _POD: {
        "containers": ListRule(("name",), "Container"),
        "initContainers": ListRule(("name",), "Container"),
        "ephemeralContainers": ListRule(("name",), "EphemeralContainer"),
        "volumes": ListRule(("name",)),
        "imagePullSecrets": ListRule(("name",)),
        "hostAliases": ListRule(("ip",)),
        "topologySpreadConstraints": ListRule(("topologyKey", "whenUnsatisfiable")),
    },
    "Container": {
        "env": ListRule(("name",)),
        "ports": ListRule(("containerPort", "protocol")),
        "volumeDevices": ListRule(("devicePath",)),
        "volumeMounts": ListRule(("mountPath",)),
    },
    "EphemeralContainer": {
        "env": ListRule(("name",)),
        "volumeDevices": ListRule(("devicePath",)),
        "volumeMounts": ListRule(("mountPath",)),
    },
}

_SPECIAL: dict[str, Type] = {
    "apps/v1 DaemonSet": "Controller",
    "apps/v1 Deployment": "Controller",
    "apps/v1 ReplicaSet": "Controller",
    "apps/v1 StatefulSet": "Controller",
    "batch/v1 Job": "Controller",
    "v1 ReplicationController": "Controller",
    "batch/v1 CronJob": "CronJob",
    "batch/v1beta1 CronJob": "CronJob",
    "v1 Pod": "Pod",
    "v1 PodTemplate": "PodTemplate",
    "v1 Service": "Service",
    "v1 ServiceAccount": "ServiceAccount",
    "v1 Namespace": "WithStatus",
    "v1 PersistentVolumeClaim": "WithStatus",
    "v1 ComponentStatus": "ComponentStatus",
    "v1 Node": "Node",
    "storage.k8s.io/v1 CSINode": "CSINode",
    "storage.k8s.io/v1beta1 CSINode": "CSINode",
    "policy/v1 PodDisruptionBudget": "WithStatus",
    "policy/v1beta1 PodDisruptionBudget": "WithStatus",
    "apiregistration.k8s.io/v1 APIService": "WithStatus",
    "apiregistration.k8s.io/v1beta1 APIService": "WithStatus",
    "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration": "Webhooks",
    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": "Webhooks",
    "admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration": "Webhooks",
    "admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration": "Webhooks",
}

_KNOWN = {
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
    "apps/v1": "ControllerRevision",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2beta1": "HorizontalPodAutoscaler",
    "autoscaling/v2beta2": "HorizontalPodAutoscaler",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "certificates.k8s.io/v1beta1": "CertificateSigningRequest",
    "coordination.k8s.io/v1": "Lease",
    "coordination.k8s.io/v1beta1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "discovery.k8s.io/v1beta1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "events.k8s.io/v1beta1": "Event",
    "extensions/v1beta1": "Ingress",
    "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "networking.k8s.io/v1beta1": "Ingress IngressClass",
    "node.k8s.io/v1": "RuntimeClass",
    "node.k8s.io/v1beta1": "RuntimeClass",
    "policy/v1beta1": "PodSecurityPolicy Eviction",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "scheduling.k8s.io/v1beta1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver StorageClass VolumeAttachment",
    "storage.k8s.io/v1beta1": "CSIDriver CSIStorageCapacity StorageClass VolumeAttachment",
    "v1": "Binding ConfigMap Endpoints Event LimitRange PersistentVolume ResourceQuota Secret",
}

TYPES: dict[str, Type] = {
    **{f"{version} {kind}": "Known" for version, kinds in _KNOWN.items() for kind in kinds.split()},
    **_SPECIAL,
}

_CLUSTER = {
    "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration ValidatingWebhookConfiguration "
    "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
    "admissionregistration.k8s.io/v1beta1": "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
    "apiregistration.k8s.io/v1": "APIService",
    "apiregistration.k8s.io/v1beta1": "APIService",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "certificates.k8s.io/v1beta1": "CertificateSigningRequest",
    "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "IngressClass",
    "networking.k8s.io/v1beta1": "IngressClass",
    "node.k8s.io/v1": "RuntimeClass",
    "node.k8s.io/v1beta1": "RuntimeClass",
    "policy/v1beta1": "PodSecurityPolicy",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "scheduling.k8s.io/v1beta1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode StorageClass VolumeAttachment",
    "storage.k8s.io/v1beta1": "CSIDriver CSINode StorageClass VolumeAttachment",
    "v1": "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume",
}

# Kinds that are certainly of the cluster and no namespace. A custom resource never is: kustomize cannot know.
CLUSTER_SCOPED = frozenset(f"{version} {kind}" for version, kinds in _CLUSTER.items() for kind in kinds.split())


class FieldSpec(NamedTuple):
    """A field of the objects of some kind: its path (lists are gone through), and whether it is made where missing."""

    path: tuple[str, ...]
    kind: str = ""
    group: str = ""
    version: str = ""
    create: bool = False

    def means(self, group: str, version: str, kind: str) -> bool:
        return (
            (not self.kind or self.kind == kind)
            and (not self.group or self.group == group)
            and (not self.version or self.version == version)
        )


class NameReference(NamedTuple):
    """Objects of a kind, and the fields of others that hold their names."""

    kind: str
    group: str
    version: str
    fields: tuple[FieldSpec, ...]

    def means(self, group: str, version: str, kind: str) -> bool:
        return (
            (not self.kind or self.kind == kind)
            and (not self.group or self.group == group)
            and (not self.version or self.version == version)
        )


def path_of(text: str) -> tuple[str, ...]:
    """The steps of `a/b\\/c/d`: a slash may be escaped, one in front is left out."""
    steps: list[str] = []
    parts = text.split("/")
    for part in parts[1:] if len(parts) > 1 and not parts[0] else parts:
        if steps and steps[-1].endswith("\\"):
            steps[-1] = f"{steps[-1][:-1]}/{part}"
        else:
            steps.append(part)
    return tuple(steps)


def _spec(path: str, kind: str = "", group: str = "", version: str = "", create: bool = False) -> FieldSpec:
    return FieldSpec(path_of(path), kind, group, version, create)


_TEMPLATED = ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job")
_SPECS = {
    "Pod": "spec",
    "PodTemplate": "template/spec",
    **dict.fromkeys(_TEMPLATED, "spec/template/spec"),
    "ReplicationController": "spec/template/spec",
    "CronJob": "spec/jobTemplate/spec/template/spec",
}


def _pods(path: str, *kinds: str) -> tuple[FieldSpec, ...]:
    """A path below the pod's spec in each of the kinds."""
    return tuple(_spec(f"{_SPECS[kind]}/{path}", kind, version="v1" if kind == "Pod" else "") for kind in kinds)


_READING = ("Pod", "PodTemplate", *_TEMPLATED, "CronJob")
_RUNNING = ("Pod", "StatefulSet", "Deployment", "ReplicationController", "CronJob", "Job", "DaemonSet")
_RBAC = "rbac.authorization.k8s.io"
_WEBHOOKS = "admissionregistration.k8s.io"


def _each(paths: str, kinds: tuple[str, ...]) -> tuple[FieldSpec, ...]:
    return tuple(spec for path in paths.split() for spec in _pods(path, *kinds))


def _scaled(kind: str) -> NameReference:
    return NameReference(kind, "", "", (_spec("spec/scaleTargetRef/name", "HorizontalPodAutoscaler"),))


NAME_REFERENCES: tuple[NameReference, ...] = (
    _scaled("Deployment"),
    _scaled("ReplicationController"),
    _scaled("ReplicaSet"),
    _scaled("StatefulSet"),
    NameReference(
        "ConfigMap",
        "",
        "v1",
        (
            *_each(
                "volumes/configMap/name containers/env/valueFrom/configMapKeyRef/name "
                "initContainers/env/valueFrom/configMapKeyRef/name containers/envFrom/configMapRef/name "
                "initContainers/envFrom/configMapRef/name volumes/projected/sources/configMap/name",
                _READING,
            ),
            _spec("spec/configSource/configMap", "Node"),
            _spec("rules/resourceNames", "Role"),
            _spec("rules/resourceNames", "ClusterRole"),
            _spec("metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap", "Ingress"),
        ),
    ),
    NameReference(
        "Secret",
        "",
        "v1",
        (
            *_each(
                "volumes/secret/secretName containers/env/valueFrom/secretKeyRef/name "
                "initContainers/env/valueFrom/secretKeyRef/name containers/envFrom/secretRef/name "
                "initContainers/envFrom/secretRef/name imagePullSecrets/name volumes/projected/sources/secret/name",
                _READING,
            ),
            _spec("spec/tls/secretName", "Ingress"),
            _spec("metadata/annotations/ingress.kubernetes.io\\/auth-secret", "Ingress"),
            _spec("metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret", "Ingress"),
            _spec("metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret", "Ingress"),
            _spec("imagePullSecrets/name", "ServiceAccount"),
            *(
                _spec(f"parameters/{name}", "StorageClass")
                for name in ("secretName", "adminSecretName", "userSecretName", "secretRef")
            ),
            _spec("rules/resourceNames", "Role"),
            _spec("rules/resourceNames", "ClusterRole"),
            _spec(
                "spec/template/spec/containers/env/valueFrom/secretKeyRef/name", "Service", "serving.knative.dev", "v1"
            ),
            _spec("spec/azureFile/secretName", "PersistentVolume"),
        ),
    ),
    NameReference(
        "Service",
        "",
        "v1",
        (
            _spec("spec/serviceName", "StatefulSet", "apps"),
            _spec("spec/rules/http/paths/backend/serviceName", "Ingress"),
            _spec("spec/backend/serviceName", "Ingress"),
            _spec("spec/rules/http/paths/backend/service/name", "Ingress"),
            _spec("spec/defaultBackend/service/name", "Ingress"),
            _spec("spec/service/name", "APIService", "apiregistration.k8s.io"),
            _spec("webhooks/clientConfig/service", "ValidatingWebhookConfiguration", _WEBHOOKS),
            _spec("webhooks/clientConfig/service", "MutatingWebhookConfiguration", _WEBHOOKS),
        ),
    ),
    NameReference("Role", _RBAC, "", (_spec("roleRef/name", "RoleBinding", _RBAC),)),
    NameReference(
        "ClusterRole",
        _RBAC,
        "",
        (_spec("roleRef/name", "RoleBinding", _RBAC), _spec("roleRef/name", "ClusterRoleBinding", _RBAC)),
    ),
    NameReference(
        "ServiceAccount",
        "",
        "v1",
        (
            _spec("subjects", "RoleBinding", _RBAC),
            _spec("subjects", "ClusterRoleBinding", _RBAC),
            *(_spec(f"{_SPECS[kind]}/serviceAccountName", kind) for kind in _RUNNING),
        ),
    ),
    NameReference(
        "PersistentVolumeClaim",
        "",
        "v1",
        tuple(_spec(f"{_SPECS[kind]}/volumes/persistentVolumeClaim/claimName", kind) for kind in _RUNNING),
    ),
    NameReference(
        "PersistentVolume",
        "",
        "v1",
        (_spec("spec/volumeName", "PersistentVolumeClaim"), _spec("rules/resourceNames", "ClusterRole")),
    ),
    NameReference(
        "StorageClass",
        "storage.k8s.io",
        "v1",
        (
            _spec("spec/storageClassName", "PersistentVolume"),
            _spec("spec/storageClassName", "PersistentVolumeClaim"),
            _spec("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
        ),
    ),
    NameReference(
        "PriorityClass",
        "scheduling.k8s.io",
        "v1",
        tuple(_spec(f"{_SPECS[kind]}/priorityClassName", kind) for kind in _RUNNING),
    ),
    NameReference(
        "ValidatingAdmissionPolicy",
        _WEBHOOKS,
        "",
        (_spec("spec/policyName", "ValidatingAdmissionPolicyBinding", _WEBHOOKS),),
    ),
)

NAMESPACES: tuple[FieldSpec, ...] = (
    _spec("metadata/name", "Namespace", create=True),
    _spec("spec/service/namespace", "APIService", "apiregistration.k8s.io", create=True),
    _spec("spec/conversion/webhook/clientConfig/service/namespace", "CustomResourceDefinition", "apiextensions.k8s.io"),
)


def _templates(field: str) -> tuple[FieldSpec, ...]:
    return (
        _spec(f"metadata/{field}", create=True),
        _spec(f"spec/template/metadata/{field}", "ReplicationController", version="v1", create=True),
        *(_spec(f"spec/template/metadata/{field}", kind, create=True) for kind in _TEMPLATED[:3]),
        _spec(f"spec/template/metadata/{field}", "Job", "batch", create=True),
        _spec(f"spec/jobTemplate/metadata/{field}", "CronJob", "batch", create=True),
        _spec(f"spec/jobTemplate/spec/template/metadata/{field}", "CronJob", "batch", create=True),
    )


COMMON_ANNOTATIONS: tuple[FieldSpec, ...] = (
    *_templates("annotations"),
    _spec("spec/template/metadata/annotations", "StatefulSet", create=True),
)
METADATA_LABELS = _spec("metadata/labels", create=True)
TEMPLATE_LABELS: tuple[FieldSpec, ...] = (
    *_templates("labels"),
    _spec("spec/template/metadata/labels", "StatefulSet", "apps", create=True),
    _spec("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", "apps", create=True),
)

_AFFINITIES = tuple(
    f"spec/template/spec/affinity/{side}/{rest}/labelSelector/matchLabels"
    for side in ("podAffinity", "podAntiAffinity")
    for rest in (
        "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
        "requiredDuringSchedulingIgnoredDuringExecution",
    )
)
COMMON_LABELS: tuple[FieldSpec, ...] = (
    _spec("spec/selector", "Service", version="v1", create=True),
    _spec("spec/selector", "ReplicationController", version="v1", create=True),
    _spec("spec/selector/matchLabels", "Deployment", create=True),
    _spec("spec/selector/matchLabels", "ReplicaSet", create=True),
    _spec("spec/selector/matchLabels", "DaemonSet", create=True),
    _spec("spec/selector/matchLabels", "StatefulSet", "apps", create=True),
    *(_spec(path, kind, "apps") for kind in ("Deployment", "StatefulSet") for path in _AFFINITIES),
    *(
        _spec("spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", kind, "apps")
        for kind in ("Deployment", "StatefulSet")
    ),
    _spec("spec/selector/matchLabels", "Job", "batch"),
    _spec("spec/jobTemplate/spec/selector/matchLabels", "CronJob", "batch"),
    _spec("spec/selector/matchLabels", "PodDisruptionBudget", "policy"),
    _spec("spec/podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io"),
    _spec("spec/ingress/from/podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io"),
    _spec("spec/egress/to/podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io"),
    *TEMPLATE_LABELS,
)

REPLICAS: tuple[FieldSpec, ...] = tuple(
    _spec("spec/replicas", kind, create=True)
    for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
)


class Fields(NamedTuple):
    """The fields that transformations work on: those kustomize knows, and what `configurations` add."""

    name_prefix: tuple[FieldSpec, ...] = (_spec("metadata/name"),)
    name_suffix: tuple[FieldSpec, ...] = (_spec("metadata/name"),)
    namespace: tuple[FieldSpec, ...] = NAMESPACES
    common_labels: tuple[FieldSpec, ...] = COMMON_LABELS
    labels: tuple[FieldSpec, ...] = ()
    template_labels: tuple[FieldSpec, ...] = TEMPLATE_LABELS
    common_annotations: tuple[FieldSpec, ...] = COMMON_ANNOTATIONS
    name_reference: tuple[NameReference, ...] = NAME_REFERENCES
    images: tuple[FieldSpec, ...] = ()
    replicas: tuple[FieldSpec, ...] = REPLICAS


DEFAULT = Fields()
