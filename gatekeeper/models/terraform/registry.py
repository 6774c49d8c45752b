"""What well-known remote modules make: resources, as the arguments of a call decide them.

Nothing is downloaded. `registry_modules/` has for each module what its source says: which resources there are, which
input decides which attribute, what inputs are by default, and since which version. A call then stands for resources
whose attributes are its own arguments. What differs between the versions that a call allows is not known unless it
comes to the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from gatekeeper.models.terraform import values
from gatekeeper.models.terraform.blocks import Resource
from gatekeeper.node import Expression, Node, Source, Span, regex
from gatekeeper.parsers import hcl, yaml

if TYPE_CHECKING:
    from gatekeeper.models.terraform.blocks import ModuleCall

_GITHUB = regex(
    r"(?:git::)?(?:https://|ssh://)?(?:[\w.-]{1,100}@)?github\.com[/:]([\w.-]{1,100})/([\w.-]{1,200}?)(?:\.git)?"
    r"(?://([^?]{1,200}))?(?:\?(.{1,300}))?\Z"
)
_REGISTRY = regex(
    r"(?:registry\.(?:terraform\.io|opentofu\.org)/)?([\w-]{1,100})/([\w-]{1,100})/([\w-]{1,100})(?://(.{1,200}))?\Z"
)
_REPOSITORY = regex(r"terraform-([a-z0-9]{1,60})-(.{1,150})\Z")
_REF = regex(r"(?:.*&)?ref=(?:refs/tags/|tags/)?v?(\d{1,6}\.\d{1,6}\.\d{1,6})(?:&.*)?\Z")
_KEY = regex(r"  (?:[\w.-]{1,200}\.)?(\w{1,100})\.[\w-]{1,100}:")
_CONSTRAINT = regex(r"[ ]*(~>|>=|<=|!=|=|>|<)?[ ]*v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?[ ]*\Z")

Version = tuple[int, int, int]
_MOST = 4  # different things that versions say of one value


class Address(NamedTuple):
    """A module as its registry names it (`terraform-aws-modules/rds/aws`), the folder in it, and the tag of a
    checkout: '' for whatever the call's `version` allows, None where the checkout is of no version."""

    name: str
    folder: str
    tag: str | None


def address(source: str) -> Address | None:
    """What a remote source names; None for other places than the public registry and GitHub."""
    found = _REGISTRY.match(source)
    if found:
        return Address("/".join(found.group(1, 2, 3)).lower(), (found[4] or "").strip("/"), "")
    found = _GITHUB.match(source)
    named = _REPOSITORY.match(found[2]) if found else None
    if found is None or named is None:
        return None
    tag = _REF.match(found[4] or "")
    return Address(f"{found[1]}/{named[2]}/{named[1]}".lower(), (found[3] or "").strip("/"), tag[1] if tag else None)


class Versions(NamedTuple):
    """The versions from `low` on and below `high`; None when there is no end to them."""

    low: Version
    high: Version | None

    def meets(self, since: Version, until: Version | None) -> bool:
        return (until is None or self.low < until) and (self.high is None or since < self.high)


EVERY = Versions((0, 0, 0), None)


def allowed(constraint: str) -> Versions:
    """The versions that a constraint allows, and perhaps more: what cannot be read allows all."""
    low: Version = (0, 0, 0)
    high: Version | None = None
    for part in constraint.split(","):
        found = _CONSTRAINT.match(part)
        if found is None:
            return EVERY
        operator, first, second, third = found.groups()
        version = (int(first), int(second or 0), int(third or 0))
        after = (version[0], version[1], version[2] + 1)
        if operator in (">=", ">", "~>", "=", None):
            low = max(low, after if operator == ">" else version)
        end = {"<": version, "<=": after, "=": after, None: after}.get(operator)
        if operator == "~>" and second:
            end = (version[0], version[1] + 1, 0) if third else (version[0] + 1, 0, 0)
        if end is not None:
            high = end if high is None else min(high, end)
    return Versions(low, high)


