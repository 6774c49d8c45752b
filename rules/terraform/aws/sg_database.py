from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.links.open_ports import DATABASES, is_ingress, opened, ways_in
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_FIX = Fix("let only the security groups of the services in that read and write it")


@rule("tf-security-group-database", gate="security-posture", severity="high", seed="6.1 Security Hardening",
      where=is_ingress)  # fmt: skip
def database(group: Resource) -> Iterator[Answer]:
    """Nobody reaches a database from the whole internet.

    Databases are found within hours: somebody tries passwords on them, and some want none. Judged are the usual ports
    of SQL Server, Oracle, MySQL, PostgreSQL, Redshift, MongoDB, Redis, Memcached, Cassandra, Elasticsearch, CouchDB and
    etcd, in security groups and in rules of their own. A rule that opens every port is found by
    `tf-security-group-open`.

    Bad:
    ```hcl
    resource "aws_security_group" "db" {
      ingress {
        from_port   = 5432
        to_port     = 5432
        protocol    = "tcp"
        # expect: PostgreSQL
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    resource "aws_vpc_security_group_ingress_rule" "cache" {
      ip_protocol = "tcp"
      from_port   = 6379
      to_port     = 6379
      # expect: Redis
      cidr_ipv6   = "::/0"
    }
    ```

    Good:
    ```hcl
    resource "aws_security_group" "db" {
      ingress {
        from_port       = 5432
        to_port         = 5432
        protocol        = "tcp"
        security_groups = [aws_security_group.service.id]
      }
      ingress {
        from_port   = 443
        to_port     = 443
        protocol    = "tcp"
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    ```

    Unknown:
    ```hcl
    variable "networks" {
      type = list(string)
    }
    resource "aws_security_group_rule" "db" {
      type        = "ingress"
      from_port   = 3306
      to_port     = 3306
      protocol    = "tcp"
      cidr_blocks = var.networks
    }
    ```
    """
    for at, what in opened(ways_in(group), DATABASES, everything=False):
        yield Finding(at, f"{group.name} opens {what} to the whole internet", fix=_FIX)
