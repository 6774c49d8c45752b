"""What the gates and criteria that a ticked claim names came to."""

from __future__ import annotations

from gatekeeper.models.claims import Claim
from gatekeeper.project import Project

EVERYTHING = "*"


def claimed(claim: Claim, project: Project) -> dict[str, str]:
    """The status of each gate or criterion that the claim names, as far as this audit asked for it."""
    statuses = {**project.verdicts, **project.gates}
    if EVERYTHING in claim.meant:
        return {name: status for name, status in project.gates.items() if status not in ("PASS", "N/A", "ATTESTED")}
    return {name: statuses[name] for name in claim.meant if name in statuses}
