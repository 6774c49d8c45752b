"""Which providers a module needs, with the local modules that it calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.terraform import Module, ModuleCall, Provider, TerraformSettings, Typed
from gatekeeper.node import Node
from gatekeeper.parsers import hcl

_MOST = 200  # modules below one that are looked into
_REGISTRIES = ("registry.terraform.io/", "registry.opentofu.org/")
_BUILT_IN = "terraform"


class Requirement(NamedTuple):
    """A provider by its address (`hashicorp/aws`), the versions that are asked of it, and who asks."""

    source: str
    constraint: Node | None
    at: Node


def needed(module: Module) -> tuple[set[str], list[ModuleCall]]:
    """The local names of the providers in use, here and in the local modules called; the remote modules called."""
    used: set[str] = set()
    remote: list[ModuleCall] = []
    for each in _with_called(module):
        used |= set(_names(each, own=each is module))
        remote += [call for call in each.of(ModuleCall) if not call.local]
    return used, remote


def _names(module: Module, *, own: bool) -> Iterator[str]:
    for block in module.blocks:
        if isinstance(block, Provider) and (own or block.syntax.body.attributes):
            yield block.label
        elif isinstance(block, Typed):
            yield block.provider
        elif isinstance(block, ModuleCall):
            handed = block.expr("providers")
            if isinstance(handed, hcl.Object):
                yield from (side.text.partition(".")[0].strip('"') for pair in handed.pairs for side in pair)
        elif isinstance(block, TerraformSettings):
            yield from _in_settings(block, own=own)
        elif block.syntax.type == "import":
            expr = block.syntax.body.attributes.get("provider")
            if expr:
                yield expr.expr.text.partition(".")[0]
    yield from _in_functions(module)


def _in_settings(settings: TerraformSettings, *, own: bool) -> Iterator[str]:
    """What a module called requires, and whose metadata it sets: `provider_meta` is refused for others."""
    for inner in settings.syntax.body.blocks:
        if inner.type == "provider_meta":
            yield from inner.labels[:1]
    for required in settings.blocks("required_providers") if not own else ():
        yield from (name for name, _ in required.items())


def _in_functions(module: Module) -> Iterator[str]:
    """The providers whose functions are called: `provider::aws::arn_parse`."""
    for path in module.paths:
        text = _text(module, path)
        for part in text.split("provider::")[1:] if "provider::" in text else ():
            yield part.partition("::")[0]


def _text(module: Module, path: str) -> str:
    block = next((each for each in module.blocks if each.path == path), None)
    return block.node.source.text if block else ""


def requirements(module: Module) -> list[Requirement]:
    """What is asked of providers by the module and by the local modules it calls, first what it asks itself."""
    return [each for inner in _with_called(module) for each in _of(inner)]


def _of(module: Module) -> Iterator[Requirement]:
    declared: set[str] = set()
    for settings in module.of(TerraformSettings):
        for block in settings.blocks("required_providers"):
            for name, entry in block.items():
                declared.add(name)
                if entry.is_mapping:
                    source = entry["source"].text if entry["source"].known and entry["source"].present else ""
                    constraint = entry["version"] if entry["version"].present else None
                else:
                    source, constraint = "", entry
                yield Requirement(_address(source or name), constraint, entry)
    for each in module.of(Typed):
        if each.provider not in (*declared, _BUILT_IN) and not each.implied:
            declared.add(each.provider)
            yield Requirement(_address(each.provider), None, Node(None, each.node.source, each.span))


def _address(source: str) -> str:
    for registry in _REGISTRIES:
        source = source.removeprefix(registry)
    return (source if "/" in source else f"hashicorp/{source}").lower()


def _with_called(module: Module) -> Iterator[Module]:
    seen = {module.directory}
    waiting = [module]
    while waiting and len(seen) < _MOST:
        here = waiting.pop(0)
        yield here
        for call in here.of(ModuleCall):
            if call.local and call.target not in seen and call.target in here.configuration.directories:
                seen.add(call.target)
                waiting.append(here.configuration.module(call.target))
