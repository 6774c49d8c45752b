"""What keeps data in a cluster: workloads that claim volumes, and the databases of operators; and what backs them up.

What an operator does by itself is from its documentation: CloudNativePG archives its log every five minutes at the
latest and needs a base backup beside it, PGO and Percona's take both from pgBackRest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from gatekeeper.links.schedules import Kept, Schedule, schedules, seconds
from gatekeeper.links.stores import NONE, Backup, Store
from gatekeeper.links.volumes import claims_of
from gatekeeper.models.cron import DAY, MINUTE, cron
from gatekeeper.models.kubernetes import Container, Object, Workload, texts, written
from gatekeeper.models.pipeline.environments import Class, classify, tokens
from gatekeeper.node import Node, Span, Unresolved
from gatekeeper.project import Project

# The last part of an image's name to the group of what it keeps and, of a database, its engine.
_IMAGES: tuple[tuple[str, str, str], ...] = (
    ("Database", "postgres", r"postgres(?:ql)?|postgis|timescaledb(?:-ha)?|pgvecto(?:r|-rs|\.rs)|pgvector|spilo.*"),
    ("Database", "mysql", r"mysql|mariadb|percona(?:-server|-xtradb-cluster)?|mysql-server|mariadb-galera"),
    ("Database", "mongo", r"mongo|mongodb|percona-server-mongodb|mongodb-community-server|ferretdb"),
    ("Database", "mssql", r"mssql-server|mssql|azure-sql-edge"),
    ("Database", "cassandra", r"cassandra|scylla|dse-server"),
    ("Database", "influx", r"influxdb"),
    ("Database", "clickhouse", r"clickhouse(?:-server)?"),
    ("Database", "neo4j", r"neo4j"),
    ("Database", "other", r"cockroach|couchdb|couchbase|rethinkdb|arangodb|oracle-.*|surrealdb|yugabyte|tidb|dgraph"),
    ("Cache", "", r"redis(?:-stack(?:-server)?|-cluster|-ha|-sentinel)?|valkey(?:-.*)?|memcached|keydb|dragonfly"),
    ("Cache", "", r"varnish"),
    ("Queue", "", r"(?:cp-)?kafka|rabbitmq|nats(?:-streaming|-server)?|(?:cp-)?zookeeper|activemq.*|pulsar.*|redpanda"),
    ("Queue", "", r"strimzi.*|etcd"),
    ("Search", "", r"elasticsearch|opensearch|solr|meilisearch|typesense|qdrant|weaviate|milvus|chroma"),
    ("Monitoring", "", r"prometheus|alertmanager|loki|thanos|tempo|mimir|cortex|jaeger.*"),
    ("Monitoring", "", r"victoria-(?:metrics|logs|traces).*"),
    ("Monitoring", "", r"vm(?:agent|alert|auth|backup|insert|select|storage|single)"),
    ("Monitoring", "", r"zipkin|node-exporter|promtail|grafana-agent|alloy"),
)  # fmt: skip
_SHOWN = frozenset(
    "example examples sample samples demo demos tutorial tutorials quickstart playground docs test tests e2e ci "
    "testing archive archived deprecated".split()
)


def of_cluster(project: Project) -> Iterator[Store]:
    """The stores of the manifests, each once, then the schedules."""
    found: dict[tuple[str, Span], list[tuple[Object, _Found]]] = {}
    for each in project.all(Object):
        kept = _kept(each, project)
        if kept.group:
            found.setdefault((each.path, each.span), []).append((each, kept))
    for variants in found.values():  # of one that several environments have, that of production counts
        each, kept = next((pair for pair in variants if not spare(pair[0], pair[1].group)), variants[0])
        backup = _backup(kept.kept, kept.own, schedules(project))
        names = frozenset({each.object_name.lower()} - {""})
        at = Node(each.name, each.node.source, each.span)
        why = spare(each, kept.group)
        engine = kept.kept.engine
        yield Store(kept.group, each.kind, each.name, backup, at, names, why, managed=False, engine=engine)
    seen: set[tuple[str, Span]] = set()
    for schedule in schedules(project):
        by = schedule.by
        if (by.path, by.span) in seen:
            continue
        seen.add((by.path, by.span))
        yield Store("Schedule", by.kind, by.name, _of_schedule(schedule), Node(by.name, by.node.source, by.span))


def _of_schedule(schedule: Schedule) -> Backup:
    if schedule.on is False:
        return Backup(False, "suspended")
    unresolved = any(not node.known for node in schedule.crons)
    if schedule.on is None or unresolved:
        return Backup(None, f"{schedule.frequency} (unresolved)", schedule.retention)
    return Backup(True, schedule.frequency, schedule.retention, None, schedule.gap, seconds(schedule.retention))


def spare(each: Object, group: str) -> str:
    """Why nobody need back up what an object keeps; '' where somebody should."""
    if group in ("Cache", "Queue", "Monitoring"):
        return f"it is a {group.lower()}" if group != "Monitoring" else "it keeps measurements"
    folders = each.path.split("/")[:-1]
    if any(folder.lower() in _SHOWN or not _SHOWN.isdisjoint(tokens(folder)) for folder in folders):
        return "it is an example, or put away"
    places = [*folders, each.namespace, *each.variant.split("/")]
    if any(classify(name) in (Class.NONPROD, Class.EPHEMERAL) for name in places if name):
        return "it is not of production"
    return ""


# what keeps data


class _Found(NamedTuple):
    kept: Kept
    group: str = ""
    own: Backup | None = None  # what the object itself says about backups; None where it cannot


def _kept(each: Object, project: Project) -> _Found:
    """What an object keeps: its group is '' where it keeps nothing."""
    operator = _OPERATORS.get((each.group, each.kind))
    if operator:
        engine, read = operator
        try:
            own = read(each) if read else None
        except Unresolved as unresolved:
            own = Backup(None, why=f"{unresolved.expression.text} decides")
        claims = (f"{each.object_name}-*", f"*-{each.object_name}-*")
        kept = Kept(each, claims, (each.labels,), frozenset(), engine, _marks(each, project), any_claim=True)
        return _Found(kept, "Database", own)
    if isinstance(each, Workload) and not each.batch and each.kind != "Pod":
        kept = _of_workload(each, project)
        group, engine = _group(each)
        if kept.claims:
            return _Found(kept, group)
        if group == "Database" or _inline(each):
            why = "what it keeps is in no claim, so that nobody sees where it is"
            return _Found(kept, group, Backup(None, why=why))
    if each.kind == "PersistentVolumeClaim" and each.object_name not in project.once("mounted claims", _mounted):
        kept = Kept(each, (each.object_name,), (each.labels,), marks=_marks(each, project))
        return _Found(kept, "Volume", Backup(None, why="what mounts it is not seen"))
    return _Found(Kept(each, (), ()))


def _mounted(project: Project) -> frozenset[str]:
    """The names of the claims that workloads mount."""
    return frozenset(claim.name for each in project.all(Workload) for claim in claims_of(each, project))


def _inline(workload: Workload) -> bool:
    """Whether its pods mount storage that no claim stands for."""
    volumes = workload.pod["volumes"]
    listed = [each for each in volumes if each.is_mapping] if volumes.is_list else []
    return any(each[kind].present for each in listed for kind in _STORAGE)


# `csi` is left out: most such volumes hold secrets and certificates.
_STORAGE = (
    "nfs", "awsElasticBlockStore", "gcePersistentDisk", "azureDisk", "azureFile", "cephfs", "rbd", "glusterfs", "iscsi",
    "cinder", "vsphereVolume",
)  # fmt: skip


def _marks(each: Object, project: Project, *more: Node) -> frozenset[tuple[str, str]]:
    """The labels and annotations of an object and its namespace, and those that metadata holds besides."""
    namespaces = [
        found for found in project.by(Object, "object_name").get(each.namespace, ()) if found.kind == "Namespace"
    ]
    nodes = [each.metadata, *(found.metadata for found in namespaces), *more]
    return frozenset(pair for node in nodes for name in ("labels", "annotations") for pair in texts(node[name]).items())


def _of_workload(each: Workload, project: Project) -> Kept:
    templates = each.spec["volumeClaimTemplates"]
    own = [item for item in templates if item.is_mapping] if templates.is_list else []
    shared = claims_of(each, project)
    engine = _group(each)[1]
    numbers = ["*"] if engine else _numbers(each)  # each replica of a database holds all of it
    claims = [f"{written(item['metadata']['name'])}-{each.object_name}-{number}" for item in own for number in numbers]
    claims += [claim.name for claim in shared]
    claimed = [claim.claim for claim in shared if claim.claim is not None]
    labels = [each.pod_labels, each.labels, *(texts(item.at("metadata.labels")) for item in own)]
    labels += [claim.labels for claim in claimed]
    nodes = [*(item["spec"]["storageClassName"] for item in own), *(c.spec["storageClassName"] for c in claimed)]
    metadata = [each.template["metadata"], *(item["metadata"] for item in own), *(c.metadata for c in claimed)]
    marks = _marks(each, project, *metadata)
    return Kept(each, tuple(claims), tuple(labels), frozenset(filter(None, map(written, nodes))), engine, marks)


_MOST_REPLICAS = 20


def _numbers(each: Workload) -> list[str]:
    """The numbers of its pods, `*` where they are not known or many."""
    number = each.replicas.number if each.replicas.known and each.replicas.present else 1
    if number is None or not each.replicas.known or not 0 < number <= _MOST_REPLICAS:
        return ["*"]
    return [str(at) for at in range(int(number))]


def _group(workload: Workload) -> tuple[str, str]:
    """What a workload keeps, by the images of the containers that mount it: the group, and the engine of a database."""
    found = [_kind(each) for each in workload.containers if each.role == "app" and _mounts(each, workload)]
    found = found or [_kind(each) for each in workload.containers if each.role == "app"]
    return min(found, key=lambda each: _GRAVEST.index(each[0]), default=("Volume", ""))


_GRAVEST = ("Database", "Search", "Volume", "Queue", "Cache", "Monitoring")  # of several, the first counts


def _kind(container: Container) -> tuple[str, str]:
    image = container.image
    name = image.text.rpartition("/")[2].partition("@")[0].partition(":")[0].lower() if image.known else ""
    for group, engine, pattern in _IMAGES:
        if re.fullmatch(pattern, name):
            return group, engine
    return "Volume", ""


def _mounts(container: Container, workload: Workload) -> bool:
    """Whether a container mounts storage that outlives its pod."""
    templates, volumes = workload.spec["volumeClaimTemplates"], workload.pod["volumes"]
    names = {written(each["metadata"]["name"]) for each in (templates if templates.is_list else ())}
    for each in volumes if volumes.is_list else ():
        if any(each[kind].present for kind in ("persistentVolumeClaim", "ephemeral", "hostPath", *_STORAGE)):
            names.add(written(each["name"]))
    mounts = container.node["volumeMounts"]
    return any(written(each["name"]) in names for each in (mounts if mounts.is_list else ()))


# what backs it up


def _backup(kept: Kept, own: Backup | None, every: Iterable[Schedule]) -> Backup:
    """The best of what the object says itself and of the schedules that cover it."""
    if own is not None and own.on:
        return own
    sure: list[Schedule] = []
    doubts: list[str] = []
    for schedule in every:
        answer = _covered(kept, schedule)
        if answer is False or schedule.on is False:
            continue
        doubt = _doubt(kept, schedule) or ("" if answer and schedule.on else "may back it up")
        if doubt:
            doubts.append(f"{schedule.by.name} {doubt}")
        else:
            sure.append(schedule)
    left = _left(kept, sure)
    if sure and not left:
        return _best(sure, own)
    if sure or doubts:
        return Backup(None, why=doubts[0] if doubts else f"nothing copies {left}")
    return own if own is not None else NONE


def _left(kept: Kept, sure: list[Schedule]) -> str:
    """A claim that none of the schedules copies, where all of them copy one claim at a time."""
    if any(each.claims is None for each in sure):
        return ""
    copied = {claim for each in sure if each.claims is not None for claim in each.claims(kept)}
    left = [claim for claim in kept.claims if claim not in copied or ("*" in claim and not kept.engine)]
    return "" if kept.any_claim and copied else next(iter(left), "")


def _doubt(kept: Kept, schedule: Schedule) -> str:
    """Why a schedule may not be one to count on for a thing, in words."""
    if spare(schedule.by, ""):
        return f"is not for it: {spare(schedule.by, '')}"
    if _apart(schedule.by, kept.object):
        return "is of another cluster or environment"
    return schedule.weak


_PLACES = frozenset("cluster clusters environment environments env envs overlay overlays stage stages live".split())
_ALL = frozenset("base bases common shared all global default".split())


def _apart(one: Object, other: Object) -> bool:
    """Whether two objects are of different clusters or environments, by the folders that they are for."""
    places = [_placed(each) for each in (one, other)]
    return any(places[1].get(word, name) != name for word, name in places[0].items())


def _placed(each: Object) -> dict[str, str]:
    """Folder names such as `clusters`, and what each names: by what builds the object, else by where it stands."""
    folders = [folder.lower() for folder in (each.variant or each.path.rpartition("/")[0]).split("/")]
    return {word.rstrip("s"): name for word, name in pairwise(folders) if word in _PLACES and name not in _ALL}


def _covered(kept: Kept, schedule: Schedule) -> bool | None:
    try:
        return schedule.covers(kept)
    except Unresolved:
        return None


def _best(sure: list[Schedule], own: Backup | None) -> Backup:
    """The backup by the schedule that loses least; with the log of an operator beside it, to a point in time."""
    best = min(sure, key=lambda schedule: schedule.gap if schedule.gap is not None else 100 * DAY)
    retention = best.retention or (own.retention if own else "")
    in_time = bool(own and own.point_in_time)
    loss = 5 * MINUTE if in_time else best.gap
    words = f"{best.by.kind} {best.frequency}".strip()
    kept = own.kept if own and not best.retention else seconds(retention)
    return Backup(True, words, retention, in_time, loss, kept)


# Operators: what their objects say. `on` False with `why` is a backup that is half there.


def _cloud_native(each: Object) -> Backup:
    backup, plugins = each.spec["backup"], each.spec["plugins"]
    archived = backup["barmanObjectStore"]["destinationPath"].present
    for plugin in plugins if plugins.is_list else ():
        archiver = plugin["isWALArchiver"]
        by_plugin = written(plugin["name"]).startswith("barman-cloud") and archiver.present and archiver.value
        archived = archived or bool(by_plugin and plugin["enabled"].value is not False)
    if not archived:
        return NONE
    retention = written(backup["retentionPolicy"])
    why = "its log is archived, but no ScheduledBackup here makes the base that a restore starts from"
    return Backup(False, "", retention, True, None, _months(retention), why)


def _months(retention: str) -> int | None:
    """A time to keep as CloudNativePG reads it: `m` is a month."""
    return seconds(f"{int(retention[:-1]) * 30}d") if re.fullmatch(r"\d{1,4}m", retention) else seconds(retention)


_NEVER = "its schedule has no time at which it runs"


def _zalando(each: Object) -> Backup:
    if each.spec["enableLogicalBackup"].value is not True:
        return Backup(None, why="the settings of the operator say whether the log is archived")
    times = each.spec["logicalBackupSchedule"]
    text = times.text if times.present else "30 00 * * *"
    return _scheduled(f"dump {text}", written(each.spec["logicalBackupRetention"]), None, [cron(text).gap])


def _scheduled(frequency: str, retention: str, in_time: bool | None, gaps: list[int | None]) -> Backup:
    """A backup that runs at times; not known to be any where none of them ever comes."""
    known = [gap for gap in gaps if gap]
    if not known:
        return Backup(None, why=_NEVER)
    return Backup(True, frequency, retention, in_time, 5 * MINUTE if in_time else min(known))


def _backrest(each: Object) -> Backup:
    backups = each.spec["backups"]
    listed = backups["pgbackrest"]["repos"]
    if not listed.present or backups["enabled"].value is False:
        return NONE
    times = [time for repo in (listed if listed.is_list else ()) for _, time in repo["schedules"].items()]
    if not times:
        return Backup(None, why="its log is archived, and no schedule here makes the bases that a restore starts from")
    return _scheduled("log and base backups of pgBackRest", "", True, [cron(time.text).gap for time in times])


def _percona(each: Object) -> Backup:
    backup = each.spec["backup"]
    listed = backup["tasks"] if backup["tasks"].is_list else backup["schedule"]
    gaps = [
        cron(item["schedule"].text).gap
        for item in (listed if listed.is_list else ())
        if item["enabled"].value is not False
    ]
    if not gaps or backup["enabled"].value is False:
        return NONE
    return _scheduled("by its own schedule", "", backup["pitr"]["enabled"].value is True, gaps)


def _innodb(each: Object) -> Backup:
    listed = each.spec["backupSchedules"]
    on = [item for item in (listed if listed.is_list else ()) if item["enabled"].value is not False]
    gaps = [cron(item["schedule"].text).gap for item in on]
    return _scheduled("by its own schedule", "", False, gaps) if on else NONE


def _kubegres(each: Object) -> Backup:
    times = each.spec["backup"]["schedule"]
    return _scheduled(f"dump {times.text}", "", False, [cron(times.text).gap]) if times.present else NONE


def _by_api(each: Object) -> Backup:
    return Backup(None, why="its snapshots are set up through its own interface")


_OPERATORS: dict[tuple[str, str], tuple[str, Callable[[Object], Backup] | None]] = {
    ("postgresql.cnpg.io", "Cluster"): ("postgres", _cloud_native),
    ("acid.zalan.do", "postgresql"): ("postgres", _zalando),
    ("postgres-operator.crunchydata.com", "PostgresCluster"): ("postgres", _backrest),
    ("pgv2.percona.com", "PerconaPGCluster"): ("postgres", _backrest),
    ("kubegres.reactive-tech.io", "Kubegres"): ("postgres", _kubegres),
    ("pxc.percona.com", "PerconaXtraDBCluster"): ("mysql", _percona),
    ("ps.percona.com", "PerconaServerMySQL"): ("mysql", _percona),
    ("psmdb.percona.com", "PerconaServerMongoDB"): ("mongo", _percona),
    ("mysql.oracle.com", "InnoDBCluster"): ("mysql", _innodb),
    ("k8s.mariadb.com", "MariaDB"): ("mysql", None),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"): ("mongo", None),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): ("elasticsearch", _by_api),
    ("cassandra.datastax.com", "CassandraDatacenter"): ("cassandra", _by_api),
    ("k8ssandra.io", "K8ssandraCluster"): ("cassandra", _by_api),
    ("scylla.scylladb.com", "ScyllaCluster"): ("cassandra", _by_api),
    ("clickhouse.altinity.com", "ClickHouseInstallation"): ("clickhouse", None),
}  # fmt: skip
_NO_STORES = frozenset("Redis RedisCluster RedisFailover RabbitmqCluster Kafka ZookeeperCluster Prometheus".split())


def is_operated(each: Object) -> bool:
    """Whether what an operator makes of an object is known here: a store, or what nobody need back up."""
    return (each.group, each.kind) in _OPERATORS or each.kind in _NO_STORES
