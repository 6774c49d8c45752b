"""Quantities: `250m`, `1Gi`, `1e3`. As the Kubernetes API defines them (resource.Quantity)."""

from __future__ import annotations

from decimal import Decimal

from gatekeeper.node import regex

_QUANTITY = regex(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?:([eE][+-]?[0-9]{1,3})|([KMGTPE]i|[numkMGTPE]))?\Z"
)
_SUFFIXES = {
    **{
        suffix: Decimal(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}


def quantity(text: str) -> Decimal | None:
    """The number a quantity stands for; None when the API would refuse it."""
    found = _QUANTITY.match(text)
    if not found:
        return None
    number, exponent, suffix = found.groups()
    return Decimal(number + (exponent or "")) * _SUFFIXES.get(suffix or "", Decimal(1))
