"""The Kubernetes model: what is an object, what counts for a container, what writing it differently must not change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import engine, links
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.models.kubernetes import (
    Binding,
    Container,
    Kustomization,
    LabelSelector,
    Object,
    Patch,
    Role,
    Service,
    Workload,
    applicability,
    editing,
    quantity,
)
from gatekeeper.node import Source
from gatekeeper.parsers import yaml as parser
from gatekeeper.testing import project_of

RULES = Catalogue([home()]).rules({"kubernetes"})

# 4.2 of the document, as it stands there.
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: order-service
spec:
  replicas: 3
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    spec:
      containers:
      - name: order-service
        image: order-service:latest
        resources:
          requests:
            memory: "256Mi"
            cpu: "250m"
          limits:
            memory: "512Mi"
            cpu: "500m"
        livenessProbe:
          httpGet:
            path: /health
            port: 3000
          initialDelaySeconds: 10
          periodSeconds: 10
        readinessProbe:
          httpGet:
            path: /health
            port: 3000
          initialDelaySeconds: 5
          periodSeconds: 5
        env:
        - name: DATABASE_URL
          valueFrom:
            secretKeyRef:
              name: order-service-secrets
              key: database-url
"""


def found(*files: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Every finding and unknown of every rule: rule, subject, message."""
    outcomes = engine.run(RULES, project_of(files))
    assert not [outcome.error for outcome in outcomes if outcome.error]
    return sorted(
        (outcome.rule.id, verdict.subject.name, message)
        for outcome in outcomes
        for verdict in outcome.verdicts
        for message in (*(each.message for each in verdict.findings), *(each.message for each in verdict.unknowns))
    )


def test_the_documents_deployment_fails_for_what_it_lacks() -> None:
    asked_for = {rule.id for rule in RULES if rule.severity == "off"}
    grave = {rule.id for rule in RULES if rule.severity in ("high", "critical")}
    ids = [rule for rule, _, _ in found(("k8s/deployment.yaml", DEPLOYMENT)) if rule not in asked_for]
    assert {
        "k8s-capabilities-drop-all",
        "k8s-privilege-escalation",
        "k8s-read-only-root",
        "k8s-seccomp-profile",
        "k8s-secret-ref-unresolved",  # not known: nothing here makes Secrets
        "k8s-service-account-token",
    } <= set(ids)
    assert {"k8s-image-tag", "k8s-nonroot", "k8s-selector-mismatch"} <= grave & set(ids)
    assert not [rule for rule in ids if rule.startswith(("k8s-rbac", "k8s-host", "k8s-capability", "k8s-naked"))]


# --- label selectors

_LABEL = st.sampled_from(["app", "tier", "track"])
_VALUE = st.sampled_from(["a", "b", "c"])
_EXPRESSION = st.fixed_dictionaries(
    {"key": _LABEL, "operator": st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"])},
    optional={"values": st.lists(_VALUE, max_size=3)},
)
_SELECTOR = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": st.dictionaries(_LABEL, _VALUE, max_size=2),
        "matchExpressions": st.lists(_EXPRESSION, max_size=3),
    },
)


def naive(selector: dict[str, Any] | None, labels: Mapping[str, str]) -> bool:
    if selector is None:
        return False
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for each in selector.get("matchExpressions", []):
        there, value = each["key"] in labels, labels.get(each["key"])
        operator, values = each["operator"], each.get("values", [])
        if operator == "In" and not (there and value in values):
            return False
        if operator == "NotIn" and there and value in values:
            return False
        if operator == "Exists" and not there:
            return False
        if operator == "DoesNotExist" and there:
            return False
    return True


@given(_SELECTOR, st.dictionaries(_LABEL, _VALUE))
def test_a_label_selector_selects_what_the_api_selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> None:
    node = parser.parse(Source("s.yaml", json.dumps({"selector": selector}))).nodes[0]["selector"]
    assert LabelSelector.of(node).matches(labels) is naive(selector, labels)


@given(st.none() | st.dictionaries(_LABEL, _VALUE), st.dictionaries(_LABEL, _VALUE))
def test_a_plain_selector_selects_nothing_when_empty(selector: dict[str, str] | None, labels: dict[str, str]) -> None:
    node = parser.parse(Source("s.yaml", json.dumps({"selector": selector}))).nodes[0]["selector"]
    expected = bool(selector) and all(labels.get(key) == value for key, value in (selector or {}).items())
    assert LabelSelector.of_map(node).matches(labels) is expected


# --- quantities


@given(
    st.decimals(min_value=0, max_value=10**9, places=3),
    st.sampled_from([("", 1), ("m", Decimal("0.001")), ("k", 1000), ("Ki", 1024), ("Gi", 1024**3), ("e3", 1000)]),
)
def test_a_quantity_is_its_number_times_its_suffix(number: Decimal, suffix: tuple[str, Decimal]) -> None:
    assert quantity(f"{number}{suffix[0]}") == number * suffix[1]


@pytest.mark.parametrize("text", ["", "250 m", "512MB", "1gi", "m", ".", "1e", "one", "1Ki2", "0x10", "1_000", "١"])
def test_what_the_api_refuses_is_no_quantity(text: str) -> None:
    assert quantity(text) is None


# --- what is an object

POD = "spec: {containers: [{name: app, image: 'app:1.0.0'}]}"
TEMPLATED = f"{{template: {{{POD}}}}}"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: n}}\n{POD}", ["Pod/n/a"]),
        (f"apiVersion: v1\nkind: Pod\nmetadata: {{generateName: a-}}\n{POD}", ["Pod/a-*"]),
        (f"apiVersion: acme.io/v1\nkind: Thing\nmetadata: {{name: a}}\nspec: {TEMPLATED}", ["Thing/a"]),
        (f"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {{name: a}}\nspec: {TEMPLATED}", ["Service/a"]),
        (f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{jobTemplate: {{spec: {TEMPLATED}}}}}",
         ["CronJob/a"]),
        (f"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {{name: a}}\n  {POD}\n- metadata: {{name: b}}\n  {POD}",
         ["Pod/a", "Pod/b"]),
        ("apiVersion: v1\nkind: List\nitems:\n- kind: List\n  apiVersion: v1\n  items:\n"
         f"  - {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, {POD}}}", ["Pod/a"]),
        ("apiVersion: skaffold/v4beta1\nkind: Config\nmetadata: {name: a}", []),
        ("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}", []),
        ("services:\n  web: {image: app}", []),
    ],
)  # fmt: skip
def test_workloads_are_found_by_their_shape(text: str, names: list[str]) -> None:
    project = project_of([("k8s/a.yaml", text)])
    assert [each.name for each in project.all(Workload)] == names
    assert [each.name for each in project.all(Object)] == names
    assert [each.name for each in project.all(Container)] == [f"{name}:app" for name in names]
    assert not project.faults


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("chart/templates/a.yaml", "kind: Pod\n{{- if .Values.a }}\n", "template-unrendered"),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}'}\n", "template-unrendered"),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Pod\n{% if x %}\nmetadata: {{ name }}: 1\n", "template-unrendered"),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [\n", "unreadable"),
    ],
)
def test_what_cannot_be_judged_is_a_fault_and_no_object(path: str, text: str, reason: str) -> None:
    project = project_of([(path, text), ("chart/Chart.yaml", "apiVersion: v2\nname: chart\n")])
    assert {(fault.reason, fault.technology) for fault in project.faults} == {(reason, "kubernetes")}
    assert not project.all(Object)


def test_marks_that_others_read_later_are_no_template() -> None:
    text = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: rules}
spec: {groups: [{name: g, rules: [{alert: Down, annotations: {summary: "{{ $labels.job }} is down"}}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: script}
data: {run.sh: "echo ${HOME} {{ x }}", mail.tmpl: '{{ include "title" . }} {{ .Values }}'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: release}
spec: {values: {claim: "{{ .Release.Name }}"}}
---
apiVersion: v1
kind: Pod
metadata: {name: "${NAME}"}
spec: {containers: [{name: app, image: "${IMAGE}", args: ["${HOME}"], env: [{name: A, value: $(B)}]}]}
"""
    project = project_of([("k8s/a.yaml", text)])
    assert not project.faults
    assert [each.name for each in project.all(Object)] == [
        "PrometheusRule/rules", "ConfigMap/script", "HelmRelease/release", "Pod/${NAME}",
    ]  # fmt: skip
    container = project.all(Container)[0]
    assert not container.image.known
    assert container.node["args"][0] == "${HOME}"
    assert project.all(Object)[1].node["data"]["run.sh"].known


def test_a_broken_document_does_not_hide_the_others() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: b}\n"
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{POD}\n---\nkind: [\n---\n{service}"
    project = project_of([("k8s/a.yaml", text)])
    assert [each.name for each in project.all(Object)] == ["Pod/a", "Service/b"]
    assert [fault.technology for fault in project.faults] == ["kubernetes"]


def test_a_patch_is_no_object_and_a_kustomization_is_itself() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1}\n"
    project = project_of(
        [
            ("prod/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n"),
            ("prod/patch.yaml", patch),
        ]
    )
    assert [each.path for each in project.all(Patch)] == ["prod/patch.yaml"]
    assert [each.path for each in project.all(Kustomization)] == ["prod/kustomization.yaml"]
    assert not project.all(Object)


