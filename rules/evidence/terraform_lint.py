from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import roots_covered, terraform_roots
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Scan
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule


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
    if not found.held and not found.open:
        yield from none(project, "no report of tflint")
    missing = _missing(found.held, project)
    if found.held and missing:
        words = f"no report is of {', '.join(missing[:3])}: run tflint --recursive, or name the folder with --about"
        yield Unknown(project.repository, words, Reason.NO_EVIDENCE)
    for held in found.held:
        open_ = [problem for problem in held.facts.problems if not problem.suppressed]
        yield held.measure(f"tflint: {len(open_)} issues", 1)
        if not held.facts.problems:
            yield from held.failed()
        for problem in open_:
            yield Finding(held.place_of(problem, project), f"{problem.id}: {problem.message}")


def _missing(held: list[Held[Scan]], project: Project) -> list[str]:
    """The roots that no report is of: tflint looks into folders below only when it is told to."""
    origins = [each.evidence.origin for each in held]
    roots = terraform_roots(project)
    covered = roots_covered(roots, [origin.about for origin in origins])
    deep = [origin for origin in origins if "--recursive" in origin.command.split() and "--chdir" not in origin.command]
    below = tuple("" if (about := normpath(origin.about)) == "." else f"{about}/" for origin in deep)
    return [root or "." for root in roots if root not in covered and not f"{root}/".startswith(below)]
