"""Resources of a template as blocks of the shared model, with the attributes that the tables say.

A property that is in the table and not in the template is absent, or has CloudFormation's default; an attribute that no
property stands for is not known. Where `Fn::If` chooses between properties, each attribute is a conditional and each
nested block a dynamic one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gatekeeper.models.cloudformation.intrinsics import Reader, branches, call, literal, no_value
from gatekeeper.models.cloudformation.types import UNSAID, Companion, Leaf, Nested, Rule, Type, names_of
from gatekeeper.models.terraform.foreign import At
from gatekeeper.node import Node, Source, Span
from gatekeeper.parsers import hcl

REST = "is not read from CloudFormation"
_STACK_TAGS = "may be among the tags that the stack is given"
_MACRO = "may be written by a macro"
_OWN = frozenset({"count", "depends_on"})  # of every resource
_ROLLING = ("AutoScalingRollingUpdate", "AutoScalingReplacingUpdate")
_END = 10**9
_WAYS = 16  # in which conditions may choose one value


class Way(NamedTuple):
    """What a property comes to under a condition (None: always): nothing, or what is written. Not `known` where it
    stands in what only a deployment can evaluate: then that is the node. `origin` is the value with its conditions."""

    when: hcl.Expr | None
    node: Node | None
    known: bool = True
    origin: Node | None = None

    @property
    def opaque(self) -> bool:
        """Whether what is written cannot be taken apart."""
        return not self.known or (self.node is not None and call(self.node) is not None)


class Place(NamedTuple):
    """Where what is not written stands."""

    source: Source
    span: Span


def _attribute(name: str, place: Place, make: Any) -> hcl.Attribute:
    return hcl.Attribute(hcl.Home(place.source, "", place.span), name, 0, make)


class Body:
    """A body that is being put together."""

    def __init__(self, place: Place, rest: str = REST, path: str = "") -> None:
        self.place = place
        self.path = path  # by which Terraform's names for what it may hold are found
        self.names = names_of(path) if path else None
        self.attributes: dict[str, hcl.Attribute] = {}
        self.blocks: list[hcl.Block] = []
        self.inner: dict[str, Body] = {}  # nested blocks of which several properties are attributes
        self.rest = rest

    def put(self, name: str, place: Place, make: Any) -> None:
        self.attributes[name] = _attribute(name, place, make)

    def constant(self, name: str, value: Any, place: Place | None = None) -> None:
        at = place or self.place
        self.put(name, at, lambda: _constant(value, at))

    def named(self, words: str) -> str:
        """The one of some names (`a|b`) that it may hold."""
        names = words.split("|")
        return next((name for name in names if self.names and name in self.names), names[0])

    def made(self) -> hcl.Body:
        if self.names is not None:
            own = self.names | _OWN
            self.attributes = {name: each for name, each in self.attributes.items() if name in own}
        blocks = list(self.blocks)
        for name, body in self.inner.items():
            if any(not _is_null(each) for each in body.attributes.values()):
                blocks.append(block(name, (), body.made(), body.place))
            else:
                self.constant(name, None)
        return hcl.Body(self.attributes, blocks, self.rest, self.names)


def _is_null(attribute: hcl.Attribute) -> bool:
    return isinstance(attribute.expr, hcl.Literal) and attribute.expr.value is None


def _constant(value: Any, at: Place) -> hcl.Expr:
    home = hcl.Home(at.source, "", at.span)
    if isinstance(value, dict):
        pairs = [(_constant(key, at), _constant(each, at)) for key, each in value.items()]
        return hcl.Object(home, 0, 0, pairs)
    if isinstance(value, list):
        return hcl.Tuple(home, 0, 0, [_constant(each, at) for each in value])
    return hcl.Literal(home, 0, 0, value)


def block(name: str, labels: tuple[str, ...], body: hcl.Body, place: Place) -> hcl.Block:
    return hcl.Block(name, labels, body, hcl.Home(place.source, "", place.span), 0, 0, 0)


def place_of(node: Node) -> Place:
    return Place(node.source, node.key or node.span)


class Mapper:
    """Makes the blocks of one template. Where `complete` is false, a macro may add properties: none is absent."""

    def __init__(self, reader: Reader, *, complete: bool) -> None:
        self.reader = reader
        self.complete = complete

    def resource(self, name: str, node: Node, kind: Type, type_: str) -> list[hcl.Block]:
        """The block of a resource, and those that its properties are in Terraform."""
        place = place_of(node)
        body = Body(place, path=type_ if kind.read else "")
        if kind.read:
            properties = self._ways(node["Properties"])
            self._into(body, properties, kind.properties)
            for attribute, value in kind.set.items():
                body.constant(attribute, value)
            for attribute in kind.absent:
                body.constant(attribute, None)
        self._policies(body, node, kind)
        self._meta(body, node)
        parts: list[hcl.Block] = []
        for companion in kind.companions:
            parts += self._companions(name, node, companion, type_, body)
        return [block("resource", (type_, name), body.made(), place), *parts]

    def _meta(self, body: Body, node: Node) -> None:
        condition = node["Condition"]
        if isinstance(condition._value, str) and not condition.tag:
            at, one, none = At(condition), literal(1, *place_of(condition)), literal(0, *place_of(condition))
            test = self.reader.named_condition(condition)
            body.put("count", place_of(condition), hcl.Conditional(at, 0, _END, test, one, none))
        depends = node["DependsOn"]
        names = list(depends) if depends.is_list else [depends] if depends.present else []
        if names:
            items = [self.reader.to(each._value, each) for each in names if isinstance(each._value, str)]
            body.put("depends_on", place_of(depends), hcl.Tuple(At(depends), 0, _END, items))

    def _policies(self, body: Body, node: Node, kind: Type) -> None:
        """What is kept when the resource is deleted or replaced, and whether a last snapshot is taken."""
        deletion, replacing = node["DeletionPolicy"], node["UpdateReplacePolicy"]
        place = place_of(deletion) if deletion.present else body.place
        if not isinstance(deletion._value, str | None) or deletion.tag or call(deletion):
            return
        kept = str(deletion._value or "").startswith("Retain")
        lifecycle = Body(place, rest="")
        if kept and str(replacing._value or "") != "Retain":
            words = "keeps it when it is deleted; what replaces it deletes it, as UpdateReplacePolicy is not Retain"
            lifecycle.put("prevent_destroy", place, hcl.Opaque(At(deletion), 0, _END, words, [], []))
        else:
            lifecycle.constant("prevent_destroy", kept)
        lifecycle.constant("create_before_destroy", True)  # what replaces a resource is made first, always
        body.blocks.append(block("lifecycle", (), lifecycle.made(), place))
        if kind.final_snapshot is not None:
            snapshot = deletion._value in ("Snapshot", None) if kind.final_snapshot else deletion._value == "Snapshot"
            body.constant("skip_final_snapshot", not (snapshot or kept), place)
        if kind.update:
            self._update(body, node["UpdatePolicy"], kind.update)

    def _update(self, body: Body, policy: Node, name: str) -> None:
        """Whether machines are replaced when what they are made of changes."""
        if not policy.present:
            body.constant(name, None)
        elif policy.is_mapping and not call(policy):
            rolls = [each for key, each in policy._value.items() if key in _ROLLING and not no_value(each)]
            if rolls:
                inner = Body(place_of(rolls[0]))
                inner.constant("strategy", "Rolling")
                body.blocks.append(block(name, (), inner.made(), inner.place))
            else:
                body.constant(name, None)

    # companions

    def _companions(self, name: str, node: Node, companion: Companion, type_: str, body: Body) -> Iterator[hcl.Block]:
        ways = self._ways(node["Properties"]) if companion.source else [Way(None, node)]
        for step in companion.source:
            ways = self._below(ways, step)
        if companion.instead:
            if any(way.opaque for way in ways):
                return
            body.constant(companion.instead, None)
        number = 0
        for way in ways:
            for each in self._items(way) if companion.each else [way]:
                if each.node is None and each.known:
                    continue
                number += 1
                label = f"{name}_{number}" if companion.each else name
                yield self._companion(name, label, each, companion, type_)

    def _companion(self, name: str, label: str, way: Way, companion: Companion, type_: str) -> hcl.Block:
        assert way.node is not None
        place = place_of(way.node)
        body = Body(place, path=companion.type)
        always = [way] if way.when is None else [way, Way(None, None)]
        if companion.item is not None:
            self._rule(body, always, companion.item)
        self._into(body, always, companion.children)
        for attribute, value in companion.set.items():
            body.constant(attribute, value)
        home = hcl.Home(place.source, f"!Ref {name}", place.span)
        address = hcl.GetAttr(home, 0, _END, hcl.Variable(home, 0, _END, type_), name)
        body.put(companion.by, place, hcl.GetAttr(home, 0, _END, address, companion.get))
        if way.when is not None:
            one, none = literal(1, *place), literal(0, *place)
            body.put("count", place, hcl.Conditional(At(way.node), 0, _END, way.when, one, none))
        return block("resource", (companion.type, label), body.made(), place)

    # properties

    def _into(self, body: Body, ways: list[Way], children: Mapping[str, Rule]) -> None:
        for name, rule in children.items():
            self._rule(body, self._below(ways, name), rule)

    def _rule(self, body: Body, ways: list[Way], rule: Rule) -> None:
        if isinstance(rule, Leaf):
            self._leaf(body, ways, rule)
        elif rule.keys:
            self._keys(body, ways, rule, rule.keys)
        elif rule.block == ".":
            self._into(body, ways, rule.children)
        else:
            self._nested(body, ways, rule)

    def _leaf(self, body: Body, ways: list[Way], leaf: Leaf) -> None:
        written = next((way.origin or way.node for way in ways if way.node is not None), None)
        if written is None and (not self.complete or leaf.default == UNSAID):
            return
        outer, _, last = body.named(leaf.to).rpartition(".")
        if outer:
            at = place_of(written) if written is not None else body.place
            body = body.inner.setdefault(outer, Body(at, path=_path(body, outer)))
        if leaf.kind == "tags":
            self._tags(body, ways, last)
            return
        place = place_of(written) if written is not None else body.place
        if written is not None or last not in body.attributes:
            body.put(last, place, lambda: self._chosen(ways, leaf, place))

    def _chosen(self, ways: list[Way], leaf: Leaf, place: Place) -> hcl.Expr:
        *others, last = ways
        expr = self._value(last, leaf, place)
        for way in reversed(others):
            assert way.when is not None
            origin = way.origin or way.node
            home = hcl.Home(place.source, "", place.span) if origin is None else At(origin)
            expr = hcl.Conditional(home, 0, _END, way.when, self._value(way, leaf, place), expr)
        return expr

    def _value(self, way: Way, leaf: Leaf, place: Place) -> hcl.Expr:
        if way.node is None:
            if leaf.default == UNSAID:
                return self._opaque(place, "depends on more than the template where it is not written")
            default = _constant(leaf.default, place)
            if leaf.kind == "is" and leaf.default is None:
                return _constant(False, place)
            return default if way.known else self._opaque(place, _MACRO)
        if not way.known:
            return self.reader.opaque(way.node, "is given as a whole")
        return self._converted(way.node, leaf)

    def _opaque(self, place: Place, reason: str) -> hcl.Expr:
        return hcl.Opaque(hcl.Home(place.source, "", place.span), 0, 0, reason, [], [])

    def _converted(self, node: Node, leaf: Leaf) -> hcl.Expr:
        home = At(node)
        value = node._value
        kind = leaf.kind
        if kind == "pairs":
            return self._pairs(node)
        if kind in ("pluck", "first", "key"):
            return self._plucked(node, leaf)
        if kind == "camel" and call(node) is None:
            return hcl.Call(home, 0, _END, "jsonencode", [self._camel(node)], False)
        expr = self.reader.expr(node)
        if kind == "bool":
            if isinstance(value, str) and call(node) is None:
                words = value.lower()
                return hcl.Literal(home, 0, _END, words == "true" if words in ("true", "false") else value)
            return expr if isinstance(expr, hcl.Literal) else hcl.Call(home, 0, _END, "tobool", [expr], False)
        if kind == "number" and not isinstance(expr, hcl.Literal):
            return hcl.Call(home, 0, _END, "tonumber", [expr], False)
        if kind == "number" and isinstance(value, str) and value.isdigit() and len(value) < 16:
            return hcl.Literal(home, 0, _END, int(value))
        if kind == "one" and not node.is_list:
            return hcl.Tuple(home, 0, _END, [expr])
        if kind == "is":
            word = hcl.Literal(home, 0, _END, leaf.word)
            return hcl.Binary(home, 0, _END, "==", expr, word)
        if kind == "json" and call(node) is None and not isinstance(value, str):
            return hcl.Call(home, 0, _END, "jsonencode", [expr], False)
        return expr

    def _pairs(self, node: Node) -> hcl.Expr:
        pairs: list[tuple[hcl.Expr, hcl.Expr]] = []
        for item in node._value if node.is_list else ():
            if not item.is_mapping or call(item) or not ("Name" in item._value and "Value" in item._value):
                return self.reader.opaque(node, "holds pairs that only a deployment knows")
            pairs.append((self.reader.expr(item["Name"]), self.reader.expr(item["Value"])))
        return hcl.Object(At(node), 0, _END, pairs) if node.is_list else self.reader.expr(node)

    def _plucked(self, node: Node, leaf: Leaf) -> hcl.Expr:
        if not node.is_list or any(not item.is_mapping or call(item) for item in node._value):
            return self.reader.opaque(node, "is given as a whole")
        if leaf.kind == "key":
            of_type = (item for item in node._value if item["KeyType"]._value == leaf.word)
            found = [self.reader.expr(item["AttributeName"]) for item in of_type]
        else:
            found = [self.reader.expr(item[leaf.word]) for item in node._value if leaf.word in item._value]
        if leaf.kind in ("first", "key"):
            return found[0] if found else hcl.Literal(At(node), 0, _END, None)
        return hcl.Tuple(At(node), 0, _END, found)

    def _camel(self, node: Node) -> hcl.Expr:
        """A value with keys as the service's own API has them; what people name themselves keeps its names."""
        if call(node):
            return self.reader.expr(node)
        if node.is_list:
            items = [self._camel(item) for item in node._value]
            kept = [item for item, given in zip(items, node._value, strict=True) if not no_value(given)]
            return hcl.Tuple(At(node), 0, _END, kept)
        if not node.is_mapping:
            return self.reader.expr(node)
        pairs: list[tuple[hcl.Expr, hcl.Expr]] = []
        for name, child in node._value.items():
            if not no_value(child):
                own = name in ("DockerLabels", "Options", "DriverOpts", "Labels")
                key = literal(name[:1].lower() + name[1:], child.source, child.key or child.span)
                pairs.append((key, self.reader.expr(child) if own else self._camel(child)))
        return hcl.Object(At(node), 0, _END, pairs)

    def _tags(self, body: Body, ways: list[Way], name: str) -> None:
        """The tags as a mapping that is not seen whole: a stack hands its own on."""
        place = next((place_of(way.node) for way in ways if way.node is not None), body.place)
        tags = Body(place, rest=_STACK_TAGS)
        for way in ways:
            for key, value in _tag_pairs(way.node) if way.node is not None else ():
                expr = self.reader.expr(value)
                tags.put(key, place_of(value), expr)
        body.blocks.append(block(name, (), tags.made(), place))

    # nested blocks

    def _nested(self, body: Body, ways: list[Way], rule: Nested) -> None:
        names = {rule.block} if rule.by is None else set(rule.by[1].values())
        made: list[tuple[str, Way]] = []
        for way in (each for one in ways for each in self._listed(one, rule)):
            name = rule.block if rule.by is None else self._block_of(way, *rule.by)
            if name is None or (way.opaque and not rule.value):
                assert way.node is not None
                for one in names:
                    body.put(one, place_of(way.node), self._whole(way))
                return
            made.append((name, way))
        for name, way in made:
            self._block(body, name, way, rule)
        if self.complete:
            self._not_written(body, names - {name for name, _ in made}, rule if not made else None)

    def _listed(self, way: Way, rule: Nested) -> Iterator[Way]:
        """What is a block: the value itself, or each of its items."""
        for each in self._items(way, entries=bool(rule.entries)) if rule.each or rule.entries else [way]:
            if each.node is not None or not each.known:
                yield each

    def _block(self, body: Body, name: str, way: Way, rule: Nested) -> None:
        assert way.node is not None
        place = place_of(way.node)
        inner = Body(place, path=_path(body, name))
        self._into(inner, [Way(None, way.node)], rule.children)
        if rule.entries:
            inner.constant(rule.entries, _key_text(way.node))
        if rule.value:
            inner.put(rule.value, place, self.reader.expr(way.node))
        for attribute in rule.without:
            inner.constant(attribute, None)
        made = inner.made()
        body.blocks.append(block(name, (), made, place) if way.when is None else _dynamic(name, made, way.when, place))

    def _not_written(self, body: Body, names: set[str], rule: Nested | None) -> None:
        """Blocks that are not there, or what CloudFormation has instead of all of them."""
        if rule is not None and rule.absent is not None:
            inner = Body(body.place, rest="")
            for attribute, value in rule.absent.items():
                inner.constant(attribute, value)
            body.blocks.append(block(rule.block, (), inner.made(), body.place))
            return
        for name in names:
            body.attributes.setdefault(name, _attribute(name, body.place, _constant(None, body.place)))

    def _whole(self, way: Way) -> hcl.Expr:
        assert way.node is not None
        return self.reader.opaque(way.node, "is given as a whole")

    def _block_of(self, way: Way, prop: str, blocks: Mapping[str, str]) -> str | None:
        """Which block an item is, by one of its properties; None when only a deployment knows."""
        said = way.node[prop] if way.node is not None else None
        if said is None or call(said) or not isinstance(said._value, str):
            return None
        return blocks.get(said._value, blocks["*"])

    def _keys(self, body: Body, ways: list[Way], rule: Nested, keys: tuple[str, str]) -> None:
        """A list of pairs as properties."""
        found: dict[str, list[Way]] = {}
        whole = True
        for each in (item for way in ways for item in self._items(way)):
            if each.node is None and each.known:
                continue
            name = each.node[keys[0]] if each.node is not None and not each.opaque else None
            if each.node is None or name is None or call(name) or not isinstance(name._value, str):
                whole = False
                continue
            values = self._ways(each.node[keys[1]])
            found.setdefault(name._value, []).extend(one._replace(when=_both(each.when, one.when)) for one in values)
        for key, leaf in rule.children.items():
            given = found.get(key, [])
            if given and given[-1].when is not None:
                given.append(Way(None, None, whole))
            if given or whole:
                self._rule(body, given or [Way(None, None)], leaf)
            elif isinstance(leaf, Leaf) and "." in leaf.to:
                outer, _, last = leaf.to.rpartition(".")
                inner = body.inner.setdefault(outer, Body(body.place, path=_path(body, outer)))
                inner.put(last, body.place, self._opaque(body.place, "may be among those that a deployment decides"))

    # conditions

    def _ways(self, node: Node) -> list[Way]:
        """What a value comes to under which condition; the last one wherever no other holds."""
        if not node.present:
            return [Way(None, None)]
        found: list[Way] = []
        waiting: list[tuple[hcl.Expr | None, Node]] = [(None, node)]
        while waiting:
            when, here = waiting.pop()
            sides = branches(here)
            if sides is None:
                found.append(Way(when, None if no_value(here) or not here.present else here, True, node))
            elif len(found) + len(waiting) >= _WAYS:
                return [Way(None, node, False, node)]
            else:
                test = self.reader.named_condition(sides[0])
                unless = hcl.Unary(At(sides[0]), 0, _END, "!", test)
                waiting += [(_both(when, unless), sides[2]), (_both(when, test), sides[1])]
        return found

    def _below(self, ways: list[Way], name: str) -> list[Way]:
        """What stands below a key of each."""
        found: list[Way] = []
        for way in ways:
            if way.node is None or not way.known:
                found.append(way)
            elif way.opaque or not way.node.is_mapping:
                found.append(Way(way.when, way.node, False))
            elif name in way.node._value:
                inner = self._ways(way.node._value[name])
                found += [each._replace(when=_both(way.when, each.when)) for each in inner]
            else:
                found.append(Way(way.when, None, not any(key.startswith("Fn::") for key in way.node._value)))
        if len(found) <= _WAYS:
            return found
        first = next((way for way in found if way.node is not None), Way(None, None))
        return [Way(None, first.node, False, first.origin)]

    def _items(self, way: Way, *, entries: bool = False) -> list[Way]:
        """The items of a list or the `entries` of a mapping, each with the condition that it is there under."""
        if way.node is None or way.opaque or not (way.node.is_list or (entries and way.node.is_mapping)):
            return [way]
        found: list[Way] = []
        for item in way.node._value.values() if way.node.is_mapping else way.node._value:
            found += [each._replace(when=_both(way.when, each.when)) for each in self._ways(item)]
        return found


