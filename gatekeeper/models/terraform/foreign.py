"""What front ends share that read other languages into Terraform's model."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.modules import Module
from gatekeeper.node import Expression, Node
from gatekeeper.parsers import hcl


class At(hcl.Home):
    """The place of a node: expressions made of it stand there, and have its text for words."""

    __slots__ = ()

    def __init__(self, node: Node) -> None:
        self.source = node.source
        self.fixed = node.span

    @property
    def text(self) -> str:  # type: ignore[override]  # a slot of Home, found when asked for
        assert self.fixed
        return self.source.slice(self.fixed)


class ForeignModule(Module):
    """A file of another language as a module: it is run by itself, and no file of Terraform gives it values."""

    later: ClassVar[str] = ""  # when what is not known becomes known, in words

    @cached_property
    def root(self) -> bool:
        return not self.callers

    @cached_property
    def fragment(self) -> bool:
        return False

    @cached_property
    def variable_files(self) -> list[str]:
        return []

    def find(self, expr: hcl.Expr, root: str, steps: values.Steps) -> tuple[Node | Expression, int]:
        found, taken = super().find(expr, root, steps)
        if isinstance(found, Expression) and found.reason == "is known only when Terraform runs":
            return Expression(found.text, self.later), taken
        return found, taken
