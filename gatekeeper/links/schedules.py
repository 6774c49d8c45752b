"""What makes backups in a cluster: the schedules of Velero, of operators and of jobs, and what each of them covers.

Cover is True where a schedule surely backs something up, False where it surely does not, None where nobody can tell
from here. What the fields mean is from the documentation of each: Velero, VolSync, SnapScheduler, Longhorn, Kasten,
K8up, Stash and KubeStash, CloudNativePG, the MariaDB operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.dumps import ENGINES, Dump, dumps, of, outlives
from gatekeeper.links.selectors import compatible
from gatekeeper.models.cron import DAY, cron
from gatekeeper.models.kubernetes import LabelSelector, Object, Workload, written
from gatekeeper.models.prometheus import duration
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project


class Kept(NamedTuple):
    """What is to be backed up: an object, the volumes it claims and the labels of these, as far as they are known."""

    object: Object
    claims: tuple[str, ...]  # names, those of templates with `*` for the number
    labels: tuple[dict[str, str], ...]
    classes: frozenset[str] = frozenset()  # of storage
    engine: str = ""  # of a database: postgres, mysql, mongo, ...
    marks: frozenset[tuple[str, str]] = frozenset()  # labels and annotations, of its pods, claims and namespace too
    any_claim: bool = False  # each of the claims holds all of it

    def marked(self, key: str, value: str) -> bool:
        return (key, value) in self.marks


class Schedule(NamedTuple):
    """Something that makes backups again and again. `crons` are its times as written. `covers` answers whether it backs
    a thing up, `claims` which of its claims where it copies one at a time. `kept` is for how long each backup is kept,
    in seconds, where that is a time; `flaw` says why what it makes may be of no use."""

    by: Object
    crons: tuple[Node, ...]
    retention: str
    covers: Callable[[Kept], bool | None]
    seconds_first: bool = False
    kept: int | None = None
    flaw: str = ""
    claims: Callable[[Kept], frozenset[str]] | None = None

    @property
    def on(self) -> bool | None:
        """Whether it runs: False when it is suspended, None when that is filled in later."""
        spec = self.by.spec
        for off in (*(spec[name] for name in ("paused", "suspend", "pause", "disabled")), spec.at("schedule.suspend")):
            if off.present:
                return None if not off.known else off.text.lower() != "true"
        return True

    @property
    def weak(self) -> str:
        """Why nobody can count on what it makes, in words; '' where nothing here speaks against that."""
        if any(not each.known for each in self.crons):
            return f"runs at {self.frequency}, which is filled in later"
        if self.gap is None:
            return "has no time at which it runs"
        if self.gap > _SELDOM:
            return f"runs once in {self.gap // DAY} days"
        if self.kept is not None and self.kept < self.gap:
            return "removes what it made before it makes the next"
        return self.flaw

    @property
    def gap(self) -> int | None:
        """The longest time between two of its runs, in seconds; None when that is not known."""
        if any(not each.known for each in self.crons):
            return None
        gaps = [cron(each.text, self.seconds_first).gap for each in self.crons]
        return min((gap for gap in gaps if gap is not None), default=None)

    @property
    def frequency(self) -> str:
        return ", ".join(written(each) for each in self.crons)


def schedules(project: Project) -> list[Schedule]:
    """Everything in the repository that makes backups by itself, in the order of the files."""

    def make(project: Project) -> list[Schedule]:
        found = [made for each in project.all(Object) if (made := schedule_of(each)) is not None]
        locked = {each.object_name for each in project.all(Object) if _is_locked(each)}
        return [_kept_nowhere(each, locked) if locked else each for each in found]

    return project.once("schedules of backups", make)


def schedule_of(each: Object) -> Schedule | None:
    """The schedule that an object is; None for one that makes no backups."""
    reader = _READERS.get((each.group, each.kind))
    return reader(each) if reader else None


def seconds(text: str) -> int | None:
    """A time to keep as it is written in such objects (`720h`, `30d`, `2w`, `240h0m0s`), in seconds."""
    found = duration(text) if text.strip() != "0" else None
    return int(found) if found is not None else None


_SELDOM = 31 * DAY


# Velero


def _velero(each: Object) -> Schedule:
    template = each.spec["template"]
    ttl = written(template["ttl"])
    length = seconds(ttl) or 30 * DAY  # 0 and nothing mean the default
    return Schedule(each, (each.spec["schedule"],), ttl or "720h", lambda kept: _taken(template, kept), kept=length)


def _is_locked(each: Object) -> bool:
    """Whether it is a place for backups of Velero that nothing may be written to."""
    return (each.group, each.kind) == ("velero.io", "BackupStorageLocation") and written(
        each.spec["accessMode"]
    ) == "ReadOnly"


def _kept_nowhere(schedule: Schedule, locked: set[str]) -> Schedule:
    """A schedule of Velero, with a flaw where what it makes goes to a place that is locked."""
    if schedule.by.group != "velero.io":
        return schedule
    place = written(schedule.by.spec["template"]["storageLocation"]) or "default"
    return schedule._replace(flaw=f"writes to {place}, which is read-only") if place in locked else schedule


_LEFT_OUT = "velero.io/exclude-from-backup"
_VOLUMES_LEFT_OUT = "backup.velero.io/backup-volumes-excludes"


def _taken(template: Node, kept: Kept) -> bool | None:
    """Whether a backup of Velero takes in a thing with what its volumes hold."""
    if kept.marked(_LEFT_OUT, "true"):
        return False
    try:
        answers = [_in_namespaces(template, kept.object.namespace), _selected(template, kept)]
        files = any(template[name].value is True for name in ("defaultVolumesToFsBackup", "defaultVolumesToRestic"))
        answers += [_of_kinds(template), _of_new_kinds(template)]
        if not files and (template["snapshotVolumes"].value is False or _without_volumes(template)):
            answers.append(None)  # an annotation of the pods may ask for it
    except Unresolved:
        return None
    if files and any(key == _VOLUMES_LEFT_OUT for key, _ in kept.marks):
        answers.append(None)
    if template["resourcePolicy"].present:
        answers.append(None)  # it may say that volumes are skipped
    return False if False in answers else None if None in answers else True


def _in_namespaces(template: Node, namespace: str) -> bool | None:
    included = [item.text for item in template["includedNamespaces"]]
    excluded = [item.text for item in template["excludedNamespaces"]]
    everywhere = not included or "*" in included
    if not namespace:
        return True if everywhere and not excluded else None
    chosen = everywhere or any(fnmatchcase(namespace, pattern) for pattern in included)
    return chosen and not any(fnmatchcase(namespace, pattern) for pattern in excluded)


_CLAIMS = frozenset({"persistentvolumeclaims", "persistentvolumeclaim", "pvc"})
_VOLUMES = frozenset({"persistentvolumes", "persistentvolume", "pv"})
_PODS = frozenset({"pods", "pod", "po"})


def _kinds(node: Node) -> frozenset[str]:
    return frozenset(item.text.lower().partition(".")[0] for item in node) if node.is_list else frozenset()


def _of_kinds(template: Node) -> bool:
    included, excluded = _kinds(template["includedResources"]), _kinds(template["excludedResources"])
    taken = not included or "*" in included or not included.isdisjoint(_CLAIMS | _VOLUMES | _PODS)
    return taken and excluded.isdisjoint(_CLAIMS | {"*"})


def _of_new_kinds(template: Node) -> bool:
    """The same by the newer fields, which name what is in a namespace and what is not apart."""
    included = _kinds(template["includedNamespaceScopedResources"])
    excluded = _kinds(template["excludedNamespaceScopedResources"])
    taken = not included or "*" in included or not included.isdisjoint(_CLAIMS | _PODS)
    return taken and excluded.isdisjoint(_CLAIMS | {"*"})


def _without_volumes(template: Node) -> bool:
    """Whether the volumes are left out, so that there is none to take a snapshot of."""
    excluded = _kinds(template["excludedResources"]) | _kinds(template["excludedClusterScopedResources"])
    included = _kinds(template["includedClusterScopedResources"])
    named = bool(included) and included.isdisjoint(_VOLUMES | {"*"})
    return template["includeClusterResources"].value is False or named or not excluded.isdisjoint(_VOLUMES | {"*"})


def _selected(template: Node, kept: Kept) -> bool | None:
    asked = [template["labelSelector"], *template["orLabelSelectors"]]
    selectors = [LabelSelector.of(node) for node in asked if node.present and len(node)]
    return not selectors or any(_matches(each, kept) for each in selectors)


def _matches(selector: LabelSelector, kept: Kept) -> bool:
    return any(selector.matches(labels) for labels in kept.labels)


# Snapshots and copies of volumes


def _volsync(each: Object) -> Schedule:
    movers = ("restic", "kopia", "rclone")
    mover = next((each.spec[name] for name in movers if each.spec[name].is_mapping), None)
    time = each.spec["trigger"]["schedule"]
    named = each.spec["sourcePVC"]
    flaw = _none_kept(mover["retain"]) if mover is not None else "keeps no older state of what it copies"
    return Schedule(
        each, (time,) if time.present else (), _counts(mover["retain"]) if mover is not None else "",
        lambda kept: _of_claim(named, each, kept), flaw=flaw, claims=lambda kept: _claimed(named, kept),
    )  # fmt: skip


def _of_claim(named: Node, by: Object, kept: Kept) -> bool | None:
    if not compatible(by.namespace, kept.object.namespace):
        return False
    if not named.known:
        return None if kept.claims else False
    return bool(_claimed(named, kept))


def _claimed(named: Node, kept: Kept) -> frozenset[str]:
    """The claims of a thing that are the one which is named."""
    return frozenset(claim for claim in kept.claims if named.known and fnmatchcase(named.text, claim))


_SAME_STORAGE = "takes snapshots, which may lie on the same storage"


def _snapshots(each: Object) -> Schedule:
    def covers(kept: Kept) -> bool | None:
        if not compatible(each.namespace, kept.object.namespace):
            return False
        selector = each.spec["claimSelector"]
        return not selector.present or not len(selector) or _matches(LabelSelector.of(selector), kept)

    retention = each.spec["retention"]
    expires = seconds(written(retention["expires"]))
    return Schedule(each, (each.spec["schedule"],), _counts(retention), covers, kept=expires, flaw=_SAME_STORAGE)


_TO_ELSEWHERE = frozenset({"backup", "backup-force-create"})
_ON_THE_SPOT = frozenset({"snapshot", "snapshot-force-create"})


def _longhorn(each: Object) -> Schedule | None:
    task = written(each.spec["task"])
    if task not in _TO_ELSEWHERE | _ON_THE_SPOT:
        return None

    def covers(kept: Kept) -> bool | None:
        groups = [item.text for item in each.spec["groups"]] if each.spec["groups"].is_list else []
        chosen = any(key.startswith("recurring-job") for key, _ in kept.marks)  # then the default is not meant
        if "default" in groups and not chosen and kept.classes and all("longhorn" in name for name in kept.classes):
            return True
        return None if not kept.classes or any("longhorn" in name for name in kept.classes) else False

    count = written(each.spec["retain"])
    flaw = _SAME_STORAGE if task in _ON_THE_SPOT else ""
    return Schedule(each, (each.spec["cron"],), f"{count} copies" if count else "", covers, flaw=flaw)


def _kasten(each: Object) -> Schedule | None:
    actions = list(each.spec["actions"]) if each.spec["actions"].is_list else []
    kinds = [written(action["action"]) for action in actions]
    frequency = each.spec["frequency"]
    if "backup" not in kinds or (frequency.known and frequency.text == "@onDemand"):
        return None

    def covers(kept: Kept) -> bool | None:
        selector = LabelSelector.of(each.spec["selector"])
        return selector.matches({"k10.kasten.io/appNamespace": kept.object.namespace}) or None

    filtered = any(action.at("backupParameters.filters").present for action in actions)
    flaw = "leaves out what its filters say" if filtered else "" if "export" in kinds else _SAME_STORAGE
    words = {"@hourly", "@daily", "@weekly", "@monthly", "@yearly"}
    known = frequency.present and (not frequency.known or frequency.text in words)
    retention = each.spec["retention"]
    return Schedule(each, (frequency,) if known else (), _counts(retention), covers, flaw=flaw or _none_kept(retention))


def _k8up(each: Object) -> Schedule | None:
    backup = each.spec["backup"]
    if not backup["schedule"].present:
        return None

    def covers(kept: Kept) -> bool | None:
        if kept.marked("k8up.io/backup", "false"):
            return False
        if not each.namespace or not kept.object.namespace or backup["labelSelectors"].present:
            return None
        return each.namespace == kept.object.namespace

    kept_for = each.spec["prune"]["retention"]
    local = each.spec["backend"]["local"].present or backup["backend"]["local"].present
    flaw = "keeps its backups in the cluster" if local else _none_kept(kept_for)
    return Schedule(each, (backup["schedule"],), _counts(kept_for), covers, flaw=flaw)


def _stash(each: Object) -> Schedule:
    old = each.group == "stash.appscode.com"
    target = each.spec["target"]["ref"] if old else each.spec["target"]
    sessions = each.spec["sessions"]
    crons = [item["scheduler"]["schedule"] for item in (sessions if sessions.is_list else ())]
    crons = [each.spec["schedule"]] if old else crons

    def covers(kept: Kept) -> bool | None:
        where = written(target["namespace"]) or each.namespace
        if not compatible(where, kept.object.namespace):
            return False
        if not target["name"].known:
            return None
        kind, name = written(target["kind"]), written(target["name"])
        if kind in ("PersistentVolumeClaim", "PVC"):
            return any(fnmatchcase(name, claim) for claim in kept.claims)
        if kind == "AppBinding":
            return True if name == kept.object.object_name else None
        return (kind, name) == (kept.object.kind, kept.object.object_name)

    return Schedule(each, tuple(node for node in crons if node.present), "", covers)


# Databases


def _cnpg(each: Object) -> Schedule:
    named = _by_name(each, each.spec["cluster"]["name"], "Cluster")

    def covers(kept: Kept) -> bool | None:
        found = named(kept)
        return found and (_has_target(each.spec, kept.object.spec) or None)

    return Schedule(each, (each.spec["schedule"],), "", covers, seconds_first=True)


def _has_target(backup: Node, cluster: Node) -> bool:
    """Whether a cluster of CloudNativePG says where backups of that method go: without it each of them fails."""
    method = written(backup["method"]) or "barmanObjectStore"
    if method != "plugin":
        place = cluster["backup"][method]
        return place.present and (method == "volumeSnapshot" or place["destinationPath"].present)
    wanted = written(backup["pluginConfiguration"]["name"])
    listed = cluster["plugins"]
    names = [written(each["name"]) for each in listed if each["enabled"].value is not False] if listed.is_list else []
    return wanted in names


def _mariadb(each: Object) -> Schedule | None:
    times, storage = each.spec["schedule"]["cron"], each.spec["storage"]
    if not times.present:
        return None
    covers = _by_name(each, each.spec["mariaDbRef"]["name"], "MariaDB")
    retention = written(each.spec["maxRetention"])
    flaw = "copies some of the databases" if each.spec["databases"].present else ""
    flaw = "puts its backups where they are lost with the pod" if storage.at("volume.emptyDir").present else flaw
    return Schedule(each, (times,), retention, covers, kept=seconds(retention), flaw=flaw)


def _by_name(each: Object, named: Node, kind: str) -> Callable[[Kept], bool | None]:
    def covers(kept: Kept) -> bool | None:
        if kept.object.kind != kind or not compatible(each.namespace, kept.object.namespace):
            return False
        if written(named) == kept.object.object_name:  # what is filled in later is so in both
            return named.known or _beside(each, kept.object) or None
        return False if named.known else None

    return covers


def _beside(one: Object, other: Object) -> bool:
    return one.path.rpartition("/")[0] == other.path.rpartition("/")[0]


# Jobs

_DUMPS = regex(rf"(?:^|[\s/'\"])(?:{'|'.join(ENGINES)})(?=[\s'\"]|\Z)")
_COPIES = regex(r"\brestic\b[^\n]{0,200}\bbackup\b|\bkopia\b|\bborg(?:matic)?\b|\bduplicity\b|\bvelero backup create\b")
_NAMED = regex(r"(?:^|[-_/])(?:backup|backups|pgdump|pg-dump|mysqldump|mongodump|restic|wal-g|snapshot)(?:$|[-_/])")


def _job(each: Object) -> Schedule | None:
    if not isinstance(each, Workload):
        return None
    text = _text(each)
    found = dumps(each) if _DUMPS.search(text) else []
    if not found and not _COPIES.search(text) and not _NAMED.search(each.object_name.lower()):
        return None
    return Schedule(each, (each.spec["schedule"],), "", lambda kept: _dumped(each, found, kept))


def _text(job: Workload) -> str:
    """What the containers of a job run."""
    nodes = [
        node
        for container in job.containers
        for name in ("command", "args")
        for node in (container.node[name] if container.node[name].is_list else ())
    ]
    return "\n".join(map(written, nodes))


def _dumped(job: Workload, found: list[Dump], kept: Kept) -> bool | None:
    """Whether a job copies a database: it names its host, copies all of it, and keeps the copy."""
    if found and (not kept.engine or all(each.engine != kept.engine for each in found)):
        return False
    mine = [each for each in found if each.engine == kept.engine and each.whole and of(each, kept.object, job)]
    return True if any(outlives(job, each, kept.claims) for each in mine) else None


def _counts(node: Node) -> str:
    """What is kept, as written: `daily: 7, weekly: 4`."""
    if not node.is_mapping:
        return ""
    return ", ".join(f"{name}: {written(value)}" for name, value in node.items() if not value.is_mapping)


def _none_kept(node: Node) -> str:
    """That nothing is kept, where every number of copies is none."""
    if not node.is_mapping or not len(node):
        return ""
    return "keeps no copy" if all(written(value) == "0" for _, value in node.items()) else ""


_READERS: dict[tuple[str, str], Callable[[Object], Schedule | None]] = {
    ("velero.io", "Schedule"): _velero,
    ("volsync.backube", "ReplicationSource"): _volsync,
    ("snapscheduler.backube", "SnapshotSchedule"): _snapshots,
    ("longhorn.io", "RecurringJob"): _longhorn,
    ("config.kio.kasten.io", "Policy"): _kasten,
    ("k8up.io", "Schedule"): _k8up,
    ("backup.appuio.ch", "Schedule"): _k8up,
    ("stash.appscode.com", "BackupConfiguration"): _stash,
    ("core.kubestash.com", "BackupConfiguration"): _stash,
    ("postgresql.cnpg.io", "ScheduledBackup"): _cnpg,
    ("k8s.mariadb.com", "Backup"): _mariadb,
    ("k8s.mariadb.com", "PhysicalBackup"): _mariadb,
    ("batch", "CronJob"): _job,
}


def times(each: Object) -> Iterator[tuple[Node, bool]]:
    """The times at which an object makes backups, as written: of a schedule, or in the object of an operator. With
    whether the first of six fields is for seconds."""
    found = schedule_of(each)
    for node in found.crons if found else ():
        yield node, found is not None and found.seconds_first
    for path in _TIMES.get((each.group, each.kind), ()):
        for node in _at(each.spec, path.split(".")):
            if node.present:
                yield node, False


def _at(node: Node, steps: list[str]) -> Iterator[Node]:
    """The nodes below a path, through every item of the lists on it."""
    if not steps:
        yield node
    elif node.is_list:
        for item in node:
            yield from _at(item, steps)
    elif node.known:
        yield from _at(node[steps[0]], steps[1:])


_BACKREST = tuple(f"backups.pgbackrest.repos.schedules.{kind}" for kind in ("full", "differential", "incremental"))
_TIMES: dict[tuple[str, str], tuple[str, ...]] = {
    ("acid.zalan.do", "postgresql"): ("logicalBackupSchedule",),
    ("postgres-operator.crunchydata.com", "PostgresCluster"): _BACKREST,
    ("pgv2.percona.com", "PerconaPGCluster"): _BACKREST,
    ("pxc.percona.com", "PerconaXtraDBCluster"): ("backup.schedule.schedule",),
    ("ps.percona.com", "PerconaServerMySQL"): ("backup.schedule.schedule",),
    ("psmdb.percona.com", "PerconaServerMongoDB"): ("backup.tasks.schedule",),
    ("mysql.oracle.com", "InnoDBCluster"): ("backupSchedules.schedule",),
    ("kubegres.reactive-tech.io", "Kubegres"): ("backup.schedule",),
}


def namespaces_named(each: Object) -> list[Node]:
    """The namespaces that a schedule of Velero takes in, as written; none where it takes in all."""
    if (each.group, each.kind) != ("velero.io", "Schedule"):
        return []
    named = each.spec.at("template.includedNamespaces")
    found = list(named) if named.is_list else []
    return [] if any(node.known and node.text == "*" for node in found) else found


_NAMED_BY = {  # the path to the name of what is backed up, and to its kind, or the kind
    ("postgresql.cnpg.io", "ScheduledBackup"): ("cluster.name", "Cluster"),
    ("k8s.mariadb.com", "Backup"): ("mariaDbRef.name", "MariaDB"),
    ("k8s.mariadb.com", "PhysicalBackup"): ("mariaDbRef.name", "MariaDB"),
    ("volsync.backube", "ReplicationSource"): ("sourcePVC", "PersistentVolumeClaim"),
    ("stash.appscode.com", "BackupConfiguration"): ("target.ref.name", "=target.ref.kind"),
    ("core.kubestash.com", "BackupConfiguration"): ("target.name", "=target.kind"),
}


def objects_named(each: Object) -> list[tuple[Node, str]]:
    """What a schedule names as what it backs up, with its kind."""
    found = _NAMED_BY.get((each.group, each.kind))
    if found is None or not each.spec.at(found[0]).present:
        return []
    kind = written(each.spec.at(found[1][1:])) if found[1].startswith("=") else found[1]
    return [(each.spec.at(found[0]), kind)] if kind not in ("", "AppBinding") else []
