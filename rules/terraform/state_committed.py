from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.discover import is_test_data
from gatekeeper.models.files import Repository
from gatekeeper.models.terraform import Block, Configuration, StateFile
from gatekeeper.node import START
from gatekeeper.rule import Answer, Place, Severity, rule

_WORKING = ".terraform"
_CRASH = re.compile(r"crash(\.[\w-]{1,40})?\.log\Z")


def _left_behind(project: Project) -> Iterator[tuple[str, str]]:
    """What Terraform leaves behind beside a state: one path of each working directory, and its crash logs."""
    directories = project.tree.once(Configuration).directories
    seen: set[str] = set()
    for path in project.tree.paths:
        above, inside, below = f"/{path}".partition(f"/{_WORKING}/")
        if is_test_data(path):
            continue
        if inside and (above not in seen or below == "terraform.tfstate"):
            seen.add(above)
            said = (
                "it may hold the credentials of the backend" if below == "terraform.tfstate" else "it is one machine's"
            )
            yield path, f"{above[1:]}/{_WORKING}".lstrip("/") + f" is Terraform's working directory: {said}"
        elif not inside and _CRASH.match(path.rpartition("/")[2]) and path.rpartition("/")[0] in directories:
            yield path, f"{path} is a crash log: it may hold what a state holds"


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
    The working directory `.terraform` belongs there no more: it holds the backend's settings, with its credentials
    where they are given on the command line. A crash log may hold anything.

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

    Bad, the working directory: # expect: infra/.terraform is Terraform's working directory
    ```hcl infra/main.tf
    resource "random_password" "db" {
      length = 20
    }
    ```
    ```json infra/.terraform/terraform.tfstate
    {"version": 3, "backend": {"type": "s3"}}
    ```

    Bad, a crash log: # expect: infra/crash.log is a crash log
    ```hcl infra/main.tf
    resource "random_password" "db" {
      length = 20
    }
    ```
    ```text infra/crash.log
    [INFO] Terraform version: 1.11.4
    ```

    Good:
    ```hcl
    resource "random_password" "db" {
      length = 20
    }
    ```

    Good, somebody else's log:
    ```hcl infra/main.tf
    resource "random_password" "db" {
      length = 20
    }
    ```
    ```text app/crash.log
    segmentation fault
    ```
    """
    fix = Fix("remove it, purge it from the history, and replace every secret that it holds")
    for state in project.all(StateFile):
        yield Finding(state, f"{state.path} is a state file: it holds secrets in clear text", fix=fix)
    for path, words in _left_behind(project):
        severity: Severity = "critical" if path.endswith(".tfstate") else "medium"
        yield Finding(Place(project.tree.source(path), START), words, fix=_LET_GO, severity=severity)


_LET_GO = Fix("remove it, and let git ignore .terraform/ and crash.log")
