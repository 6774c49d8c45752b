"""Ranges of addresses, as firewalls and policies write them."""

from __future__ import annotations

_OF_ADDRESSES = frozenset("0123456789abcdef.:")


def is_wide(text: str) -> bool:
    """Whether a range is wider than any private one: /7 and less in IPv4, /6 and less in IPv6. Some write the internet
    as a list of these."""
    address, slash, length = text.rpartition("/")
    if not slash or not length.isdecimal() or len(length) > 3 or not set(address) <= _OF_ADDRESSES:
        return False
    return int(length) <= (6 if ":" in address else 7)
