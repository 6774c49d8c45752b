from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.terraform import Resource
from gatekeeper.parsers import hcl
from gatekeeper.rule import Answer, Place, rule


def _ignored(resource: Resource) -> hcl.Expr | None:
    return resource.expr("lifecycle.ignore_changes")


@rule(
    "tf-ignore-changes-all",
    gate="iac-validation",
    severity="medium",
    seed="Best Practices Checklist, Deployment: GitOps",
    where=lambda resource: _ignored(resource) is not None,
)
def ignore_changes_all(resource: Resource) -> Iterator[Answer]:
    """No resource ignores every change.

    With `ignore_changes = all` Terraform makes the resource once and never looks at it again: what the code says and
    what runs drift apart, and no plan shows it. Single attributes that something else sets (a count that a scaler
    keeps, a tag that a tool writes) may well be ignored by name.

    Bad:
    ```hcl
    resource "aws_instance" "web" {
      lifecycle {
        # expect: every change of aws_instance.web is ignored
        ignore_changes = all
      }
    }
    ```

    Bad, in the old way:
    ```hcl
    resource "aws_instance" "web" {
      lifecycle {
        # expect: every change
        ignore_changes = ["*"]
      }
    }
    ```

    Good:
    ```hcl
    resource "aws_ecs_service" "web" {
      lifecycle {
        ignore_changes = [desired_count, tags["deployed-at"]]
      }
    }
    ```
    """
    expr = _ignored(resource)
    assert expr is not None
    words = [item.text.strip('"') for item in expr.items] if isinstance(expr, hcl.Tuple) else [expr.text.strip('"')]
    if words in (["all"], ["*"]):
        at = Place(expr.home.source, expr.span)
        fix = Fix("name the attributes that something else sets")
        yield Finding(at, f"every change of {resource.name} is ignored", fix=fix)