class RegistryResource(Resource):
    """A resource of a remote module that is on record, as `module.db.aws_db_instance`; it stands at the call."""

    implied = True

    @property
    def made(self) -> _Made:
        assert isinstance(self.syntax, _Made)
        return self.syntax

    @property
    def name(self) -> str:
        inner = self.made.inner if self.made.one_of_many else self.type
        return f"module.{self.label}.{inner}"

    @property
    def addressed_as(self) -> frozenset[str]:
        """An output of the call may be about any of its resources; they name one another in full."""
        return frozenset((f"module.{self.label}", f"{self.label}.{self.made.inner}"))

    @property
    def provider_alias(self) -> str:
        """As the call's `providers` have it."""
        passed = self.made.providers
        for key, value in passed.pairs if isinstance(passed, hcl.Object) else ():
            if key.text.strip('"') == self.provider:
                return value.text.strip('"')
        return self.provider

    @cached_property
    def doubt(self) -> Expression | None:
        """Why nobody can tell whether the module makes it at all, where the call does not decide that."""
        for name in ("count", "for_each"):
            found = self.syntax.body.attributes.get(name)
            unknown = values.attribute(found, self.scope).expression if found else None
            if unknown and unknown.text == self.made.home.text:
                return unknown
        return None

    @cached_property
    def node(self) -> Node:  # type: ignore[override]  # as above
        if self.doubt:
            return Node(self.doubt, self.made.home.source, self.made.span, self.made.header)
        return super().node

    @cached_property
    def absent(self) -> bool:
        """Known to be made no times at all; what a library asks of it by default is what it makes."""
        return self.times == 0

    def blocks(self, kind: str) -> list[Node]:
        return [self.node] if self.doubt else super().blocks(kind)

    @cached_property
    def references(self) -> list[hcl.Reference]:
        """None: what it refers to the call refers to."""
        return []

    def texts(self) -> Iterator[Any]:
        """None: they are written in the call."""
        return iter(())


class _Made(hcl.Block):
    """The syntax of such a resource; `inner` is its address inside the module, `providers` what the call passes on,
    `repeated` whether the call is: then so is the resource, for each of them."""

    inner: str
    repeated: bool
    one_of_many: bool
    providers: hcl.Expr | None


def resources(call: ModuleCall) -> Iterator[RegistryResource]:
    """The resources that a call of a remote module makes, as far as the module is on record."""
    if not call.source or call.local:
        return
    made = call.syntax.home.source.once(_made)
    key = id(call.syntax)  # the same for every context: only what its names mean differs there
    if key not in made:
        made[key] = (call.syntax, list(_resources(call)))
    for syntax in made[key][1]:
        yield RegistryResource(syntax, call.module)


def never_makes(call: ModuleCall, kinds: Iterable[str]) -> bool:
    """Whether no version that a call allows makes a resource of these types, as far as the module is on record.

    A record leaves out what no rule asked about, so that a type says nothing that is in no record at all.
    """
    found = address(call.source) if not call.local else None
    facts = _facts(found.name, found.folder) if found else None
    if facts is None or found is None or facts.get("calls"):
        return False
    inside = _Inside(call, found.name, facts, _versions(call, found.tag))
    if not inside.read or inside.rest:
        return False
    made = {key.split(".")[-2] for key, entry in facts["resources"].items() if inside.there(entry) is not False}
    return made.isdisjoint(kinds) and _recorded().issuperset(kinds)


@cache
def _recorded() -> frozenset[str]:
    """The types that some record has."""
    found: set[str] = set()
    for each in files(__package__).joinpath("registry_modules").iterdir():
        _, _, resources = each.read_text("utf-8").partition("\nresources:\n")
        found.update(key[1] for line in resources.splitlines() if (key := _KEY.match(line)))
    return frozenset(found)


def _made(source: Source) -> dict[int, tuple[hcl.Block, list[_Made]]]:
    return {}


def _resources(call: ModuleCall) -> Iterator[_Made]:
    found = address(call.source)
    facts = _facts(found.name, found.folder) if found else None
    if facts is None or found is None:
        return
    inside = _Inside(call, found.name, facts, _versions(call, found.tag))
    if not inside.read:
        return
    entries: dict[str, dict[str, Any]] = facts["resources"]
    types = [key.split(".")[-2] for key in entries]
    for key, entry in entries.items():
        if inside.there(entry) is False:
            continue
        kind = key.split(".")[-2]
        made = _Made("resource", (kind, call.label), inside.body(entry), inside.home, 0, 0, 0)
        made.inner = key
        made.repeated = "count" in inside.given or "for_each" in inside.given
        made.providers = call.expr("providers")
        made.one_of_many = types.count(kind) > 1
        yield made