def test_json_manifests_are_read_and_other_json_is_not() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"selector": {"app": "a"}}}
    project = project_of(
        [("a.json", json.dumps(service, indent="\t")), ("package.json", '{"name": "a", "version": 1}')]
    )
    assert [each.name for each in project.all(Service)] == ["Service/a"]


# --- what counts for a container


def test_the_container_counts_over_its_pod_and_only_where_it_inherits() -> None:
    text = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  securityContext: {runAsUser: 1000, runAsNonRoot: true, privileged: true}
  initContainers:
    - {name: proxy, image: p:1, restartPolicy: Always}
    - {name: setup, image: s:1}
  containers:
    - {name: own, image: a:1, securityContext: {runAsUser: 0}, resources: {limits: {cpu: 1}}}
  ephemeralContainers: [{name: shell, image: sh:1}]
"""
    project = project_of([("a.yaml", text)])
    by_name = {each.container_name: each for each in project.all(Container)}
    assert {name: each.role for name, each in by_name.items()} == {
        "proxy": "sidecar", "setup": "init", "own": "app", "shell": "ephemeral",
    }  # fmt: skip
    own = by_name["own"]
    assert own.security("runAsUser") == 0
    assert own.security("runAsUser").span.line == 10
    assert own.security("runAsNonRoot") == True  # noqa: E712  # a node compares by value
    assert own.security("runAsNonRoot").span.line == 5
    assert not own.security("privileged").present
    assert own.request("cpu") == 1
    assert not own.request("memory").present


# --- writing it differently

MANIFESTS = (
    DEPLOYMENT,
    f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n{POD}\n---\napiVersion: v1\nkind: Service\n"
    "metadata:\n  name: a\nspec:\n  selector:\n    app: a\n  ports:\n  - port: 80\n",
    "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: a\nspec:\n  maxUnavailable: 0\n",
)


def _reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reordered(value[key]) for key in reversed(value)}
    return [_reordered(item) for item in value] if isinstance(value, list) else value


def _rewritten(text: str, flow: bool) -> str:
    documents = [_reordered(document) for document in yaml.safe_load_all(text)]
    return yaml.safe_dump_all(documents, default_flow_style=flow, sort_keys=False)


@pytest.mark.parametrize("text", MANIFESTS, ids=["deployment", "service", "budget"])
def test_the_same_manifest_written_differently_is_judged_the_same(text: str) -> None:
    expected = found(("k8s/a.yaml", text))
    assert expected
    assert found(("k8s/a.yaml", text.replace("\n", "\r\n"))) == expected
    assert found(("k8s/a.yaml", _rewritten(text, flow=False))) == expected
    assert found(("k8s/a.yaml", _rewritten(text, flow=True))) == expected
    assert found(("k8s/a.yaml", f"# a comment\n---\n{text}")) == expected


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "100%", "${A}", "latest"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "spec", "image", "verbs", "resources"]), inner, max_size=2)
    ),
    max_leaves=4,
)
PLACES = (
    ("metadata",), ("metadata", "labels"), ("spec",), ("spec", "selector"), ("spec", "replicas"), ("spec", "strategy"),
    ("spec", "ports"), ("spec", "template"), ("spec", "template", "spec"), ("spec", "template", "spec", "containers"),
    ("spec", "template", "spec", "volumes"), ("spec", "template", "spec", "securityContext"), ("spec", "minAvailable"),
    ("data",), ("spec", "scaleTargetRef"), ("resources",), ("patches",), ("images",), ("rules",), ("subjects",),
    ("roleRef",), ("aggregationRule",), ("aggregationRule", "clusterRoleSelectors"), ("spec", "securityContext"),
    ("spec", "ephemeralContainers"), ("spec", "nodeSelector"), ("spec", "os"), ("metadata", "annotations"),
)  # fmt: skip
KINDS = (
    ("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "Secret"), ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"), ("v1", "Pod"), ("v1", "List"), ("networking.k8s.io/v1", "Ingress"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"), ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("v1", "ServiceAccount"), ("v1", "Namespace"), ("v1", "PodTemplate"),
)  # fmt: skip


@given(st.sampled_from(KINDS), st.lists(st.tuples(st.sampled_from(PLACES), ODD), max_size=4))
def test_odd_shapes_crash_neither_model_nor_rules(
    kind: tuple[str, str], changes: list[tuple[tuple[str, ...], Any]]
) -> None:
    document: dict[str, Any] = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "a"}}
    for path, value in changes:
        inner = document
        for step in path[:-1]:
            below = inner.get(step)
            inner[step] = below if isinstance(below, dict) else {}
            inner = inner[step]
        inner[path[-1]] = value
    text = yaml.safe_dump(document)
    project = project_of([("k8s/a.yaml", text), ("k8s/kustomization.yaml", text), ("k8s/b.yaml", DEPLOYMENT)])
    assert not [fault.message for fault in project.faults]
    assert not [outcome.error for outcome in engine.run(RULES, project) if outcome.error]


def test_a_template_of_terraform_is_not_broken_yaml() -> None:
    project = project_of([("values/app.yaml", "image: ${image}\n\n%{ if enabled }\nx: 1\n%{ endif }\n")])
    assert {fault.reason for fault in project.faults} == {"template-unrendered"}


# --- what is asked of which container


def test_the_table_on_its_page_is_the_table_that_counts() -> None:
    rows = [line.strip("| ").split("|") for line in (applicability.__doc__ or "").splitlines() if line.startswith("| ")]
    head, *words = [[cell.strip() for cell in row] for row in rows]
    assert head[1:] == ["app", "app of a job", "init", "sidecar", "ephemeral", "Windows"]
    for what, *cells in words:
        said = [cell == "yes" for cell in cells]
        counts = [
            applicability.asked(what, "app"),
            applicability.asked(what, "app", batch=True),
            *(applicability.asked(what, role) for role in ("init", "sidecar", "ephemeral")),
            applicability.asked(what, "app", windows=True),
        ]
        assert counts == said, what
    assert not applicability.asked("readinessProbe", "app", knative=True)
    assert applicability.asked("requests", "sidecar", batch=True)
    with pytest.raises(KeyError):
        applicability.asked("livnessProbe", "app")


def test_what_is_asked_of_a_container_follows_its_kind_and_role() -> None:
    text = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job}]}}}}}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: b}
spec: {template: {spec: {containers: [{name: knative}]}}}
---
apiVersion: apps.openshift.io/v1
kind: DeploymentConfig
metadata: {name: c}
spec:
  template:
    spec:
      nodeSelector: {kubernetes.io/os: windows}
      initContainers: [{name: init}, {name: sidecar, restartPolicy: Always}]
      containers: [{name: windows}]
      ephemeralContainers: [{name: ephemeral}]
"""
    by_name = {each.container_name: each for each in project_of([("a.yaml", text)]).all(Container)}
    probed = {name for name, each in by_name.items() if each.asked_for("livenessProbe")}
    assert probed == {"windows"}
    assert {name for name, each in by_name.items() if each.asked_for("limits")} == set(by_name) - {"ephemeral"}
    assert {name for name, each in by_name.items() if each.asked_for("capabilities")} == {"job", "knative"}


