from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.related import targets
from gatekeeper.models.terraform import Resource, Typed
from gatekeeper.models.terraform.identity import Statement, is_trust, statements
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_HOST = "token.actions.githubusercontent.com"
_FIX = Fix('add a condition StringLike on token.actions.githubusercontent.com:sub with "repo:<org>/<repo>:..."')
_SUBJECT = regex(r"repo:(?P<org>[^/:]{1,200})/(?P<repo>[^/:]{1,200})(?::|\Z)")
_CLAIMS = ("sub", "job_workflow_ref", "repository", "repository_id", "workflow_ref")
_OWNER = ("repository_owner", "repository_owner_id")


def _of_github(block: Typed, project: Project) -> bool:
    """Whether it lets workflows of GitHub take a role."""
    if not is_trust(block):
        return False
    if any(_HOST in text.value for text in block.texts()):
        return True
    path = "statement" if block.prefix == "data." else "assume_role_policy"
    meant = {(target.directory, target.address) for target in targets(block, path)}
    made = project.by(Resource, "type").get("aws_iam_openid_connect_provider", ())
    return any((each.module.directory, each.name) in meant and _names_host(each) for each in made)


def _names_host(provider: Resource) -> bool:
    url = provider.node["url"]
    return url.known and _HOST in url.text


@rule(
    "tf-iam-github-oidc",
    gate="security-posture",
    severity="critical",
    seed="6.1 Security Hardening, Principle of least privilege",
    aliases=["CKV_AWS_358", "CKV_AWS_393"],
    where=_of_github,
)
def github_oidc(trust: Typed, project: Project) -> Iterator[Answer]:
    """Only workflows of named repositories of GitHub may take a role.

    Every repository in the world gets tokens from the same issuer. Without a condition on who asks, any workflow of
    anybody takes the role; the audience is the same for all and limits nothing. The claim `sub` names organisation and
    repository (`repo:acme/orders:ref:refs/heads/main`), and so do `repository` and `job_workflow_ref`. One that leaves
    the repository open lets every repository of the organisation in, and counts for less.

    Bad, no subject:
    ```hcl
    resource "aws_iam_openid_connect_provider" "github" {
      url            = "https://token.actions.githubusercontent.com"
      client_id_list = ["sts.amazonaws.com"]
    }
    data "aws_iam_policy_document" "deploy" {
      # expect: any workflow
      statement {
        actions = ["sts:AssumeRoleWithWebIdentity"]
        principals {
          type        = "Federated"
          identifiers = [aws_iam_openid_connect_provider.github.arn]
        }
        condition {
          test     = "StringEquals"
          variable = "token.actions.githubusercontent.com:aud"
          values   = ["sts.amazonaws.com"]
        }
      }
    }
    ```

    Bad, everybody's:
    ```hcl
    resource "aws_iam_role" "deploy" {
      assume_role_policy = jsonencode({
        Statement = [{
          Effect    = "Allow"
          Action    = "sts:AssumeRoleWithWebIdentity"
          Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
          Condition = {
            StringLike = {
              # expect: any workflow
              "token.actions.githubusercontent.com:sub" = "repo:*"
            }
          }
        }]
      })
    }
    ```

    Bad, a whole organisation:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        actions = ["sts:AssumeRoleWithWebIdentity"]
        principals {
          type        = "Federated"
          identifiers = ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"]
        }
        condition {
          test     = "StringLike"
          variable = "token.actions.githubusercontent.com:sub"
          # expect: every repository of acme
          values   = ["repo:acme/*"]
        }
      }
    }
    ```

    Good:
    ```hcl
    data "aws_iam_policy_document" "deploy" {
      statement {
        actions = ["sts:AssumeRoleWithWebIdentity"]
        principals {
          type        = "Federated"
          identifiers = ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"]
        }
        condition {
          test     = "StringLike"
          variable = "token.actions.githubusercontent.com:sub"
          values   = ["repo:acme/orders:*", "repo:acme/bills:environment:production"]
        }
      }
    }
    ```

    Unknown:
    ```hcl
    variable "repositories" {
      type = list(string)
    }
    data "aws_iam_policy_document" "deploy" {
      statement {
        actions = ["sts:AssumeRoleWithWebIdentity"]
        principals {
          type        = "Federated"
          identifiers = ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"]
        }
        condition {
          test     = "StringLike"
          variable = "token.actions.githubusercontent.com:sub"
          values   = var.repositories
        }
      }
    }
    ```
    """
    found, doubt = statements(trust, "assume_role_policy")
    for each in found:
        if each.allows is None and _lets_workflows_in(each):
            effect = each.node["Effect"]
            yield Unknown(effect, "whether this statement allows or denies is not known")
        elif each.allows and _lets_workflows_in(each):
            yield from _judged(each, trust)
    if not found and doubt is not None and doubt.expression:
        yield Unknown(doubt, f"{doubt.expression.text} {doubt.expression.reason}")


def _lets_workflows_in(statement: Statement) -> bool:
    who = statement.principals("Federated")
    takes = any(not each.known or "WebIdentity" in each.text for each in statement.actions)
    return takes and any(not each.known or _HOST in each.text for each in who)


def _judged(statement: Statement, trust: Typed) -> Iterator[Answer]:
    condition = statement.node["Condition"]
    if condition.expression:
        yield Unknown(condition, f"{condition.expression.text} {condition.expression.reason}")
        return
    claims = dict(_claims(condition))
    values = [node for claim in _CLAIMS for node in claims.get(claim, ())]
    owners = [node for claim in _OWNER for node in claims.get(claim, ())]
    if not values and not owners:
        yield Finding(statement.node, f"any workflow of GitHub may take the role by {trust.name}", fix=_FIX)
        return
    for node in values:
        yield from _value(node, trust, bool(owners))
    if owners and not values:
        words = f"every repository of the organisation may take the role by {trust.name}"
        yield Finding(owners[0], words, fix=_FIX, severity="medium")


def _claims(condition: Node) -> Iterator[tuple[str, list[Node]]]:
    """The claims that a condition asks for, each with the values that it takes."""
    for test, inner in condition.items():
        if "Not" in test or "String" not in test or not inner.is_mapping:
            continue
        for key, values in inner.items():
            host, _, claim = key.rpartition(":")
            if host.lower().endswith(_HOST) or not host:
                yield claim.lower(), list(values) if values.is_list else [values]


def _value(node: Node, trust: Typed, owned: bool) -> Iterator[Answer]:
    if node.expression:
        yield Unknown(node, f"{node.expression.text} {node.expression.reason}")
        return
    text = node.text.removeprefix("repository_owner:")
    named = _SUBJECT.match(text if text.startswith("repo:") else f"repo:{text}")
    if named is None or not any(letter.isalnum() for letter in named["org"]) or named["org"].startswith(("*", "?")):
        if not owned and not text.isdigit():
            yield Finding(node, f"any workflow of GitHub may take the role by {trust.name}", fix=_FIX)
    elif named["repo"].startswith("*"):
        words = f"every repository of {named['org']} may take the role by {trust.name}"
        yield Finding(node, words, fix=_FIX, severity="medium")
