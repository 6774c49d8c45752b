from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import owners_of
from gatekeeper.links.terraform_runs import maintained
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, rule

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


@rule(
    "tf-code-owners",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    where=lambda repository, project: maintained(project),
)
def code_owners(repository: Repository, project: Project) -> Iterator[Answer]:
    """Somebody is named to review every change of Terraform.

    With CODEOWNERS the people who run the infrastructure are asked for a review of each change of it, whoever makes
    it. Judged is whether every directory of configuration has owners there. That their review is required is a setting
    of the server (branch-protected).

    Bad, no file: # expect: no CODEOWNERS
    ```hcl live/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```

    Bad, a directory without: # expect: nobody owns live
    ```hcl live/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```hcl modules/queue/main.tf
    resource "aws_sqs_queue" "queue" {}
    ```
    ```text CODEOWNERS
    /modules/ @acme/platform
    ```

    Good:
    ```hcl live/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```text .github/CODEOWNERS
    *    @acme/shop
    *.tf @acme/platform
    ```
    """
    if not any(place in project.tree for place in _PLACES):
        fix = Fix("add .github/CODEOWNERS with who owns the Terraform")
        yield Finding(repository, "no CODEOWNERS names who reviews Terraform", fix=fix)
        return
    directories = [each for each in project.all(Directory) if not each.example and each.module.paths]
    unowned = [each.directory or "." for each in directories if not _owned(each, project)]
    if unowned:
        more = f" and {len(unowned) - 1} more" if len(unowned) > 1 else ""
        yield Finding(repository, f"nobody owns {unowned[0]}{more} in CODEOWNERS", fix=Fix("add a line for it"))


def _owned(directory: Directory, project: Project) -> bool:
    return all(owners_of(path, project) for path in directory.module.paths)
