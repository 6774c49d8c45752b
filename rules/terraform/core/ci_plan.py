from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.terraform_runs import doubt, on_pull_requests, piped, planner, run_here, runs
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "tf-ci-plan",
    gate="iac-validation",
    severity="high",
    seed="3.3 Quality Gates: manual approval for production",
    where=lambda repository, project: bool(run_here(project)),
)
def ci_plan(repository: Repository, project: Project) -> Iterator[Answer]:
    """Pull requests show what Terraform would change.

    A reviewer of infrastructure code who does not see the plan approves words: that a renamed argument destroys the
    database shows nowhere else. `terraform plan` in a pipeline for pull requests counts, an action that plans, and a
    service that does it by itself (Atlantis, Digger, Spacelift, env0) by its file here. HCP Terraform may do so for the
    roots whose state it keeps.

    Bad, validated and no more: # expect: no pull request shows a plan
    ```hcl main.tf
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      terraform:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform init -backend=false
          - run: terraform validate
    ```

    Good:
    ```hcl main.tf
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      plan:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform -chdir=. init
          - run: terraform plan -out=plan.bin
    ```

    Unknown, the server that keeps the state:
    ```hcl main.tf
    terraform {
      cloud {
        organization = "acme"
      }
    }
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      terraform:
        runs-on: ubuntu-latest
        steps:
          - run: terraform validate
    ```
    """
    if planner(project) or any(on_pull_requests(fact) for fact in runs(project, "plan")):
        return
    open_ = doubt(project, server=True)
    if open_:
        yield Unknown(repository, f"no pull request is seen to show a plan; {open_.words}", Reason(open_.reason))
    elif piped(project):
        fix = Fix("run terraform plan on pull requests, and show it to the reviewer")
        yield Finding(repository, "no pull request shows a plan", fix=fix)
    else:
        yield absent(project, "pipelines", "no pipeline here plans Terraform")
