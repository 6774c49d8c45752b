"""Where data is kept, and how it is declared to be backed up: how long, how often, and how much may be lost at most.

What the services do by themselves is from their documentation: RDS and Aurora keep logs that lose at most five minutes
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html), DynamoDB, Cloud SQL and Azure restore to a point
in time when that is on. It is not what a restore has shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.resources import terraform_resources, whole
from gatekeeper.models import Subject
from gatekeeper.models.cron import DAY as DAY
from gatekeeper.models.cron import HOUR as HOUR
from gatekeeper.models.cron import MINUTE as MINUTE
from gatekeeper.models.cron import cron
from gatekeeper.node import Expression, Node, Unresolved
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource


class Backup(NamedTuple):
    """How something is backed up. `loss` is the most that may be lost, in seconds, by the schedule alone; None when
    that is not known. `on` is None when a value that decides is not known here; `why` says which, or what is missing.
    `kept` is for how long, in seconds."""

    on: bool | None
    frequency: str = ""
    retention: str = ""
    point_in_time: bool | None = None
    loss: int | None = None
    kept: int | None = None
    why: str = ""


class Store(NamedTuple):
    """A data store or a scheduled backup, by name. `names` are what it goes by in words, in lower case; `spare` says
    why nobody need back it up."""

    group: str
    type: str
    name: str
    backup: Backup
    at: Node
    names: frozenset[str] = frozenset()
    spare: str = ""
    managed: bool = True  # by a service of a cloud, of which other rules ask what is missing here
    engine: str = ""  # of a database: postgres, mysql, mongo, ...; '' where that is not known


def stores(project: Project) -> list[Store]:
    """The data stores that are declared, and the backups that are scheduled by themselves."""
    return project.once("data stores", _stores)


def _stores(project: Project) -> list[Store]:
    found = list(_of_terraform(project))
    if project.all(Subject.registry["kubernetes.Object"]) if "kubernetes.Object" in Subject.registry else ():
        from gatekeeper.links.cluster_stores import of_cluster

        found += of_cluster(project)
    return found


def holding(project: Project) -> list[Store]:
    """The stores that hold what would be missed: no caches, no queues, none of a test; schedules are no stores."""
    return [each for each in stores(project) if each.group not in ("Schedule", "Cache") and not each.spare]


NONE = Backup(False)


def _of_terraform(project: Project) -> Iterator[Store]:
    for each in terraform_resources(project):
        found = _READERS.get(each.type)
        if found is None:
            continue
        group, read = found
        try:
            backup = read(each)
        except Unresolved as unresolved:
            words = f"{unresolved.expression.text} (unresolved)"
            backup = Backup(None, retention=words, why=f"{unresolved.expression.text} decides")
        if backup is not None:
            at = Node(each.name, each.node.source, each.span)
            backup = backup if backup.on else _planned(each, backup, project)
            names, engine = frozenset(_names(each)), _engine(each)
            yield Store(group, each.type, each.name, backup, at, names, _spare(each), engine=engine)


def _planned(resource: Resource, backup: Backup, project: Project) -> Backup:
    """What has no backups of its own may have those of a plan."""
    from gatekeeper.links.backed_up import PLANS, by_its_policy, cover
    from gatekeeper.links.related import of_type

    if resource.type == "aws_efs_file_system" and by_its_policy(resource, project).sure:
        return Backup(True, "daily, by the policy of the file system", "35 days", False, DAY, 35 * DAY)
    if not resource.type.startswith("aws_") or not any(of_type(kind, project) for kind in PLANS):
        return backup
    found = cover(resource, project)
    if found.sure:
        return Backup(True, "by a plan of AWS Backup")
    return Backup(None, why="a plan of AWS Backup may choose it") if found.doubts else backup


def _spare(resource: Resource) -> str:
    key = resource.node["hash_key"]
    return "holds the locks of Terraform" if key.known and key.value == "LockID" else ""


_ENGINES = (
    ("postgres", "postgres"), ("mysql", "mysql"), ("maria", "mysql"), ("pg", "postgres"), ("mongo", "mongo"),
    ("docdb", "mongo"), ("dynamodb", "dynamodb"), ("redshift", "redshift"), ("opensearch", "opensearch"),
    ("elasticsearch", "opensearch"), ("neptune", "neptune"), ("cosmos", "cosmos"), ("mssql", "mssql"),
    ("sqlserver", "mssql"), ("oracle", "oracle"), ("spanner", "spanner"), ("bigtable", "bigtable"),
    ("firestore", "firestore"),
)  # fmt: skip


def _engine(resource: Resource) -> str:
    """What a database is of, by the kind of the resource or what it says; '' where that is not known."""
    said = [
        resource.type,
        *(node.text for name in ("engine", "database_version") if (node := resource.node[name]).known),
    ]
    words = " ".join(said).lower()
    return next((engine for word, engine in _ENGINES if word in words), "")


def _names(resource: Resource) -> Iterator[str]:
    """What a resource calls itself, and what it is called in the files where that says more than `main`."""
    for path in ("identifier", "cluster_identifier", "name", "replication_group_id", "db_name"):
        node = resource.node[path]
        if node.known and isinstance(node.value, str) and node.value:
            yield node.value.lower()
    label = resource.name.rpartition(".")[2].lower()
    if label not in SAYS_NOTHING:
        yield label


SAYS_NOTHING = frozenset("main this default db database primary instance rds postgres postgresql mysql sql".split())


def _rds(resource: Resource) -> Backup | None:
    if resource.present("replicate_source_db"):
        return None  # a copy of another one, which is listed itself
    own = resource.node["backup_retention_period"]
    if not own.present and (resource.present("snapshot_identifier") or resource.present("restore_to_point_in_time")):
        return Backup(None, why="it keeps backups as long as what it is made from did")
    days = whole(own, 0)
    return Backup(True, "daily snapshot, transaction logs", _days(days), True, 5 * MINUTE, days * DAY) if days else NONE


def _aurora(resource: Resource) -> Backup | None:
    days = whole(resource.node["backup_retention_period"], 1)
    return Backup(True, "continuous", _days(days), True, 5 * MINUTE, days * DAY)


def _dynamodb(resource: Resource) -> Backup | None:
    block = _block(resource, "point_in_time_recovery")
    if block is None or block["enabled"].value is not True:
        return NONE
    days = whole(block["recovery_period_in_days"], 35)
    return Backup(True, "continuous", _days(days), True, 5 * MINUTE, days * DAY)


def _elasticache(resource: Resource) -> Backup | None:
    days = whole(resource.node["snapshot_retention_limit"], 0)
    return Backup(True, "daily snapshot", _days(days), False, DAY, days * DAY) if days else NONE


def _redshift(resource: Resource) -> Backup | None:
    days = whole(resource.node["automated_snapshot_retention_period"], 1)
    return Backup(True, "snapshot every 8 hours", _days(days), False, 8 * HOUR, days * DAY) if days else NONE


def _cloud_sql(resource: Resource) -> Backup | None:
    if resource.node["master_instance_name"].present:
        return None
    settings = _block(resource, "settings")
    backup = _first(settings["backup_configuration"]) if settings is not None else None
    if backup is None or backup["enabled"].value is not True:
        return NONE
    pit = backup["point_in_time_recovery_enabled"].value is True or backup["binary_log_enabled"].value is True
    kept = _first(backup["backup_retention_settings"])
    copies = whole(kept["retained_backups"], 7) if kept is not None else 7
    return Backup(True, "daily", f"{copies} backups", pit, 5 * MINUTE if pit else DAY, copies * DAY)


def _azure(resource: Resource) -> Backup | None:
    days = whole(resource.node["backup_retention_days"], 7)
    return Backup(True, "daily, transaction logs", _days(days), True, None, days * DAY)


def _mssql(resource: Resource) -> Backup | None:
    policy = _block(resource, "short_term_retention_policy")
    days = whole(policy["retention_days"], 7) if policy is not None else 7
    return Backup(True, "weekly, differences, transaction logs", _days(days), True, 10 * MINUTE, days * DAY)


def _cosmos(resource: Resource) -> Backup | None:
    block = _block(resource, "backup")
    if block is not None and block["type"].text == "Continuous":
        days = 7 if block["tier"].text == "Continuous7Days" else 30
        return Backup(True, "continuous", _days(days), True, None, days * DAY)
    minutes = whole(block["interval_in_minutes"], 240) if block is not None else 240
    hours = whole(block["retention_in_hours"], 8) if block is not None else 8
    return Backup(True, f"every {minutes} minutes", f"{hours} hours", False, minutes * MINUTE, hours * HOUR)


def _droplets(resource: Resource) -> Backup | None:
    logged = resource.node["engine"].text in ("pg", "mysql")
    return Backup(True, "daily", "7 days" if logged else "", logged, None if logged else DAY)


def _atlas(resource: Resource) -> Backup | None:
    if not any(resource.node[name].value is True for name in ("cloud_backup", "backup_enabled")):
        return NONE
    in_time = resource.node["pit_enabled"].value is True
    return Backup(True, "by the schedule of Atlas", "", in_time)


def _search(resource: Resource) -> Backup | None:
    return Backup(True, "hourly snapshot, within the domain", "14 days", False, HOUR, 14 * DAY)


def _volume(resource: Resource) -> Backup | None:
    return Backup(None, why="no plan here is sure to choose it")


def _machine(resource: Resource) -> Backup | None:
    """The disks that a machine is given besides its own keep data; what it is made of does not."""
    return _volume(resource) if resource.present("ebs_block_device") else None


def _addon(resource: Resource) -> Backup | None:
    plan = resource.node["plan"].text.lower()
    return _not_read(resource) if any(word in plan for word in ("postgres", "mysql", "maria", "mongo", "sql")) else None


def _not_read(resource: Resource) -> Backup | None:
    return Backup(None, why=f"the backups of {resource.type} are not read")


_READERS: dict[str, tuple[str, Callable[[Resource], Backup | None]]] = {
    "aws_db_instance": ("Database", _rds),
    "aws_rds_cluster": ("Database", _aurora),
    "aws_docdb_cluster": ("Database", _aurora),
    "aws_neptune_cluster": ("Database", _aurora),
    "aws_dynamodb_table": ("Database", _dynamodb),
    "aws_redshift_cluster": ("Database", _redshift),
    "aws_elasticache_replication_group": ("Cache", _elasticache),
    "google_sql_database_instance": ("Database", _cloud_sql),
    "azurerm_postgresql_flexible_server": ("Database", _azure),
    "azurerm_mysql_flexible_server": ("Database", _azure),
    "azurerm_postgresql_server": ("Database", _azure),
    "azurerm_mssql_database": ("Database", _mssql),
    "azurerm_cosmosdb_account": ("Database", _cosmos),
    "digitalocean_database_cluster": ("Database", _droplets),
    "mongodbatlas_cluster": ("Database", _atlas),
    "mongodbatlas_advanced_cluster": ("Database", _atlas),
    "aws_opensearch_domain": ("Database", _search),
    "google_alloydb_cluster": ("Database", _not_read),
    "google_bigtable_instance": ("Database", _not_read),
    "google_firestore_database": ("Database", _not_read),
    "google_spanner_instance": ("Database", _not_read),
    "aws_efs_file_system": ("Volume", _volume),
    "aws_ebs_volume": ("Volume", _volume),
    "aws_instance": ("Volume", _machine),
    "heroku_addon": ("Database", _addon),
}
# What keeps data too, and is not read any further.
_OTHER_DATABASES = """
    alicloud_db_instance alicloud_mongodb_instance aws_dsql_cluster aws_elasticsearch_domain aws_keyspaces_table
    aws_lightsail_database aws_memorydb_cluster aws_opensearchserverless_collection aws_qldb_ledger
    aws_redshiftserverless_namespace aws_timestreamwrite_table azurerm_kusto_cluster azurerm_mariadb_server
    azurerm_mssql_managed_database azurerm_mysql_server azurerm_sql_database azurerm_synapse_sql_pool aiven_clickhouse
    aiven_mysql aiven_opensearch aiven_pg civo_database cockroach_cluster exoscale_database exoscale_dbaas
    google_bigquery_dataset ibm_database linode_database_mysql_v2 linode_database_postgresql_v2
    mongodbatlas_flex_cluster mongodbatlas_serverless_instance neon_project oci_database_db_system
    oci_mysql_mysql_db_system oci_psql_db_system openstack_db_instance_v1 ovh_cloud_project_database
    planetscale_database rediscloud_database scaleway_rdb_instance snowflake_database supabase_project
    tencentcloud_mysql_instance tencentcloud_postgresql_instance turso_database vultr_database
    yandex_mdb_mongodb_cluster yandex_mdb_mysql_cluster yandex_mdb_postgresql_cluster
