"""Kubernetes objects: what a manifest declares. Pod-bearing kinds are found by shape, so that custom ones count too."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.models import Subject
from gatekeeper.models.kubernetes.applicability import asked
from gatekeeper.models.kubernetes.quantity import quantity
from gatekeeper.models.kubernetes.selector import LabelSelector, written
from gatekeeper.models.kubernetes.templates import fills_in
from gatekeeper.node import Fault, Node, Span, regex

if TYPE_CHECKING:
    from gatekeeper.models.image import ImageReference


class Object(Subject):
    """Anything with an apiVersion and a kind that is applied to a cluster."""

    technology = "kubernetes"
    example_path = "k8s/manifest.yaml"
    may_be_remote = True
    final = True  # False when a kustomization may change it in a way that could not be followed

    @cached_property
    def kind(self) -> str:
        return written(self.node["kind"])

    @cached_property
    def api_version(self) -> str:
        return written(self.node["apiVersion"])

    @property
    def group(self) -> str:
        """The API group, '' for the core."""
        return self.api_version.rpartition("/")[0]

    @property
    def metadata(self) -> Node:
        return self.node["metadata"]

    @property
    def spec(self) -> Node:
        return self.node["spec"]

    @cached_property
    def object_name(self) -> str:
        """metadata.name; the prefix with `*` for generateName."""
        name = written(self.metadata["name"])
        prefix = written(self.metadata["generateName"])
        return name or (f"{prefix}*" if prefix else "")

    @cached_property
    def namespace(self) -> str:
        """metadata.namespace, '' when it is left to whoever applies it."""
        return written(self.metadata["namespace"])

    @cached_property
    def labels(self) -> dict[str, str]:
        return texts(self.metadata["labels"])

    @cached_property
    def annotations(self) -> dict[str, str]:
        return texts(self.metadata["annotations"])

    @cached_property
    def name(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.object_name or "(unnamed)") if part)

    @property
    def span(self) -> Span:
        """Its name, or its kind when it has none."""
        named = self.metadata["name"]
        return (named if named.present and named.span.line else self.node["kind"]).span


class Workload(Object):
    """An object that makes pods: Deployment, CronJob, Argo Rollout, Knative Service, any kind with a pod template."""

    @cached_property
    def template(self) -> Node:
        """The pod template (for a Pod the object itself)."""
        found = pod_template(self.node)
        return self.node if found is None else found

    @property
    def pod(self) -> Node:
        """The pod's spec."""
        return self.template["spec"]

    @cached_property
    def pod_labels(self) -> dict[str, str]:
        return texts(self.template.at("metadata.labels"))

    @property
    def selector_node(self) -> Node:
        return self.spec["selector"]

    @cached_property
    def selector(self) -> LabelSelector:
        if self.kind in _PLAIN_SELECTORS:
            return LabelSelector.of_map(self.selector_node)
        return LabelSelector.of(self.selector_node)

    @property
    def replicas(self) -> Node:
        """`spec.replicas` as written; nobody having written it means 1."""
        return self.spec["replicas"]

    @cached_property
    def batch(self) -> bool:
        """Whether its pods run to completion."""
        if self.kind == "Pod":
            policy = self.pod["restartPolicy"]
            return policy.known and policy.text in ("Never", "OnFailure")
        return self.kind in _BATCH_KINDS or self.spec["jobTemplate"].present or self.spec["jobTargetRef"].present

    @cached_property
    def windows(self) -> bool:
        """Whether its pods are for Windows: they say so, or ask for such a node. Raises `Unresolved`."""
        wanted = self.pod["nodeSelector"]
        says = (self.pod["os"]["name"], wanted["kubernetes.io/os"], wanted["beta.kubernetes.io/os"])
        return any(each == "windows" for each in says)

    @cached_property
    def containers(self) -> list[Container]:
        """All containers, those that start first in front."""
        return [
            Container(node, self, role)
            for field, role in (("initContainers", "init"), ("containers", "app"), ("ephemeralContainers", "ephemeral"))
            if self.pod[field].is_list
            for node in self.pod[field]
            if node.is_mapping
        ]


_PLAIN_SELECTORS = frozenset({"ReplicationController", "DeploymentConfig"})
_BATCH_KINDS = frozenset({"Job", "CronJob", "ScaledJob"})
_BUILT_IN = frozenset(
    "Deployment StatefulSet DaemonSet ReplicaSet ReplicationController Job CronJob Rollout DeploymentConfig".split()
)


def pod_template(node: Node) -> Node | None:
    """Where the pod template stands in an object that makes pods, by its shape; None when it makes none."""
    kind, spec = written(node["kind"]), node["spec"]
    if kind == "Pod":
        return node
    if kind == "PodTemplate":
        return node["template"]
    for template in (spec["template"], spec.at("jobTemplate.spec.template"), spec.at("jobTargetRef.template")):
        if template["spec"]["containers"].is_list:
            return template
    if kind == "CronJob":
        return spec.at("jobTemplate.spec.template")
    return spec["template"] if kind in _BUILT_IN and not spec["workloadRef"].present else None


