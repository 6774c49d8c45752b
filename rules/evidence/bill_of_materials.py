from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Bill
from gatekeeper.proof import none, proofs
from gatekeeper.rule import Answer, rule


@rule("bill-of-materials", gate="security-scan", severity="medium", seed="6.1 Vulnerability management")
def bill_of_materials(revision: Revision, project: Project) -> Iterator[Answer]:
    """What ships has a bill of materials.

    When the next vulnerability is published, it says in minutes whether this service is affected. One without a
    component lists nothing.

    Good:
    ```json .gatekeeper/evidence/sbom.json
    {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
     "metadata": {"component": {"type": "container", "name": "orders"}},
     "components": [{"type": "library", "name": "express", "version": "4.19.2"}]}
    ```

    Unknown, none:
    ```text .gatekeeper/evidence/README.md
    Nothing yet.
    ```

    Unknown, an empty one:
    ```json .gatekeeper/evidence/sbom.json
    {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}
    ```
    """
    found = proofs(Bill, project, ["cyclonedx", "spdx"])
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, "no bill of materials (CycloneDX, SPDX)")
    for held in found.held:
        subject = f" of {held.facts.subject}" if held.facts.subject else ""
        yield held.measure(f"{held.facts.components} components{subject}", held.facts.components)
        yield from held.failed()
