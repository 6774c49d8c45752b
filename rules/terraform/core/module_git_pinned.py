from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.terraform import ModuleCall
from gatekeeper.models.terraform.sources import checkout
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_COMMIT = regex(r"[0-9a-f]{7,64}\Z")
_BRANCH = regex(r"(?:refs/heads/.*|main|master|head|trunk|develop|development|dev|staging|production|latest|stable)\Z")


def _is_checkout(call: ModuleCall) -> bool:
    source = call.node["source"]
    return not call.local and (not source.known or checkout(source.text) is not None)


@rule(
    "tf-module-git-pinned",
    gate="iac-validation",
    severity="high",
    seed="2.1 IaC Best Practices",
    aliases=["tflint:terraform_module_pinned_source"],
    where=_is_checkout,
)
def module_git_pinned(call: ModuleCall) -> Iterator[Answer]:
    """Modules from git are pinned to a tag or commit.

    Without `ref` every `terraform init` takes what the default branch holds at that moment, and so it does with a
    branch for `ref`: whoever can push there changes what is applied here, and two runs of one commit differ. A tag with
    a number in it or a commit counts as pinned. Of other checks, CKV_TF_1 asks for a commit always, and CKV_TF_2 for a
    tag also where a registry gives the version.

    Bad:
    ```hcl
    module "network" {
      # expect: takes whatever the default branch holds
      source = "git::https://github.com/acme/terraform-network.git"
    }
    module "queue" {
      # expect: ref main is a branch
      source = "github.com/acme/terraform-queue//modules/fifo?ref=main"
    }
    module "store" {
      # expect: ref new-layout names no version
      source = "git@github.com:acme/store.git?ref=new-layout&depth=1"
    }
    ```

    Good:
    ```hcl
    module "network" {
      source = "git::https://github.com/acme/terraform-network.git?ref=v1.2.0"
    }
    module "queue" {
      source = "git::ssh://git@example.com/acme/modules.git//queue?depth=1&ref=9f2c1d7c3f7a0b5d7d1d0e2f6a4a5c8d9e0f1a2b"
    }
    module "store" {
      source = "bitbucket.org/acme/store?ref=tags/2024-11"
    }
    ```

    Unknown, put together when it is run:
    ```hcl
    variable "release" {}
    module "network" {
      source = "git::https://github.com/acme/terraform-network.git?ref=${var.release}"
    }
    ```
    """
    source = call.node["source"]
    if not source.known:
        expression = source.expression
        yield Unknown(source, f"{expression.text} {expression.reason}" if expression else "the source is not known")
        return
    found = checkout(source.text)
    assert found is not None
    fix = Fix("add ?ref= with a release's tag or a commit")
    ref = found.ref.removeprefix("refs/tags/").removeprefix("tags/")
    if not ref:
        yield Finding(source, f"{call.name} takes whatever the default branch holds", fix=fix)
    elif _BRANCH.match(ref.lower()):
        yield Finding(source, f"ref {ref[:60]} is a branch", fix=fix)
    elif not (_COMMIT.match(ref) or any(letter.isdigit() for letter in ref)):
        yield Finding(source, f"ref {ref[:60]} names no version", fix=fix)
