from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import roots_covered, terraform_roots
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Validation
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule


@rule("terraform-validate", gate="iac-validation", severity="high", seed="12. Quality Gates Status: terraform validate")
def terraform_validate(revision: Revision, project: Project) -> Iterator[Answer]:
    """`terraform validate` passes for every root.

    There is one report a root, and none says of itself which root it is of: the manifest does
    (`gatekeeper evidence run --about infra`). With one root and one report there is nothing to mistake. A root without
    a report is not proven valid, however many others are.

    Bad: # expect: Reference to undeclared resource
    ```hcl infra/main.tf
    terraform {
      backend "s3" {}
    }
    ```
    ```json .gatekeeper/evidence/validate.json
    {"format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 0, "diagnostics": [
      {"severity": "error", "summary": "Reference to undeclared resource", "detail": "It is not declared."}
    ]}
    ```

    Good:
    ```hcl infra/main.tf
    terraform {
      backend "s3" {}
    }
    ```
    ```json .gatekeeper/evidence/validate.json
    {"format_version": "1.0", "valid": true, "error_count": 0, "warning_count": 0, "diagnostics": []}
    ```

    Unknown, two roots and one report:
    ```hcl infra/dev/main.tf
    terraform {
      backend "s3" {}
    }
    ```
    ```hcl infra/prod/main.tf
    terraform {
      backend "s3" {}
    }
    ```
    ```json .gatekeeper/evidence/validate.json
    {"format_version": "1.0", "valid": true, "error_count": 0, "warning_count": 0, "diagnostics": []}
    ```
    """
    found = proofs(Validation, project, ["terraform_validate"])
    yield from found.open
    roots = terraform_roots(project)
    if not found.held:
        if not found.open:
            yield from none(project, f"no report of `terraform validate -json` for {_of(roots)}")
        return
    valid = [held for held in found.held if held.facts.valid and not held.facts.errors]
    for held in found.held:
        yield from _faults(held)
    covered = roots_covered(roots, [held.evidence.origin.about for held in found.held])
    yield found.held[0].measure(f"{len(valid)} of {len(roots) or len(found.held)} roots valid", len(found.held))
    missing = [root for root in roots if root not in covered]
    if missing:
        yield Unknown(project.repository, f"no report is of {_of(missing)}: name it with --about", Reason.NO_EVIDENCE)


def _faults(held: Held[Validation]) -> Iterator[Answer]:
    for error in held.facts.errors:
        words = f"{error.name}: {error.message}" if error.message else error.name
        yield Finding(held.line(error.line), words)
    if held.facts.valid and not held.facts.errors:
        yield from held.failed()
    if not held.facts.valid and not held.facts.errors:
        yield Finding(held.at, "not valid, and it does not say why")


def _of(roots: list[str]) -> str:
    return ", ".join(root or "." for root in roots[:3]) + (f" and {len(roots) - 3} more" if len(roots) > 3 else "")