def _path(body: Body, name: str) -> str:
    return f"{body.path}/{name}" if body.path else ""


def _key_text(node: Node) -> str:
    return node.source.slice(node.key).strip("\"'") if node.key else ""


def _both(one: hcl.Expr | None, other: hcl.Expr | None) -> hcl.Expr | None:
    if one is None or other is None:
        return one or other
    return hcl.Binary(one.home, 0, _END, "&&", one, other)


def _dynamic(name: str, body: hcl.Body, when: hcl.Expr, place: Place) -> hcl.Block:
    """A block that is there under a condition."""
    home = hcl.Home(place.source, "", place.span)
    once, never = hcl.Tuple(home, 0, 0, [literal(1, *place)]), hcl.Tuple(home, 0, 0, [])
    each = _attribute("for_each", place, hcl.Conditional(when.home, 0, _END, when, once, never))
    content = block("content", (), body, place)
    return block("dynamic", (name,), hcl.Body({"for_each": each}, [content]), place)


def _tag_pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """The tags that are plain pairs, as a list of them or as a mapping."""
    if node.is_mapping and not call(node):
        yield from node._value.items()
    for item in node._value if node.is_list else ():
        if item.is_mapping and not call(item):
            key = item["Key"]
            if isinstance(key._value, str) and not call(key):
                yield key._value, item["Value"]
