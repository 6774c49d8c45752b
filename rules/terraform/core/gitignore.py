from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.ignored import ignored
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, rule

_ARTEFACTS = (
    (".terraform/", ".terraform/providers/x", "downloaded providers and modules, and the settings of the backend"),
    ("*.tfstate", "terraform.tfstate", "state, with every secret in clear text"),
)


@rule(
    "tf-gitignore",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    where=lambda repository, project: bool(project.all(Directory)),
)
def gitignore(repository: Repository, project: Project) -> Iterator[Answer]:
    """What Terraform leaves behind is ignored by git.

    `terraform init` fills `.terraform` with providers of hundreds of megabytes and with the settings of the backend,
    credentials among them; a run without a backend writes `terraform.tfstate`. One `git add .` commits them. Judged are
    the `.gitignore` files of the repository, for every directory with configuration. What somebody ignores for
    themselves does not help the others.

    Bad: # expect: *.tfstate is not ignored in live
    ```hcl live/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```text .gitignore
    .terraform/
    ```

    Good:
    ```hcl live/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```text .gitignore
    **/.terraform/*
    *.tfstate*
    ```

    Good, beside it:
    ```hcl live/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```
    ```text live/.gitignore
    .terraform
    terraform.tfstate
    ```
    """
    folders = sorted({directory.directory for directory in project.all(Directory) if not directory.module.fragment})
    for pattern, probe, what in _ARTEFACTS:
        open_ = [folder for folder in folders if not ignored(f"{folder}/{probe}".lstrip("/"), project)]
        if open_:
            more = f" and {len(open_) - 1} more" if len(open_) > 1 else ""
            words = f"{pattern} is not ignored in {open_[0] or '.'}{more}: {what}"
            yield Finding(repository, words, fix=Fix(f"add {pattern} to .gitignore"))
