from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.terraform_runs import doubt, heard, hook, maintained, on_changes, piped, runs
from gatekeeper.models.files import Repository
from gatekeeper.models.pipeline import Fact
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Reason, absent, rule

_CHECKS = regex(r"-check\b")
_FORMATS = regex(r"\b(?:terraform|tofu|terragrunt)\b[^\n]{0,200}\b(?:fmt|hclfmt)\b")


@rule(
    "tf-ci-fmt",
    gate="iac-validation",
    severity="low",
    seed="12. Quality Gates Status; Phase 7 Infrastructure code passes validation",
    where=lambda repository, project: maintained(project),
)
def ci_fmt(repository: Repository, project: Project) -> Iterator[Answer]:
    """A pipeline checks that Terraform is formatted.

    Unformatted files change shape whenever somebody's editor formats them, and the change that matters drowns among
    lines that only moved. `terraform fmt -check` in a pipeline for pull requests or pushes counts, also as a hook of
    pre-commit that a pipeline runs. Whether the files are formatted now is what that run says; it is not judged here.

    Bad, nothing checks: # expect: no pipeline checks the format
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
    ```

    Bad, it formats and does not check:
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
          # expect: formats and does not check
          - run: terraform fmt -recursive
    ```

    Good:
    ```hcl main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```yaml .github/workflows/ci.yml
    on: [pull_request]
    jobs:
      terraform:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - run: terraform fmt -check -recursive
    ```
    """
    found = [fact for fact in runs(project, "fmt") if on_changes(fact)]
    loose = [fact for fact in found if _only_formats(fact)]
    if hook(project, "fmt") or any(heard(fact) and fact not in loose for fact in found):
        return
    if loose:
        fix = Fix("add -check: it then fails where a file is not formatted")
        yield Finding(loose[0].place, f"{loose[0].step.name} formats and does not check", fix=fix)
        return
    open_ = doubt(project)
    if open_:
        yield Unknown(
            repository, f"no pipeline is seen to check the format of Terraform; {open_.words}", Reason(open_.reason)
        )
    elif piped(project):
        fix = Fix("run terraform fmt -check -recursive on every pull request")
        yield Finding(repository, "no pipeline checks the format of Terraform", fix=fix)
    else:
        yield absent(project, "pipelines", "no pipeline here checks the format of Terraform")


def _only_formats(fact: Fact) -> bool:
    written = fact.step.run
    return bool(_FORMATS.search(written)) and not _CHECKS.search(written)
