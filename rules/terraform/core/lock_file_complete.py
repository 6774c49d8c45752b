from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Project
from gatekeeper.links.requirements_of_providers import Requirement, requirements
from gatekeeper.models.terraform import LockFile
from gatekeeper.models.terraform.modules import Configuration, Module
from gatekeeper.models.terraform.versions import satisfies
from gatekeeper.rule import Answer, rule

_REGISTRIES = ("registry.terraform.io/", "registry.opentofu.org/")


def _module(file: LockFile, project: Project) -> Module | None:
    configuration = project.tree.once(Configuration)
    directory = file.path.rpartition("/")[0]
    return configuration.module(directory) if directory in configuration.directories else None


@rule(
    "tf-lock-file-complete",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    where=lambda file, project: (module := _module(file, project)) is not None and not module.callers,
)
def lock_file_complete(file: LockFile, project: Project) -> Iterator[Answer]:
    """The lock file holds every required provider, in a version that is allowed.

    A provider that the lock does not name is taken in whatever version is newest when somebody runs `terraform init`,
    and a locked version outside the constraint makes `init` fail: the lock was not written anew when the constraint
    changed. Compared are the entries of `required_providers`, and the providers in use that have none, of the directory
    and of the local modules it calls. What remote modules require is not seen.

    Bad:
    ```hcl main.tf
    terraform {
      required_providers {
        aws = {
          source  = "hashicorp/aws"
          version = "~> 5.80"
        }
        random = {
          source  = "hashicorp/random"
          version = ">= 3.6"
        }
      }
    }
    ```
    ```hcl .terraform.lock.hcl
    # expect: hashicorp/random is not locked
    # expect: 4.67.0 is not what main.tf asks for
    provider "registry.terraform.io/hashicorp/aws" {
      version     = "4.67.0"
      constraints = "~> 4.0"
    }
    ```

    Good, also for a module that is called, and a provider of one's own registry:
    ```hcl main.tf
    terraform {
      required_providers {
        aws = {
          source  = "hashicorp/aws"
          version = "~> 5.80"
        }
        orders = {
          source  = "registry.example.com/acme/orders"
          version = "1.2.0"
        }
      }
    }
    data "archive_file" "code" {
      type = "zip"
    }
    resource "terraform_data" "done" {}
    module "names" {
      source = "./names"
    }
    ```
    ```hcl names/main.tf
    resource "random_pet" "name" {}
    ```
    ```hcl .terraform.lock.hcl
    provider "registry.terraform.io/hashicorp/archive" {
      version = "2.7.0"
    }
    provider "registry.terraform.io/hashicorp/aws" {
      version = "5.81.0"
    }
    provider "registry.example.com/acme/orders" {
      version = "1.2.0"
    }
    provider "registry.terraform.io/hashicorp/random" {
      version = "3.6.3"
    }
    ```

    Unknown, the constraint is no plain text:
    ```json main.tf.json
    {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "${var.version}"}}}}
    ```
    ```hcl .terraform.lock.hcl
    provider "registry.terraform.io/hashicorp/aws" {
      version = "5.81.0"
    }
    ```
    """
    module = _module(file, project)
    assert module is not None
    locked = _locked(file)
    fix = Fix("run terraform init -upgrade and commit the lock file")
    for source, requirement in _first_of_each(requirements(module)):
        if source not in locked:
            at = next(iter(locked.values()), file.node)
            words = f"{source} is not locked, which {requirement.at.source.path} requires"
            yield Finding(at, words, (Note(requirement.at, "required here"),), fix)
    for requirement in requirements(module):
        entry = locked.get(requirement.source)
        if entry is not None and not _allows(requirement.constraint, entry["version"]):
            words = f"{requirement.source} {entry['version'].text} is not what {requirement.at.source.path} asks for"
            yield Finding(entry, words, (Note(requirement.constraint or requirement.at, "the constraint"),), fix)


def _allows(constraint: Node | None, version: Node) -> bool:
    if constraint is None or not version.present:
        return True
    try:
        return satisfies(version.text, constraint.text)
    except ValueError:  # no constraint that anybody can read: Terraform says so itself
        return True


def _locked(file: LockFile) -> dict[str, Node]:
    node = file.node["provider"]
    found = {}
    for each in node if node.is_list else (node,) if node.present else ():
        name = each.tag
        for registry in _REGISTRIES:
            name = name.removeprefix(registry)
        found[name.lower()] = each
    return found


def _first_of_each(found: list[Requirement]) -> Iterator[tuple[str, Requirement]]:
    seen: set[str] = set()
    for each in found:
        if each.source not in seen:
            seen.add(each.source)
            yield each.source, each