def _versions(call: ModuleCall, tag: str | None) -> Versions:
    if tag is None:
        return EVERY
    if tag:
        return allowed(tag)
    expr = call.expr("version")
    if isinstance(expr, hcl.Literal) and isinstance(expr.value, str):
        return allowed(expr.value)
    return EVERY


def on_record() -> list[str]:
    """The modules on record: `terraform-aws-modules/rds/aws`, with the folder inside it after `//`."""
    names = (name.removesuffix(".yaml").partition("+") for name in _names() if name.endswith(".yaml"))
    return sorted(
        f"{name.replace('.', '/')}{'//' if inner else ''}{inner.replace('.', '/')}" for name, _, inner in names
    )


@cache
def _names() -> frozenset[str]:
    return frozenset(each.name for each in files(__package__).joinpath("registry_modules").iterdir())


@cache
def _facts(name: str, folder: str) -> dict[str, Any] | None:
    """What is on record of a module, or of a folder in it."""
    file = f"{name}{'+' if folder else ''}{folder}.yaml".replace("/", ".")
    if file not in _names():
        return None
    text = files(__package__).joinpath("registry_modules", file).read_text("utf-8")
    nodes, faults = yaml.parse(Source(file, text))
    assert not faults, faults
    found: dict[str, Any] = nodes[0].plain
    return found


def _version(words: str) -> Version:
    first, second, third = (int(word) for word in words.split("."))
    return first, second, third


_NOTHING = "null"
_UNTOLD = "?"


