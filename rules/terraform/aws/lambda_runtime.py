from __future__ import annotations

import datetime
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.terraform import Resource
from gatekeeper.rule import Answer, rule

# When AWS deprecated each: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html and
# https://endoflife.date/aws-lambda, read on 2026-11-25.
_DEPRECATED = {
    runtime: datetime.date.fromisoformat(day)
    for day, runtimes in (
        ("2016-10-31", "nodejs"), ("2020-03-06", "nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10"),
        ("2019-07-30", "dotnetcore1.0 dotnetcore2.0"), ("2021-07-15", "python2.7"),
        ("2021-07-30", "nodejs10.x ruby2.5"), ("2022-01-05", "dotnetcore2.1"), ("2022-05-10", "dotnet5.0"),
        ("2022-07-18", "python3.6"), ("2023-03-31", "nodejs12.x"), ("2023-04-03", "dotnetcore3.1"),
        ("2023-12-04", "python3.7 nodejs14.x"), ("2023-12-07", "ruby2.7"), ("2024-01-08", "java8 go1.x provided"),
        ("2024-06-12", "nodejs16.x"), ("2024-10-14", "python3.8"), ("2024-12-20", "dotnet6"),
        ("2025-09-01", "nodejs18.x"), ("2025-12-15", "python3.9"), ("2026-04-30", "nodejs20.x"),
        ("2026-03-31", "ruby3.2"), ("2026-10-31", "python3.10"), ("2026-11-10", "dotnet8"),
        ("2027-04-30", "nodejs22.x"),
    )
    for runtime in runtimes.split()
}  # fmt: skip
_FIX = Fix("move the function to the runtime's newest version")


@rule(
    "tf-lambda-runtime",
    gate="security-posture",
    severity="medium",
    seed="6.1 Regular security patching",
    aliases=["CKV_AWS_363", "tflint:aws_lambda_function_deprecated_runtime"],
    where=lambda each: each.type == "aws_lambda_function" and each.node["runtime"].present,
)
def lambda_runtime(function: Resource, project: Project) -> Iterator[Answer]:
    """Functions run on a runtime that is supported.

    A deprecated runtime gets no security fixes, and after a while AWS takes no new version of the function: the next
    urgent fix cannot be deployed. Functions from an image bring their own runtime and are not judged.

    Bad:
    ```hcl
    resource "aws_lambda_function" "orders" {
      # expect: python3.8 is deprecated since 2024-10-14
      runtime = "python3.8"
    }
    ```

    Good:
    ```hcl
    resource "aws_lambda_function" "orders" {
      runtime = "python3.13"
    }
    ```

    Unknown:
    ```hcl
    variable "runtime" {
      type = string
    }
    resource "aws_lambda_function" "orders" {
      runtime = var.runtime
    }
    ```
    """
    node = function.node["runtime"]
    since = _DEPRECATED.get(node.text)
    if since is not None and project.today >= since:
        yield Finding(node, f"{node.text} is deprecated since {since}", fix=_FIX)
