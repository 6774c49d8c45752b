"""Policies of IAM that are written here: what their statements allow, to whom, on what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from gatekeeper.models.terraform.blocks import Block, Data, Typed
from gatekeeper.models.terraform.policy_documents import decoded, json_of
from gatekeeper.models.terraform.values import parts
from gatekeeper.node import Node, regex

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


Truth = bool | None  # None: not known
EVERY_ACTION = ("*", "*:*")


class Statement(NamedTuple):
    """One statement of a policy. What is not known stays an expression in its node."""

    node: Node

    @property
    def allows(self) -> Truth:
        """Whether it allows something."""
        effect = self.node["Effect"]
        return (effect.text == "Allow") if effect.known else None

    @property
    def actions(self) -> list[Node]:
        return _items(self.node["Action"])

    @property
    def resources(self) -> list[Node]:
        return _items(self.node["Resource"])

    @property
    def everywhere(self) -> Truth:
        """It holds for every resource."""
        if any(each.known and is_everything(each.text) for each in self.resources):
            return True
        return None if any(not each.known and may_be(each, ("*",)) for each in self.resources) else False

    @property
    def conditioned(self) -> bool:
        """It has a condition that keeps somebody out, or may have one."""
        condition = self.node["Condition"]
        if not condition.present or not condition.is_mapping:
            return condition.present
        return limits(condition)

    def principals(self, kind: str) -> list[Node]:
        """Its principals of a kind, as `AWS` or `Federated`; those that are not known too."""
        return _items(self.node["Principal"][kind])

    def taken(self, says: Callable[[str], bool], texts: Sequence[str]) -> tuple[Truth, Node]:
        """Whether one of its actions is such; one that is not known may be where it may come to one of the texts."""
        known = next((each for each in self.actions if each.known and says(plain(each.text))), None)
        if known is not None:
            return True, known
        open_ = next((each for each in self.actions if not each.known and may_be(each, texts)), None)
        return (None, open_) if open_ is not None else (False, self.node)


def _spared(statement: Statement, action: str) -> tuple[Truth, Node]:
    """Whether an action is none of those that a statement leaves out (`NotAction`): then it allows it."""
    left_out = statement.node["NotAction"]
    items = _items(left_out)
    if any(each.known and covers(each.text, action) for each in items):
        return False, left_out
    return (None, left_out) if any(not each.known for each in items) else (True, left_out)


def all_true(*truths: Truth) -> Truth:
    return False if False in truths else None if None in truths else True


_RUN = regex(r"\*+")


def plain(pattern: str) -> str:
    """A pattern with each run of asterisks as one: they mean the same."""
    return _RUN.sub("*", pattern)


def is_everything(resource: str) -> bool:
    """Whether a pattern means resources of every service: `*`, `arn:*`, `arn:aws:*:*:*:*`."""
    first, *rest = plain(resource).split(":")
    if first == "*" and not rest:
        return True
    return first == "arn" and rest[-1:] == ["*"] and all(part == "*" for part in rest[1:])


def may_be(node: Node, texts: Iterable[str]) -> bool:
    """Whether a text that is not known may come to one of these. The parts of it that are known may rule that out, and
    neither the ARN of something nor the number of an account is another text."""
    known = parts(node)
    if len(known) > 1:
        first, last = known[0].lower(), known[-1].lower()
        return any(text.startswith(first) and text[len(first) :].endswith(last) for text in texts)
    waits = node.expression
    read = waits is not None and waits.reason in ("is a reference to a resource", "is read from a data source")
    return waits is None or not (read and waits.text.endswith((".arn", "account_id")))


def limits(condition: Node) -> bool:
    """Whether a condition of a policy keeps anybody out. That of TLS, of any address and of any name does not."""
    return any(
        not (_met_by_all(test.lower(), key.lower(), values))
        for test, keys in condition.items()
        for key, values in (keys.items() if keys.is_mapping else [("", keys)])
    )


_TLS = "aws:securetransport"


def _met_by_all(test: str, key: str, values: Node) -> bool:
    if not values.known:
        return False
    texts = [item.text for item in (values if values.is_list else (values,)) if item.known]
    if key == _TLS:
        return test.startswith("bool") and texts == ["true"]
    if test.startswith("ipaddress"):
        return any(text in ("0.0.0.0/0", "::/0") for text in texts)
    return test.startswith(("stringlike", "arnlike")) and "*" in texts


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


def may(statements: list[Statement], action: str) -> tuple[Truth, Node | None]:
    """Whether they allow an action on every resource without a condition, and the node that does or may."""
    doubt: Node | None = None
    for each in statements:
        if each.conditioned:
            continue
        taken, node = each.taken(lambda pattern: covers(pattern, action), (action, "*"))
        if each.node["NotAction"].present:
            taken, node = _spared(each, action)
        truth = all_true(each.allows, each.everywhere, taken)
        if truth:
            return True, node
        if truth is None:
            doubt = unknown_of(each, node)
    return (None, doubt) if doubt is not None else (False, None)


def is_made(principal: Node) -> bool:
    """Whether it is the address of something that is made, and of no account or everybody."""
    waits = principal.expression
    return waits is not None and waits.text.startswith(("aws_", "module.", "data.aws_", '"arn:'))


def unknown_of(statement: Statement, action: Node) -> Node:
    """What of a statement is not known: its effect, the action, a resource."""
    return next((part for part in (statement.node["Effect"], action, *statement.resources) if not part.known), action)


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
