from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule

_MODULES = frozenset({"docker_container", "podman_container"})
_STORES = {
    1433: "SQL Server", 2379: "etcd", 3306: "MySQL", 5432: "PostgreSQL", 5672: "RabbitMQ", 6379: "Redis",
    9200: "Elasticsearch", 11211: "memcached", 27017: "MongoDB",
}  # fmt: skip


def _published(task: Task) -> list[Node]:
    for name in ("published_ports", "ports", "publish"):
        said = task.args[name]
        if said.present:
            return list(said) if said.is_list else [said]
    return []


@rule(
    "ansible-container-database-port",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening: Network segmentation",
    where=lambda task: task.module in _MODULES and bool(_published(task)),
)
def container_database_port(task: Task) -> Iterator[Answer]:
    """The ports of databases are not published on every address of the host.

    Docker opens a published port past the host's own firewall: a rule of ufw does not close it. Bound to 127.0.0.1, or
    in a network that the containers share, the database is reached by those who need it.

    Bad:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        - community.docker.docker_container:
            name: db
            image: postgres:17
            published_ports:
              # expect: PostgreSQL
              - "5432:5432"
    ```

    Good:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        - community.docker.docker_container:
            name: db
            image: postgres:17
            published_ports: ["127.0.0.1:5432:5432"]
        - community.docker.docker_container:
            name: web
            image: nginx:1.27
            published_ports: ["80:80"]
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        - community.docker.docker_container:
            name: db
            image: postgres:17
            published_ports: ["{{ address }}:5432:5432"]
    ```
    """
    for each in _published(task):
        parts = each.text.partition("/")[0].split(":")
        port = parts[-1].partition("-")[0]
        everywhere = len(parts) == 2 or (len(parts) == 3 and parts[0] in ("0.0.0.0", "::", "[::]"))  # noqa: S104  # no socket
        if everywhere and port.isdigit() and int(port) in _STORES:
            words = f"{_STORES[int(port)]} is open on every address of the host"
            yield Finding(each, words, fix=Fix(f'bind it: "127.0.0.1:{":".join(parts[-2:])}"'))
