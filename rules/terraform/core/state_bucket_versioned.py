from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Note, Project, Unknown
from gatekeeper.links.related import companions, of_type
from gatekeeper.links.state import State, states
from gatekeeper.models.terraform import Directory, ModuleCall, Resource
from gatekeeper.rule import Answer, Reason, rule

# The bucket's setting in the backend, the resource that makes it, and the attribute that names it there.
_STORES = {
    "s3": ("bucket", "aws_s3_bucket", "bucket"),
    "gcs": ("bucket", "google_storage_bucket", "name"),
    "azurerm": ("storage_account_name", "azurerm_storage_account", "name"),
}


def _bucket(state: State) -> Node:
    return state.setting(_STORES[state.kind][0])


def _first(project: Project) -> dict[tuple[str, str], list[State]]:
    """The states by the bucket they are in; under '' those whose bucket nobody knows."""
    found: dict[tuple[str, str], list[State]] = {}
    for state in states(project):
        if state.kind in _STORES:
            bucket = _bucket(state)
            name = bucket.text if bucket.known and bucket.present else ""
            found.setdefault((state.kind, name), []).append(state)
    return found


def _of(directory: Directory, project: Project) -> list[State]:
    """One state of each bucket: that of the first directory that names it."""
    table = project.once("states by bucket", _first)
    return [found[0] for found in table.values() if found[0].directory is directory]


@rule(
    "tf-state-bucket-versioned",
    gate="environments",
    severity="high",
    seed="2.1 IaC Best Practices",
    where=lambda directory, project: bool(_of(directory, project)),
)
def state_bucket_versioned(directory: Directory, project: Project) -> Iterator[Answer]:
    """The bucket that holds the state keeps old versions.

    A state that was overwritten or cut off by a broken run is lost, and with it what Terraform knows of everything it
    made; with versions yesterday's is one command away. Each bucket is judged once, where it is first named. The bucket
    is looked for among the resources of the repository, by the name that the backend gives. One that is made elsewhere
    is not known: somebody must look.

    Bad:
    ```hcl live/main.tf
    terraform {
      backend "s3" {
        bucket = "acme-state"
        key    = "live.tfstate"
      }
    }
    ```
    ```hcl bootstrap/main.tf
    # expect: keeps no old versions
    resource "aws_s3_bucket" "state" {
      bucket = "acme-state"
    }
    ```

    Bad, switched off:
    ```hcl main.tf
    terraform {
      backend "gcs" {
        bucket = "acme-state"
      }
    }
    # expect: keeps no old versions
    resource "google_storage_bucket" "state" {
      name     = "acme-state"
      location = "EU"
    }
    ```

    Good:
    ```hcl live/main.tf
    terraform {
      backend "s3" {
        bucket = "acme-state"
        key    = "live.tfstate"
      }
    }
    ```
    ```hcl bootstrap/main.tf
    variable "name" {
      default = "acme"
    }
    resource "aws_s3_bucket" "state" {
      bucket = "${var.name}-state"
    }
    resource "aws_s3_bucket_versioning" "state" {
      bucket = aws_s3_bucket.state.id
      versioning_configuration {
        status = "Enabled"
      }
    }
    ```

    Good, Azure:
    ```hcl
    terraform {
      backend "azurerm" {
        storage_account_name = "acmestate"
        container_name       = "state"
        key                  = "live"
      }
    }
    resource "azurerm_storage_account" "state" {
      name = "acmestate"
      blob_properties {
        versioning_enabled = true
      }
    }
    ```

    Unknown, made elsewhere:
    ```hcl
    terraform {
      backend "s3" {
        bucket = "acme-state"
        key    = "live.tfstate"
      }
    }
    ```
    """
    for state in _of(directory, project):
        bucket = _bucket(state)
        if not bucket.present:
            words = f"the bucket of the {state.kind} backend comes with -backend-config"
            yield Unknown(state.backend, words, Reason.NO_EVIDENCE)
            continue
        name = bucket.text
        made = _made(state.kind, name, project)
        if made is None:
            by = _by_module(name, project)
            words = (
                f"{name} is made by {by.name}, which is not seen" if by else f"{name} is not made in this repository"
            )
            yield Unknown(bucket, f"{words}: whether it keeps old versions is not known", Reason.NO_EVIDENCE)
        else:
            yield from _judged(made, name, bucket, project)


def _made(kind: str, name: str, project: Project) -> Resource | None:
    """The resource that makes a bucket of that name, also where a module makes it by the name that a caller gives."""
    _, type_, attribute = _STORES[kind]
    for each in of_type(type_, project):
        found = _named(each, attribute, name, 0)
        if found:
            return found
    return None


def _named(resource: Resource, attribute: str, name: str, depth: int) -> Resource | None:
    node = resource.node[attribute]
    if node.known:
        return resource if node.text == name else None
    if depth > 2:
        return None
    uses = (each for each in resource.alternatives() if isinstance(each, Resource) and each is not resource)
    return next((found for each in uses if (found := _named(each, attribute, name, depth + 1))), None)


def _by_module(name: str, project: Project) -> ModuleCall | None:
    for call in project.all(ModuleCall):
        for attribute in call.syntax.body.attributes if not call.local else ():
            node = call.node[attribute]
            if node.known and not node.is_list and not node.is_mapping and node.text == name:
                return call
    return None


def _judged(made: Resource, name: str, bucket: Node, project: Project) -> Iterator[Answer]:
    if made.type == "aws_s3_bucket":
        held = companions(made, ["aws_s3_bucket_versioning"], ["bucket"], project)
        settings = [each.node.at("versioning_configuration.status") for each in held.found]
        if made.node["versioning"].present:
            settings.append(made.node.at("versioning.enabled"))
        if not settings and held.doubts:
            doubt = held.doubts[0].expression
            words = f"{doubt.text} {doubt.reason}" if doubt else f"what belongs to {made.name}"
            yield Unknown(held.doubts[0], words)
            return
    elif made.type == "google_storage_bucket":
        settings = [made.node.at("versioning.enabled")]
    else:
        settings = [made.node.at("blob_properties.versioning_enabled")]
    if not any(setting.text.lower() in ("enabled", "true") for setting in settings):
        words = f"{made.name} holds the state and keeps no old versions"
        yield Finding(made, words, (Note(bucket, f"{name} holds state"),), Fix("enable versioning of the bucket"))
