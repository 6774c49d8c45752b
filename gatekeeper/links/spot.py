"""What is declared to run on capacity that may be taken away: spot, preemptible."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatekeeper.links.resources import terraform_resources
from gatekeeper.node import Node, Unresolved
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource


def spot(project: Project) -> list[Node]:
    """The resources that are surely spot, at least in part, in the order of the files."""
    return project.once("spot capacity", _spot)


def _spot(project: Project) -> list[Node]:
    found = []
    for each in terraform_resources(project):
        ask = _KINDS.get(each.type)
        try:
            if ask is not None and ask(each):
                found.append(Node(each.name, each.node.source, each.span))
        except Unresolved:
            continue
    return found


def _says(path: str, *values: object) -> Callable[[Resource], bool]:
    def ask(resource: Resource) -> bool:
        first, _, rest = path.partition(".")
        if not rest:
            return resource.node[first].value in values
        return any(block.at(rest).value in values for block in resource.blocks(first))

    return ask


def _either(*asked: Callable[[Resource], bool]) -> Callable[[Resource], bool]:
    return lambda resource: any(ask(resource) for ask in asked)


_KINDS: dict[str, Callable[[Resource], bool]] = {
    "aws_spot_instance_request": lambda resource: True,
    "aws_spot_fleet_request": lambda resource: True,
    "aws_eks_node_group": _says("capacity_type", "SPOT"),
    "aws_ecs_service": _says("capacity_provider_strategy.capacity_provider", "FARGATE_SPOT"),
    "aws_instance": _says("instance_market_options.market_type", "spot"),
    "aws_launch_template": _says("instance_market_options.market_type", "spot"),
    "google_compute_instance": _either(
        _says("scheduling.preemptible", True), _says("scheduling.provisioning_model", "SPOT")
    ),
    "google_container_node_pool": _either(_says("node_config.spot", True), _says("node_config.preemptible", True)),
    "azurerm_kubernetes_cluster_node_pool": _says("priority", "Spot"),
    "azurerm_linux_virtual_machine": _says("priority", "Spot"),
    "azurerm_linux_virtual_machine_scale_set": _says("priority", "Spot"),
}
