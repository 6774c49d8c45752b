from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.separation import chosen_by, separated
from gatekeeper.links.terraform_runs import run_here
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "tf-environment-separation",
    gate="environments",
    severity="high",
    seed="2.1 IaC Best Practices",
    where=lambda repository, project: bool(run_here(project)),
)
def environment_separation(repository: Repository, project: Project) -> Iterator[Answer]:
    """Terraform keeps environments apart.

    With one root and one state there is no place to try a change: the first run of it is the one in production. What
    counts as two environments: roots in folders of their names (`envs/dev`, `staging/network`), files of variables or
    backend settings for each (`prod.tfvars`), workspaces (`terraform.workspace`, or tags of HCP Terraform), calls of
    one module for each, what a wrapper has for each (Terragrunt, Atmos), and pipelines that choose among them. A
    variable that names the environment, with nothing here that sets it, says that somebody chooses elsewhere.
    Repositories of modules alone are not judged.

    Bad: # expect: one environment
    ```hcl main.tf
    provider "aws" {
      region = "eu-west-1"
    }
    resource "aws_sqs_queue" "orders" {
      name = "orders"
    }
    ```

    Good, folders:
    ```hcl envs/dev/main.tf
    provider "aws" {}
    module "orders" {
      source = "../../modules/orders"
    }
    ```
    ```hcl envs/prod/main.tf
    provider "aws" {}
    module "orders" {
      source = "../../modules/orders"
    }
    ```
    ```hcl modules/orders/main.tf
    resource "aws_sqs_queue" "orders" {}
    ```

    Good, files of variables:
    ```hcl main.tf
    variable "size" {
      type = number
    }
    resource "aws_sqs_queue" "orders" {}
    ```
    ```hcl config/staging.tfvars
    size = 1
    ```
    ```hcl config/production.tfvars
    size = 3
    ```

    Good, workspaces:
    ```hcl
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {
      name = "orders-${terraform.workspace}"
    }
    ```

    Unknown, chosen when it is run:
    ```hcl
    provider "aws" {}
    variable "environment" {
      type = string
    }
    resource "aws_sqs_queue" "orders" {
      name = "orders-${var.environment}"
    }
    ```
    """
    found = separated(project)
    if len(found) > 1:
        return
    fix = Fix("give each environment a folder, or a file of variables and a state of its own")
    chosen = chosen_by(project)
    if chosen:
        words = f"{chosen.name} chooses the environment; nothing here says between which"
        yield Unknown(chosen, words, Reason.NO_EVIDENCE)
        return
    roots = run_here(project)
    named = f" ({next(iter(found))})" if found else ""
    words = (
        f"one environment{named} in {len(roots)} root{'s' if len(roots) > 1 else ''}: there is none to try changes in"
    )
    yield Finding(repository, words, (Note(roots[0], "a root"),), fix)
