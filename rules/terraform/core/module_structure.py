from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.terraform import Directory, Output, Variable
from gatekeeper.rule import Answer, rule

_README = ("readme.md", "readme", "readme.rst", "readme.adoc", "readme.txt")


def _is_library(directory: Directory) -> bool:
    """Others call it, or it stands among modules; what is called by the directory right above is a part of that."""
    module = directory.module
    called = any(not directory.directory.startswith(f"{call.module.directory}/") for call in module.callers)
    among = posixpath.basename(posixpath.dirname(directory.directory)) == "modules"
    return (called or among) and not module.fragment and not directory.example and bool(module.variables)


@rule(
    "tf-module-structure",
    gate="documentation",
    severity="low",
    seed="2.3 Terraform Module Template",
    where=_is_library,
)
def module_structure(directory: Directory, project: Project) -> Iterator[Answer]:
    """Modules that others call have a README, and their inputs and outputs where everybody looks for them.

    Who calls a module reads its README, `variables.tf` and `outputs.tf`, and nothing else if they are good. Judged are
    directories that other directories call, and those in a folder `modules`. Several files of inputs are fine as long
    as their names say so (`variables-network.tf`, `vpc-outputs.tf`). tflint's terraform_standard_module_structure also
    asks for a `main.tf`; files that are named by what they hold do as well.

    Bad:
    ```hcl live/main.tf
    module "queue" {
      source = "../modules/queue"
      name   = "orders"
    }
    ```
    ```hcl modules/queue/main.tf
    # expect: modules/queue has no README, and variables in main.tf
    resource "aws_sqs_queue" "queue" {
      name = var.name
    }
    variable "name" {
      type = string
    }
    ```

    Good:
    ```hcl live/main.tf
    module "queue" {
      source = "../modules/queue"
      name   = "orders"
    }
    ```
    ```hcl modules/queue/main.tf
    resource "aws_sqs_queue" "queue" {
      name = var.name
    }
    ```
    ```hcl modules/queue/variables.tf
    variable "name" {
      type = string
    }
    ```
    ```markdown modules/queue/README.md
    # A queue
    ```
    """
    module = directory.module
    readme = project.once("folders with a README", _explained)
    missing = [] if directory.directory in readme else ["no README"]
    astray = {posixpath.basename(each.path) for each in module.of(Variable) if not _says(each.path, _OF_VARIABLES)}
    if astray:
        missing.append(f"variables in {', '.join(sorted(astray)[:3])}")
    astray = {posixpath.basename(each.path) for each in module.of(Output) if not _says(each.path, _OF_OUTPUTS)}
    if astray:
        missing.append(f"outputs in {', '.join(sorted(astray)[:3])}")
    if missing:
        words = f"{directory.name} has {', and '.join(missing)}"
        yield Finding(
            directory, words, fix=Fix("add a README.md, and move inputs to variables.tf, outputs to outputs.tf")
        )


_OF_VARIABLES = ("variable", "input", "context", "vars")
_OF_OUTPUTS = ("output",)


def _says(path: str, words: tuple[str, ...]) -> bool:
    return any(word in posixpath.basename(path).lower() for word in words)


def _explained(project: Project) -> set[str]:
    paths = (posixpath.split(path) for path in project.tree.paths)
    return {folder for folder, name in paths if name.lower() in _README}
