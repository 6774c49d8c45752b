"""What SAM makes of a template: the settings that its Globals give to every resource of a kind."""

from __future__ import annotations

from gatekeeper.node import Node

_SECTIONS = {
    "AWS::Serverless::Function": "Function",
    "AWS::Serverless::Api": "Api",
    "AWS::Serverless::HttpApi": "HttpApi",
    "AWS::Serverless::SimpleTable": "SimpleTable",
    "AWS::Serverless::StateMachine": "StateMachine",
}


def with_globals(node: Node, root: Node) -> Node:
    """A resource with the properties that the Globals of its template give it: its own win, mappings are put together,
    and lists one behind the other."""
    given = root["Globals"][_SECTIONS.get(str(node["Type"]._value), "-")]
    if not given.is_mapping or not node.is_mapping:
        return node
    own = node["Properties"]
    merged = _merged(given, own) if own.is_mapping and not own.tag else given
    return Node({**node._value, "Properties": merged}, node.source, node.span, node.key, node.tag)


def _merged(given: Node, own: Node) -> Node:
    if given.tag or own.tag:
        return own
    if given.is_mapping and own.is_mapping:
        found = dict(given._value)
        for name, each in own._value.items():
            found[name] = _merged(found[name], each) if name in found else each
        return Node(found, own.source, own.span, own.key)
    if given.is_list and own.is_list:
        return Node([*given._value, *own._value], own.source, own.span, own.key)
    return own
