"""Switches as the API reads them: its YAML is 1.1, where `yes`, `on` and `y` without quotes are true."""

from __future__ import annotations

import re

from gatekeeper.node import Node, Source, regex

# By name, because custom kinds have no schema; where a text may stand under the name, it is not converted.
_FLAGS = frozenset(
    """
    allowHostDirVolumePlugin allowHostIPC allowHostNetwork allowHostPID allowHostPorts allowPrivilegeEscalation
    allowPrivilegedContainer automountServiceAccountToken enableServiceLinks hostIPC hostNetwork hostPID hostProcess
    hostUsers immutable optional paused privileged publishNotReadyAddresses readOnly readOnlyRootFilesystem
    runAsNonRoot shareProcessNamespace stdin suspend tty
    """.split()
)
_TEXTS = frozenset({"data", "binaryData", "stringData", "labels", "matchLabels", "annotations"})
_TRUE = frozenset("y Y yes Yes YES on On ON".split())
_WORDS = _TRUE | frozenset("n N no No NO off Off OFF".split())
_HELD = regex(
    r":[ \t]{1,20}(?:!!bool[ \t]{1,4})?(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)[ \t\r]*(?:[#,}]|$)",
    re.MULTILINE,
)


def holds_words(source: Source) -> bool:
    """Whether one of the words stands as a value in the file."""
    return _HELD.search(source.text) is not None


def with_flags(node: Node, key: str = "") -> Node:
    """The same object, with true or false where a switch is one of the words. Recursion ends where nesting does."""
    value = node._value
    if isinstance(value, str):
        return _read(node, value) if key in _FLAGS and value in _WORDS else node
    if isinstance(value, list):
        items = [with_flags(item) for item in value]
        return node if all(new is old for new, old in zip(items, value, strict=True)) else _again(node, items)
    if isinstance(value, dict):
        inner = {name: child if name in _TEXTS else with_flags(child, name) for name, child in value.items()}
        return node if all(inner[name] is value[name] for name in value) else _again(node, inner)
    return node


def _read(node: Node, word: str) -> Node:
    bare = not node.source.path.endswith(".json") and node.source.slice(node.span) == word
    return _again(node, word in _TRUE) if bare else node


def _again(node: Node, value: object) -> Node:
    return Node(value, node.source, node.span, node.key, node.tag)
