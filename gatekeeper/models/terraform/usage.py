"""What of a module is read by anything in it."""

from __future__ import annotations

from gatekeeper.models.terraform.blocks import Block, Variable
from gatekeeper.models.terraform.modules import Module
from gatekeeper.parsers import hcl


def used(module: Module) -> set[str]:
    """The addresses (`var.region`, `local.name`, `data.aws_ami.base`) that something reads, itself aside."""
    found: set[str] = set()
    for block in module.blocks:
        own = block.name if isinstance(block, Variable) else ""
        for path in _paths(block):
            name = address(path)
            if name and name != own:
                found.add(name)
    return found


def _paths(block: Block) -> list[tuple[str, ...]]:
    paths = [reference.path for reference in block.references]
    for body in _lifecycles(block.syntax.body):  # what may trigger a replacement, and the conditions
        for attribute in body.attributes.values():
            paths += [reference.path for reference in hcl.references(attribute.expr)]
    return paths


def _lifecycles(body: hcl.Body) -> list[hcl.Body]:
    return [block.body for block in body.blocks if block.type == "lifecycle"]


def address(path: tuple[str, ...]) -> str:
    """What a reference means: `var.region` of `var.region.name`; '' for what nobody declares."""
    if path[0] in ("var", "local", "module") and len(path) > 1:
        return f"{path[0]}.{path[1]}"
    if path[0] in ("data", "ephemeral") and len(path) > 2:
        return ".".join(path[:3])
    return ""
