"""The links of networks, meshes, monitoring and delivery, where a rule's examples do not reach."""

from __future__ import annotations

import pytest

from gatekeeper.links.delivery import delivery_of
from gatekeeper.links.ingress import listening, maker_of
from gatekeeper.links.mesh import Host, breaker_of, entered, host_of, injected, mesh_of, mode_of, resolved
from gatekeeper.links.monitored import discovers, from_elsewhere, watched_by
from gatekeeper.links.outside import elsewhere
from gatekeeper.links.policies import in_words, policies_of
from gatekeeper.links.pushed import pushed
from gatekeeper.models.image import ImageReference
from gatekeeper.models.kubernetes import DestinationRule, Inlet, LabelSelector, NetworkPolicy, Object, Service, Workload
from gatekeeper.models.kubernetes.mesh import strategy_of
from gatekeeper.project import Project
from gatekeeper.testing import project_of

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1.0.0", ports: [{name: http, containerPort: 8080}]}]}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
"""


def project(*documents: str, **files: str) -> Project:
    return project_of([("k8s/all.yaml", "---\n".join(documents)), *files.items()])


def workload(made: Project) -> Workload:
    return made.all(Workload)[0]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("web", Host("web", "shop")),
        ("web.other.svc.cluster.local", Host("web", "other")),
        ("web.other.svc", Host("web", "other")),
        ("api.example.com", Host("api.example.com", "", inside=False)),
    ],
)
def test_a_host_of_istio_is_a_service_or_a_name_outside(text: str, host: Host) -> None:
    assert host_of(text, "shop") == host


def test_a_name_with_a_namespace_is_a_service_where_there_is_one() -> None:
    made = project(WEB, SERVICE)
    near = made.all(Object)[0]
    assert [each.name for each in resolved("web.shop", near, made)[0]] == ["Service/shop/web"]
    assert resolved("example.com", near, made) == ([], Host("example.com", "", inside=False))


def test_a_service_entry_covers_its_wildcard_and_no_more() -> None:
    head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a}\n"
    entry = f"{head}spec: {{hosts: ['*.example.com']}}\n"
    made = project(entry)
    assert entered("api.example.com", made)
    assert not entered("example.org", made)


@pytest.mark.parametrize(
    ("policy", "breaks"),
    [
        ("{outlierDetection: {}, connectionPool: {tcp: {maxConnections: 1}}}", ()),
        ("{connectionPool: {}}", ("outlierDetection", "connectionPool")),
        ("{portLevelSettings: [{port: {number: 80}, outlierDetection: {interval: 1s}}]}", ("connectionPool",)),
    ],
)
def test_a_circuit_breaker_needs_both(policy: str, breaks: tuple[str, ...]) -> None:
    rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\n"
    made = project(WEB, SERVICE, f"{rule}spec: {{host: web, trafficPolicy: {policy}}}\n")
    service = made.all(Service)[0]
    assert mesh_of(service, made) == "istio"
    assert breaker_of(service, "istio", made).lacks == breaks


def test_a_breaker_of_one_subset_alone_is_none() -> None:
    rule = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web
  subsets: [{name: a, labels: {v: a}, trafficPolicy: {outlierDetection: {}}}, {name: b, labels: {v: b}}]
"""
    assert not project(SERVICE, rule).all(DestinationRule)[0].covered("outlierDetection")


def test_a_namespace_injects_and_a_pod_may_stay_out() -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n"
    made = project(namespace, WEB)
    assert injected(workload(made), made) == "istio"
    out = WEB.replace("{app: web}", '{app: web, sidecar.istio.io/inject: "false"}')
    made = project(namespace, out)
    assert injected(workload(made), made) == ""


def test_a_rule_of_istio_by_labels_means_that_the_proxy_is_there() -> None:
    head = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: web, namespace: shop}\n"
    made = project(WEB, f"{head}spec: {{selector: {{matchLabels: {{app: web}}}}}}\n")
    assert injected(workload(made), made) == "istio"
    made = project(WEB, f"{head}spec: {{}}\n")
    assert injected(workload(made), made) == ""


