from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unresolved
from gatekeeper.links.related import companions
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

_ACLS = ("aws_wafv2_web_acl", "aws_waf_web_acl", "aws_wafregional_web_acl")
_WRITTEN = ("rule", "rules", "rule_json")
_ADDED = ("aws_wafv2_web_acl_rule", "aws_wafv2_web_acl_rule_group_association")
_FIX = Fix("add rules, for instance the managed rule groups of AWS")


@rule(
    "tf-waf-rules",
    gate="security-posture",
    severity="medium",
    seed="2.2 Resource Provisioning",
    aliases=["CKV_AWS_175"],
    where=lambda each: each.type in _ACLS,
)
def waf_rules(acl: Resource, project: Project) -> Iterator[Answer]:
    """Web application firewalls have rules.

    A web ACL without rules lets through, or stops, everything alike: it costs money and protects nobody. Rules in JSON
    count, and rules and rule groups that are attached by resources of their own.

    Bad:
    ```hcl
    # expect: has no rule
    resource "aws_wafv2_web_acl" "web" {
      scope = "REGIONAL"
      default_action {
        allow {}
      }
    }
    ```

    Good:
    ```hcl
    variable "addresses" {
      type = list(string)
    }
    resource "aws_wafv2_web_acl" "web" {
      scope = "REGIONAL"
      rule {
        name     = "AWSManagedRulesCommonRuleSet"
        priority = 1
      }
      dynamic "rule" {
        for_each = var.addresses
        content {
          name = rule.value
        }
      }
    }
    resource "aws_wafv2_web_acl" "added" {
      scope = "REGIONAL"
    }
    resource "aws_wafv2_web_acl_rule_group_association" "added" {
      web_acl_arn = aws_wafv2_web_acl.added.arn
    }
    ```

    Unknown:
    ```hcl
    variable "groups" {
      type = list(string)
    }
    resource "aws_wafv2_web_acl" "web" {
      dynamic "rule" {
        for_each = var.groups
        content {
          name     = rule.value
          priority = rule.key
        }
      }
    }
    ```
    """
    if any(block.type in _WRITTEN for block in acl.syntax.body.blocks):
        return
    written = [acl.node[name] for name in _WRITTEN]
    if any(node.known and node.present and bool(node) for node in written):
        return
    added = companions(acl, _ADDED, ["web_acl_arn"], project)
    if added.found:
        return
    for node in (*written, *added.doubts):
        if node.expression:
            raise Unresolved(node, node.expression)
    yield Finding(acl, f"{acl.name} has no rule", fix=_FIX)
