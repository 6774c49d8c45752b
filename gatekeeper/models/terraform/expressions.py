"""Every expression that is written in a body, with what stands inside it."""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.parsers import hcl


def expressions(body: hcl.Body) -> Iterator[hcl.Expr]:
    """Each expression once, also inside others; the keys of objects are left out, and so is what stands in JSON."""
    bodies = [body]
    while bodies:
        here = bodies.pop()
        bodies += [block.body for block in here.blocks]
        for attribute in here.attributes.values():
            if attribute.home.fixed is None:
                yield from _inside(attribute.expr)


def _inside(expr: hcl.Expr) -> Iterator[hcl.Expr]:
    stack = [expr]
    while stack:
        here = stack.pop()
        yield here
        if isinstance(here, hcl.Object):
            stack += [side for key, value in here.pairs for side in (*key.children(), value)]
        elif isinstance(here, hcl.For):
            stack += [each for each in (here.over, here.key, here.result, here.condition) if each is not None]
        elif isinstance(here, hcl.Splat):
            stack += [here.of, here.each]
        elif isinstance(here, hcl.Opaque):
            stack += here.inner
        else:
            stack += here.children()