class EnvVar(NamedTuple):
    """One entry of `env`."""

    name: str
    value: Node
    value_from: Node
    node: Node


class Port(NamedTuple):
    """One entry of `ports`."""

    name: str
    number: int | None
    protocol: str
    node: Node


# The fields of a pod's securityContext that its containers take over when they do not set them.
INHERITED = frozenset(
    "runAsUser runAsGroup runAsNonRoot seLinuxOptions seccompProfile windowsOptions appArmorProfile".split()
)


class Container(Subject):
    """A container of a workload. `role` is app, init, sidecar (init with restartPolicy Always) or ephemeral."""

    technology = "kubernetes"
    example_path = "k8s/manifest.yaml"
    may_be_remote = True

    def __init__(self, node: Node, workload: Workload, role: str) -> None:
        super().__init__(node)
        self.workload = workload
        self.variant = workload.variant
        restart = node["restartPolicy"]
        self.role = "sidecar" if role == "init" and restart.known and restart.text == "Always" else role

    @cached_property
    def container_name(self) -> str:
        return written(self.node["name"]) or "(unnamed)"

    @cached_property
    def name(self) -> str:
        return f"{self.workload.name}:{self.container_name}"

    @property
    def span(self) -> Span:
        """Its name, or the first thing written about it."""
        if self.node["name"].present:
            return self.node["name"].span
        return next((child.mark for _, child in self.node.items()), self.node.span)

    def asked_for(self, what: str) -> bool:
        """Whether `what` (livenessProbe, limits, capabilities, ...) is to be expected of such a container.

        The words are those of the table in `gatekeeper.models.kubernetes.applicability`.
        """
        workload = self.workload
        knative = workload.group == "serving.knative.dev"
        return asked(what, self.role, batch=workload.batch, windows=workload.windows, knative=knative)

    @property
    def image(self) -> Node:
        return self.node["image"]

    @cached_property
    def reference(self) -> ImageReference | None:
        """The image's parts; None when there is none or it cannot be parsed. Raises `Unresolved`."""
        from gatekeeper.models.image import ImageReference

        return ImageReference.parse(self.image.text) if self.image.text else None

    def security(self, field: str) -> Node:
        """The value of a securityContext field that counts: its own, else the pod's for the fields it inherits."""
        own = self.node["securityContext"][field]
        if own.present or field not in INHERITED:
            return own
        from_pod = self.workload.pod["securityContext"][field]
        return from_pod if from_pod.present else own

    @cached_property
    def env(self) -> list[EnvVar]:
        listed = self.node["env"]
        return [
            EnvVar(written(node["name"]), node["value"], node["valueFrom"], node)
            for node in (listed if listed.is_list else ())
            if node.is_mapping
        ]

    @cached_property
    def ports(self) -> list[Port]:
        listed = self.node["ports"]
        return [_port(node) for node in (listed if listed.is_list else ()) if node.is_mapping]

    def limit(self, resource: str) -> Node:
        """`resources.limits` of `cpu` or `memory`, the pod's own when only the pod has one."""
        return self._resource("limits", resource)

    def request(self, resource: str) -> Node:
        """`resources.requests`; a limit alone is copied into the request by the API."""
        written_request = self._resource("requests", resource)
        return written_request if written_request.present else self._request_from_limit(written_request, resource)

    def _request_from_limit(self, absent: Node, resource: str) -> Node:
        limit = self.limit(resource)
        return limit if limit.present else absent

    def _resource(self, half: str, resource: str) -> Node:
        own = self.node["resources"][half][resource]
        for_the_pod = self.workload.pod["resources"][half][resource]
        return for_the_pod if not own.present and for_the_pod.present else own


def amount(node: Node) -> Decimal | None:
    """The quantity at a node; None when there is none or the API would refuse it. Raises `Unresolved`."""
    return quantity(node.text.strip())


def fault_of(node: Node, of_none: str) -> str:
    """What is wrong with a quantity that is written; `of_none` says what 0 comes to. Raises `Unresolved`."""
    if not node.present:
        return ""
    written_amount = amount(node)
    if written_amount is None:
        return f"{node.text!r} is no quantity: the API refuses it"
    return f"{node.text} {of_none}" if written_amount <= 0 else ""


def _port(node: Node) -> Port:
    number = node["containerPort"]
    whole = number.number if number.known else None
    return Port(
        written(node["name"]), int(whole) if whole is not None else None, written(node["protocol"]) or "TCP", node
    )


