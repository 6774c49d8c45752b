"""What this repository applies without its result being visible here: charts, remote bases, operators' own pods."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.links.commands import texts
from gatekeeper.models import Subject
from gatekeeper.models.kubernetes import Kustomization, Object, written
from gatekeeper.project import Project

# Controllers make pods, Services and Secrets for objects of these kinds.
_DEPLOYED_BY_OTHERS = frozenset({"HelmRelease", "HelmChart", "Application", "ApplicationSet", "IstioOperator"})
_MAKE_PODS = frozenset(
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


def elsewhere(project: Project) -> str:
    """The first thing here whose pods, Services or Secrets cannot be seen, in words; '' when there is none."""
    return project.once("elsewhere", _elsewhere)


def remotely_made(subject: type[Subject], project: Project) -> str:
    """Why there may be such subjects although none is visible here, in words; '' when that is not so."""
    if not subject.may_be_remote:
        return ""
    return _remote_objects(project) if subject.technology == "kubernetes" else _remote_module(project)


_PROSE = (".md", ".markdown", ".rst", ".adoc", ".txt", ".py")  # speak of commands without running them


def _remote_objects(project: Project) -> str:
    return _declared(project) or next((words for path, words in _applied(project) if not path.endswith(_PROSE)), "")


def _remote_module(project: Project) -> str:
    calls = Subject.registry.get("terraform.ModuleCall")
    for call in project.all(calls) if calls else ():
        source, local = getattr(call, "source", ""), getattr(call, "local", True)
        if not local:
            return f"{call.name} comes from {source or 'an address that is not known'}: what it makes is not seen"
    return ""


def _elsewhere(project: Project) -> str:
    return _declared(project) or next((words for _, words in _applied(project)), "")


def _applied(project: Project) -> Iterator[tuple[str, str]]:
    for path, _ in texts(project, "helm install", "helm upgrade", "helm template", '"helm_release"', "apply -f http"):
        yield path, f"{path} installs a chart or a remote manifest"


def _declared(project: Project) -> str:
    for fault in project.faults:
        if fault.technology == "kubernetes" and fault.reason == "template-unrendered":
            return f"{fault.source.path} is not rendered"
        if fault.technology == "kubernetes":
            return f"{fault.source.path} cannot be read"
    for kustomization in project.all(Kustomization):
        remote = next((text for entry in kustomization.resources if _remote(text := written(entry))), "")
        if remote or kustomization.node["helmCharts"].present:
            return f"{kustomization.path} takes in {remote or 'Helm charts'}"
    for each in project.all(Object):
        if each.kind in _DEPLOYED_BY_OTHERS:
            return f"{each.name} deploys from elsewhere"
        if each.kind in _MAKE_PODS or (each.kind == "Cluster" and each.group == "postgresql.cnpg.io"):
            return f"an operator makes the pods of {each.name}"
    return ""


def _remote(path: str) -> bool:
    return "://" in path or path.startswith(("github.com/", "git@", "git::")) or "?ref=" in path
