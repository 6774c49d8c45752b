"""What measures machines, exporters and agents, and what makes services send traces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.aside import aside, aside_of
from gatekeeper.links.charts import Installed, installed_charts
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models import Spot, Subject
from gatekeeper.models.prometheus import written
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service
    from gatekeeper.models.kubernetes import Container, Workload
    from gatekeeper.models.telemetry import OtelCollector
    from gatekeeper.models.terraform import Resource

_EXPORTERS = regex(r"(?:[\w-]{1,40}-)?(?:node[-_]exporter|windows[-_]exporter)|cadvisor(?:-[a-z0-9]{1,10})?")
_AGENTS = regex(
    r"(?:.*/)?(?:datadog(?:hq)?/(?:agent|docker-dd-agent)|newrelic/(?:infrastructure(?:-(?:bundle|k8s))?|nri-kubernetes)"
    r"|(?:cloudwatch-agent|amazon-cloudwatch-agent|telegraf|netdata|oneagent|metricbeat(?:-oss)?|zabbix-agent2?))"
)
_CHARTS = frozenset(
    """
    kube-prometheus-stack prometheus-node-exporter prometheus datadog newrelic-infrastructure nri-bundle newrelic-bundle
    victoria-metrics-k8s-stack aws-cloudwatch-metrics amazon-cloudwatch-observability netdata
    """.split()
)
_MAY_MEASURE = {"k8s-monitoring": ("clusterMetrics", "hostMetrics", "metrics")}  # where their values say so
_PARTS = (
    "nodeExporter", "prometheus-node-exporter", "node-exporter", "agents", "newrelic-infrastructure", "infrastructure",
)  # fmt: skip
_RECEIVERS = frozenset({"hostmetrics", "kubeletstats", "docker_stats"})
_ANY_NODE = frozenset({"kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch"})
_CLUSTERS = frozenset({"aws_ecs_cluster", "azurerm_kubernetes_cluster", "google_container_cluster"})


class Shown(NamedTuple):
    """Where something is to be seen, what it is, and why it may not do what it is there for."""

    at: Spot
    words: str
    doubt: str = ""


def infrastructure(project: Project) -> Shown | None:
    """What measures the machines that things run on, the surest first; None when nothing here does."""

    def make(project: Project) -> Shown | None:
        every = list(_infrastructure(project))
        return next((each for each in every if not each.doubt), next(iter(every), None))

    return project.once("infrastructure is measured", make)


def _infrastructure(project: Project) -> Iterator[Shown]:
    yield from _by_workloads(project)
    yield from (_by_chart(each) for each in installed_charts(project) if each.name in _CHARTS | _MAY_MEASURE.keys())
    yield from _by_clouds(project)
    yield from _by_collectors(project)
    yield from _by_compose(project)


def _measures(image: str) -> str:
    """`exporter` for an image that is asked for what it measures, `agent` for one that sends it; '' for others."""
    path = image.partition("@")[0]
    path = path if ":" not in path.rpartition("/")[2] else path.rpartition(":")[0]
    if _EXPORTERS.fullmatch(path.rpartition("/")[2]):
        return "exporter"
    return "agent" if _AGENTS.fullmatch(path) or _AGENTS.fullmatch(path.rpartition("/")[2]) else ""


def _workloads(project: Project) -> list[Workload]:
    kind = cast("type[Workload] | None", Subject.registry.get("kubernetes.Workload"))
    return project.all(kind) if kind else []


def _by_workloads(project: Project) -> Iterator[Shown]:
    for workload in _workloads(project):
        for container in workload.containers:
            image = container.image.text if container.image.known and container.role != "init" else ""
            how = _measures(image)
            if how:
                yield Shown(
                    container, f"the image {image}", _not_everywhere(workload) or _unasked(workload, how, project)
                )


def _not_everywhere(workload: Workload) -> str:
    """Why a workload does not run on every machine; '' where it does."""
    if beside := aside_of(workload):
        return beside
    if workload.kind != "DaemonSet":
        return f"a {workload.kind} is not on every machine"
    chosen = workload.pod["nodeSelector"]
    if not chosen.whole or any(key not in _ANY_NODE for key, _ in chosen.items()):
        return "it runs only on the machines that its nodeSelector chooses"
    return ""


def _unasked(workload: Workload, how: str, project: Project) -> str:
    """Why nobody has what an exporter measures; '' where something here asks it, and for an agent, which sends it."""
    if how == "agent":
        return ""
    from gatekeeper.links.monitored import asked_by

    try:
        return "" if asked_by(workload, project) else "nothing here asks it for what it measures"
    except Unresolved as unresolved:
        return f"whether something asks it depends on {unresolved.expression.text}"


def _by_chart(chart: Installed) -> Shown:
    words, off = f"the chart {chart.name}", chart.off(*_PARTS)
    doubt = chart.doubt or (f"its values switch it off: {off}" if off else "")
    wanted = _MAY_MEASURE.get(chart.name, ())
    if not doubt and wanted and not any(chart.values.get(f"{each}.enabled") == "true" for each in wanted):
        doubt = "no values here say that it measures machines"
    return Shown(chart.at, words, doubt)


def _by_compose(project: Project) -> Iterator[Shown]:
    kind = cast("type[Service] | None", Subject.registry.get("compose.Service"))
    for service in project.all(kind) if kind else ():
        image = service.image.text if service.image.known and service.image.present else ""
        how = _measures(image)
        if how:
            yield Shown(
                service, f"the image {image}", _not_started(service, project) or _not_listed(service, how, project)
            )


def _not_started(service: Service, project: Project) -> str:
    if service.development or aside(service.path):
        return "it is for a trial"
    if service["profiles"].present:
        return "it is started only with a profile"
    if any(node.known and node.number == 0 for node in (service["scale"], service.at("deploy.replicas"))):
        return "none of it is started"
    return runs_elsewhere(project)


def _not_listed(service: Service, how: str, project: Project) -> str:
    """Why no Prometheus beside it asks a service of Compose; '' where one does."""
    if how == "agent":
        return ""
    from gatekeeper.links.scraped import asked
    from gatekeeper.models.prometheus_server import Server

    names = {
        service.service_name,
        *(service[each].text for each in ("container_name", "hostname") if service[each].known),
    }
    hosts = {each.host for server in project.all(Server) for each in asked(server)}
    return "" if names & hosts else "no Prometheus here asks it for what it measures"


_RUNNING = frozenset(
    """
    aws_ecs_service aws_apprunner_service aws_eks_cluster aws_lambda_function azurerm_container_app
    azurerm_kubernetes_cluster
    azurerm_linux_web_app google_cloud_run_service google_cloud_run_v2_service google_container_cluster
    google_app_engine_standard_app_version digitalocean_app digitalocean_kubernetes_cluster heroku_app fly_app
    """.split()
)


def runs_elsewhere(project: Project) -> str:
    """Why what Compose starts is not what runs in production; '' where nothing here says so."""
    if any(not aside_of(each) for each in _workloads(project)):
        return "Compose starts it, and what is deployed runs in a cluster"
    runs = next((each for each in terraform_resources(project) if each.type in _RUNNING), None)
    return f"Compose starts it, and {runs.name} runs what is deployed" if runs else ""


# by clouds


def _by_clouds(project: Project) -> Iterator[Shown]:
    resources = terraform_resources(project)
    found = [(each, words) for each in resources if not aside(each.path) and (words := _of_cloud(each))]
    left = next((each for each in resources if each.type in _CLUSTERS and each not in [one for one, _ in found]), None)
    for each, words in found:
        doubt = f"{left.name} has nothing of the kind" if left else ""
        if each.type == "aws_ecs_cluster" and not doubt and any(not aside_of(one) for one in _workloads(project)):
            doubt = "it does not measure the cluster that the manifests here are for"
        yield Shown(each, f"{each.name} with {words}", doubt if each.times else "how often it is there is not known")


def _of_cloud(resource: Resource) -> str:
    node = resource.node
    if resource.type == "aws_ecs_cluster":
        on = any(_insights(each) for each in resource.blocks("setting"))
        return "Container Insights" if on else ""
    if resource.type == "aws_eks_addon" and written(node["addon_name"]) == "amazon-cloudwatch-observability":
        return "the CloudWatch agent"
    if resource.type == "azurerm_kubernetes_cluster":
        blocks = (name for name in ("oms_agent", "monitor_metrics") if node[name].present)
        return next((name for name in blocks if written(_first(node[name])["enabled"]) != "false"), "")
    if resource.type == "google_container_cluster" and written(node["monitoring_service"]) != "none":
        listed = _first(node["monitoring_config"])["enable_components"]
        names = [written(each) for each in listed] if listed.is_list else []
        return "monitoring_config" if "SYSTEM_COMPONENTS" in names else ""
    return ""


def _first(block: Node) -> Node:
    return block[0] if block.is_list else block


def _insights(setting: Node) -> bool:
    return written(setting["name"]) == "containerInsights" and written(setting["value"]) in ("enabled", "enhanced")


# by collectors


def otel_collectors(project: Project) -> list[OtelCollector]:
    """The OpenTelemetry Collectors that are configured here, without those for a trial or another environment."""
    kind = cast("type[OtelCollector] | None", Subject.registry.get("telemetry.OtelCollector"))
    return [each for each in (project.all(kind) if kind else ()) if not each.trial and not aside(each.path)]


def _by_collectors(project: Project) -> Iterator[Shown]:
    for collector in otel_collectors(project):
        for pipeline in collector.pipelines:
            named = [each for each in pipeline.receivers if written(each).partition("/")[0] in _RECEIVERS]
            if named and pipeline.signal == "metrics":
                sent = any(written(each).partition("/")[0] not in collector.local for each in pipeline.exporters)
                doubt = "" if sent else f"the pipeline {pipeline.id} sends what it measures nowhere"
                yield Shown(named[0], f"the receiver {written(named[0])}", doubt)


# traces

# Where traces are sent to: by OpenTelemetry, Datadog, Jaeger, Zipkin, Application Insights, New Relic, Elastic, X-Ray.
_ADDRESS = regex(
    r"OTEL_EXPORTER_(?:OTLP(?:_TRACES)?|JAEGER|ZIPKIN)_(?:ENDPOINT|AGENT_HOST)|DD_TRACE_AGENT_(?:URL|HOSTNAME)"
    r"|DD_AGENT_HOST|JAEGER_(?:AGENT_HOST|ENDPOINT)|ZIPKIN_(?:ENDPOINT|URL|BASE_URL)|APPLICATIONINSIGHTS_CONNECTION_STRING"
    r"|NEW_RELIC_LICENSE_KEY|ELASTIC_APM_SERVER_URL|AWS_XRAY_DAEMON_ADDRESS"
)
_NO = frozenset({"false", "0", "no", "off", "disabled"})
_YES = frozenset({"true", "1", "yes", "on"})
_NOWHERE = _NO | {"", "none", "null", "todo", "tbd", "changeme", "change-me", "xxx", "n/a"}
_PRINTED = frozenset({"none", "console", "logging", "debug"})  # exporters that send to nobody
_SWITCH = regex(  # false: none are sent
    r"(?:ENABLE_)?TRACING(?:_ENABLED)?|(?:OTEL|OPENTELEMETRY|OTEL_TRACES|OTEL_TRACING)_ENABLED|ENABLE_(?:OTEL|TRACES)"
    r"|MANAGEMENT_(?:OTLP_)?TRACING(?:_EXPORT)?_ENABLED|DD_(?:APM_)?(?:TRACE|TRACING)_ENABLED|DD_APM_ENABLED"
    r"|NEW_RELIC_(?:AGENT_|DISTRIBUTED_TRACING_)?ENABLED|NEW_RELIC_MONITOR_MODE|ELASTIC_APM_(?:ENABLED|ACTIVE|RECORDING)"
    r"|AWS_XRAY_SDK_ENABLED"
)
_STOP = regex(
    r"(?:OTEL_SDK|JAEGER|(?:[A-Z]{1,20}_)?TRACING|OTEL|OTEL_TRACES)_DISABLED|DISABLE_(?:TRACING|OTEL)|NO_TRACING"
)
_SHARE = regex(  # 0: of all, none is sent
    r"(?:DD_TRACE_SAMPLE_RATE|ELASTIC_APM_TRANSACTION_SAMPLE_RATE|JAEGER_SAMPLER_PARAM|OTEL_TRACES_SAMPLER_ARG"
    r"|MANAGEMENT_TRACING_SAMPLING_PROBABILITY|[A-Z]{1,20}_TRACING_SAMPL\w{1,12})"
)
_ZERO = regex(r"0{1,3}(?:\.0{1,6})?%?")
_INJECTED = regex(
    r"instrumentation\.opentelemetry\.io/inject-[a-z-]{1,20}|admission\.datadoghq\.com/[a-z]{1,10}-lib\.(?:version|custom-image)"
)
_BESIDE = regex(
    r"(?:^|.*[/_-])(?:istio-proxy|proxyv2|linkerd-proxy|envoy|otel|otelcol|opentelemetry|collector|datadog|agent|fluentd?|fluent-bit"
    r"|filebeat|promtail|vault|cloud-sql-proxy|oauth2-proxy|kube-rbac-proxy|exporter|xray-daemon|jaeger-agent)(?:$|[:@_-].*)"
)


_KEEP_DATA = regex(
    r"(?:^|[/-])(?:postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|valkey|memcached|rabbitmq|kafka|zookeeper|nats|etcd"
    r"|elasticsearch|opensearch|minio|cassandra|clickhouse(?:-server)?|consul|vault)(?=[:@-]|\Z)"
)


def keeps_data(workload: Workload) -> bool:
    """Whether it is a data store or a queue that somebody else made: its clients measure requests, and send traces."""
    first = next((each.image for each in workload.containers), None)
    return first is not None and first.known and _KEEP_DATA.search(first.text) is not None


def traced(workload: Workload, project: Project) -> str:
    """What makes a workload send traces, in words; '' when nothing here shows it. Raises `Unresolved`."""
    from gatekeeper.links.monitored import told_by
    from gatekeeper.models.kubernetes import texts

    settings = [told_by(container, project) for container in workload.containers if _is_own(container, workload)]
    if any(map(_is_off, settings)):
        return ""
    for key, value in texts(workload.template.at("metadata.annotations")).items():
        if _INJECTED.fullmatch(key) and value.lower() not in _NOWHERE and _admitted(workload, key):
            return f"the annotation {key}"
    return next((words for each in settings if (words := _sends(each))), "")


def _admitted(workload: Workload, key: str) -> bool:
    """Whether Datadog's admission controller may change its pods: they may say that it must not."""
    label = workload.pod_labels.get("admission.datadoghq.com/enabled", "true")
    return not key.startswith("admission.") or label.lower() == "true"


