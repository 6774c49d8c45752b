"""What Helm writes into a lock to know whether Chart.yaml has changed since."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from gatekeeper.models.helm import Chart
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Node

_FIELDS = ("condition", "tags", "enabled", "import-values", "alias")


def digests(chart: Chart) -> set[str]:
    """What a lock in step with Chart.yaml may hold; nothing where that depends on who reads the YAML.

    It is over the JSON of what is asked for and what is locked; Helm 2 took what is asked for alone.
    """
    locked = chart.lock["dependencies"] if chart.lock is not None else None
    asked = [_entry(each.node) for each in chart.dependencies]
    if any(_ambiguous(each.get("import-values")) for each in asked):
        return set()
    listed = [_entry(node) for node in locked if node.is_mapping] if locked is not None and locked.is_list else []
    found = {_hashed([asked, listed])}
    return found if written(chart.node["apiVersion"]) == "v2" else found | {_hashed({"dependencies": asked})}


def _hashed(value: Any) -> str:
    import json

    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "&<>\u2028\u2029":  # as Go's encoder writes them
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _ambiguous(value: Any) -> bool:
    """Whether a word in it is a truth value to Helm, whose YAML is that of 1.1, and a text to us."""
    if isinstance(value, dict):
        return any(map(_ambiguous, value.values()))
    if isinstance(value, list):
        return any(map(_ambiguous, value))
    return isinstance(value, str) and value.lower() in ("y", "n", "yes", "no", "on", "off")


def _entry(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {"name": written(node["name"])}
    if written(node["version"]):
        found["version"] = written(node["version"])
    found["repository"] = written(node["repository"])
    for field in _FIELDS:
        if node[field].present and node[field].plain not in ("", [], False):
            found[field] = _sorted(node[field].plain)
    return found


def _sorted(value: Any) -> Any:
    """Maps in the order of their keys, as Go writes them."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