"""
_OTHER_VOLUMES = """
    aws_fsx_lustre_file_system aws_fsx_ontap_file_system aws_fsx_openzfs_file_system aws_fsx_windows_file_system
    azurerm_managed_disk azurerm_netapp_volume azurerm_storage_share digitalocean_volume google_compute_disk
    google_compute_region_disk google_filestore_instance hcloud_volume linode_volume oci_core_volume
    openstack_blockstorage_volume_v3 vultr_block_storage
"""
_READERS |= dict.fromkeys(_OTHER_DATABASES.split(), ("Database", _not_read))
_READERS |= dict.fromkeys(_OTHER_VOLUMES.split(), ("Volume", _not_read))


def _block(resource: Resource, name: str) -> Node | None:
    """The first nested block of a name. Raises `Unresolved` where nobody can tell whether it is there."""
    from gatekeeper.models.terraform.values import Perhaps

    found = next(iter(resource.blocks(name)), None)
    if isinstance(found, Perhaps):
        raise Unresolved(found, found.doubt.expression or Expression(name, "is there or not"))
    return found


def _first(node: Node) -> Node | None:
    if node.is_list:
        return next(iter(node), None)
    return node if node.is_mapping else None


def _days(days: int) -> str:
    return f"{days} {'day' if days == 1 else 'days'}"


def interval(text: str) -> int | None:
    """The longest time between two runs of a schedule, in seconds; None for one that is none or hardly ever runs."""
    return cron(text).gap
