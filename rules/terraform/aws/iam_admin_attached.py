from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.terraform import Data, Resource
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_PATHS = {
    "aws_iam_role_policy_attachment": "policy_arn",
    "aws_iam_policy_attachment": "policy_arn",
    "aws_iam_group_policy_attachment": "policy_arn",
    "aws_iam_user_policy_attachment": "policy_arn",
    "aws_iam_role_policy_attachments_exclusive": "policy_arns",
    "aws_iam_role": "managed_policy_arns",
    "aws_ssoadmin_managed_policy_attachment": "managed_policy_arn",
}
_NAMES = ("AdministratorAccess", "IAMFullAccess")
_ENDS = tuple(f":policy/{name}" for name in _NAMES)
_NAMED = regex(r':policy/([\w/+=,.@-]{1,200})"')
_FIX = Fix("attach a policy that names what is needed")


@rule(
    "tf-iam-admin-attached",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening, Principle of least privilege",
    where=lambda each: each.type in _PATHS and each.node[_PATHS[each.type]].present,
)
def attached(resource: Resource) -> Iterator[Answer]:
    """The managed policies for administrators are not attached.

    AdministratorAccess may do everything everywhere, and IAMFullAccess may give that to itself. Whatever gets such a
    role owns the account. The role of a pipeline that makes the infrastructure needs much and seldom everything; where
    it does, say so in a waiver. CKV_AWS_274 and CKV2_AWS_56 ask for one of the two each, so they are no aliases.

    Bad, attached:
    ```hcl
    data "aws_partition" "here" {}
    resource "aws_iam_role_policy_attachment" "deploy" {
      role       = aws_iam_role.deploy.name
      # expect: AdministratorAccess
      policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    }
    resource "aws_iam_role_policy_attachment" "build" {
      role       = aws_iam_role.build.name
      # expect: IAMFullAccess
      policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/IAMFullAccess"
    }
    ```

    Bad, one of several:
    ```hcl
    resource "aws_iam_role" "deploy" {
      managed_policy_arns = [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        # expect: IAMFullAccess
        "arn:aws:iam::aws:policy/IAMFullAccess",
      ]
    }
    ```

    Bad, by its name:
    ```hcl
    data "aws_iam_policy" "admin" {
      name = "AdministratorAccess"
    }
    resource "aws_iam_role_policy_attachment" "deploy" {
      # expect: AdministratorAccess
      policy_arn = data.aws_iam_policy.admin.arn
    }
    ```

    Good:
    ```hcl
    resource "aws_iam_role_policy_attachment" "logs" {
      policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    }
    resource "aws_iam_policy" "orders" {
      name = "orders"
    }
    resource "aws_iam_role_policy_attachment" "orders" {
      policy_arn = aws_iam_policy.orders.arn
    }
    resource "aws_iam_role" "orders" {
      managed_policy_arns = [aws_iam_policy.orders.arn]
    }
    ```

    Unknown:
    ```hcl
    variable "policy" {
      type = string
    }
    resource "aws_iam_role_policy_attachment" "orders" {
      policy_arn = var.policy
    }
    ```
    """
    path = _PATHS[resource.type]
    node = resource.node[path]
    for item in list(node) if node.is_list else [node]:
        name = item.text.rpartition(":policy/")[2] if item.known else _end(item)
        if name in _NAMES:
            yield _found(item, name)
        elif not name:
            yield from _through(item, resource, path)


def _end(item: Node) -> str:
    """The name of a managed policy whose address is written with its partition left open; '' for anything else."""
    written = item.source.slice(item.span)[:2000] if item.source.exact else ""
    names = _NAMED.findall(written)
    return str(names[0]).rpartition("/")[2] if len(names) == 1 else ""


def _found(at: Node, name: str) -> Finding:
    return Finding(at, f"{name} may do everything in the account", fix=_FIX)


def _through(item: Node, resource: Resource, path: str) -> Iterator[Answer]:
    """What a reference to a policy means: one that is made here is none of these, one that is looked up has a name."""
    assert item.expression
    for address in sorted(resource.addresses(path)):
        if address.startswith("aws_iam_policy."):
            continue
        declared = resource.module.declared.get(address)
        said = declared.node["name"] if isinstance(declared, Data) and declared.type == "aws_iam_policy" else None
        if isinstance(declared, Data) and said is not None and not said.present:
            said = declared.node["arn"]
        if said is None or not said.known:
            yield Unknown(item, f"{item.expression.text} {item.expression.reason}")
            return
        if said.text in _NAMES or said.text.endswith(_ENDS):
            yield _found(item, said.text.rpartition("/")[2])
            return
