"""Override files: `override.tf` and `*_override.tf` change blocks that other files of their directory declare.

https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

from collections.abc import Iterable

from gatekeeper.parsers import hcl

_NAMES = tuple(f"override{ending}" for ending in (".tf", ".tf.json", ".tofu", ".tofu.json"))
_BY_ARGUMENT = ("lifecycle", "required_providers")  # nested blocks that are merged; others take the place of the old


def overrides(path: str) -> bool:
    """Whether a file of configuration changes what others declare."""
    name = path.rpartition("/")[2]
    return name in _NAMES or name.endswith(tuple(f"_{each}" for each in _NAMES))


class Overrides:
    """The blocks of a directory with what its override files change; made once, so that each stays one block."""

    def __init__(self) -> None:
        self.complete = False
        self._by_name: dict[tuple[str, ...], list[hcl.Block]] = {}
        self._changed: dict[int, tuple[hcl.Block, hcl.Block]] = {}
        self._met: set[tuple[str, ...]] = set()

    def add(self, blocks: Iterable[hcl.Block]) -> None:
        for block in blocks:
            self._by_name.setdefault(_key(block), []).append(block)

    def changed(self, block: hcl.Block) -> hcl.Block:
        """A block of another file, as the override files have it."""
        by = self._by_name.get(_key(block))
        if not by:
            return block
        self._met.add(_key(block))
        if id(block) not in self._changed:
            made = block
            for each in by:
                made = _merged(made, each)
            self._changed[id(block)] = (block, made)
        return self._changed[id(block)][1]

    def applied(self, block: hcl.Block) -> bool:
        """Whether a block of an override file changed one that was read."""
        return _key(block) in self._met


def _key(block: hcl.Block) -> tuple[str, ...]:
    alias = block.body.attributes.get("alias") if block.type == "provider" else None
    return (block.type, *block.labels, alias.expr.text if alias else "")


def _merged(block: hcl.Block, by: hcl.Block) -> hcl.Block:
    if block.type == "locals":  # one value after the other, wherever it is declared
        values = {name: by.body.attributes.get(name, old) for name, old in block.body.attributes.items()}
        return block._replace(body=block.body._replace(attributes=values))
    old, new = block.body, by.body
    names = {*new.attributes, *(_gives(each) for each in new.blocks)}
    kept = [each for each in old.blocks if _gives(each) not in names or each.type in _BY_ARGUMENT]
    more = [each for each in new.blocks if each.type not in _BY_ARGUMENT]
    if "backend" in names or "cloud" in names:
        kept = [each for each in kept if each.type not in ("backend", "cloud")]
    for each in new.blocks:
        if each.type in _BY_ARGUMENT:
            at = next((number for number, one in enumerate(kept) if one.type == each.type), None)
            if at is None:
                kept.append(each)
            else:
                kept[at] = _merged(kept[at], each)
    attributes = {name: each for name, each in old.attributes.items() if name not in names} | new.attributes
    return block._replace(body=old._replace(attributes=attributes, blocks=[*kept, *more]))


def _gives(block: hcl.Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type
