from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import Block, StateFile
from gatekeeper.rule import Answer, rule


@rule(
    "tf-state-committed",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda repository, project: bool(project.all(Block) or project.all(StateFile)),
)
def state_committed(repository: Repository, project: Project) -> Iterator[Answer]:
    """No state file is in the repository.

    Terraform's state holds every attribute of every resource in clear text, generated passwords and keys among them.
    Whoever can read the repository, or any clone of it, has them. Deleting the file does not take it out of history.

    Bad, beside the code: # expect: terraform.tfstate is a state file
    ```hcl main.tf
    resource "random_password" "db" {
      length = 20
    }
    ```
    ```json terraform.tfstate
    {"version": 4}
    ```

    Bad, the backup of a workspace: # expect: is a state file
    ```json terraform.tfstate.d/prod/terraform.tfstate.backup
    {"version": 4}
    ```

    Good:
    ```hcl
    resource "random_password" "db" {
      length = 20
    }
    ```
    """
    fix = Fix("remove it, purge it from the history, and replace every secret that it holds")
    for state in project.all(StateFile):
        yield Finding(state, f"{state.path} is a state file: it holds secrets in clear text", fix=fix)
