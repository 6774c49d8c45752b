"""Values of a program to expressions of the shared model: `${names}` become references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatekeeper.models.pulumi.tokens import Type, singular, snake
from gatekeeper.models.terraform.foreign import At
from gatekeeper.node import Node, Span, regex
from gatekeeper.parsers import hcl

_END = 10**9
_PLACE = regex(r"\$(\$)?\{([^{}]{1,300})\}")
_STEP = regex(r"\.?([A-Za-z_][\w-]{0,100})|\[(?:(\d{1,6})|\"([^\"\n]{1,100})\"|'([^'\n]{1,100})')\]")
_LATER = "is known only when Pulumi runs"
# Mappings whose keys are the user's own, and no attributes.
_OWN_KEYS = frozenset(
    """
    annotations appSettings applicationSettings customHeaders defaultAttributes dimensions environmentVariables
    headers labels matchLabels metadata nodeSelector parameters requestParameters resourceLabels responseParameters
    stageVariables substitutions tags tagsAll userLabels variables
    """.split()
)
_DEPTH = 60


class Reader:
    """The values of one program. `resources` are those that have a type of Terraform, `outside` all the others."""

    def __init__(self, resources: Mapping[str, Type], outside: frozenset[str], variables: frozenset[str]) -> None:
        self.resources = resources
        self.outside = outside
        self.variables = variables

    def expr(self, node: Node, *, own: bool = True, depth: int = 0) -> hcl.Expr:
        """The expression of a value; the keys of mappings stay as they are where they are the user's `own`."""
        value = node._value
        if depth > _DEPTH:
            return self._opaque(node, "nests too deeply to be read")
        if isinstance(value, dict):
            call = next((key for key in value if key.lower().startswith("fn::")), None)
            if call is not None and len(value) == 1:
                return self._call(node, call[4:], value[call], depth)
            pairs: list[tuple[hcl.Expr, hcl.Expr]] = []
            for key, child in value.items():
                kept = own or key in _OWN_KEYS
                name = hcl.Literal(
                    hcl.Home(child.source, "", child.key or child.span), 0, 0, key if own else snake(key)
                )
                pairs.append((name, self.expr(child, own=kept, depth=depth + 1)))
            return hcl.Object(At(node), 0, _END, pairs)
        if isinstance(value, list):
            return hcl.Tuple(At(node), 0, _END, [self.expr(each, own=own, depth=depth + 1) for each in value])
        if isinstance(value, str) and "${" in value:
            return self._text(node, value)
        return hcl.Literal(At(node), 0, _END, value)

    def _text(self, node: Node, text: str) -> hcl.Expr:
        parts: list[str | hcl.Expr] = []
        at = 0
        for found in _PLACE.finditer(text):
            if found.start() > at:
                parts.append(text[at : found.start()])
            parts.append(f"${{{found[2]}}}" if found[1] else self._named(node, found[2].strip()))
            at = found.end()
        if at < len(text):
            parts.append(text[at:])
        if len(parts) == 1 and isinstance(parts[0], hcl.Expr):
            return parts[0]
        if all(isinstance(part, str) for part in parts):
            return hcl.Literal(At(node), 0, _END, "".join(part for part in parts if isinstance(part, str)))
        return hcl.Template(At(node), 0, _END, parts)

    def _named(self, node: Node, words: str) -> hcl.Expr:
        """What stands between the braces: a name, and steps into it."""
        name, _, _ = words.partition(".")
        name = name.partition("[")[0]
        home = At(node)
        rest = words[len(name) :]
        if name == "pulumi":
            step = rest.lstrip(".").partition(".")[0]
            return hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, "var"), f"pulumi.{step}")
        if name in self.outside:
            return self._opaque(node, _LATER)
        expr: hcl.Expr
        if name in self.resources:
            expr = hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, self.resources[name].name), name)
            return self._steps(home, expr, rest, attributes=True)
        root = "local" if name in self.variables else "var"
        return self._steps(home, hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, root), name), rest)

    def _steps(self, home: At, expr: hcl.Expr, words: str, *, attributes: bool = False) -> hcl.Expr:
        for found in _STEP.finditer(words):
            if found[1] is not None:
                expr = hcl.GetAttr(home, 0, _END, expr, snake(found[1]) if attributes else found[1])
            else:
                key: object = int(found[2]) if found[2] is not None else found[3] or found[4]
                expr = hcl.Index(home, 0, _END, expr, hcl.Literal(home, 0, _END, key))
        return expr

    # functions

    def _call(self, node: Node, name: str, given: Node, depth: int) -> hcl.Expr:
        name = name.lower()
        if name == "secret":
            return self.expr(given, depth=depth + 1)
        if name in ("tojson", "tobase64"):
            inner = self.expr(given, depth=depth + 1)
            function = "jsonencode" if name == "tojson" else "base64encode"
            return hcl.Call(At(node), 0, _END, function, [inner], False)
        if name == "join" and given.is_list and len(given._value) == 2:
            return hcl.Call(
                At(node), 0, _END, "join", [self.expr(each, depth=depth + 1) for each in given._value], False
            )
        return self._opaque(node, _LATER, [self.expr(each, depth=depth + 1) for each in _inside(given)])

    def _opaque(self, node: Node, reason: str, inner: list[hcl.Expr] | None = None) -> hcl.Expr:
        return hcl.Opaque(At(node), 0, _END, reason, inner or [], [])

    # bodies

    def body(self, properties: Node, kind: Type, depth: int = 0) -> hcl.Body:
        """The properties of a resource, or of a part of it: mappings and lists of them are nested blocks."""
        attributes: dict[str, hcl.Attribute] = {}
        blocks: list[hcl.Block] = []
        if not properties.is_mapping or any(key.lower().startswith("fn::") for key in properties._value):
            return hcl.Body({}, [], _LATER if properties.present else "")
        for key, child in properties._value.items():
            name = kind.renamed.get(key, snake(key))
            if depth < _DEPTH and key not in _OWN_KEYS and _is_part(child):
                blocks.append(self._block(name, child, depth))
            elif depth < _DEPTH and child.is_list and child._value and all(map(_is_part, child._value)):
                blocks += [self._block(singular(name), item, depth) for item in child._value]
                if singular(name) != name:  # some blocks of Terraform are called in the plural
                    attributes[name] = Attribute(name, child, self, own=False)
            else:
                for each in _names(name) if child.is_list else (name,):
                    attributes[each] = self._attribute(each, child)
        return hcl.Body(attributes, blocks)

    def _block(self, name: str, node: Node, depth: int) -> hcl.Block:
        home = hcl.Home(node.source, "", node.key or node.span)
        return hcl.Block(name, (), self.body(node, Type(name), depth + 1), home, 0, 0, 0)

    def _attribute(self, name: str, node: Node) -> hcl.Attribute:
        return Attribute(name, node, self)


class Attribute(hcl.Attribute):
    """`name: value`, with the key that it stands under for its place."""

    __slots__ = ("node",)

    def __init__(self, name: str, node: Node, reader: Reader, *, own: bool = True) -> None:
        super().__init__(hcl.Home(node.source, "", node.span), name, 0, lambda: reader.expr(node, own=own))
        self.node = node

    @property
    def key(self) -> Span:
        return self.node.key or self.node.span


def _is_part(node: Node) -> bool:
    return node.is_mapping and not any(key.lower().startswith("fn::") for key in node._value)


def _names(name: str) -> tuple[str, ...]:
    """A list's name as it stands, and in the singular, as it may be called in Terraform."""
    return tuple(dict.fromkeys((singular(name), name)))


def _inside(node: Node) -> Iterator[Node]:
    if node.is_mapping:
        yield from node._value.values()
    elif node.is_list:
        yield from node._value
    elif node.present:
        yield node