# --- hard shapes, judged


def judged(rule_id: str, text: str) -> list[str]:
    """The subjects in which one rule finds something."""
    outcome = engine.run([rule for rule in RULES if rule.id == rule_id], project_of([("k8s/a.yaml", text)]))[0]
    assert not outcome.error
    return [subject.name for subject, _ in outcome.findings()]


PRIVILEGED = "{name: c, image: 'c:1.0.0', securityContext: {privileged: true}}"
BAD_POD = f"spec: {{containers: [{PRIVILEGED}]}}"
BAD_TEMPLATE = f"spec: {{template: {{{BAD_POD}}}}}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: a}}\n{BAD_TEMPLATE}", "Rollout/a:c"),
        (f"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {{name: a}}\n{BAD_TEMPLATE}", "Service/a:c"),
        (f"apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig\nmetadata: {{name: a}}\n{BAD_TEMPLATE}",
         "DeploymentConfig/a:c"),
        (f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{jobTemplate: {{{BAD_TEMPLATE}}}}}",
         "CronJob/a:c"),
        (f"apiVersion: v1\nkind: PodTemplate\nmetadata: {{name: a}}\ntemplate: {{{BAD_POD}}}", "PodTemplate/a:c"),
        (f"apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, {BAD_POD}}}",
         "Pod/a:c"),
        (f"apiVersion: v1\nkind: PodList\nitems:\n- {{metadata: {{name: a}}, {BAD_POD}}}", "Pod/a:c"),
        (f"apiVersion: batch/v1\nkind: Job\nmetadata: {{generateName: a-}}\n{BAD_TEMPLATE}", "Job/a-*:c"),
        (f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\n"
         f"spec: {{template: {{spec: {{containers: [], ephemeralContainers: [{PRIVILEGED}]}}}}}}", "Job/a:c"),
        (f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{initContainers: [{PRIVILEGED}]}}", "Pod/a:c"),
        (f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{BAD_POD}\n---\nkind: [\n", "Pod/a:c"),
        (f"kind: [\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{BAD_POD}\n", "Pod/a:c"),
    ],
)  # fmt: skip
def test_every_shape_of_pod_is_judged(text: str, name: str) -> None:
    assert judged("k8s-privileged", text) == [name]