class _Inside:
    """What the names inside a module mean to one call of it."""

    def __init__(self, call: ModuleCall, name: str, folder: dict[str, Any], versions: Versions) -> None:
        self.call = call
        self.name = name
        self.versions = versions
        self.since, self.last = _version(folder["since"]), _version(folder["last"])
        self.home = hcl.Home(call.syntax.home.source, name, call.syntax.header)
        self.given = call.syntax.body.attributes
        self.inputs: dict[str, Any] = {
            **dict.fromkeys(folder.get("unset", "").split(), _NOTHING),
            **dict.fromkeys(folder.get("required", "").split(), "required"),
            **folder.get("inputs", {}),
        }

    @property
    def _next(self) -> Version:
        """The first version that may do everything otherwise than the last one that was read."""
        major, minor, _ = self.last
        return (major + 1, 0, 0) if major else (0, minor + 1, 0)

    @property
    def read(self) -> bool:
        """Whether some version that the call allows is on record."""
        return self.versions.meets(self.since, self._next)

    @property
    def rest(self) -> str:
        """Why nobody knows what else there is; '' where every version that the call allows was read."""
        body = self.call.syntax.body
        if body.rest:
            return body.rest
        high = self.versions.high
        return "" if high is not None and high <= self._next else f"is decided inside {self.name}"

    # what the versions say

    def said(self, history: Any) -> list[Any]:
        """What the versions that the call allows say, each thing once, the newest last."""
        if not isinstance(history, dict) or not all(key[:1].isdigit() for key in history):
            return [history]
        starts = sorted((_version(key), value) for key, value in history.items())
        ends = [start for start, _ in starts[1:]]
        found: list[Any] = []
        for (start, value), end in zip(starts, [*ends, None], strict=True):
            if self.versions.meets(start, end) and value not in found:
                found.append(value)
        return found

    def there(self, entry: dict[str, Any]) -> bool | None:
        """Whether a resource is in all, none or some of these versions."""
        said = self.said(entry.get("in", True))
        return None if len(said) > 1 else said == [True]

    def either(self, said: list[Any], make: Callable[[Any], hcl.Expr]) -> hcl.Expr:
        """One expression for what several versions say: it is known where they come to the same."""
        if len(said) > _MOST:
            return self.untold("differs between the versions that are allowed")
        made = make(said[-1])
        for other in said[-2::-1]:
            test = self.untold("depends on the version that is installed")
            made = hcl.Conditional(self.home, 0, len(self.name), test, made, make(other))
        return made

    # expressions

    def untold(self, reason: str = "") -> hcl.Expr:
        """What nobody can tell. It may be null, which is as if it were not written."""
        here = (self.home, 0, len(self.name))
        what = hcl.Opaque(*here, reason or "decides inside what this is", [], [])
        return hcl.Conditional(*here, what, what, self.literal(None))

    def literal(self, value: Any) -> hcl.Expr:
        return hcl.Literal(self.home, 0, len(self.name), value)

    def value(self, said: Any) -> hcl.Expr:
        """What one version says of an attribute."""
        if said is None:
            return self.literal(None)
        if not isinstance(said, str) or said in ("", _UNTOLD):
            return self.untold()
        return self.put(_parsed(said))

    def input(self, name: str) -> hcl.Expr:
        """What an input comes to: the call's argument, else the default."""
        said = self.said(self.inputs.get(name, _UNTOLD))
        given = self.given.get(name)
        if given is None:
            return self.untold() if self.call.syntax.body.rest else self.either(said, self._default)
        if all(isinstance(each, dict) for each in said):  # null stands for the default
            null = hcl.Binary(self.home, 0, 0, "==", given.expr, self.literal(None))
            default = self.either(said, self._default)
            return hcl.Conditional(self.home, 0, len(self.name), null, default, given.expr)
        return given.expr

    def _default(self, said: Any) -> hcl.Expr:
        words = said["default"] if isinstance(said, dict) else said
        return self.untold() if words in (_UNTOLD, "required") else self.put(_parsed(words))

    def put(self, expr: hcl.Expr) -> hcl.Expr:
        """An expression of the module as one of the caller's, placed at the call or at its arguments."""
        here = (self.home, 0, len(self.name))
        match expr:
            case hcl.GetAttr(of=hcl.Variable(name="var"), name=name):
                return self.input(name)
            case hcl.GetAttr() | hcl.Variable() if path := _resource(expr):
                *kind, label = path
                root = f"{self.call.label}.{'.'.join(kind)}"
                return hcl.GetAttr(*here, hcl.Variable(*here, root), label)
            case hcl.Variable(name="each") if "for_each" in self.given:
                return self.untold()
            case hcl.Variable(name="inside"):  # what no input decides
                return self.untold()
            case hcl.Variable(name=name):
                return hcl.Variable(*here, name)
            case hcl.Literal(value=value):
                return hcl.Literal(*here, value)
            case hcl.GetAttr(of=of, name=name):
                return hcl.GetAttr(*here, self.put(of), name)
            case hcl.Index(of=of, key=key):
                return hcl.Index(*here, self.put(of), self.put(key))
        return self._operation(expr)

    def _operation(self, expr: hcl.Expr) -> hcl.Expr:
        here = (self.home, 0, len(self.name))
        match expr:
            case hcl.Tuple(items=items):
                return hcl.Tuple(*here, [self.put(item) for item in items])
            case hcl.Object(pairs=pairs):
                return hcl.Object(*here, [(self.put(key), self.put(value)) for key, value in pairs])
            case hcl.Conditional(test=test, yes=yes, no=no):
                return hcl.Conditional(*here, self.put(test), self.put(yes), self.put(no))
            case hcl.Unary(operator=operator, of=of):
                return hcl.Unary(*here, operator, self.put(of))
            case hcl.Binary(operator=operator, left=left, right=right):
                return hcl.Binary(*here, operator, self.put(left), self.put(right))
            case hcl.Call(name=name, arguments=arguments, expands=expands):
                return hcl.Call(*here, name, [self.put(each) for each in arguments], expands)
            case hcl.For(names=names, over=over, key=key, result=result, condition=condition, groups=groups):
                made_key = self.put(key) if key else None
                made_condition = self.put(condition) if condition else None
                return hcl.For(*here, names, self.put(over), made_key, self.put(result), made_condition, groups)
        return self.untold()

    # bodies

    def body(self, entry: dict[str, Any]) -> hcl.Body:
        """The body of a resource."""
        attributes: dict[str, hcl.Attribute] = {}
        blocks: list[hcl.Block] = []
        for name in entry.get("same", "").split():
            attributes[name] = self._attribute(name, [f"var.{name}"])
        for name in entry.get("inside", "").split():
            attributes[name] = self._attribute(name, [_UNTOLD])
        for name, history in entry.get("set", {}).items():
            said = self.said(history)
            if len(said) == 1 and isinstance(said[0], list):
                blocks += [self._block(name, each) for each in said[0]]
            elif said != [None] or self.rest:
                attributes[name] = self._attribute(name, said)
        attributes |= self._times(entry)
        return hcl.Body(attributes, blocks, self.rest)

    def _attribute(self, name: str, said: list[Any]) -> hcl.Attribute:
        given = self.given.get(said[0][4:]) if len(said) == 1 and _INPUT.fullmatch(said[0] or "") else None
        key = given.key if given else self.call.syntax.header
        return _Decided(self.home, name, key, lambda: self.either(said, self.value))

    def _block(self, name: str, said: dict[str, Any]) -> hcl.Block:
        """A nested block, or the dynamic one that makes some."""
        attributes: dict[str, hcl.Attribute] = {}
        inner: list[hcl.Block] = []
        for key, value in said.items():
            if isinstance(value, list):
                inner += [self._block(key, each) for each in value]
            elif not key.startswith("("):
                attributes[key] = self._attribute(key, [value])
        body = hcl.Body(attributes, inner)
        over = said.get("(each)")
        if over is None:
            return hcl.Block(name, (), body, self.home, 0, 0, 0)
        repeated = {"for_each": self._attribute("for_each", [over])}
        if "(as)" in said:
            word = hcl.Home(self.home.source, said["(as)"], self.home.fixed)
            iterator = hcl.Variable(word, 0, len(said["(as)"]), said["(as)"])
            repeated["iterator"] = hcl.Attribute(self.home, "iterator", 0, iterator)
        content = hcl.Block("content", (), body, self.home, 0, 0, 0)
        return hcl.Block("dynamic", (name,), hcl.Body(repeated, [content]), self.home, 0, 0, 0)

    def _times(self, entry: dict[str, Any]) -> dict[str, hcl.Attribute]:
        """`count` or `for_each`: how often the module makes it, for each time that the module is called."""
        when = self.said(entry.get("when", "true"))
        sometimes = self.there(entry) is None
        each = self.said(entry.get("each", ""))
        count = self.said(entry.get("count", "1"))
        called = {name: each for name, each in self.given.items() if name in _MARKS}
        if when == ["true"] and each == [""] and count == ["1"] and not sometimes:
            return called
        here = (self.home, 0, len(self.name))
        test = self.either([*(["false"] if sometimes else []), *when], self.value)
        none: hcl.Expr = self.literal(0)
        name = "count"
        if "for_each" in called:
            name, none = "for_each", hcl.Object(*here, [])
            one = called["for_each"].expr if each == [""] else self.untold()
        elif each != [""]:
            name, none = "for_each", hcl.Object(*here, [])
            one = self.either(each, self.value)
            if "count" in called:
                zero = hcl.Binary(*here, "==", called["count"].expr, self.literal(0))
                one = hcl.Conditional(*here, zero, none, one)
        elif "count" in called:
            one = called["count"].expr if count == ["1"] else self.untold()
        else:
            one = self.either(count, self.value)
        made = hcl.Conditional(*here, test, one, none)
        return {name: _Decided(self.home, name, self.call.syntax.header, lambda: made)}


_MARKS = ("count", "for_each")
_INPUT = regex(r"var\.[A-Za-z_][\w-]{0,100}")


class _Decided(hcl.Attribute):
    """An attribute of the resource, whose name stands where the argument's does."""

    __slots__ = ("_place",)

    def __init__(self, home: hcl.Home, name: str, key: Span, expr: Callable[[], hcl.Expr]) -> None:
        super().__init__(home, name, 0, expr)
        self._place = key

    @property
    def key(self) -> Span:
        return self._place


def _resource(expr: hcl.Expr) -> list[str]:
    """The steps behind `resource` in the address of a resource of the module; nothing for any other expression."""
    steps: list[str] = []
    while isinstance(expr, hcl.GetAttr):
        steps.append(expr.name)
        expr = expr.of
    return steps[::-1] if isinstance(expr, hcl.Variable) and expr.name == "resource" else []


@cache
def _parsed(words: str) -> hcl.Expr:
    """An expression of the record."""
    source = Source("registry", f"v = {words}\n")
    return hcl.parse(source).body.attributes["v"].expr
