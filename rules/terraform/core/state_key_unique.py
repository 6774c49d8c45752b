from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.state import State, order, sharing, states
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, Reason, rule


def _of(directory: Directory, project: Project) -> list[State]:
    found = [state for state in states(project) if state.directory is directory and state.kind != "local"]
    return [state for state in found if state.identity is not None]


@rule(
    "tf-state-key-unique",
    gate="environments",
    severity="critical",
    seed="2.1 IaC Best Practices",
    where=lambda directory, project: bool(_of(directory, project)),
)
def state_key_unique(directory: Directory, project: Project) -> Iterator[Answer]:
    """No two roots or environments keep their state in the same place.

    Two roots with one state take each other's resources for their own: the next apply in one destroys what the other
    made. It happens when a directory is copied for a new environment and the backend's `key` stays. Compared are the
    bucket or storage account with the key or prefix, the address, or the organization and workspace, as the block and
    the `*.tfbackend` files beside it say. Workspaces that are chosen when Terraform runs (`tags`, `prefix`) cannot be
    compared, and directories below `examples` are not. Roots that keep their workspaces under different prefixes
    (`workspace_key_prefix`) do not use the key that they share.

    Bad, copied for another environment:
    ```hcl envs/dev/main.tf
    terraform {
      backend "s3" {
        bucket = "state"
        key    = "orders.tfstate"
      }
    }
    ```
    ```hcl envs/prod/main.tf
    terraform {
      # expect: shares its state with envs/dev
      backend "s3" {
        bucket = "state"
        key    = "orders.tfstate"
      }
    }
    ```

    Bad, the files of two environments:
    ```hcl main.tf
    terraform {
      backend "azurerm" {
        container_name = "state"
        key            = "orders.tfstate"
      }
    }
    ```
    ```hcl dev.tfbackend
    storage_account_name = "acmestate"
    ```
    ```hcl prod.tfbackend
    # expect: shares its state with . (dev.tfbackend)
    storage_account_name = "acmestate"
    ```

    Good:
    ```hcl dev/main.tf
    terraform {
      backend "gcs" {
        bucket = "state"
        prefix = "dev/orders"
      }
    }
    ```
    ```hcl prod/main.tf
    terraform {
      backend "gcs" {
        bucket = "state"
        prefix = "prod/orders"
      }
    }
    ```

    Good, of two organizations:
    ```hcl dev/main.tf
    terraform {
      cloud {
        organization = "acme-dev"
        workspaces {
          name = "orders"
        }
      }
    }
    ```
    ```hcl prod/main.tf
    terraform {
      cloud {
        organization = "acme"
        workspaces {
          name = "orders"
        }
      }
    }
    ```

    Good, by workspaces with prefixes of their own:
    ```hcl orders/main.tf
    terraform {
      backend "s3" {
        bucket               = "state"
        key                  = "terraform.tfstate"
        workspace_key_prefix = "orders"
      }
    }
    ```
    ```hcl billing/main.tf
    terraform {
      backend "s3" {
        bucket               = "state"
        key                  = "terraform.tfstate"
        workspace_key_prefix = "billing"
      }
    }
    ```

    Good, the bucket comes when it is run, and the keys differ:
    ```hcl orders/main.tf
    terraform {
      backend "s3" {
        key = "orders.tfstate"
      }
    }
    ```
    ```hcl billing/main.tf
    terraform {
      backend "s3" {
        key = "billing.tfstate"
      }
    }
    ```

    Unknown, the key comes when it is run:
    ```hcl dev/main.tf
    terraform {
      backend "s3" {
        bucket = "state"
      }
    }
    ```
    ```hcl prod/main.tf
    terraform {
      backend "s3" {
        bucket = "state"
      }
    }
    ```
    """
    for state in _of(directory, project):
        same, maybe = sharing(state, project)
        if same and order(same, project) < order(state, project):
            words = f"{state.words} shares its state with {same.words}: each takes the other's resources for its own"
            yield Finding(state.at, words, (Note(same.at, "the same state"),), Fix("give each a key of its own"))
        elif maybe and None in (state.identity or ()):
            words = f"the {state.kind} backend of {state.words} is completed when it is run ({state.unsaid})"
            yield Unknown(state.at, f"{words}: {maybe.words} may have the same state", Reason.NO_EVIDENCE)