@pytest.mark.parametrize(
    ("field", "value", "rule_id"),
    [
        ("runAsUser", "0", "k8s-nonroot"),
        ("runAsNonRoot", "false", "k8s-nonroot"),
        ("seccompProfile", "{type: Unconfined}", "k8s-seccomp-unconfined"),
        ("seLinuxOptions", "{type: spc_t}", "k8s-selinux-options"),
        ("windowsOptions", "{hostProcess: true}", "k8s-windows-host-process"),
        ("appArmorProfile", "{type: Unconfined}", "k8s-apparmor-unconfined"),
        ("runAsGroup", "0", "k8s-root-group"),
    ],
)
def test_what_stands_on_the_pod_counts_for_its_containers(field: str, value: str, rule_id: str) -> None:
    head = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    on_pod = f"{head}spec: {{securityContext: {{{field}: {value}}}, containers: [{{name: c, image: 'c:1'}}]}}\n"
    own = f"{head}spec: {{containers: [{{name: c, image: 'c:1', securityContext: {{{field}: {value}}}}}]}}\n"
    assert judged(rule_id, on_pod)
    assert judged(rule_id, own)


# --- roles and bindings

RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: part, labels: {of: whole}}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get]}
  - {apiGroups: [""], resources: ["*/exec"], verbs: [create]}
  - {apiGroups: [""], resources: [secrets], resourceNames: [own], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: whole}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {of: whole}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everywhere}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: whole}
