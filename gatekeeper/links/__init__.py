"""Links between artifacts: which Dockerfile an image is built from, which pods a selector means, who makes a Secret.

One module a link; a module's names are importable from here and load when first used. Every link is made once for a
project (`Project.once`) and says how certain it is: None or an empty answer means that nothing here could tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatekeeper.links.alerting import alarms
    from gatekeeper.links.claims import claimed
    from gatekeeper.links.deployment import Deploys, deploys
    from gatekeeper.links.documents import Target, is_local, target_of
    from gatekeeper.links.images import ImageLink, built_by_skaffold, containers_of, dockerfile_of
    from gatekeeper.links.inventory import Workloads, workloads
    from gatekeeper.links.outside import elsewhere, remotely_made
    from gatekeeper.links.overlays import Unsettled, unsettled
    from gatekeeper.links.owners import owners_of
    from gatekeeper.links.pipelines import cannot_do_without, depends, entries, production_of
    from gatekeeper.links.rbac import (
        Holder,
        account_name,
        account_of,
        gathered,
        gives_everything,
        holders_of,
        is_bound,
        reach,
        role_of,
    )
    from gatekeeper.links.receivers import Receiver, Routed, routed
    from gatekeeper.links.runbooks import RunbookLink, runbook_of
    from gatekeeper.links.scanned import roots_covered, terraform_roots, unscanned
    from gatekeeper.links.secrets import Producer, makes_secrets, producers_of
    from gatekeeper.links.selectors import Rung, Selection, compatible, pods_of, scalers_of, selected, services_of

_HOMES = {
    "gatekeeper.links.alerting": ("alarms",),
    "gatekeeper.links.claims": ("claimed",),
    "gatekeeper.links.deployment": ("Deploys", "deploys"),
    "gatekeeper.links.documents": ("Target", "is_local", "target_of"),
    "gatekeeper.links.outside": ("elsewhere", "remotely_made"),
    "gatekeeper.links.images": ("ImageLink", "built_by_skaffold", "containers_of", "dockerfile_of"),
    "gatekeeper.links.inventory": ("Workloads", "workloads"),
    "gatekeeper.links.overlays": ("Unsettled", "unsettled"),
    "gatekeeper.links.owners": ("owners_of",),
    "gatekeeper.links.rbac": (
        "Holder",
        "account_name",
        "account_of",
        "gathered",
        "gives_everything",
        "holders_of",
        "is_bound",
        "reach",
        "role_of",
    ),
    "gatekeeper.links.receivers": ("Receiver", "Routed", "routed"),
    "gatekeeper.links.runbooks": ("RunbookLink", "runbook_of"),
    "gatekeeper.links.pipelines": ("cannot_do_without", "depends", "entries", "production_of"),
    "gatekeeper.links.scanned": ("roots_covered", "terraform_roots", "unscanned"),
    "gatekeeper.links.secrets": ("Producer", "makes_secrets", "producers_of"),
    "gatekeeper.links.selectors": (
        "Rung",
        "Selection",
        "compatible",
        "pods_of",
        "scalers_of",
        "selected",
        "services_of",
    ),
}

__all__ = [
    "Deploys",
    "Holder",
    "ImageLink",
    "Producer",
    "Receiver",
    "Routed",
    "RunbookLink",
    "Rung",
    "Selection",
    "Target",
    "Unsettled",
    "Workloads",
    "account_name",
    "account_of",
    "alarms",
    "built_by_skaffold",
    "cannot_do_without",
    "claimed",
    "compatible",
    "containers_of",
    "depends",
    "deploys",
    "dockerfile_of",
    "elsewhere",
    "entries",
    "gathered",
    "gives_everything",
    "holders_of",
    "is_bound",
    "is_local",
    "makes_secrets",
    "owners_of",
    "pods_of",
    "producers_of",
    "production_of",
    "reach",
    "remotely_made",
    "role_of",
    "roots_covered",
    "routed",
    "runbook_of",
    "scalers_of",
    "selected",
    "services_of",
    "target_of",
    "terraform_roots",
    "unscanned",
    "unsettled",
    "workloads",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(import_module(home), name)
            return found
    raise AttributeError(f"module 'gatekeeper.links' has no attribute {name!r}")
