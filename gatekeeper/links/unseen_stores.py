"""What may keep data, or back it up, without being seen here: charts, remote modules, files that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gatekeeper.discover import Unreadable, is_test_data
from gatekeeper.links.commands import texts
from gatekeeper.links.judged import judged
from gatekeeper.links.outside import DEPLOYED_BY_OTHERS, MAKE_PODS, installed, unread
from gatekeeper.links.stores import stores
from gatekeeper.models import Subject
from gatekeeper.node import regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service
    from gatekeeper.models.kubernetes import Container, Object
    from gatekeeper.models.terraform import ModuleCall

_KEEPS = regex(
    r"\b(?:rds|aurora|db|databases?|postgres(?:ql)?|mysql|mariadb|sql|mongo(?:db)?|docdb|dynamodb|cosmos(?:db)?|efs|backups?"
    r"|redshift|elasticsearch|opensearch|neptune|memorydb|timestream|fsx|ebs|volumes?|disks?|filestore|spanner|bigtable"
    r"|bigquery|alloydb|clickhouse|cassandra|influxdb?|datastores?|persistence|stateful)\b"
)
# By what a module of one's own is called it surely keeps nothing that would be missed.
_KEEPS_NOTHING = regex(
    r"\b(?:vpc|networks?|networking|subnets?|iam|roles?|policy|policies|users?|labels?|tags?|dns|zones?|route53|acm"
    r"|certs?|certificates?|sg|security|groups?|kms|keys?|eks|aks|gke|ecs|fargate|lambda|functions?|[ane]?lb|balancers?"
    r"|loadbalancer|cloudfront|cdn|waf|ecr|registry|budgets?|cost|monitor(?:ing)?|alarms?|alerts?|logs?|logging|oidc|github"
    r"|gitlab|vpn|peering|gateways?|nat|bastion|sns|sqs|queues?|topics?|buckets?|s3|asg|autoscaling|datadog|cloudwatch"
    r"|grafana|dashboards?|slack|pagerduty|cloudflare|domains?|secrets?|ssm|parameters?|rbac)\b"
)


def unseen(project: Project) -> str:
    """The first such thing, in words; '' when all is seen."""
    return project.once("unseen stores", _unseen)


def _unseen(project: Project) -> str:
    calls = Subject.registry.get("terraform.ModuleCall")
    for call in cast("list[ModuleCall]", project.all(calls)) if calls else ():
        if not call.local and call.called is None and not call.module.shown and _speaks(call):
            return f"{call.name} is a remote module"
    for fault in project.faults:
        if fault.technology in ("terraform", "cloudformation", "pulumi"):
            return f"{fault.source.path} cannot be read"
    if "pulumi" in project.technologies():
        return "what a program of Pulumi makes is not read"
    found = _composed(project) or _of_other_tools(project)
    return found or unread(project, _KINDS) or _made_by_others(project) or installed(project)


# Files by which other tools make databases, and the words by which they do; without words the file is enough.
_TOOLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cdk.json", ()), ("sst.config.ts", ()), ("render.yaml", ("databases:",)),
    ("app.json", ("postgres", "mysql", "mongo", "sql")),
    ("serverless.yml", ("AWS::DynamoDB", "AWS::RDS")), ("serverless.yaml", ("AWS::DynamoDB", "AWS::RDS")),
)  # fmt: skip
_ROLES = (
    "postgresql_db:", "mysql_db:", "mongodb_user:", "geerlingguy.postgresql", "geerlingguy.mysql", "community.mongodb",
)  # fmt: skip


def _of_other_tools(project: Project) -> str:
    """A file by which another tool makes databases, in words."""
    for path in judged(project):
        words = next((words for name, words in _TOOLS if path.rpartition("/")[2] == name), None)
        if words is not None and (not words or any(word in _text(path, project) for word in words)):
            return f"what {path} makes is not read"
    if "ansible" not in project.technologies():
        return ""
    found = (path for path, _ in texts(project, *_ROLES) if path.endswith((".yml", ".yaml")) and not is_test_data(path))
    return next((f"{path} sets up a database" for path in found), "")


def _text(path: str, project: Project) -> str:
    try:
        return project.tree.source(path).text
    except Unreadable:
        return ""


# The kinds that keep data or back it up: a template that is not rendered still says its kinds.
_KINDS = ("StatefulSet", "Deployment", "CronJob", "Schedule", "ScheduledBackup", "ReplicationSource", "Cluster")


def _made_by_others(project: Project) -> str:
    """An object whose pods and volumes are made elsewhere, and that is no store which is read here."""
    objects = Subject.registry.get("kubernetes.Object")
    found = cast("list[Object]", project.all(objects)) if objects else []
    if not found:
        return ""
    from gatekeeper.links.cluster_stores import is_operated

    for each in found:
        if each.kind in DEPLOYED_BY_OTHERS:
            return f"{each.name} deploys from elsewhere"
        if each.kind in MAKE_PODS and not is_operated(each):
            return f"an operator makes the pods of {each.name}"
        if not is_operated(each) and _is_database(each):
            return f"an operator keeps the data of {each.name}"
    return ""


# What operators of databases and of clouds call the objects that they make a store of, and what only belongs to one.
_DATA_KIND = regex(
    r"(?:postgres|pgcluster|mysql|mariadb|mongo|cockroach|crdb|couch|cassandra|scylla|neo4j|arango|clickhouse|opensearch"
    r"|elasticsearch|influx|sgcluster|sqlinstance|sqldatabase|dbinstance|dbcluster|rdsinstance|rdscluster|documentdb|neptune"
    r"|dynamo|flexibleserver|cosmos|spanner|alloydb|bigtable|filestore|yugabyte|ybcluster|tidbcluster|surreal|ravendb)",
    2,
)
_DATA_GROUP = regex(r"(?:rds|docdb|dynamodb|neptune|memorydb|redshift|efs|sql|spanner|alloydb|bigtable|kubedb)\.")
_BELONGS = regex(
    r"(?:user|role|grant|pooler|backup|backups|restore|restores|schedule|binding|parametergroup|subnetgroup|optiongroup"
    r"|template|version|opsrequest|policy|monitor|exporter|dashboard|database|schema|extension|publication|subscription"
    r"|configuration|config|profile|autoscaler|insights|snapshot|mounttarget|accesspoint|proxy)\Z",
    2,
)


def _is_database(each: Object) -> bool:
    """Whether an object is a store by what it is called, which an operator makes."""
    if each.group in ("", "apps", "batch", "rbac.authorization.k8s.io", "apiextensions.k8s.io"):
        return False
    named = _DATA_KIND.search(each.kind) or _DATA_GROUP.match(each.group)
    return bool(named) and not _BELONGS.search(each.kind)


_ASKED_FOR = regex(
    r"(?:[A-Z0-9]{1,30}_)?(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|MONGO(?:DB)?|JDBC|DATASOURCE)_?(?:URL|URI|DSN|HOST)\Z"
)
_SERVED = regex(
    r"\.(?:neon\.tech|supabase\.co|mongodb\.net|psdb\.cloud|cockroachlabs\.cloud|aivencloud\.com|turso\.io|fauna\.com"
    r"|tsdb\.cloud\.timescale\.com|planetscale\.com)\b"
)


def spoken_to(project: Project) -> str:
    """A database that what runs here speaks to, and that is declared nowhere here, in words."""
    return project.once("databases spoken to", _spoken_to)


def _spoken_to(project: Project) -> str:
    containers = Subject.registry.get("kubernetes.Container")
    found = cast("list[Container]", project.all(containers)) if containers else []
    declared = any(each.group == "Database" for each in stores(project))
    for each in found:
        for variable in each.env:
            known = variable.value.known and variable.value.present
            if known and _SERVED.search(variable.value.text):
                return f"{each.name} speaks to a database that others run ({variable.name})"
            if not declared and _ASKED_FOR.match(variable.name):
                return f"{each.name} speaks to a database that is not declared here ({variable.name})"
    return ""


def _speaks(call: ModuleCall) -> bool:
    words = _APART.sub(" ", f"{call.source} {call.name.removeprefix('module.')}".lower())
    if _KEEPS.search(words):
        return True
    called = _APART.sub(" ", " ".join(_PATH.split(call.source.partition("?")[0].lower())[-2:]) + f" {call.label}")
    return not _REGISTRY.match(call.source) and _KEEPS_NOTHING.search(called.lower()) is None


_PATH = regex(r"[/:]+")
_APART = regex(r"[-_/.:@?=]")
_REGISTRY = regex(r"(?:[a-z0-9.-]{1,60}\.[a-z]{2,10}/)?[\w-]{1,80}/[\w-]{1,80}/[a-z0-9]{1,40}(?://.{1,200})?\Z")
_DATABASES = regex(
    r"(?:.*/)?(?:postgres(?:ql)?|postgis|pgvector|mysql|mysql-server|mariadb|mongo(?:db)?|timescaledb|mssql-server|mssql"
    r"|clickhouse-server|clickhouse|cassandra|neo4j|influxdb|couchdb|cockroach|scylla)(?::.*)?\Z"
)


def _composed(project: Project) -> str:
    """A database of a Compose file for production: who copies its data is not written there."""
    services = Subject.registry.get("compose.Service")
    for each in cast("list[Service]", project.all(services)) if services else ():
        image = each.image
        if each.production and image.known and _DATABASES.match(image.text):
            return f"{each.name} keeps its data where Compose runs it"
    return ""


_DUMPS = ("pg_dump", "pg_basebackup", "mysqldump", "mariadb-dump", "mongodump", "wal-g ", "restic backup", "velero ")
_RUN = (".sh", ".bash", ".yml", ".yaml", ".mk", "Makefile", "justfile", "Jenkinsfile", ".py")


def dumping(project: Project) -> str:
    """A script or pipeline that makes backups when it runs, in words; whoever runs it is not looked for."""

    def look(project: Project) -> str:
        found = (path for path, _ in texts(project, *_DUMPS) if path.endswith(_RUN) and not is_test_data(path))
        return next((f"{path} makes a backup when it runs" for path in found), "")

    return project.once("dumping scripts", look)
