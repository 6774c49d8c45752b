from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.terraform_runs import doubt, hook, maintained, on_changes, piped, runs
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "tf-ci-scan",
    gate="security-scan",
    severity="high",
    seed="3.1 Pipeline Stages",
    where=lambda repository, project: maintained(project),
)
def ci_scan(repository: Repository, project: Project) -> Iterator[Answer]:
    """A pipeline scans Terraform for insecure settings.

    An open security group or an unencrypted disk passes `validate` and looks like any other line in a review. A scanner
    of configuration counts (Checkov, Trivy's `config`, tfsec, KICS, Terrascan, Snyk IaC, Conftest, also inside
    MegaLinter and Super-Linter), wherever a pipeline runs it for pull requests or pushes, and as a hook of pre-commit
    that a pipeline runs. Whether it can fail is a rule of its own (pipeline-scan-can-fail).

    Bad: # expect: no pipeline scans Terraform
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      terraform:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform validate
          - run: tflint --recursive
    ```

    Good:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      terraform:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: trivy config --exit-code 1 .
    ```

    Unknown, a pipeline of another repository:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      checks:
        uses: acme/workflows/.github/workflows/terraform.yml@v3
    ```
    """
    if hook(project, "scan") or any(on_changes(fact) for fact in runs(project, "scan")):
        return
    open_ = doubt(project)
    if open_:
        yield Unknown(repository, f"no pipeline is seen to scan Terraform; {open_.words}", Reason(open_.reason))
    elif piped(project):
        fix = Fix("run Checkov or trivy config on every pull request")
        yield Finding(repository, "no pipeline scans Terraform for insecure settings", fix=fix)
    else:
        yield absent(project, "pipelines", "no pipeline here scans Terraform")
