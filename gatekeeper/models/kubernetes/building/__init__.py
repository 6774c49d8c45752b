"""What kustomize would apply, built here: the objects as they are after every overlay, patch and generator.

Nothing is executed and nothing is fetched. What cannot be told from the repository (a remote base, a plugin, a chart)
is a `Gap` that names it; the rest is still built. Every value of a result keeps the place where it was decided.
"""

from __future__ import annotations

from gatekeeper.models.kubernetes.building.builder import Build, Gap, Idle, named, rendered

__all__ = ["Build", "Gap", "Idle", "named", "rendered"]