subjects: [{kind: ServiceAccount, name: app, namespace: shop}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: here, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: missing}
subjects: [{kind: ServiceAccount, name: web}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {serviceAccountName: web, containers: [{name: web, image: "web:1.0.0"}]}}}
"""


def test_a_binding_is_followed_to_its_role_and_through_aggregation() -> None:
    project = project_of([("k8s/rbac.yaml", RBAC)])
    part, whole = project.all(Role)
    everywhere, here = project.all(Binding)
    assert links.role_of(everywhere, project) is whole
    assert links.role_of(here, project) is None
    assert [each.bound.words for each in links.holders_of(part, project)] == ["ServiceAccount shop/app"]
    assert links.reach(part, project) == "in the whole cluster"
    assert links.is_bound(project.all(Workload)[0], project)
    assert not links.gives_everything(everywhere, project)


def test_every_rule_of_a_role_counts_and_names_restrict() -> None:
    role = project_of([("k8s/rbac.yaml", RBAC)]).all(Role)[0]
    assert [grant.node.span.line for grant, _ in role.allowing(("create",), "", ("pods/exec",))] == [6]
    assert not list(role.allowing(("get",), "", ("secrets",)))
    assert list(role.allowing(("get",), "", ("secrets",), "own"))
    assert not list(role.allowing(("get",), "apps", ("pods",)))
    assert judged("k8s-rbac-pod-exec", RBAC) == ["ClusterRole/part"]


# --- editing


def edited(text: str, *path: str, value: str = "false", kind: type[Workload] | type[Container] = Container) -> str:
    """The text after the first subject's field is set; '' when it is left alone."""
    subject = project_of([("k8s/a.yaml", text)]).all(kind)[0]
    change = editing.setting(subject.node, path, value)
    if change is None:
        return ""
    begin, end = change.source.offsets(change.span)
    return text[:begin] + change.text + text[end:]