def _is_own(container: Container, workload: Workload) -> bool:
    """Whether a container is the service's own, and none that starts before or runs beside it."""
    if container.role != "app":
        return False
    image = container.image.text if container.image.known else ""
    alone = len([each for each in workload.containers if each.role == "app"]) == 1
    return alone or not (_BESIDE.match(container.container_name) or _BESIDE.match(image))


def traced_by_compose(service: Service) -> str:
    """What makes a service of Compose send traces, in words; '' when nothing here shows it."""
    from gatekeeper.models.compose import with_defaults

    settings = {each.name: with_defaults(each.value) for each in service.environment}
    return "" if _is_off(settings) else _sends(settings)


def _is_off(settings: dict[str, str]) -> bool:
    """Whether its variables say that no traces are sent, or are sent to nobody."""
    said = {name.upper(): value.strip().lower() for name, value in settings.items()}
    printed = said.get("OTEL_TRACES_EXPORTER")
    if printed is not None and {each.strip() for each in printed.split(",")} <= _PRINTED:
        return True
    if said.get("OTEL_TRACES_SAMPLER", "").endswith("always_off"):
        return True
    return any(
        (_SWITCH.fullmatch(name) and value in _NO)
        or (_STOP.fullmatch(name) and value in _YES)
        or (_SHARE.fullmatch(name) and _ZERO.fullmatch(value))
        for name, value in said.items()
    )


def _sends(settings: dict[str, str]) -> str:
    of_statistics = "DD_DOGSTATSD_PORT" in settings or "DD_DOGSTATSD_URL" in settings
    traces = any(name.startswith(("DD_TRACE_", "DD_SERVICE", "DD_ENV", "DD_VERSION")) for name in settings)
    for name, value in settings.items():
        if name == "DD_AGENT_HOST" and of_statistics and not traces:
            continue  # it is told where counters go
        if _ADDRESS.fullmatch(name) and value.strip().lower() not in _NOWHERE and not _OPEN.match(value.strip()):
            return name
    return ""


_OPEN = regex(r"[<\[].{0,200}[>\]]\Z|\$\{?\w{1,80}\}?\Z|(?i:to-?do|tbd|fixme)\b|(?i:(?:https?://)?(?:your|my|some)-)")


def dropped(project: Project) -> Node | None:
    """A pipeline of traces that passes them on to nobody, where none here passes them on to somebody."""
    pipelines = [
        (each, any(written(node).partition("/")[0] not in collector.local for node in each.exporters))
        for collector in otel_collectors(project)
        for each in collector.pipelines
        if each.signal == "traces"
    ]
    return pipelines[0][0].at if pipelines and not any(sent for _, sent in pipelines) else None
