from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule

_MODULES = frozenset({"ec2_group", "ec2_security_group", "amazon.aws.ec2_security_group", "amazon.aws.ec2_group"})
_ANYBODY = frozenset({"0.0.0.0/0", "::/0"})
_GUARDED = {
    22: "SSH", 3389: "RDP", 3306: "MySQL", 5432: "PostgreSQL", 6379: "Redis", 9200: "Elasticsearch", 27017: "MongoDB",
}  # fmt: skip


@rule(
    "ansible-security-group-open",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening: Network segmentation",
    where=lambda task: task.module in _MODULES,
)
def security_group_open(task: Task) -> Iterator[Answer]:
    """No security group opens SSH, RDP, databases or all ports to the whole internet.

    These ports are tried with stolen and guessed passwords from the minute they are open.

    Bad:
    ```yaml playbook.yml
    - hosts: localhost
      tasks:
        - amazon.aws.ec2_security_group:
            name: web
            description: web
            rules:
              - proto: tcp
                from_port: 22
                to_port: 22
                # expect: SSH
                cidr_ip: 0.0.0.0/0
              - proto: all
                # expect: every port
                cidr_ip: 0.0.0.0/0
    ```

    Good:
    ```yaml playbook.yml
    - hosts: localhost
      tasks:
        - amazon.aws.ec2_security_group:
            name: web
            description: web
            rules:
              - {proto: tcp, ports: [80, 443], cidr_ip: 0.0.0.0/0}
              - {proto: tcp, from_port: 22, to_port: 22, cidr_ip: 10.0.0.0/8}
            rules_egress:
              - {proto: all, cidr_ip: 0.0.0.0/0}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: localhost
      tasks:
        - amazon.aws.ec2_security_group:
            name: web
            description: web
            rules: "{{ rules }}"
    ```
    """
    for way in task.args["rules"]:
        ranges = [each for name in ("cidr_ip", "cidr_ipv6") for each in _each(way[name])]
        open_to = next((each for each in ranges if each.known and each.text in _ANYBODY), None)
        if open_to is not None and (words := _opened(way)):
            yield Finding(open_to, f"{words} open to the whole internet", fix=Fix("name the addresses that need it"))


def _each(node: Node) -> list[Node]:
    return list(node) if node.known and node.is_list else [node] if node.present else []


def _opened(way: Node) -> str:
    """What of a rule should not be open, in words. Raises `Unresolved`."""
    if way["proto"].present and way["proto"].text in ("all", "-1"):
        return "every port"
    first, last = way["from_port"].number, way["to_port"].number
    spans = [(first, last if last is not None else first)] if first is not None else []
    for each in _each(way["ports"]):
        start, _, end = each.text.partition("-")
        if start.strip().isdigit():
            spans.append((int(start), int(end) if end.strip().isdigit() else int(start)))
    for low, high in spans:
        if low is not None and high is not None:
            named = [name for port, name in _GUARDED.items() if low <= port <= high]
            if named:
                return "every port" if high - low > 60_000 else " and ".join(named[:2])
    return ""
