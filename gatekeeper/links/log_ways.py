"""How logs leave the machine that they are written on: what says that they do, and what only may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.logs import arriving_of, collectors, shippers
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models import Subject
from gatekeeper.models.trial import for_trial
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service
    from gatekeeper.models.kubernetes import Object
    from gatekeeper.models.telemetry import Collector
    from gatekeeper.models.terraform import Resource

# Charts that ship logs as they come, and those that do so when their values say it.
_SHIPPING = frozenset(
    """
    aws-for-fluent-bit amazon-cloudwatch-observability filebeat fluent-bit fluentd loki-stack newrelic-logging promtail
    openobserve-collector opentelemetry-kube-stack sumologic
    """.split()
)
_MAY_SHIP = frozenset(
    """
    alloy datadog datadog-operator dynatrace-operator eck-stack elastic-agent fluent-operator grafana-agent
    k8s-monitoring logging-operator newrelic-bundle nri-bundle splunk-otel-collector vector victoria-logs-collector
    """.split()
)
_SWITCH = regex(
    r"(?:.*\.)?(?:logs|podlogs|podLogsViaLoki|clusterLogs|logging|newrelic-logging|logsEnabled|promtail|fluent-bit"
    r"|containerLogs|logCollection)(?:\.enabled)?\Z"
)
# Whatever these run, its platform keeps what it prints: where to is a setting, that it does is none.
_BY_PLATFORM = frozenset(
    """
    aws_lambda_function aws_apprunner_service aws_codebuild_project google_cloud_run_service google_cloud_run_v2_service
    google_cloud_run_v2_job google_cloudfunctions_function google_cloudfunctions2_function
    google_app_engine_standard_app_version
    """.split()
)
# Drivers that send away; what journald and a syslog without an address get stays on the machine.
_SENDING = frozenset("awslogs awsfirelens fluentd gcplogs gelf loki logentries splunk".split())


class Way(NamedTuple):
    """Something here that brings logs away from where they are written: what, where it says so, and why it may not."""

    words: str
    at: Node
    doubt: str = ""


def ways(project: Project) -> list[Way]:
    """Everything here by which logs leave the machine that they are written on, without what is for a trial."""
    return project.once(
        "log ways", lambda project: [each for each in _ways(project) if not for_trial(each.at.source.path)]
    )


def _ways(project: Project) -> Iterator[Way]:
    for collector in collectors(project):
        outputs = arriving_of(collector, project)
        kinds = ", ".join(dict.fromkeys(each.type for each in outputs[:3]))
        yield Way(f"{collector.tool} to {kinds}", outputs[0].at)
    for shipper in shippers(project):
        doubt = "" if shipper.sends else "whether it sends logs away stands in its configuration"
        yield Way(f"the container {shipper.name}", shipper.at, doubt)
    yield from _of_objects(project)
    for each in terraform_resources(project):
        yield from _of_resource(each)
    services = Subject.registry.get("compose.Service")
    for service in cast("list[Service]", project.all(services)) if services else ():
        driver = service.at("logging.driver")
        if not service.development and _sends(driver, service.at("logging.options")):
            yield Way(f"the log driver {driver.text} of {service.name}", driver)


def _sends(driver: Node, options: Node) -> bool:
    """Whether a log driver sends to another machine."""
    if not driver.known or not driver.present:
        return False
    if driver.text == "syslog":
        address = options["syslog-address"]
        return address.present and not (address.known and address.text.startswith(("unix", "tcp://127.", "udp://127.")))
    local = options["Name"] if driver.text == "awsfirelens" else options["none"]
    return driver.text in _SENDING and not (local.known and local.text.lower() in ("stdout", "null", "file"))


def _of_resource(each: Resource) -> Iterator[Way]:
    at = Node(each.name, each.node.source, each.span)
    if each.type in _BY_PLATFORM or _told_to_keep(each):
        yield Way(f"the platform of {each.name}", at)
    elif each.type == "helm_release":
        yield from _of_chart(each.node["chart"], f"the chart of {each.name}", at, list(_set_by(each)), "")
    elif each.type == "aws_ecs_task_definition" and _drives(each):
        yield Way(f"the log driver of {each.name}", at)


def _of_objects(project: Project) -> Iterator[Way]:
    """The charts that HelmReleases, Applications and the like install."""
    objects = Subject.registry.get("kubernetes.Object")
    for each in cast("list[Object]", project.all(objects)) if objects else ():
        if each.kind not in _INSTALLING:
            continue
        spec = each.spec
        listed = [source for source in (spec["sources"] if spec["sources"].is_list else ()) if source.is_mapping]
        named = [spec["chart"], spec.at("chart.spec.chart"), spec.at("chartRef.name"), spec.at("source.chart")]
        switches = [
            switch
            for values in (spec["values"], spec["valuesContent"], *map(_helm_values, (spec["source"], *listed)))
            for switch in _switches(values)
        ]
        for node in (*named, *(source["chart"] for source in listed)):
            words = f"the chart {node.text} of {each.name}" if node.known else ""
            doubt = "it is suspended" if spec["suspend"].known and spec["suspend"].text == "true" else ""
            yield from _of_chart(node, words, node, switches, doubt or _printing(each, project))


_INSTALLING = frozenset({"HelmRelease", "HelmChart", "Application"})


def _of_chart(chart: Node, words: str, at: Node, switches: list[bool], doubt: str) -> Iterator[Way]:
    """What a chart does with logs, by its name and what its values switch on or off."""
    if not chart.known or not isinstance(chart.value, str):
        return
    name = chart.value.rpartition("/")[2]
    if name in _SHIPPING:
        off = bool(switches) and not any(switches)
        yield Way(words, at, doubt or ("its values switch logs off" if off else ""))
    elif name in _MAY_SHIP:
        yield Way(words, at, doubt or ("" if any(switches) else "no values here say that it sends logs away"))


def _printing(each: Object, project: Project) -> str:
    """Why a chart sends nothing away: by its values all goes to its own console."""
    kind = Subject.registry.get("telemetry.Collector")
    group = f"{each.path}#{each.kind}/{each.object_name}"
    found = cast("list[Collector]", project.all(kind)) if kind else []
    own = [one for one in found if one.home.group == group and one.outputs]
    return "its values send logs nowhere" if own and not any(one.remote for one in own) else ""


def _helm_values(source: Node) -> Node:
    helm = source["helm"]
    return helm["valuesObject"] if helm["valuesObject"].present else helm["values"]


def _switches(values: Node) -> Iterator[bool]:
    """What values switch on or off that is about logs; they may be a text in YAML."""
    if values.known and isinstance(values.value, str):
        from gatekeeper.models.embedded import inside

        for root in inside(values).documents().nodes:
            yield from _switches(root)
    elif values.is_mapping:
        if values["remoteWrite"].is_list and list(values["remoteWrite"]):
            yield True  # where a collector of VictoriaLogs sends to
        for path, node in _leaves(values):
            if _SWITCH.match(path) and node.known and node.text.lower() in ("true", "false"):
                yield node.text.lower() == "true"


_DEEPEST = 6


def _leaves(node: Node, path: str = "", depth: int = 0) -> Iterator[tuple[str, Node]]:
    for key, value in node.items():
        below = f"{path}.{key}" if path else key
        if value.is_mapping and depth < _DEEPEST:
            yield from _leaves(value, below, depth + 1)
        elif not value.is_mapping and not value.is_list:
            yield below, value


def _set_by(release: Resource) -> Iterator[bool]:
    """What a `helm_release` switches on or off, in its `set` blocks and its values."""
    sets = release.node["set"]
    for each in sets if sets.is_list else (sets,):
        name, value = each["name"], each["value"]
        if each.is_mapping and name.known and value.known and _SWITCH.match(name.text):
            yield value.text.lower() == "true"
    values = release.node["values"]
    for each in values if values.is_list else ():
        if each.known:
            yield from _switches(each)


def _told_to_keep(each: Resource) -> bool:
    """Whether a cluster or an environment of containers hands on what they print: by itself, or since it is told to."""
    if each.type == "google_container_cluster":
        service, kept = each.node["logging_service"], each.node["logging_config"]
        kept = (kept[0] if kept.is_list else kept)["enable_components"]
        names = [node.text for node in kept if node.known] if kept.is_list else []
        return service.known and service.text != "none" and (not kept.is_list or "WORKLOADS" in names)
    if each.type == "azurerm_monitor_diagnostic_setting":
        return any(each.node[block].present for block in ("enabled_log", "log"))
    keys = {
        "azurerm_container_app_environment": "log_analytics_workspace_id",
        "azurerm_kubernetes_cluster": "oms_agent",
    }
    return each.type in keys and each.node[keys[each.type]].present


def _drives(task: Resource) -> bool:
    """Whether a container of a task definition has a log driver that sends."""
    from gatekeeper.models.terraform.containers import named
    from gatekeeper.models.terraform.policy_documents import decoded

    containers = decoded(task.node["container_definitions"])
    for each in containers if containers.is_list else ():
        told = named(each, "logConfiguration") if each.is_mapping else each
        if told.is_mapping and _sends(named(told, "logDriver"), named(told, "options")):
            return True
    return False