def test_the_nearest_policy_of_mutual_tls_counts() -> None:
    policy = (
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: p, namespace: {}}}\nspec: {}\n"
    )
    mesh = policy.format("istio-system", "{mtls: {mode: STRICT}}")
    own = policy.format("shop", "{selector: {matchLabels: {app: web}}, mtls: {mode: DISABLE}}")
    made = project(WEB, mesh)
    assert mode_of(workload(made), made).mode == "STRICT"
    made = project(WEB, mesh, own)
    assert mode_of(workload(made), made).mode == "DISABLE"


def test_a_policy_without_a_namespace_far_away_decides_nothing() -> None:
    deny = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}}\n"
    made = project(WEB, **{"policies/deny.yaml": deny})
    found = policies_of(workload(made), made)
    assert not found.policies
    assert "not known" in found.unsure
    made = project(WEB, deny)
    assert policies_of(workload(made), made).policies


@pytest.mark.parametrize(
    ("selector", "read"),
    [("", True), ("all()", True), ("app == 'web' && tier == 'a'", False), ("has(app)", None), ("app == 'web'", True)],
)
def test_calicos_language_is_read_where_labels_have_values(selector: str, read: bool | None) -> None:
    head = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: c}\n"
    text = f'{head}spec: {{selector: "{selector}"}}\n'
    made = project(WEB, text)
    found = made.all(NetworkPolicy)[0].selectors[0]
    assert (found is None) if read is None else (found is not None and found.matches({"app": "web"}) is read)


def test_a_selector_in_words() -> None:
    made = project(
        WEB.replace("spec:\n", "spec:\n  selector: {matchExpressions: [{key: a, operator: In, values: [x, y]}]}\n", 1)
    )
    assert in_words(workload(made).selector) == "a In x, y"
    assert in_words(LabelSelector()) == ""


def test_a_service_may_be_made_by_flagger() -> None:
    made = project(CANARY)
    assert "Flagger" in maker_of("web-primary", made)
    assert maker_of("other", made) == ""


def test_a_port_leads_to_the_container_that_declares_it_else_to_the_only_one() -> None:
    made = project(WEB, SERVICE)
    port = made.all(Service)[0].ports[0]
    found = listening(workload(made), port)
    assert found is not None
    assert found.container_name == "web"
    made = project(WEB, SERVICE.replace("targetPort: http", "targetPort: 9000"))
    assert listening(workload(made), made.all(Service)[0].ports[0]) is not None
    made = project(WEB, SERVICE.replace("targetPort: http", "targetPort: grpc"))
    assert listening(workload(made), made.all(Service)[0].ports[0]) is None


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ('annotations: {prometheus.io/scrape: "true"}', "prometheus.io/scrape"),
        ('annotations: {prometheus.io/scrape: "false"}', ""),
        ("annotations: {instrumentation.opentelemetry.io/inject-java: monitoring/java}", "inject-java"),
        ("annotations: {linkerd.io/inject: enabled}", "linkerd"),
    ],
)
def test_annotations_that_monitor(more: str, by: str) -> None:
    made = project(
        WEB.replace("metadata: {labels: {app: web}}", f"metadata: {{labels: {{app: web}}, {more}}}"), SERVICE
    )
    found = watched_by(workload(made), made)
    assert by in found
    assert bool(found) == bool(by)


def test_a_config_map_may_say_where_telemetry_goes() -> None:
    sent = WEB.replace('image: "web:1.0.0",', 'image: "web:1.0.0", envFrom: [{configMapRef: {name: tracing}}],')
    config = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tracing}\ndata: {OTEL_EXPORTER_OTLP_ENDPOINT: http://o}\n"
    )
    made = project(sent, SERVICE, config)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in watched_by(workload(made), made)


def test_monitoring_from_elsewhere_is_what_monitors() -> None:
    made = project(WEB, **{"README.md": "helm install redis bitnami/redis\n\nprometheus is nice\n"})
    assert from_elsewhere(made) == ""
    made = project(WEB, **{"README.md": "helm install prom prometheus-community/kube-prometheus-stack\n"})
    assert "README.md" in from_elsewhere(made)
    assert discovers(made) == ""


