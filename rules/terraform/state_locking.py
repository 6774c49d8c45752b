from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Project, Unknown
from gatekeeper.links.state import files_of
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, Reason, rule

# Backends that lock only when told how; the others lock by themselves.
_BY_SETTING = {"s3": ("use_lockfile", "dynamodb_table"), "http": ("lock_address",), "oss": ("tablestore_table",)}


@rule(
    "tf-state-locking",
    gate="environments",
    severity="high",
    seed="2.1 IaC Best Practices",
    where=lambda directory: directory.root and directory.module.backend is not None,
)
def state_locking(directory: Directory, project: Project) -> Iterator[Answer]:
    """State is locked while it is changed.

    Two runs at the same time each write what they know, and resources get lost from the state. The S3 backend locks
    only with `use_lockfile = true` (Terraform 1.10 and later) or a `dynamodb_table`, the HTTP backend only with a
    `lock_address`; most others lock by themselves. Settings may also stand in a `*.tfbackend` file.

    Bad:
    ```hcl
    terraform {
      # expect: is not locked
      backend "s3" {
        bucket = "state"
        key    = "orders.tfstate"
      }
    }
    ```

    Bad, switched off:
    ```hcl
    terraform {
      backend "s3" {
        bucket       = "state"
        # expect: is not locked
        use_lockfile = false
      }
    }
    ```

    Good:
    ```hcl new/main.tf
    terraform {
      backend "s3" {
        bucket       = "state"
        key          = "orders.tfstate"
        use_lockfile = true
      }
    }
    ```
    ```hcl old/main.tf
    terraform {
      backend "s3" {
        bucket         = "state"
        key            = "orders.tfstate"
        dynamodb_table = "locks"
      }
    }
    ```
    ```hcl google/main.tf
    terraform {
      backend "gcs" {
        bucket = "state"
      }
    }
    ```

    Good, in the file that completes the block:
    ```hcl main.tf
    terraform {
      backend "s3" {}
    }
    ```
    ```hcl production.tfbackend
    bucket       = "state"
    use_lockfile = true
    ```

    Unknown, the settings come from elsewhere:
    ```hcl
    terraform {
      backend "s3" {}
    }
    ```
    """
    backend = directory.module.backend
    assert backend is not None
    settings = _BY_SETTING.get(backend.tag)
    if settings is None or _locks(backend, settings):
        return
    files = files_of(directory, project)
    if files and all(_locks(file.node, settings) for file in files):
        return
    written = backend[settings[0]]
    partial = not any(backend[name].present for name in ("bucket", "address"))
    if partial and not files and not written.present:
        words = f"the {backend.tag} backend's settings come with -backend-config; none is in this repository"
        yield Unknown(backend, words, Reason.NO_EVIDENCE)
        return
    remedy = " or ".join(settings)
    at = written if written.present else backend
    yield Finding(at, f"the state of {directory.name} is not locked while it is changed", fix=Fix(f"set {remedy}"))


def _locks(settings: Node, names: tuple[str, ...]) -> bool:
    return any(settings[name].present and settings[name].text not in ("false", "") for name in names)
