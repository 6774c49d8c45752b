from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project, Unknown
from gatekeeper.links.requirements import answering, requirements, spoken_of
from gatekeeper.models.files import Repository
from gatekeeper.rule import Measure, Reason, rule

_SHOWN = 8  # numbers that the message names


@rule(
    "requirement-referenced",
    gate="requirements",
    severity="medium",
    seed="1.1 Infrastructure Requirements, Cross-reference with NFR; 2. PRD Alignment Check",
    where=lambda repository, project: bool(requirements(project)),
)
def requirement_referenced(repository: Repository, project: Project) -> Iterator[Measure | Unknown]:
    """Every numbered requirement is spoken of by something that answers it.

    A requirement that only its own list knows was perhaps forgotten. Looked for are the numbers that documents give
    (NFR-001, FR-12, REQ-7, ...) in code, tests, alerts, objectives, load tests, decision records, runbooks and
    attestations. What is put off (`TODO: NFR-001`), a test that is skipped, a decision that was rejected or only
    proposed and documents about what is wanted or was changed do not answer it; `requirements` in gatekeeper.yaml says
    in one place which criteria answer each:

    ~~~yaml
    requirements:
      NFR-001: [slo-agreed, slo-alerted]
      NFR-002: [load-test]
    ~~~

    A number proves no more than that somebody thought of it: whether the requirement is met is another question
    (requirements-traced). One that nothing names may be met all the same, so this is never a fault.

    Good:
    ```markdown docs/prd.md
    # Requirements
    | ID | Requirement |
    |---|---|
    | NFR-001 | Availability 99.9 % |
    | NFR-002 | Response below 500 ms |
    | FR-3 | Orders can be cancelled |
    ```
    ```yaml gatekeeper.yaml
    requirements: {NFR-001: [slo-agreed]}
    ```
    ```javascript load/orders.js
    export const options = {thresholds: {http_req_duration: ["p(95)<500"]}} // NFR-002
    ```
    ```markdown docs/adr/0001-cancel.md
    # Cancel by event
    Answers FR-3.
    ```

    Unknown, it is put off, in a test that is skipped and in a decision that was rejected:
    ```markdown docs/prd.md
    # Requirements
    - NFR-001: Availability 99.9 %
    - NFR-002: Response below 500 ms
    - NFR-3.1: Orders can be cancelled
    - NFR-3.2: Orders can be changed
    ```
    ```python app.py
    # TODO: NFR-001
    # NFR-3.1
    ```
    ```python checks/test_slow.py
    @pytest.mark.skip
    def test_slow():
        \"\"\"NFR-002\"\"\"
    ```
    ```markdown docs/adr/0001-change.md
    # Change by event
    Status: rejected

    Answers NFR-3.2.
    ```

    Unknown, one is in its own list and in another:
    ```markdown docs/prd.md
    # Requirements
    - NFR-001: Availability 99.9 %
    ```
    ```markdown docs/roadmap.md
    # Roadmap
    NFR-001 comes next.
    ```
    """
    every = requirements(project)
    spoken = spoken_of(project)
    left = [each for each in every if each.id not in spoken and not answering(each.id, project)]
    words = f"{len(every) - len(left)} of {len(every)} requirements are spoken of"
    yield Measure(every[0].at, words, len(every) - len(left))
    if left:
        shown = ", ".join(each.id for each in left[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        yield Unknown(left[0].at, f"nothing names {shown}{more}", Reason.NEEDS_HUMAN)