class Service(Object):
    """A core Service."""

    @cached_property
    def selector(self) -> LabelSelector:
        return LabelSelector.of_map(self.spec["selector"])

    @property
    def selects(self) -> bool:
        """Whether it finds its endpoints by labels: not an ExternalName, not one with endpoints made by hand."""
        return written(self.spec["type"]) != "ExternalName" and not self.selector.nothing

    @property
    def ports(self) -> list[Node]:
        listed = self.spec["ports"]
        return [node for node in (listed if listed.is_list else ()) if node.is_mapping]


class PodDisruptionBudget(Object):
    """How many pods a drain must leave running."""

    @cached_property
    def selector(self) -> LabelSelector:
        # policy/v1beta1 took an empty selector for nothing; policy/v1 takes it for everything.
        if self.api_version == "policy/v1beta1" and not len(self.spec["selector"]):
            return LabelSelector(nothing=True)
        return LabelSelector.of(self.spec["selector"])


class HorizontalPodAutoscaler(Object):
    """An HPA or a KEDA ScaledObject: what it scales, and how far down."""

    @property
    def target(self) -> tuple[str, str]:
        """Kind and name of what it scales."""
        reference = self.spec["scaleTargetRef"]
        return written(reference["kind"]) or "Deployment", written(reference["name"])

    @property
    def minimum(self) -> Node:
        return self.spec["minReplicaCount" if self.kind == "ScaledObject" else "minReplicas"]

    @property
    def least(self) -> float | int:
        """The fewest replicas it leaves: what it says, else 1 (KEDA: 0). Raises `Unresolved`."""
        least = self.minimum.number
        return least if least is not None else (0 if self.kind == "ScaledObject" else 1)


_KINDS: dict[tuple[str, str], type[Object]] = {
    ("", "Service"): Service,
    ("policy", "PodDisruptionBudget"): PodDisruptionBudget,
    ("autoscaling", "HorizontalPodAutoscaler"): HorizontalPodAutoscaler,
    ("keda.sh", "ScaledObject"): HorizontalPodAutoscaler,
}
_DEFINITIONS = frozenset({"CustomResourceDefinition"})


def learn(kinds: Mapping[tuple[str, str], type[Object]]) -> None:
    """Take in the types that other modules of this model have for objects of a group and kind."""
    _KINDS.update(kinds)


# `apiVersion` and `kind` also head files that no cluster is given.
_ELSEWHERE = regex(
    r"(skaffold|backstage\.io|kind\.x-k8s\.io|kustomize\.config\.k8s\.io|ctlptl\.dev|kubeadm\.k8s\.io|kubelet\.config\.k8s\.io|k3d\.io)/"
)
_VERSION = regex(r"([a-z0-9][a-z0-9.-]{0,250}/)?v[0-9]{1,3}((alpha|beta)[0-9]{1,3})?\Z")
_KIND = regex(r"(?:[A-Z][A-Za-z0-9]{0,80}|postgresql)\Z")  # the one kind of an operator that is written small


def is_object(node: Node) -> bool:
    """Whether a document is an object for a cluster, by its apiVersion and kind."""
    if not node.is_mapping:
        return False
    version, kind = written(node["apiVersion"]), written(node["kind"])
    if not _VERSION.match(version) or not _KIND.match(kind) or _ELSEWHERE.match(version):
        return False
    return not (kind == "Config" and node["clusters"].present)  # a kubeconfig


def is_strange(node: Node) -> bool:
    """Whether a document makes pods, and is no object only for its apiVersion or kind (`kind: deployment`)."""
    if not node.is_mapping or is_object(node) or _ELSEWHERE.match(written(node["apiVersion"])):
        return False
    kind = written(node["kind"])
    meant = ("apiVersion" in node and "kind" in node) or kind in _BUILT_IN or kind == "Pod"
    return meant and any(
        node.at(f"{path}containers").is_list
        for path in ("spec.", "spec.template.spec.", "spec.jobTemplate.spec.template.spec.")
    )


def strange_fault(node: Node) -> Fault:
    """That such a document is not judged."""
    version, kind = written(node["apiVersion"]), written(node["kind"])
    words = f"no object as it stands, with the apiVersion {version!r:.60} and the kind {kind!r:.60}"
    template = fills_in(version) or fills_in(kind)
    reason = "template-unrendered" if template else "unreadable"
    return Fault(node.source, (node["kind"] if node["kind"].present else node).mark, words, reason, "kubernetes")


def object_of(node: Node, variant: str = "", *, final: bool = True) -> Object:
    """The subject for a document that `is_object`; of a kustomization that is built, with its folder."""
    made = _type_of(node)(node)
    made.variant, made.final = variant, final
    return made


def _type_of(node: Node) -> type[Object]:
    group, kind = written(node["apiVersion"]).rpartition("/")[0], written(node["kind"])
    known = _KINDS.get((group, kind))
    if known:
        return known
    return Workload if kind not in _DEFINITIONS and pod_template(node) is not None else Object


def texts(node: Node) -> dict[str, str]:
    """A mapping of scalars as text."""
    return {key: written(value) for key, value in node.items()} if node.is_mapping else {}
