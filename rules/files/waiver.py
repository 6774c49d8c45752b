from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.models.files import Suppression
from gatekeeper.rule import rule


@rule("waiver-valid", gate="requirements", severity="medium", seed="14. Known Issues / Technical Debt")
def waiver(suppression: Suppression, project: Project) -> Iterator[Finding]:
    """Every suppression names its rule, says why and until when, has not expired, and still suppresses something.

    An excuse that nobody has to renew becomes a blind spot. One that is malformed or expired does not count: what it
    was meant to hide is reported again. One that names no known rule, or whose rule finds nothing there any more, is to
    be removed.

    Bad, without an end:
    ```dockerfile
    # expect: has no end
    # gatekeeper: ignore[docker-nonroot] -- the vendor's entrypoint needs it
    FROM debian:12
    ```

    Bad, without a reason:
    ```dockerfile
    # expect: has no reason
    # gatekeeper: ignore[docker-nonroot] until=2027-01-31
    FROM debian:12
    ```

    Bad, expired:
    ```hcl
    # expect: expired on 2026-11-22
    resource "aws_instance" "a" {} # gatekeeper: ignore[tf-tags] until=2026-11-22 -- being replaced
    ```

    Bad, not understood:
    ```yaml k8s/app.yaml
    # expect: not understood
    apiVersion: v1 # gatekeeper: off
    ```

    Good:
    ```dockerfile
    # gatekeeper: ignore[docker-nonroot] until=2027-01-31 -- the vendor's entrypoint drops root itself, OPS-12
    FROM debian:12
    ```
    """
    problem = suppression.problem(project.today)
    if problem:
        yield Finding(suppression, problem)
