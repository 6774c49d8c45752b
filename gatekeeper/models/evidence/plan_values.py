"""The values of a plan without what must not be shown.

`terraform show -json` has every value in clear text; what is sensitive, and what is known only after apply, it marks in
trees of the same shape beside them. Here both become markers, so that nothing of them is kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

_MARK = "\u0000gatekeeper"  # no attribute is called that
_UNKNOWN = {_MARK: "unknown"}
_SENSITIVE = {_MARK: "sensitive"}
_DEPTH = 40


class Untold(NamedTuple):
    """A value that is not known, and why."""

    reason: str


_REASONS = {"unknown": Untold("is known only after apply"), "sensitive": Untold("is sensitive")}


def kept(after: bytes, unknown: bytes, sensitive: bytes) -> bytes:
    """The values of `after` as JSON, with markers."""
    decode = msgspec.json.decode
    return msgspec.json.encode(_marked(decode(after), decode(unknown), decode(sensitive), 0), order="sorted")


def _marked(value: Any, unknown: Any, sensitive: Any, depth: int) -> Any:
    if sensitive is True or depth > _DEPTH:
        return _SENSITIVE
    if unknown is True:
        return _UNKNOWN
    if isinstance(value, dict) or (value is None and isinstance(unknown, dict)):
        keys = dict.fromkeys((*(value or ()), *(unknown if isinstance(unknown, dict) else ())))
        return {
            key: _marked((value or {}).get(key), _below(unknown, key), _below(sensitive, key), depth + 1)
            for key in keys
        }
    if isinstance(value, list):
        longest = max(len(value), len(unknown) if isinstance(unknown, list) else 0)
        padded = [*value, *[None] * (longest - len(value))]
        return [_marked(item, _below(unknown, at), _below(sensitive, at), depth + 1) for at, item in enumerate(padded)]
    return value


def _below(tree: Any, key: str | int) -> Any:
    """What a tree of marks says of one element."""
    if isinstance(tree, dict) and isinstance(key, str):
        return tree.get(key)
    if isinstance(tree, list) and isinstance(key, int):
        return tree[key] if key < len(tree) else None
    return None


def values(kept: bytes) -> dict[str, Any]:
    """What was kept, with `Untold` for what is not known."""
    found = _told(msgspec.json.decode(kept))
    return found if isinstance(found, dict) else {}


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        reason = value.get(_MARK)
        if isinstance(reason, str) and reason in _REASONS:
            return _REASONS[reason]
        return {key: _told(item) for key, item in value.items()}
    return [_told(item) for item in value] if isinstance(value, list) else value


def digest(value: bytes) -> str:
    """A hash of a JSON value: equal for equal values, and nothing else can be told from it."""
    return digest_of(msgspec.json.decode(value))


def digest_of(value: Any) -> str:
    """The same of a plain value. What is given on a command line is text: `2` is as `"2"`."""
    import hashlib

    if isinstance(value, (bool, int, float)):
        value = msgspec.json.encode(value).decode()
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
