from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.state import State, states
from gatekeeper.models.terraform import Directory
from gatekeeper.rule import Answer, Reason, rule


def _of(directory: Directory, project: Project) -> list[State]:
    return [state for state in states(project) if state.directory is directory and state.kind == "s3"]


@rule(
    "tf-state-encrypted",
    gate="security-posture",
    severity="low",
    seed="2.1 IaC Best Practices",
    where=lambda directory, project: bool(_of(directory, project)),
)
def state_encrypted(directory: Directory, project: Project) -> Iterator[Answer]:
    """The S3 backend asks for encrypted state.

    State holds passwords and keys in clear text. Since 2023 Amazon encrypts every new object by itself, so what is
    missing without `encrypt = true` is only a bucket policy's chance to insist, and a key of one's own
    (`kms_key_id`). The other backends encrypt without being told.

    Bad:
    ```hcl
    terraform {
      # expect: encryption is not asked for
      backend "s3" {
        bucket = "state"
        key    = "orders.tfstate"
      }
    }
    ```

    Bad, in one of the files that complete it:
    ```hcl main.tf
    terraform {
      backend "s3" {
        key = "orders.tfstate"
      }
    }
    ```
    ```hcl dev.tfbackend
    bucket  = "state-dev"
    # expect: encryption is not asked for
    encrypt = false
    ```
    ```hcl prod.tfbackend
    bucket     = "state-prod"
    kms_key_id = "alias/state"
    ```

    Good:
    ```hcl
    terraform {
      backend "s3" {
        bucket  = "state"
        key     = "orders.tfstate"
        encrypt = true
      }
    }
    ```

    Unknown, it is completed elsewhere:
    ```hcl
    terraform {
      backend "s3" {}
    }
    ```
    """
    for state in _of(directory, project):
        encrypt, key = state.setting("encrypt"), state.setting("kms_key_id")
        if key.present or (encrypt.present and encrypt.text == "true"):
            continue
        if state.partial and not encrypt.present:
            words = "the s3 backend's settings come with -backend-config; none is in this repository"
            yield Unknown(state.backend, words, Reason.NO_EVIDENCE)
            continue
        at = encrypt if encrypt.present else state.at
        yield Finding(at, f"encryption is not asked for of the state of {state.words}", fix=Fix("set encrypt = true"))