FIELD = ("securityContext", "allowPrivilegeEscalation")


def in_pod(container: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n{container}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    - name: a\n      image: a:1 # ours\n    - name: b\n",
         "    - name: a\n      image: a:1 # ours\n      securityContext:\n        allowPrivilegeEscalation: false\n"
         "    - name: b\n"),
        ("  - image: a:1\n    args:\n    - |\n      text\n\n",
         "  - image: a:1\n    securityContext:\n      allowPrivilegeEscalation: false\n"
         "    args:\n    - |\n      text\n\n"),
        ("  - name: a\n    securityContext:\n        runAsUser: 1\n",
         "  - name: a\n    securityContext:\n        runAsUser: 1\n        allowPrivilegeEscalation: false\n"),
        ("  - name: a\n    securityContext:\n      allowPrivilegeEscalation: true # why\n",
         "  - name: a\n    securityContext:\n      allowPrivilegeEscalation: false # why\n"),
        ("  - {name: a, image: 'a:1'}\n",
         "  - {securityContext: {allowPrivilegeEscalation: false}, name: a, image: 'a:1'}\n"),
        ("  - name: a\n    securityContext: {}\n",
         "  - name: a\n    securityContext: {allowPrivilegeEscalation: false}\n"),
        ("  - name: a\n    securityContext: {runAsUser: 1}\n",
         "  - name: a\n    securityContext: {allowPrivilegeEscalation: false, runAsUser: 1}\n"),
        ("  - name: a", "  - name: a\n    securityContext:\n      allowPrivilegeEscalation: false"),
        ("  - name: a\r\n    image: a:1\r\n",
         "  - name: a\r\n    image: a:1\r\n    securityContext:\r\n      allowPrivilegeEscalation: false\r\n"),
    ],
)  # fmt: skip
def test_a_field_is_set_and_nothing_else_changes(before: str, after: str) -> None:
    text = edited(in_pod(before), *FIELD)
    assert text == in_pod(after)
    assert project_of([("k8s/a.yaml", text)]).all(Container)[0].node.at(".".join(FIELD)) == False  # noqa: E712  # a node


