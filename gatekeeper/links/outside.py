"""What this repository applies without its result being visible here: charts, remote bases, operators' own pods."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from gatekeeper.discover import Unreadable
from gatekeeper.links.commands import texts
from gatekeeper.models import Subject
from gatekeeper.models.files import KUSTOMIZATIONS
from gatekeeper.node import Fault, Source, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object


# Controllers make pods, Services and Secrets for objects of these kinds.
DEPLOYED_BY_OTHERS = frozenset({"HelmRelease", "HelmChart", "Application", "ApplicationSet", "IstioOperator"})
INSTALLS = ("helm install ", "helm upgrade ", "helm template ", '"helm_release"', "apply -f http")
MAKE_PODS = frozenset(
    """
    Alertmanager ArgoCD AerospikeCluster Cassandra CassandraDatacenter CrdbCluster Elasticsearch EtcdCluster
    FlinkDeployment Grafana InferenceService InnoDBCluster Jaeger Kafka KafkaBridge KafkaConnect KafkaMirrorMaker2
    Keycloak Kibana LokiStack MariaDB MinIOInstance MongoDBCommunity MySQLCluster OpenTelemetryCollector
    PerconaServerMongoDB PerconaXtraDBCluster PostgresCluster Prometheus PrometheusAgent PulsarCluster RabbitmqCluster
    RayCluster RayService Redis RedisCluster RedisFailover ScyllaCluster SolrCloud SparkApplication SparkCluster
    TempoStack Tenant ThanosQuery ThanosReceive ThanosRuler TidbCluster VMAgent VMAlert VMAlertmanager VMAuth VMCluster
    VMSingle Vault ZookeeperCluster postgresql
    """.split()
)


PODS = (
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Rollout",
)  # fmt: skip
_BY_OPERATORS = frozenset({*PODS, "Service", "Secret"})  # what controllers make for the objects of their kinds


def elsewhere(project: Project, *kinds: str) -> str:
    """The first thing here whose pods, Services or Secrets cannot be seen, in words; '' when there is none.

    With kinds, only what may hold an object of one of them: a template that is not rendered still says its kinds.
    """
    return project.once(("elsewhere", kinds), lambda project: _elsewhere(project, kinds))


def remotely_made(subject: type[Subject], project: Project, *kinds: str) -> str:
    """Why there may be such subjects although none is visible here, in words; '' when that is not so. With kinds, as
    `elsewhere` takes them."""
    if not subject.may_be_remote:
        return ""
    return _remote_objects(project, kinds) if subject.technology == "kubernetes" else _remote_module(project)


_PROSE = (".md", ".markdown", ".rst", ".adoc", ".txt", ".py")  # speak of commands without running them


def _remote_objects(project: Project, kinds: tuple[str, ...] = ()) -> str:
    return _declared(project, kinds) or installed(project)


def installed(project: Project) -> str:
    """The first file that installs a chart or a remote manifest when it runs, in words; '' when none does."""
    return next((words for path, words in _applied(project) if not path.endswith(_PROSE)), "")


def _remote_module(project: Project) -> str:
    calls = Subject.registry.get("terraform.ModuleCall")
    for call in project.all(calls) if calls else ():
        source, local = getattr(call, "source", ""), getattr(call, "local", True)
        if not local:
            return f"{call.name} comes from {source or 'an address that is not known'}: what it makes is not seen"
    stacks = Subject.registry.get("cloudformation.NestedStack")
    for stack in project.all(stacks) if stacks else ():
        if not getattr(stack, "local", True):
            return f"the stack {stack.name} is made of a template elsewhere: what it makes is not seen"
    return ""


def _elsewhere(project: Project, kinds: tuple[str, ...]) -> str:
    return _declared(project, kinds) or next((words for _, words in _applied(project)), "")


def _commands(text: str) -> bool:
    """Whether a text gives a command that installs something: the type of a resource is one in Terraform alone."""
    return any(words in text for words in INSTALLS if not words.startswith('"'))


def _applied(project: Project) -> list[tuple[str, str]]:
    """The files that install something, each with the words for it; looked through once."""

    def look(project: Project) -> list[tuple[str, str]]:
        found = (path for path, text in texts(project, *INSTALLS) if path.endswith(".tf") or _commands(text))
        return [(path, f"{path} installs a chart or a remote manifest") for path in found]

    return project.once("applied", look)


def unread(project: Project, kinds: tuple[str, ...] = ()) -> str:
    """The first file of manifests that is not rendered or read, in words; with kinds, that may hold one of them."""
    for fault in project.faults:
        if fault.technology == "kubernetes" and kinds and not _may_hold(fault.source, kinds):
            continue
        if kinds and _adds_none(fault, kinds, project):
            continue
        if fault.technology == "kubernetes" and fault.source.path.rpartition("/")[2] in KUSTOMIZATIONS:
            return f"{fault.source.path}: {fault.message}"
        if fault.technology == "kubernetes" and fault.reason == "template-unrendered":
            return f"{fault.source.path} is not rendered"
        if fault.technology == "kubernetes":
            return f"{fault.source.path} cannot be read"
    return ""


def _declared(project: Project, kinds: tuple[str, ...] = ()) -> str:
    found = unread(project, kinds)
    if found:
        return found
    model = Subject.registry.get("kubernetes.Object")  # not there: no manifest was read, and none needs importing
    for each in cast("list[Object]", project.all(model)) if model else ():
        if each.kind in DEPLOYED_BY_OTHERS:
            return f"{each.name} deploys from elsewhere"
        if kinds and _BY_OPERATORS.isdisjoint(kinds):
            continue
        if each.kind in MAKE_PODS or (each.kind == "Cluster" and each.group == "postgresql.cnpg.io"):
            return f"an operator makes the pods of {each.name}"
    return ""


_GENERATED = frozenset({"ConfigMap", "Secret"})


_GENERATORS = ("configMapGenerator", "secretGenerator")
_CHANGES = ("images", "patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "replicas")


def _adds_none(fault: Fault, kinds: tuple[str, ...], project: Project) -> bool:
    """Whether a kustomization lacks only what changes objects, or what it makes a ConfigMap or Secret of."""
    from gatekeeper.models.kubernetes import builds

    folder, _, name = fault.source.path.rpartition("/")
    each = project.tree.once(builds).by_folder.get(folder) if name in KUSTOMIZATIONS else None
    if each is None:
        return False
    fields = (*_CHANGES, *(_GENERATORS if _GENERATED.isdisjoint(kinds) else ()))
    nodes = (each.node[field] for field in fields)
    return any(node.present and node.span.line <= fault.span.line <= node.span.end_line for node in nodes)


_KIND = regex(r"^[ \t-]{0,20}\"?kind\"?[ \t]{0,8}:[ \t]{0,8}[\"']?([^\s\"',]{1,80})", re.MULTILINE)


def _may_hold(source: Source, kinds: tuple[str, ...]) -> bool:
    """Whether a file that is not rendered or read may hold an object of these kinds. A library may write any."""
    if source.path.rpartition("/")[2] in KUSTOMIZATIONS:
        return True
    try:
        named = _KIND.findall(source.text)
    except Unreadable:
        return True
    wanted = DEPLOYED_BY_OTHERS | set(kinds) | (set() if _BY_OPERATORS.isdisjoint(kinds) else MAKE_PODS)
    return not named or any("{{" in name or name in wanted or name.endswith("List") for name in named)
