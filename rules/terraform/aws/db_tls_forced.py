from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.terraform import Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Reason, rule

_FAMILY = regex(r"(aurora-postgresql|postgres|aurora-mysql|mysql|mariadb)(\d{1,3})(?:\.(\d{1,3}))?")
_NAMES = ("rds.force_ssl", "require_secure_transport")
_ON = ("1", "on", "true")
# Since which version an engine refuses plain connections by itself; None where no version that is known does.
_BY_ITSELF = {
    "postgres": (15, 0), "aurora-postgresql": (17, 0), "mariadb": (11, 8), "mysql": (8, 4), "aurora-mysql": None,
}  # fmt: skip
_UNSURE = ("mysql",)


def _of_known_engine(resource: Resource) -> bool:
    kinds = ("aws_db_parameter_group", "aws_rds_cluster_parameter_group")
    return resource.type in kinds and _FAMILY.match(resource.node["family"].text) is not None


@rule(
    "tf-db-tls-forced",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening, Encryption at rest and in transit; 7. Security Checklist, TLS/SSL configured",
    aliases=["CKV2_AWS_69"],
    where=_of_known_engine,
)
def tls_forced(group: Resource) -> Iterator[Answer]:
    """Databases refuse connections without TLS.

    Every database of RDS speaks TLS; whether a client has to is a parameter: `rds.force_ssl` of PostgreSQL,
    `require_secure_transport` of MySQL and MariaDB. Nothing written means that it has not, except for PostgreSQL since
    15, Aurora PostgreSQL since 17 and MariaDB since 11.8. What MySQL 8.4 does by itself is not judged. An instance
    without a parameter group of its own has the same default, and is not judged here.

    Bad:
    ```hcl
    # expect: without TLS
    resource "aws_db_parameter_group" "orders" {
      family = "postgres14"
      parameter {
        name  = "log_statement"
        value = "ddl"
      }
    }
    resource "aws_rds_cluster_parameter_group" "invoices" {
      family = "aurora-mysql8.0"
      parameter {
        name  = "require_secure_transport"
        # expect: without TLS
        value = "OFF"
      }
    }
    ```

    Bad, switched off:
    ```hcl
    resource "aws_db_parameter_group" "orders" {
      family = "postgres16"
      parameter {
        name  = "rds.force_ssl"
        # expect: without TLS
        value = 0
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_db_parameter_group" "orders" {
      family = "postgres16"
    }
    resource "aws_db_parameter_group" "invoices" {
      family = "mysql8.0"
      dynamic "parameter" {
        for_each = { require_secure_transport = "ON", slow_query_log = "1" }
        content {
          name  = parameter.key
          value = parameter.value
        }
      }
    }
    resource "aws_db_parameter_group" "reports" {
      family = "oracle-ee-19"
    }
    ```

    Unknown:
    ```hcl
    variable "parameters" {
      type = list(map(string))
    }
    resource "aws_db_parameter_group" "orders" {
      family = "postgres14"
      dynamic "parameter" {
        for_each = var.parameters
        content {
          name  = parameter.value.name
          value = parameter.value.value
        }
      }
    }
    ```
    """
    found: list[Node] = []
    doubt: Node | None = None
    for parameter in group.blocks("parameter"):
        if not parameter.known or not parameter["name"].known:
            doubt = parameter["name"]
        elif parameter["name"].text in _NAMES:
            found.append(parameter["value"])
    words, fix = f"{group.name} lets clients in without TLS", Fix(_remedy(group))
    if found:
        if found[0].text.lower() not in _ON:
            yield Finding(found[0], words, fix=fix)
    elif doubt is not None:
        yield Unknown(doubt, f"nobody knows all parameters of {group.name}")
    elif _forced(group) is None:
        yield Unknown(group, f"{group.name} leaves it to its engine", Reason.NO_EVIDENCE)
    elif not _forced(group):
        yield Finding(group, words, fix=fix)


def _forced(group: Resource) -> bool | None:
    """Whether the engine asks for TLS when nobody says anything."""
    family = _FAMILY.match(group.node["family"].text)
    assert family
    since = _BY_ITSELF[family[1]]
    if since is None or (int(family[2]), int(family[3] or 0)) < since:
        return False
    return None if family[1] in _UNSURE else True


def _remedy(group: Resource) -> str:
    postgres = "postgres" in group.node["family"].text
    name, value = (_NAMES[0], "1") if postgres else (_NAMES[1], "ON")
    return f'add parameter {{ name = "{name}", value = "{value}" }}, one attribute a line'