@pytest.mark.parametrize(
    "container",
    [
        "  - &a\n    name: a\n",
        "  - name: a\n    securityContext: &s\n      runAsUser: 1\n",
        "  - <<: {image: a}\n    name: a\n",
        "  - name: a\n    image: '{{ image }}'\n",
        "  - name: a\n    securityContext:\n",
        "  - name: a\n    securityContext: no\n",
        "  - name: a\n    securityContext: {allowPrivilegeEscalation: false}\n",
        "  - name: a\n    securityContext: {allowPrivilegeEscalation: '${MAY}'}\n",
        "  - {name: a,\n     image: a}\n",
        "  - ? name\n    : a\n",
        "  - name:\n      a\n",
        "  - 'name': a\n",
    ],
)
def test_what_is_not_certain_is_left_alone(container: str) -> None:
    assert not edited(in_pod(container), *FIELD)


def test_a_base_is_edited_as_it_is_written_not_as_it_is_built() -> None:
    base = "    - name: a\n      image: a:1\n      securityContext:\n        runAsUser: 1\n"
    patch = "- {op: remove, path: /spec/containers/0/securityContext}"
    build = f"resources: [a.yaml]\npatches: [{{target: {{kind: Pod}}, patch: '{patch}'}}]\n"
    project = project_of([("k8s/a.yaml", in_pod(base)), ("k8s/kustomization.yaml", build)])
    for container in project.all(Container):
        change = editing.setting(container.node, FIELD, "false")
        assert change is None or change.text == "\n        allowPrivilegeEscalation: false"


def test_the_uid_of_the_image_is_written_beside_the_demand() -> None:
    dockerfile = "FROM node:20-alpine\nRUN adduser -S app -u 1001\nUSER app\n"
    text = in_pod("    - name: a\n      image: acme/orders:1.0.0\n").replace(
        "spec:\n", "spec:\n  securityContext:\n    runAsNonRoot: true\n"
    )
    rule = [each for each in RULES if each.id == "k8s-nonroot-vs-image-user"]
    project = project_of([("orders/Dockerfile", dockerfile), ("k8s/a.yaml", text)])
    ((_, finding),) = engine.run(rule, project)[0].findings()
    assert finding.fix is not None
    assert finding.fix.safe
    ((at, inserted),) = finding.fix.edits
    begin, end = at.source.offsets(at.span)
    after = text[:begin] + inserted + text[end:]
    assert after == text.replace("runAsNonRoot: true\n", "runAsNonRoot: true\n    runAsUser: 1001\n")
    assert not list(
        engine.run(rule, project_of([("orders/Dockerfile", dockerfile), ("k8s/a.yaml", after)]))[0].findings()
    )


@given(st.text("ab: -{}[]'#\n&*?|", max_size=40))
def test_editing_never_breaks_what_could_be_read(tail: str) -> None:
    text = in_pod(f"    - name: a\n      image: a:1\n{tail}\n")
    project = project_of([("k8s/a.yaml", text)])
    for container in project.all(Container)[:1]:
        after = edited(text, *FIELD)
        if after:
            again = project_of([("k8s/a.yaml", after)])
            assert again.all(Container)[0].node.at(".".join(FIELD)) == False  # noqa: E712  # a node
            before = {key: value.plain for key, value in container.node.items() if key != "securityContext"}
            there = again.all(Container)[0].node.items()
            assert {key: value.plain for key, value in there if key != "securityContext"} == before
