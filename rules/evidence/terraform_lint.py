from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Scan
from gatekeeper.proof import none, proofs
from gatekeeper.rule import Answer, rule


@rule("terraform-lint", gate="iac-validation", severity="medium", seed="2.1 IaC Best Practices")
def terraform_lint(revision: Revision, project: Project) -> Iterator[Answer]:
    """tflint finds nothing in the Terraform of this commit.

    What tflint could not read it did not lint: a report with errors of its own proves nothing.

    Bad:
    ```json .gatekeeper/evidence/tflint.json
    {"issues": [{"rule": {"name": "terraform_required_version", "severity": "warning"},
      "message": "terraform \\"required_version\\" attribute is required", "range": {"filename": "main.tf",
      "start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 1}}}], "errors": []}
    ```
    ```hcl main.tf
    # expect: required_version
    terraform {}
    ```

    Good:
    ```json .gatekeeper/evidence/tflint.json
    {"issues": [], "errors": []}
    ```
    ```hcl main.tf
    terraform {}
    ```
    """
    found = proofs(Scan, project, ["tflint"])
    yield from found.open
    mine = [held for held in found.held if held.evidence.format == "tflint"]
    if not mine and not found.open:
        yield from none(project, "no report of tflint")
    for held in mine:
        open_ = [problem for problem in held.facts.problems if not problem.suppressed]
        yield held.measure(f"tflint: {len(open_)} issues", 1)
        for problem in open_:
            yield Finding(held.place_of(problem, project), f"{problem.id}: {problem.message}")
