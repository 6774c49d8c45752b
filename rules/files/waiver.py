from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.models.waivers import Baselined, Excuse
from gatekeeper.rule import rule


def baselined(project: Project) -> dict[str, list[Excuse]]:
    """The lines of the baseline by what is wrong with them: as many as there are, they mostly end on one day."""
    found: dict[str, list[Excuse]] = {}
    for line in project.all(Baselined):
        if line.entry:
            found.setdefault(line.problem(project.today), []).append(line)
    return found


@rule("waiver-valid", gate="requirements", severity="medium", seed="14. Known Issues / Technical Debt")
def waiver(excuse: Excuse, project: Project) -> Iterator[Finding]:
    """Every excuse names its rule, says why and until when, has not expired, and still excuses something.

    An excuse that nobody has to renew becomes a blind spot. One that is malformed, expired or too long does not count:
    what it was meant to hide is reported again. It lasts at most 90 days, 14 for what is critical. One that names no
    known rule or criterion, or whose rule finds nothing there any more, is to be removed. An excuse is a comment, an
    entry of `waivers` in gatekeeper.yaml, or a line of `.gatekeeper/baseline.jsonl`.

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

    Bad, too long:
    ```dockerfile
    # expect: ends in 128 days: at most 90 are allowed
    # gatekeeper: ignore[docker-nonroot] until=2027-03-31 -- the vendor's entrypoint needs it
    FROM debian:12
    ```

    Bad, a waiver of everything:
    ```yaml gatekeeper.yaml
    waivers:
      # expect: needs either rule or criterion
      - reason: the quarter is nearly over
        by: ana
        approved_by: bo
        on: 2026-11-02
        until: 2026-12-31
    ```

    Bad, a waiver for half a year:
    ```yaml gatekeeper.yaml
    waivers:
      # expect: lasts 181 days: at most 90 are allowed
      - rule: tf-tags
        reason: the platform's module is to set them
        by: ana
        approved_by: bo
        on: 2026-11-02
        until: 2027-05-02
    ```

    Bad, not understood:
    ```yaml k8s/app.yaml
    # expect: not understood
    apiVersion: v1 # gatekeeper: off
    ```

    Good, a comment:
    ```dockerfile
    # gatekeeper: ignore[docker-nonroot] until=2027-01-31 -- the vendor's entrypoint drops root itself, OPS-12
    FROM debian:12
    ```

    Good, in the settings:
    ```yaml gatekeeper.yaml
    waivers:
      - rule: tf-tags
        path: infra/**
        reason: the platform's module sets them from January
        by: ana
        approved_by: bo
        ticket: OPS-12
        on: 2026-11-02
        until: 2027-01-31
    ```
    """
    problem = excuse.problem(project.today)
    if not problem:
        return
    alike = [excuse]
    if isinstance(excuse, Baselined) and excuse.entry:
        alike = project.once("baselined by problem", baselined)[problem]
    if excuse is alike[0]:
        yield Finding(excuse, f"{problem} ({len(alike) - 1} more lines like it)" if len(alike) > 1 else problem)
