"""Policies of IAM that are written here: what their statements allow, to whom, on what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.models.terraform.blocks import Block, Data, Typed
from gatekeeper.models.terraform.policy_documents import decoded, json_of
from gatekeeper.node import Node

_WRITTEN = {  # the policies of an identity, and where they stand
    "aws_iam_policy": "policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_iam_group_policy": "policy",
    "aws_iam_role": "inline_policy.policy",
    "aws_ssoadmin_permission_set_inline_policy": "inline_policy",
}
TRUST = {"aws_iam_role": "assume_role_policy"}
_DOCUMENT = "data.aws_iam_policy_document."
_PARTS = ("source_json", "override_json", "source_policy_documents", "override_policy_documents")


class Statement(NamedTuple):
    """One statement of a policy. What is not known stays an expression in its node."""

    node: Node

    @property
    def allows(self) -> bool:
        """Whether it allows something, as far as that is known."""
        return self.node.is_mapping and self.node["Effect"].known and self.node["Effect"].text == "Allow"

    @property
    def actions(self) -> list[Node]:
        return _items(self.node["Action"])

    @property
    def resources(self) -> list[Node]:
        return _items(self.node["Resource"])

    @property
    def everywhere(self) -> bool:
        """It holds for every resource."""
        return any(each.known and each.text == "*" for each in self.resources)

    @property
    def conditioned(self) -> bool:
        """It has a condition, or may have one."""
        condition = self.node["Condition"]
        return condition.present and (not condition.is_mapping or bool(condition._value))

    def principals(self, kind: str) -> list[Node]:
        """Its principals of a kind, as `AWS` or `Federated`; those that are not known too."""
        return _items(self.node["Principal"][kind])


def _items(node: Node) -> list[Node]:
    if node.expression:
        return [node]
    return list(node) if node.is_list else [node] if node.present else []


def is_identity(block: Typed) -> bool:
    """Whether a policy of an identity is written in this block: a document without principals, or a text.

    What only sets limits (a permissions boundary, a policy of the organization) gives nobody a right, and is none.
    """
    if block.name in _limits(block):
        return False
    if isinstance(block, Data):
        return block.type == "aws_iam_policy_document" and not _has_principals(block)
    path = _WRITTEN.get(block.type, "")
    return bool(path) and block.node.at(path).present and not _by_document(block, path)


def _limits(block: Typed) -> frozenset[str]:
    """The addresses in its module of what sets limits, and of the documents that say which."""
    known: frozenset[str] | None = vars(block.module).get("limits_of_identities")
    if known is None:
        declared = block.module.declared
        found: set[str] = set()
        for each in declared.values():
            found |= each.addresses("permissions_boundary") if isinstance(each, Typed) else set()
            if isinstance(each, Typed) and each.type == "aws_organizations_policy":
                found |= each.addresses("content")
        for address in sorted(found):
            policy = declared.get(address)
            found |= policy.addresses("policy") if isinstance(policy, Typed) else set()
        known = frozenset(found)
        vars(block.module)["limits_of_identities"] = known
    return known


def _has_principals(data: Data) -> bool:
    """Whether it, or a document that it takes in, says to whom something is allowed."""
    return any(_names_principals(each) for each in (data, *_parts(data)))


def _parts(data: Data) -> list[Data]:
    """The documents of its module that it takes in, also through one another."""
    found: dict[str, Data] = {}
    waiting = [data]
    while waiting:
        each = waiting.pop()
        for address in sorted(address for path in _PARTS for address in each.addresses(path)):
            part = each.module.declared.get(address)
            if isinstance(part, Data) and address != data.name and address not in found:
                found[address] = part
                waiting.append(part)
    return list(found.values())


def _names_principals(data: Data) -> bool:
    bodies = (inner.body for inner in data.syntax.body.blocks)
    inner = (
        name for body in bodies for each in body.blocks for name in (each.type, *each.labels, *_content(each.body))
    )
    return any(name in ("principals", "not_principals") for name in inner)


def _content(body: object) -> Iterator[str]:
    for inner in getattr(body, "blocks", ()):
        yield inner.type
        yield from inner.labels


def _by_document(block: Typed, path: str) -> bool:
    """Whether the policy comes from documents of the same module, which are judged by themselves."""
    found = block.addresses(path)
    return bool(found) and all(each.startswith(_DOCUMENT) and each in block.module.declared for each in found)


def is_trust(block: Typed) -> bool:
    """Whether it says who may take a role: the policy of a role, or a document with principals that lets take one."""
    if isinstance(block, Data):
        return block.type == "aws_iam_policy_document" and _has_principals(block)
    path = TRUST.get(block.type, "")
    return bool(path) and block.node[path].present and not _by_document(block, path)


def statements(block: Typed, path: str = "") -> tuple[list[Statement], Node | None]:
    """The statements of the policies in a block, and what of them is not known."""
    found: list[Statement] = []
    doubt: Node | None = None
    for document in _documents(block, path or _WRITTEN.get(block.type, "")):
        if document.expression:
            doubt = document
            continue
        for each in _items(document["Statement"]):
            if each.expression:
                doubt = each
            else:
                found.append(Statement(each))
    return found, doubt


def own_statements(policy: Typed) -> tuple[list[Statement], Node | None]:
    """As `statements`, without those of documents that it takes in: these are judged where they are declared."""
    found, doubt = statements(policy)
    parts = _parts(policy) if isinstance(policy, Data) else []
    return [each for each in found if not any(_stands_in(each.node, part) for part in parts)], doubt


def _stands_in(node: Node, part: Block) -> bool:
    span = part.syntax.span
    inside = (span.line, span.column) <= (node.span.line, node.span.column) < (span.end_line, span.end_column)
    return node.source.path == part.written_in.path and inside


def _documents(block: Typed, path: str) -> Iterator[Node]:
    if isinstance(block, Data):
        yield decoded(json_of(block))
        return
    outer, _, inner = path.rpartition(".")
    for holder in block.blocks(outer) if outer else [block.node]:
        node = holder[inner]
        if node.present:
            yield decoded(node)


def may(statements: list[Statement], action: str) -> Node | None:
    """The node that allows an action on every resource without a condition; None when none does for sure."""
    for each in statements:
        if each.allows and each.everywhere and not each.conditioned:
            for node in each.actions:
                if node.known and covers(node.text, action):
                    return node
    return None


def covers(pattern: str, action: str) -> bool:
    """Whether a pattern of IAM (`s3:Get*`) means an action. Linear: each piece is looked for behind the one before."""
    pattern, action = pattern.lower(), action.lower()
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return _like(pattern, action)
    first, last = pieces[0], pieces[-1]
    if len(action) < len(first) + len(last) or not _like(first, action[: len(first)]):
        return False
    if last and not _like(last, action[-len(last) :]):
        return False
    rest = action[len(first) : len(action) - len(last)]
    for piece in pieces[1:-1]:
        at = rest.find(piece)
        if at < 0:
            return False
        rest = rest[at + len(piece) :]
    return True


def _like(pattern: str, text: str) -> bool:
    return len(pattern) == len(text) and all(a in (b, "?") for a, b in zip(pattern, text, strict=True))
