from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project
from gatekeeper.links.clones import copy_of, own_resources
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, rule


@rule(
    "tf-copied-root",
    gate="iac-validation",
    severity="low",
    seed="2.1 IaC Best Practices",
    where=lambda directory: directory.root and not directory.example and bool(own_resources(directory)),
)
def copied_root(directory: Directory, project: Project) -> Iterator[Answer]:
    """Environments share modules, and are no copies of each other.

    What is written twice is changed once: the copies drift apart, and what was tried in one environment is not what
    runs in the other. Two roots are copies when more than four fifths of the resources of one (at least four)
    stand in the other word for word, but for blanks and texts in quotes. Files that are shared by links
    are no copies.

    Bad:
    ```hcl envs/dev/main.tf
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {
      name = "orders-dev"
    }
    resource "aws_sqs_queue" "refunds" {
      name = "refunds-dev"
    }
    resource "aws_sns_topic" "orders" {
      name = "orders-dev"
    }
    resource "aws_sns_topic" "refunds" {
      name = "refunds-dev"
    }
    ```
    ```hcl envs/prod/main.tf
    # expect: 4 of 4 resources of envs/prod are those of envs/dev
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {
      name   = "orders-prod"
    }
    resource "aws_sqs_queue" "refunds" {
      name = "refunds-prod"
    }
    resource "aws_sns_topic" "orders" {
      name = "orders-prod"
    }
    resource "aws_sns_topic" "refunds" {
      name = "refunds-prod"
    }
    ```

    Good:
    ```hcl envs/dev/main.tf
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {
      name = "orders-dev"
    }
    resource "aws_sqs_queue" "dev_one" {}
    resource "aws_sqs_queue" "dev_two" {}
    resource "aws_sqs_queue" "dev_three" {}
    module "store" {
      source = "../../modules/store"
      name   = "dev"
    }
    ```
    ```hcl envs/prod/main.tf
    provider "aws" {}
    resource "aws_sqs_queue" "orders" {
      name = "orders-prod"
    }
    resource "aws_sqs_queue" "prod_one" {}
    resource "aws_sqs_queue" "prod_two" {}
    resource "aws_sqs_queue" "prod_three" {}
    module "store" {
      source = "../../modules/store"
      name   = "prod"
    }
    ```
    ```hcl modules/store/main.tf
    variable "name" {
      type = string
    }
    resource "aws_s3_bucket" "store" {
      bucket = var.name
    }
    ```
    """
    found = copy_of(directory, project)
    if found:
        words = f"{found.same} of {found.total} resources of {directory.name} are those of {found.other.name}"
        fix = Fix("move them into a module, and call it from both with what differs")
        yield Finding(directory, words, (Note(found.other, "the same resources"),), fix)
