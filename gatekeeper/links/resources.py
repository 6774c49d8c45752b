"""What is declared to run: compute, databases, caches and load balancers, how many of each, and in which region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.models import Subject
from gatekeeper.node import Expression, Node, Unresolved
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object, Workload
    from gatekeeper.models.terraform import Module, Repeated, Resource

GROUPS = ("Compute", "Database", "Cache", "Load Balancer")

_COMPUTE = """
    aws_apprunner_service aws_autoscaling_group aws_ecs_service aws_eks_cluster aws_eks_fargate_profile
    aws_eks_node_group aws_elastic_beanstalk_environment aws_instance aws_lambda_function aws_lightsail_instance
    azurerm_app_service azurerm_container_app azurerm_container_group azurerm_function_app azurerm_kubernetes_cluster
    azurerm_kubernetes_cluster_node_pool azurerm_linux_function_app azurerm_linux_virtual_machine
    azurerm_linux_virtual_machine_scale_set azurerm_linux_web_app azurerm_windows_virtual_machine
    azurerm_windows_web_app digitalocean_app digitalocean_droplet digitalocean_kubernetes_cluster
    google_cloud_run_service google_cloud_run_v2_job google_cloud_run_v2_service google_cloudfunctions2_function
    google_cloudfunctions_function google_compute_instance google_compute_instance_group_manager
    google_compute_region_instance_group_manager google_container_cluster google_container_node_pool hcloud_server
"""
_DATABASE = """
    aws_db_instance aws_docdb_cluster aws_dynamodb_table aws_neptune_cluster aws_opensearch_domain aws_rds_cluster
    aws_rds_cluster_instance aws_redshift_cluster azurerm_cosmosdb_account azurerm_mssql_database
    azurerm_mysql_flexible_server azurerm_postgresql_flexible_server azurerm_postgresql_server
    digitalocean_database_cluster google_alloydb_cluster google_bigtable_instance google_firestore_database
    google_spanner_instance google_sql_database_instance mongodbatlas_advanced_cluster mongodbatlas_cluster
"""
_CACHE = """
    aws_elasticache_cluster aws_elasticache_replication_group aws_elasticache_serverless_cache aws_memorydb_cluster
    azurerm_redis_cache azurerm_managed_redis google_memcache_instance google_redis_cluster google_redis_instance
"""
_BALANCERS = """
    aws_alb aws_elb aws_lb azurerm_application_gateway azurerm_lb digitalocean_loadbalancer
    google_compute_forwarding_rule google_compute_global_forwarding_rule hcloud_load_balancer
"""
GROUP_OF = {
    kind: group
    for group, kinds in zip(GROUPS, (_COMPUTE, _DATABASE, _CACHE, _BALANCERS), strict=True)
    for kind in kinds.split()
}
_SIZES = {  # the attribute that says how many a resource makes
    "aws_ecs_service": "desired_count",
    "aws_autoscaling_group": "desired_capacity",
    "aws_elasticache_cluster": "num_cache_nodes",
    "aws_elasticache_replication_group": "num_cache_clusters",
    "azurerm_kubernetes_cluster_node_pool": "node_count",
    "google_compute_instance_group_manager": "target_size",
    "google_compute_region_instance_group_manager": "target_size",
    "google_container_node_pool": "node_count",
}
_IMAGES = {
    "Database": "postgres postgresql mysql mariadb mongo mongodb cockroach cassandra elasticsearch opensearch".split(),
    "Cache": "redis valkey memcached keydb dragonfly".split(),
}
_DEPTH = 8  # modules that call one another
_TOO_DEEP = f"modules that call one another more than {_DEPTH} times over"
_REGIONS = 10  # that are told apart
_LARGEST = 10**9  # number of anything


class Count(NamedTuple):
    """How many: None when it is not known; then `words` say why. `words` may also say what is counted."""

    number: int | None
    words: str = ""


_TOO_MANY = Count(None, f"more than {_LARGEST}")


class Declared(NamedTuple):
    """Something that is declared to run. `region` is None where the files cannot say."""

    group: str
    type: str
    name: str
    amount: Count
    region: Node | None
    at: Node


def resources(project: Project) -> list[Declared]:
    """Everything of the four groups, by group, then in the order of the files."""

    def make(project: Project) -> list[Declared]:
        found = [*_of_kubernetes(project), *_of_terraform(project)]
        return sorted(found, key=lambda each: GROUPS.index(each.group))

    return project.once("declared resources", make)


# Terraform


def terraform_resources(project: Project) -> list[Resource]:
    """The managed resources that are anybody's: those of examples and those that `count = 0` leaves out are not."""

    def make(project: Project) -> list[Resource]:
        kind = Subject.registry.get("terraform.Resource")
        every = cast("list[Resource]", project.all(kind)) if kind else []
        return [each for each in every if not each.module.shown and not each.absent]

    return project.once("terraform resources", make)


def _of_terraform(project: Project) -> Iterator[Declared]:
    calls, regions = _Calls(), _Regions()
    for each in terraform_resources(project):
        group = GROUP_OF.get(each.type)
        if group:
            at = Node(each.name, each.node.source, each.span)
            yield Declared(group, _words(each), each.name, count_of(each, calls), region_of(each, regions), at)


def _words(resource: Resource) -> str:
    engine = resource.node["engine"]
    return f"{resource.type} {engine.text}" if engine.known and engine.text else resource.type


