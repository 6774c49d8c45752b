"""Where data is kept, and how it is declared to be backed up: how long, how often, and how much may be lost at most.

What the services do by themselves is from their documentation: RDS and Aurora keep logs that lose at most five minutes
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html), DynamoDB, Cloud SQL and Azure restore to a point
in time when that is on. It is not what a restore has shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.resources import terraform_resources, whole
from gatekeeper.models import Subject
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object
    from gatekeeper.models.terraform import Resource

MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Backup(NamedTuple):
    """How something is backed up. `loss` is the most that may be lost, in seconds, by the schedule alone; None when
    that is not known. `on` is None when a value that decides is not known here."""

    on: bool | None
    frequency: str = ""
    retention: str = ""
    point_in_time: bool | None = None
    loss: int | None = None


class Store(NamedTuple):
    """A data store or a scheduled backup, by name."""

    group: str
    type: str
    name: str
    backup: Backup
    at: Node


def stores(project: Project) -> list[Store]:
    """The data stores that are declared, and the backups that are scheduled by themselves."""
    return project.once("data stores", lambda project: [*_of_terraform(project), *_of_kubernetes(project)])


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
            backup = Backup(None, retention=f"{unresolved.expression.text} (unresolved)")
        if backup is not None:
            yield Store(group, each.type, each.name, backup, Node(each.name, each.node.source, each.span))


def _rds(resource: Resource) -> Backup | None:
    if resource.present("replicate_source_db"):
        return None  # a copy of another one, which is listed itself
    days = whole(resource.node["backup_retention_period"], 0)
    return Backup(True, "daily snapshot, transaction logs", _days(days), True, 5 * MINUTE) if days else NONE


def _aurora(resource: Resource) -> Backup | None:
    days = whole(resource.node["backup_retention_period"], 1)
    return Backup(True, "continuous", _days(days), True, 5 * MINUTE)


def _dynamodb(resource: Resource) -> Backup | None:
    block = next(iter(resource.blocks("point_in_time_recovery")), None)
    if block is None or block["enabled"].value is not True:
        return NONE
    return Backup(True, "continuous", _days(whole(block["recovery_period_in_days"], 35)), True, 5 * MINUTE)


def _elasticache(resource: Resource) -> Backup | None:
    days = whole(resource.node["snapshot_retention_limit"], 0)
    return Backup(True, "daily snapshot", _days(days), False, DAY) if days else NONE


def _redshift(resource: Resource) -> Backup | None:
    days = whole(resource.node["automated_snapshot_retention_period"], 1)
    return Backup(True, "snapshot every 8 hours", _days(days), False, 8 * HOUR) if days else NONE


def _cloud_sql(resource: Resource) -> Backup | None:
    if resource.node["master_instance_name"].present:
        return None
    settings = next(iter(resource.blocks("settings")), None)
    backup = _first(settings["backup_configuration"]) if settings is not None else None
    if backup is None or backup["enabled"].value is not True:
        return NONE
    pit = backup["point_in_time_recovery_enabled"].value is True or backup["binary_log_enabled"].value is True
    kept = _first(backup["backup_retention_settings"])
    copies = whole(kept["retained_backups"], 7) if kept is not None else 7
    return Backup(True, "daily", f"{copies} backups", pit, 5 * MINUTE if pit else DAY)


def _azure(resource: Resource) -> Backup | None:
    return Backup(True, "daily, transaction logs", _days(whole(resource.node["backup_retention_days"], 7)), True)


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
}


def _first(node: Node) -> Node | None:
    if node.is_list:
        return next(iter(node), None)
    return node if node.is_mapping else None


def _days(days: int) -> str:
    return f"{days} {'day' if days == 1 else 'days'}"


# Kubernetes


def _of_kubernetes(project: Project) -> Iterator[Store]:
    objects = Subject.registry.get("kubernetes.Object")
    for each in cast("list[Object]", project.all(objects)) if objects else ():
        found = _scheduled(each)
        if found:
            yield Store("Schedule", each.kind, each.name, found, Node(each.name, each.node.source, each.span))


_BACKUP = regex(r"(?:^|[-_/])(?:backup|backups|pgdump|pg-dump|mysqldump|mongodump|restic|wal-g|snapshot)(?:$|[-_/])")


def _scheduled(each: Object) -> Backup | None:
    off = each.spec["paused" if each.kind == "Schedule" else "suspend"]
    found = _by_kind(each)
    if found is None or not off.present:
        return found
    return Backup(None) if not off.known else Backup(False, "suspended") if off.value is True else found


def _by_kind(each: Object) -> Backup | None:
    if (each.group, each.kind) == ("velero.io", "Schedule"):
        return _by_cron(each.spec["schedule"], _text(each.spec.at("template.ttl")))
    if (each.group, each.kind) == ("postgresql.cnpg.io", "ScheduledBackup"):
        return _by_cron(each.spec["schedule"], "", seconds_first=True)
    if each.kind == "CronJob" and each.group == "batch" and _BACKUP.search(each.object_name.lower()):
        return _by_cron(each.spec["schedule"], "")
    return None


def _by_cron(schedule: Node, retention: str, *, seconds_first: bool = False) -> Backup:
    if not schedule.known:
        return Backup(None, f"{_text(schedule)} (unresolved)", retention)
    text = schedule.text.strip()
    return Backup(True, text, retention, None, interval(" ".join(text.split()[1:]) if seconds_first else text))


def _text(node: Node) -> str:
    expression = node.expression
    return expression.text if expression else node.text


_EVERY_MONTH = 28  # the last day that every month has
_NAMED = {"@hourly": HOUR, "@daily": DAY, "@midnight": DAY, "@weekly": 7 * DAY, "@monthly": 31 * DAY}
_STEP = regex(r"\*/([1-9][0-9]?)\Z")
_PLAIN = regex(r"[0-9]{1,2}\Z")


def interval(cron: str) -> int | None:
    """The longest time between two runs of a schedule, in seconds; None for one that is not as plain as most are."""
    if cron in _NAMED:
        return _NAMED[cron]
    fields = cron.split()
    if len(fields) != 5:
        return None
    minute, hour, day, month, weekday = fields
    if (day, month) != ("*", "*"):
        plain = month == "*" and weekday == "*" and all(map(_PLAIN.match, (minute, hour, day)))
        return 31 * DAY if plain and int(day) <= _EVERY_MONTH else None
    if weekday != "*":
        return 7 * DAY if all(map(_PLAIN.match, (minute, hour, weekday))) else None
    return _within_a_day(minute, hour)


def _within_a_day(minute: str, hour: str) -> int | None:
    step = _STEP.match(minute)
    if hour == "*":
        if step:
            return int(step[1]) * MINUTE
        return MINUTE if minute == "*" else HOUR if _PLAIN.match(minute) else None
    if not _PLAIN.match(minute):
        return None
    step = _STEP.match(hour)
    if step:
        return int(step[1]) * HOUR
    return DAY if _PLAIN.match(hour) else None
