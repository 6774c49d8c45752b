from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.terraform_runs import doubt, heard, hook, maintained, on_changes, piped, planner, runs
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, absent, rule


@rule(
    "tf-ci-validate",
    gate="iac-validation",
    severity="high",
    seed="12. Quality Gates Status; Phase 7 Infrastructure code passes validation",
    where=lambda repository, project: maintained(project),
)
def ci_validate(repository: Repository, project: Project) -> Iterator[Answer]:
    """Every change of Terraform is validated before it is merged.

    A wrong attribute or an undeclared name otherwise shows only when somebody applies, perhaps halfway. `terraform
    validate` finds them without credentials; `plan` and `test` validate too. It counts wherever a pipeline of the
    repository runs it for pull requests or pushes, directly, by a script or make target, or as a hook of pre-commit
    that a pipeline runs. While a step is not understood that may do it, it is not known to be missing.

    Bad, nothing does: # expect: no pipeline validates Terraform
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: npx jest
    ```

    Bad, nobody hears it: # expect: fails nothing
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: hashicorp/setup-terraform@v3
          - run: terraform init -backend=false
          - run: terraform validate || true
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
          - uses: hashicorp/setup-terraform@v3
          - run: |
              terraform fmt -check
              terraform init -backend=false
              terraform validate
    ```

    Good, by pre-commit:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/antonbabenko/pre-commit-terraform
        rev: v1.96.0
        hooks:
          - id: terraform_validate
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: pre-commit/action@v3.0.1
    ```

    Unknown, a script that is not here:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps:
          - uses: acme/terraform-checks@v2
    ```

    Unknown, no pipeline here:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    """
    found = [fact for fact in runs(project, "validate") if on_changes(fact)]
    if any(heard(fact) for fact in found) or hook(project, "validate") or planner(project):
        return
    if found:
        note = Note(found[0].place, "it runs here")
        words = f"{found[0].step.name} validates Terraform and fails nothing: {found[0].reason}"
        yield Finding(found[0].place, words, (note,), Fix("let its failure fail the job"))
        return
    open_ = doubt(project, server=True)
    if open_:
        yield Unknown(repository, f"no pipeline is seen to validate Terraform; {open_.words}", Reason(open_.reason))
    elif piped(project):
        fix = Fix("run terraform init -backend=false and terraform validate on every pull request")
        yield Finding(repository, "no pipeline validates Terraform", fix=fix)
    else:
        yield absent(project, "pipelines", "no pipeline here validates Terraform")