def test_a_template_that_is_not_rendered_holds_the_kinds_that_it_says() -> None:
    chart = {
        "chart/Chart.yaml": "name: a\n",
        "chart/templates/a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .a }}}\n",
    }
    made = project(WEB, **chart)
    assert "not rendered" in elsewhere(made)
    assert "not rendered" in elsewhere(made, "Service")
    assert elsewhere(made, "NetworkPolicy") == ""
    library = {**chart, "chart/templates/a.yaml": '{{ include "common.all" . }}\n'}
    assert elsewhere(project(WEB, **library), "NetworkPolicy") == elsewhere(project(WEB, **library))


ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  strategy: {canary: {steps: [{setWeight: 10}, {analysis: {templates: [{templateName: ok}]}}]}}
"""
CANARY = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: shop}
spec: {targetRef: {kind: Deployment, name: web}, analysis: {metrics: [{name: request-success-rate}]}}
"""


@pytest.mark.parametrize(
    ("more", "words", "returns"),
    [
        ("", "rolling update", False),
        (ROLLOUT, "canary with analysis", True),
        (CANARY, "canary with analysis (Flagger)", True),
        (ROLLOUT.replace("canary:", "blueGreen:").replace("steps", "x"), "blue-green", False),
    ],
)
def test_how_a_version_is_brought_out(more: str, words: str, returns: bool) -> None:
    made = project(WEB, *([more] if more else []))
    found = delivery_of(workload(made), made)
    assert found is not None
    assert (found.words, found.returns) == (words, returns)


def test_the_analyses_of_a_rollout_stand_in_many_places() -> None:
    text = ROLLOUT.replace(
        "{analysis: {templates",
        "{experiment: {analyses: [{name: a, templateName: in-experiment}]}}, {analysis: {templates",
    )
    names = [each.name.text for each in strategy_of(project(text).all(Object)[0]).analyses]
    assert names == ["ok", "in-experiment"]


@pytest.mark.parametrize(
    ("tags", "fixed", "of_commit", "computed"),
    [
        ("ghcr.io/acme/web:${{ github.sha }}", set(), True, ""),
        ("ghcr.io/acme/web:1.0,ghcr.io/acme/web:latest", {"1.0", "latest"}, False, ""),
        ("${{ env.REGISTRY }}/acme/web:${{ github.ref_name }}", set(), False, "${{ github.ref_name }}"),
        ("ghcr.io/acme/web", {"latest"}, False, ""),
    ],
)
def test_the_tags_that_a_workflow_pushes(tags: str, fixed: set[str], of_commit: bool, computed: str) -> None:
    step = f"{{uses: docker/build-push-action@v6, with: {{push: true, tags: '{tags}'}}}}"
    text = f"on: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps: [{step}]\n"
    made = project(WEB, **{".github/workflows/build.yaml": text})
    found = pushed(ImageReference.parse("ghcr.io/acme/web:2.0"), made)
    assert found is not None
    assert (found.fixed, found.of_commit, found.computed) == (frozenset(fixed), of_commit, computed)
    assert pushed(ImageReference.parse("ghcr.io/acme/other:2.0"), made) is None


def test_the_tags_that_docker_metadata_makes() -> None:
    text = """\
on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: ghcr.io/acme/web
          tags: |
            type=raw,value=stable
            type=sha
            type=semver,pattern={{version}}
      - uses: docker/build-push-action@v6
        with: {push: true, tags: "${{ steps.meta.outputs.tags }}"}
"""
    found = pushed(ImageReference.parse("ghcr.io/acme/web:2.0"), project(WEB, **{".github/workflows/build.yaml": text}))
    assert found is not None
    assert (found.fixed, found.of_commit) == (frozenset({"stable"}), True)
    assert found.computed == "type=semver,pattern={{version}}"
    assert found.words == "stable, the commit's hash"


def test_backends_of_the_old_api() -> None:
    text = """\
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: shop}
spec:
  backend: {serviceName: web, servicePort: http}
  rules: [{http: {paths: [{backend: {resource: {kind: Bucket}}}]}}]
"""
    found = project(text).all(Inlet)[0].backends
    assert [(each.service, each.port.text) for each in found] == [("web", "http")]