def count_of(resource: Resource, calls: _Calls) -> Count:
    """How many there are: repeated by itself and by the calls of its module, times the size it is given."""
    try:
        times = _times(resource)
        called = calls.of(resource.module)
        if called.number is None:
            return called
        size = _SIZES.get(resource.type)
        if size and not resource.node[size].present:
            return Count(None, f"{size} is not written")
        number = whole(resource.node[size], 0) if size else 1
    except Unresolved as unresolved:
        return Count(None, unresolved.expression.text)
    number *= times * called.number
    if abs(number) > _LARGEST:
        return _TOO_MANY
    zones = resource.node["multi_az"]
    return Count(number, "multi_az" if zones.known and zones.value is True else "")


def whole(node: Node, default: int) -> int:
    """The whole number at a node; `default` where nobody wrote one. Raises `Unresolved`, also for what is no number or
    too large for one of anything."""
    if not node.present:
        return default
    number = node.number
    if number is None or not -_LARGEST <= number <= _LARGEST:
        raise Unresolved(node, Expression(node.text[:60] or "a value", "is no such number"))
    return int(number)


def _times(block: Repeated) -> int:
    for name in ("count", "for_each"):
        if block.expr(name) is not None:
            node = block.node[name]
            return whole(node, 0) if name == "count" else len(node)
    return 1


class _Calls:
    """How often modules are made, through those that call them; counted once for each, so many calls up."""

    def __init__(self) -> None:
        self._counted: dict[tuple[Module, int], Count] = {}

    def of(self, module: Module, left: int = _DEPTH) -> Count:
        key = (module, left)
        if key not in self._counted:
            self._counted[key] = self._count(module, left)
        return self._counted[key]

    def _count(self, module: Module, left: int) -> Count:
        if module.root:
            return Count(1)
        if not module.users:
            return Count(None, f"nothing here calls module {module.name}")
        if left < 0:
            return Count(None, _TOO_DEEP)
        total = 0
        for call in module.users:
            try:
                times = _times(call)
            except Unresolved as unresolved:
                return Count(None, unresolved.expression.text)
            caller = self.of(call.module, left - 1)
            if caller.number is None:
                return caller
            total += times * caller.number
        return Count(total) if abs(total) <= _LARGEST else _TOO_MANY


def region_of(resource: Resource, regions: _Regions) -> Node | None:
    """Its own region or location, else that of its provider, in its module or in one that calls it."""
    for name in ("region", "location"):
        own = resource.node[name]
        if own.present:
            return own
    found = regions.of(resource.module, resource.provider_alias)
    first = next(iter(found.values()), None)
    if first is None or len(found) < 2:
        return first
    return Node(Expression(", ".join(sorted(found)), "differs"), first.source, first.mark)


class _Regions:
    """The regions of providers by their words, for modules and those that call them; looked up once for each."""

    def __init__(self) -> None:
        self._found: dict[tuple[Module, str, int], dict[str, Node]] = {}

    def of(self, module: Module, alias: str, left: int = _DEPTH) -> dict[str, Node]:
        key = (module, alias, left)
        if key not in self._found:
            self._found[key] = {}
            for node in self._provided(module, alias, left):
                self._found[key].setdefault(node.expression.text if node.expression else node.text, node)
                if len(self._found[key]) == _REGIONS:
                    break
        return self._found[key]

    def _provided(self, module: Module, alias: str, left: int) -> Iterator[Node]:
        from gatekeeper.models.terraform import Provider

        for provider in module.of(Provider):
            if provider.alias == alias and provider.node["region"].present:
                yield provider.node["region"]
                return
        for call in module.users:
            if left < 0:
                yield Node(Expression(_TOO_DEEP, "are not followed"), call.node.source, call.span)
                return
            yield from self.of(call.module, alias, left - 1).values()


# Kubernetes


def _of_kubernetes(project: Project) -> Iterator[Declared]:
    objects = Subject.registry.get("kubernetes.Object")
    if objects is None:
        return
    from gatekeeper.models.kubernetes import Workload

    for each in cast("list[Object]", project.all(objects)):
        at = Node(each.name, each.node.source, each.span)
        if isinstance(each, Workload):
            yield Declared(_group(each), each.kind, each.name, _replicas(each, project), None, at)
        elif _balances(each):
            yield Declared("Load Balancer", each.kind, each.name, Count(1), None, at)


def _balances(each: Object) -> bool:
    kind = each.spec["type"]
    balancer = each.kind == "Service" and kind.known and kind == "LoadBalancer"
    return balancer or each.kind == "Ingress" or (each.kind == "Gateway" and each.group == "gateway.networking.k8s.io")


def _group(workload: Workload) -> str:
    for container in workload.containers:
        image = container.image
        name = image.text.rpartition("/")[2].partition("@")[0].partition(":")[0] if image.known else ""
        for group, names in _IMAGES.items():
            if container.role == "app" and name in names:
                return group
    return "Compute"


def _replicas(workload: Workload, project: Project) -> Count:
    from gatekeeper.links.selectors import scalers_of

    if workload.kind == "DaemonSet":
        return Count(None, "one on each node")
    scalers = scalers_of(workload, project)
    try:
        if scalers:
            keda = scalers[0].kind == "ScaledObject"
            most = scalers[0].spec["maxReplicaCount" if keda else "maxReplicas"].text or "not written"
            return Count(whole(scalers[0].minimum, 0 if keda else 1), f"at least, at most {most}")
        if workload.batch:
            return Count(1, "runs to completion")
        number = whole(workload.replicas, 1)
    except Unresolved as unresolved:
        return Count(None, unresolved.expression.text)
    return Count(number, "replicas" if workload.replicas.present else "by default")
