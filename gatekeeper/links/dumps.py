"""What a job dumps: by which program, of which host, whether that is all of it, and whether the copy outlives it.

The commands of the containers are read as shell; what stands in a comment or is only printed counts for nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.selectors import compatible
from gatekeeper.models.kubernetes import Container, Object, Workload, written
from gatekeeper.models.shell import SHELLS, Command, parse
from gatekeeper.node import regex

ENGINES = {  # the programs that copy a database, and which
    name: engine
    for engine, names in (
        ("postgres", "pg_dump pg_dumpall pg_basebackup wal-g pgbackrest barman barman-cloud-backup"),
        ("mysql", "mysqldump mariadb-dump mydumper xtrabackup mariabackup mariadb-backup"),
        ("mongo", "mongodump pbm"), ("clickhouse", "clickhouse-backup"), ("influx", "influx influxd"),
        ("neo4j", "neo4j-admin"), ("cassandra", "nodetool medusa"),
    )
    for name in names.split()
}  # fmt: skip
# Options by which such a program leaves something out, or copies nothing.
_PG_PARTS = regex(r"-[stTnNgrV]|--(?:schema|table|exclude|globals|roles|tablespaces|filter|version|help|list)")
_MYSQL_PARTS = regex(r"-[dwVT]|--(?:no-data|ignore|where|tables|version|help)")
_PARTS = {
    "pg_dump": _PG_PARTS, "pg_dumpall": _PG_PARTS,
    "mysqldump": _MYSQL_PARTS, "mariadb-dump": _MYSQL_PARTS, "mydumper": _MYSQL_PARTS,
    "mongodump": regex(r"-[cq]|--(?:collection|exclude|query|version|help)"),
}  # fmt: skip
_BY_ITSELF = frozenset("wal-g pgbackrest barman barman-cloud-backup pbm medusa".split())  # know where to put it
_AWAY = {  # programs that bring a file elsewhere, and the words by which they do
    "aws": "cp sync mv put-object", "gsutil": "cp rsync mv", "gcloud": "cp rsync mv", "az": "upload upload-batch sync",
    "azcopy": "copy cp sync", "rclone": "copy copyto sync move moveto rcat", "restic": "backup", "borg": "create",
    "kopia": "create", "mc": "cp mirror mv pipe", "s3cmd": "put sync", "s5cmd": "cp sync mv pipe", "scp": "",
    "rsync": "", "ssh": "", "b2": "upload-file sync", "sftp": "", "duplicity": "", "lftp": "", "swift": "upload",
    "curl": "-T --upload-file -F --form --data-binary", "clickhouse-backup": "create_remote upload",
}  # fmt: skip
_LASTING = frozenset("persistentVolumeClaim nfs csi cephfs azureFile glusterfs".split())
_HOST_OPTION = regex(r"(?:-h|--host=?|--hostname=?|--uri=?|--dbname=?|-d)(.*)")
_URL_HOST = regex(r"[a-z][a-z0-9+]{1,20}://(?:[^@/\s]{0,300}@)?([A-Za-z0-9][A-Za-z0-9.-]{0,200})")
_KEY_HOST = regex(r"(?:^|\s)host=([A-Za-z0-9][A-Za-z0-9.-]{0,200})")
_PLAIN_HOST = regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,200}(?::\d{1,5})?\Z")
_SAYS_HOST = regex(r"(?:HOST|HOSTNAME|SERVER|URL|URI|DSN)\Z")
_VARIABLE = regex(r"\$(?:\{([A-Za-z_]\w{0,80})\}|\(([A-Za-z_]\w{0,80})\)|([A-Za-z_]\w{0,80}))")
_PLAIN_VALUE = regex(r"[\w.:/@+,=-]{1,300}\Z")
_ENDINGS = ("", "-rw", "-ro", "-r", "-primary", "-svc", "-service", "-headless", "-0", "-hl")


class Dump(NamedTuple):
    """A copy of a database: of which hosts, as written; none where that is not known."""

    engine: str
    hosts: tuple[str, ...]
    by: str
    whole: bool


def dumps(job: Workload) -> list[Dump]:
    """The copies that the containers of a job make."""
    return [
        dump for container in job.containers for command in _commands(container)
        if (dump := _dump(command, container)) is not None
    ]  # fmt: skip


def of(dump: Dump, kept: Object, job: Object) -> bool:
    """Whether a copy is of an object: the host of a Service of its name, or of one of its pods."""
    return any(_is(host.partition(":")[0].split("."), kept, job) for host in dump.hosts)


def _is(labels: list[str], kept: Object, job: Object) -> bool:
    if not any(labels[0] == f"{kept.object_name}{ending}" for ending in _ENDINGS):
        return False
    if len(labels) == 1:
        return compatible(job.namespace, kept.namespace)
    return bool(kept.namespace) and kept.namespace in labels[1:]


def outlives(job: Workload, dump: Dump, claims: tuple[str, ...]) -> bool:
    """Whether what a job copies is brought elsewhere, or put on a volume that is left when the job ends; `claims` are
    those of what it copies."""
    commands = [command for container in job.containers for command in _commands(container)]
    if dump.by in _BY_ITSELF or any(map(_brings_away, commands)):
        return True
    words = [word for each in commands for word in (*each.words, *(other.target for other in each.redirects))]
    return any(path in word for path in _paths(job, claims) for word in words)


def _brings_away(command: Command) -> bool:
    wanted = _AWAY.get(command.program)
    if wanted is None:
        return False
    return not wanted or not set(wanted.split()).isdisjoint(command.words)


def _paths(job: Workload, claims: tuple[str, ...]) -> Iterator[str]:
    """Where volumes are mounted that are left when a job ends, and are not those of what it copies."""
    from fnmatch import fnmatchcase

    listed = job.pod["volumes"]
    lasting = set()
    for volume in (item for item in listed if item.is_mapping) if listed.is_list else ():
        claim = written(volume["persistentVolumeClaim"]["claimName"])
        own = any(fnmatchcase(claim, pattern) for pattern in claims)
        if not own and any(volume[kind].present for kind in _LASTING):
            lasting.add(written(volume["name"]))
    for container in job.containers:
        mounts = container.node["volumeMounts"]
        for mount in mounts if mounts.is_list else ():
            path = written(mount["mountPath"]).rstrip("/")
            if written(mount["name"]) in lasting and path:
                yield path


def _commands(container: Container) -> list[Command]:
    """The commands that a container runs, with the values of its variables filled in."""
    words = [
        written(node)
        for name in ("command", "args")
        for node in (container.node[name] if container.node[name].is_list else ())
    ]
    if not words:
        return []
    at = next((number for number, word in enumerate(words) if _SHELL_OPTION.match(word)), 0)
    shell = words[0].rpartition("/")[2] in SHELLS and 0 < at < len(words) - 1
    script = words[at + 1] if shell else shlex.join(words)
    values = {each.name: each.value.text for each in container.env if each.value.known and each.value.present}
    return list(parse(_filled(script, values, shell)).commands)


_SHELL_OPTION = regex(r"-[A-Za-z]{0,8}c\Z")


def _filled(script: str, values: dict[str, str], shell: bool) -> str:
    """A script with the values of variables that are plain words; without a shell only `$(NAME)` is one."""

    def value(found: re.Match[str]) -> str:
        whole, *names = found[0], found[1], found[2], found[3]
        name = next(filter(None, names), "")
        text = values.get(name, "")
        return text if _PLAIN_VALUE.match(text) and (shell or names[1]) else whole

    return _VARIABLE.sub(value, script)


def _dump(command: Command, container: Container) -> Dump | None:
    words, pod = command.words, ""
    if command.program in ("kubectl", "oc") and "exec" in words and "--" in words:
        after = words.index("--")
        pod = next((word for word in words[words.index("exec") + 1 : after] if not word.startswith("-")), "")
        words = words[after + 1 :]
    program = words[0].rpartition("/")[2] if words else ""
    engine = ENGINES.get(program)
    if engine is None or (program in _ASKED and not any(word in _ASKED[program] for word in words)):
        return None
    part = _PARTS.get(program)
    whole = part is None or not any(part.match(word) for word in words[1:])
    hosts = [pod.rpartition("/")[2]] if pod else list(_hosts(words[1:]))
    return Dump(engine, tuple(hosts) if hosts else _told(command, container), program, whole)


# Of programs that do more than copy: the words with which they do.
_ASKED = {
    "influx": ("backup",), "influxd": ("backup",), "neo4j-admin": ("dump", "backup"), "nodetool": ("snapshot",),
    "wal-g": ("backup-push",), "pgbackrest": ("backup",), "barman": ("backup",), "pbm": ("backup",),
    "medusa": ("backup",), "clickhouse-backup": ("create", "create_remote"),
    "xtrabackup": ("--backup",), "mariabackup": ("--backup",), "mariadb-backup": ("--backup",),
}  # fmt: skip


def _hosts(words: tuple[str, ...]) -> Iterator[str]:
    """The hosts that the words of a command name."""
    for number, word in enumerate(words):
        found = _URL_HOST.search(word) or _KEY_HOST.search(word)
        if found:
            yield found[1]
            continue
        option = _HOST_OPTION.match(word)
        if option and not word.startswith(("-d", "--dbname", "--uri")):
            host = option[1] or (words[number + 1] if number + 1 < len(words) else "")
            if not _URL_HOST.search(host):
                yield host if _PLAIN_HOST.match(host) else ""


def _told(command: Command, container: Container) -> tuple[str, ...]:
    """The hosts that the variables of a container name."""
    pairs = [(each.name, each.value.text) for each in container.env if each.value.known]
    pairs += [(name, value) for name, _, value in (each.partition("=") for each in command.env)]
    found = []
    for name, value in pairs:
        url = _URL_HOST.search(value)
        if _SAYS_HOST.search(name) and (url or _PLAIN_HOST.match(value)):
            found.append(url[1] if url else value)
    return tuple(found)
