"""Terraform's functions, as far as they depend on nothing but their arguments.

A function gets the nodes of its arguments and gives a value. It raises `Unresolved` for what it cannot do without, and
`Fails` where Terraform stops for sure. What follows from a part of its arguments is known though the rest is not:
`merge` keeps what no unknown map comes behind, `contains` is true when a known item is it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from gatekeeper.models.terraform import regexes
from gatekeeper.models.terraform.conversions import (
    SIZE,
    TEXT,
    Encoded,
    Fails,
    List,
    Map,
    Of,
    Set,
    Unspoken,
    as_set,
    convert,
    equal,
    frozen,
    kind_of,
    like,
    number,
    parsed_number,
    text,
    truth,
    unify,
    waits_for,
    whole,
    whole_number,
)  # fmt: skip
from gatekeeper.node import Expression, Node, Partly, Source, Unresolved, regex
from gatekeeper.parsers import yaml

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

Arguments = list[Node]
Function = Callable[[Arguments], Any]
FUNCTIONS: dict[str, Function] = {}
OTHERS = {  # what is known of the rest: that they cannot be known
    **dict.fromkeys(("timestamp", "plantimestamp", "uuid", "bcrypt"), "differs from run to run"),
    "abspath": "depends on the machine that runs Terraform",
    "rsadecrypt": "is decrypted only when Terraform runs",
}


def function(*names: str, least: int = 1, most: int | None = 1) -> Callable[[Function], Function]:
    """A function by its names, and how many arguments it takes (None: any number)."""

    def register(found: Function) -> Function:
        def call(arguments: Arguments) -> Any:
            if len(arguments) < least or (most is not None and len(arguments) > most):
                raise Fails("is called with a number of arguments that it does not take")
            return found(arguments)

        FUNCTIONS.update(dict.fromkeys(names, call))
        return found

    return register


def _of_text(name: str, make: Callable[[str], Any]) -> None:
    function(name)(lambda a: make(text(a[0])))


def _of_texts(name: str, count: int, make: Callable[..., Any]) -> None:
    function(name, least=count, most=count)(lambda a: make(*map(text, a)))


def _texts(found: Sequence[str], near: Node) -> list[Node]:
    return [like(each, near) for each in found]


def bounded(size: int) -> None:
    """Raises OverflowError for a text of more characters than one value may have."""
    if size > TEXT:
        raise OverflowError("too large")


# texts


def _simple(change: Callable[[str], str]) -> Callable[[str], str]:
    """Letter by letter: one letter stays one."""
    return lambda value: "".join(new if len(new := change(c)) == 1 else c for c in value)


_of_text("lower", _simple(str.lower))
_of_text("upper", _simple(str.upper))
_of_text("trimspace", lambda value: value.strip(" \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
                                                + "".join(map(chr, range(0x2000, 0x200B)))))  # fmt: skip
_of_text("chomp", lambda value: value.rstrip("\r\n"))
_of_text("base64encode", lambda value: base64.b64encode(value.encode()).decode())
_of_text("basename", lambda value: posixpath.basename(value.rstrip("/")) or ("/" if value else "."))
_of_text("dirname", lambda value: posixpath.normpath(posixpath.dirname(value) or "."))
_of_texts("trim", 2, lambda value, of: value.strip(of) if of else value)
_of_texts("trimprefix", 2, str.removeprefix)
_of_texts("trimsuffix", 2, str.removesuffix)
_of_texts("startswith", 2, str.startswith)
_of_texts("endswith", 2, str.endswith)
_of_texts("strcontains", 2, str.__contains__)


def _clusters(value: str) -> list[str]:
    """What people call its characters. Raises ValueError where that takes more than we know."""
    if "\r\n" in value or (not value.isascii() and any(_joins(c) for c in value)):
        raise ValueError("characters that join")
    return list(value)


def _joins(character: str) -> bool:
    if character.isascii():
        return False
    category = unicodedata.category(character)
    return category[0] == "M" or category in ("Cf", "Sk", "Cn") or "\u1100" <= character <= "\u11ff" or (
        "\U0001f1e6" <= character <= "\U0001f1ff"
    ) or "\uac00" <= character <= "\ud7ff"  # fmt: skip


_of_text("strrev", lambda value: "".join(_clusters(value)[::-1]))


@function("urlencode")
def _urlencode(a: Arguments) -> str:
    from urllib.parse import quote_plus

    return quote_plus(text(a[0]))


@function("title")
def _title(a: Arguments) -> str:
    found: list[str] = []
    before = " "
    upper = _simple(str.title)
    for c in text(a[0]):
        apart = before.isspace() or (before.isascii() and not before.isalnum() and before != "_")
        found.append(upper(c) if apart else c)
        before = c
    return "".join(found)


@function("substr", least=3, most=3)
def _substr(a: Arguments) -> str:
    characters = _clusters(text(a[0]))
    offset, length = whole_number(a[1]), whole_number(a[2])
    if offset < 0:
        offset = max(offset + len(characters), 0)
    return "".join(characters[offset:] if length < 0 else characters[offset : offset + length])


@function("indent", least=2, most=2)
def _indent(a: Arguments) -> str:
    count, value = whole_number(a[0]), text(a[1])
    if count < 0:
        raise Fails("is indented by less than nothing")
    bounded(len(value) + value.count("\n") * count)
    return value.replace("\n", "\n" + " " * count)


@function("join", least=1, most=None)
def _join(a: Arguments) -> str:
    separator = text(a[0])
    words = [text(item) for each in a[1:] for item in _items(each)]
    bounded(sum(map(len, words)) + len(separator) * len(words))
    return separator.join(words)


@function("split", least=2, most=2)
def _split(a: Arguments) -> Any:
    separator, value = text(a[0]), text(a[1])
    _many(value.count(separator) if separator else len(value))
    return List(_texts(value.split(separator) if separator else list(value), a[1]))


def _many(count: int) -> None:
    if count > SIZE:
        raise OverflowError("too many")


@function("replace", least=3, most=3)
def _replace(a: Arguments) -> str:
    value, old, new = map(text, a)
    if len(old) > 1 and old[0] == old[-1] == "/":
        return _replace_pattern(value, regexes.compiled(old[1:-1]), new)
    bounded(len(value) + (value.count(old) * len(new) if old else (len(value) + 1) * len(new)))
    return value.replace(old, new)


def _replace_pattern(value: str, pattern: regexes.Pattern, new: str) -> str:
    matches = pattern.all(value)
    pieces = _TO_EXPAND.split(new)
    found: list[str] = []
    at = size = 0
    for match in matches:
        made = "".join(
            piece if number % 2 == 0 else "$" if piece == "$" else _group(value, match, pattern, piece.strip("{}"))
            for number, piece in enumerate(pieces)
        )
        found += [value[at : match.start], made]
        size += len(found[-1]) + len(found[-2])
        bounded(size)
        at = match.end
    return "".join((*found, value[at:]))


_TO_EXPAND = regex(r"\$(\$|[0-9A-Za-z_]+|\{[0-9A-Za-z_]+\})")


def _group(value: str, match: regexes.Match, pattern: regexes.Pattern, name: str) -> str:
    if name.isdigit() and len(name) < 4:
        index = int(name)
    else:
        index = pattern.names.index(name) + 1 if name in pattern.names else -1
    if not 0 <= index <= len(pattern.names) or match.places[2 * index] < 0:
        return ""
    return value[match.places[2 * index] : match.places[2 * index + 1]]


def _captures(value: str, match: regexes.Match, pattern: regexes.Pattern, near: Node) -> Any:
    if not pattern.names:
        return value[match.start : match.end]
    groups = [
        like(value[start:end] if start >= 0 else None, near)
        for start, end in zip(match.places[2::2], match.places[3::2], strict=True)
    ]
    if not any(pattern.names):
        return groups
    if not all(pattern.names):
        raise Fails("has both named and unnamed groups")
    return dict(zip(pattern.names, groups, strict=True))


@function("regex", least=2, most=2)
def _regex(a: Arguments) -> Any:
    pattern, value = regexes.compiled(text(a[0])), text(a[1])
    match = pattern.search(value)
    if match is None:
        raise Fails("does not match")
    return _captures(value, match, pattern, a[1])


@function("regexall", least=2, most=2)
def _regexall(a: Arguments) -> Any:
    pattern, value = regexes.compiled(text(a[0])), text(a[1])
    return List([like(_captures(value, match, pattern, a[1]), a[1]) for match in pattern.all(value)])


_VERB = regex(r"%(?:%|(?:\[(\d{1,3})\])?([-+ #0]*)(\d{0,4})(?:\.(\d{1,3}))?([a-zA-Z]))|%")


@function("format", least=1, most=None)
def _format(a: Arguments) -> str:
    return _formatted(text(a[0]), a[1:])


def _formatted(pattern: str, values: Arguments) -> str:
    found: list[str] = []
    at = 0
    used = -1
    highest = 0
    for verb in _VERB.finditer(pattern):
        found.append(pattern[at : verb.start()])
        at = verb.end()
        if verb[0] == "%%":
            found.append("%")
            continue
        if verb[5] is None:
            raise Fails("has a verb that is none")
        used = int(verb[1]) - 1 if verb[1] else used + 1
        if not 0 <= used < len(values):
            raise Fails("has more verbs than values")
        highest = max(highest, used + 1)
        found.append(_verb(verb, values[used]))
        bounded(sum(map(len, found)))
    if highest < len(values):
        raise Fails("has more values than verbs")
    return "".join((*found, pattern[at:]))


def _verb(verb: re.Match[str], node: Node) -> str:
    flags, width, precision, letter = verb[2], int(verb[3] or 0), verb[4], verb[5]
    made = _VERBS[letter](node, flags, precision) if letter in _VERBS else None
    if made is None:
        raise ValueError("a verb that is not done here")
    if letter in "dfeEgGbox":
        made = ("+" if "+" in flags and not made.startswith("-") else "") + made
        if "0" in flags and "-" not in flags:
            sign = made[:1] if made[:1] in "+-" else ""
            return sign + made[len(sign) :].rjust(width - len(sign), "0")
    elif "0" in flags or " " in flags:
        raise ValueError("a flag that is not done here")
    if " " in flags or "#" in flags:
        raise ValueError("a flag that is not done here")
    return made.ljust(width) if "-" in flags else made.rjust(width)


def _any_text(node: Node, flags: str, precision: str | None) -> str:
    if precision:
        raise ValueError("a precision that is not done here")
    value = node.value
    if value is None:
        return "null"
    return encoded(node) if isinstance(value, (dict, list)) else text(node)


def _plain_text(node: Node, flags: str, precision: str | None) -> str:
    value = text(node)
    return "".join(_clusters(value)[: int(precision)]) if precision else value


def _decimal(node: Node, precision: str | None) -> str:
    return f"{Decimal(repr(number(node))):.{int(precision or 6)}f}"


def _based(node: Node, style: str) -> str:
    return format(whole_number(node), style)


_VERBS: dict[str, Callable[[Node, str, str | None], str | None]] = {
    "v": _any_text,
    "s": _plain_text,
    "q": lambda node, flags, precision: encoded(like(text(node), node)),
    "d": lambda node, flags, precision: str(whole_number(node)),
    "f": lambda node, flags, precision: _decimal(node, precision),
    "t": lambda node, flags, precision: "true" if truth(node) else "false",
    "x": lambda node, flags, precision: None if isinstance(node.value, str) else _based(node, "x"),
    "X": lambda node, flags, precision: None if isinstance(node.value, str) else _based(node, "X"),
    "b": lambda node, flags, precision: _based(node, "b"),
    "o": lambda node, flags, precision: _based(node, "o"),
}


@function("formatlist", least=1, most=None)
def _formatlist(a: Arguments) -> Any:
    lengths = {len(node.value) for node in a[1:] if node.is_list}
    if len(lengths) > 1:
        raise Fails("is given lists of different lengths")
    count = lengths.pop() if lengths else 1
    _many(count * len(a))
    rows = [[node.value[row] if node.is_list else node for node in a[1:]] for row in range(count)]
    return List([like(_formatted(text(a[0]), row), a[0]) for row in rows])


# texts that hold values


def encoded(node: Node) -> str:
    """A value as Terraform writes JSON. Raises `Unresolved`."""
    value = node.value
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, (bool, int, float)):
        return text(node)
    if isinstance(value, dict):
        whole(node) if isinstance(value, Partly) else None
        return "{" + ",".join(f"{_quoted(key)}:{encoded(item)}" for key, item in sorted(value.items())) + "}"
    return "[" + ",".join(encoded(item) for item in value) + "]"


_HTML = {c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029\x7f"} | {"\x7f": "\x7f"}


def _quoted(value: str) -> str:
    made = json.dumps(value, ensure_ascii=False)
    return re.sub("[<>&\u2028\u2029]", lambda m: _HTML[m[0]], made)


@function("jsonencode")
def _jsonencode(a: Arguments) -> Any:
    waits = waits_for(a[0])
    if waits is not None:
        return Unspoken.made(waits, a[0], "json")
    made = encoded(a[0])
    bounded(len(made))
    return Encoded(made, a[0], "json")


@function("yamlencode")
def _yamlencode(a: Arguments) -> Any:
    return Unspoken.made(waits_for(a[0]) or Expression("yamlencode", "is a text that is not made here"), a[0], "yaml")


def made_by(node: Node, name: str) -> Node | None:
    """The value that a text was made of by one of the encoding functions."""
    value = node._value
    return value.of if isinstance(value, (Encoded, Unspoken)) and value.made_by == name else None


@function("jsondecode")
def _jsondecode(a: Arguments) -> Any:
    of = made_by(a[0], "json")
    if of is not None:
        return of._value
    value = text(a[0])
    bounded(len(value))
    try:
        return nodes_of(json.loads(value, parse_float=_decoded, parse_int=_decoded, parse_constant=_refused), a[0])
    except json.JSONDecodeError:
        raise Fails("is no JSON") from None


def _decoded(words: str) -> float | int:
    found = parsed_number(words)
    if found is None:
        raise ValueError("a number that is not read here")
    return found


def _refused(words: str) -> Any:
    raise Fails("is no JSON")


def nodes_of(value: Any, near: Node) -> Any:
    """A plain value with nodes inside, all placed where another stands."""
    if isinstance(value, dict):
        return {key: like(nodes_of(item, near), near) for key, item in value.items()}
    return [like(nodes_of(item, near), near) for item in value] if isinstance(value, list) else value


@function("yamldecode")
def _yamldecode(a: Arguments) -> Any:
    of = made_by(a[0], "yaml")
    if of is not None:
        return of._value
    value = text(a[0])
    bounded(len(value))
    found = yaml.parse(Source(a[0].source.path, value))
    if found.faults or len(found.nodes) != 1:
        raise ValueError("not one document")
    return _moved(found.nodes[0], a[0])


_ODD_WORD = regex("(?i:y|n|yes|no|on|off)")
_ODD = regex(rf"[-+.]?[0-9][-+0-9_.:a-fA-FoOxXTZt ]*|[-+]?\.(?i:inf|nan)|{_ODD_WORD.pattern}|[~=]|<<")


def _moved(node: Node, near: Node) -> Any:
    """A value as read, placed where another stands. Raises ValueError where readers of YAML differ."""
    value = node._value
    if node.tag or isinstance(value, Expression):
        raise ValueError("a tag")
    if isinstance(value, dict):
        if any(_ODD_WORD.fullmatch(key) for key in value):
            raise ValueError("a key that readers of YAML differ about")
        return {key: like(_moved(item, near), near) for key, item in value.items()}
    if isinstance(value, list):
        return [like(_moved(item, near), near) for item in value]
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        written = node.source.slice(node.span).strip()
        plain = written[:1] not in ("'", '"', "|", ">")
        odd = _ODD.fullmatch(written) if isinstance(value, str) else parsed_number(written) not in (None, value)
        if plain and odd:
            raise ValueError("a word that readers of YAML differ about")
    return value


@function("csvdecode")
def _csvdecode(a: Arguments) -> Any:
    import csv
    import io

    value = text(a[0])
    bounded(len(value))
    rows = list(csv.reader(io.StringIO(value, newline=""), strict=True))
    if not rows or len(set(rows[0])) < len(rows[0]):
        raise Fails("has no header, or one name twice in it")
    body = [row for row in rows[1:] if row]
    if any(len(row) != len(rows[0]) for row in body):
        raise Fails("has rows of different lengths")
    _many(len(body) * len(rows[0]))
    return List([like(nodes_of(dict(zip(rows[0], row, strict=True)), a[0]), a[0]) for row in body])


@function("base64decode")
def _base64decode(a: Arguments) -> str:
    try:
        return base64.b64decode(text(a[0]).replace("\n", "").replace("\r", ""), validate=True).decode()
    except UnicodeDecodeError:
        raise Fails("is no text") from None
    except ValueError:
        raise Fails("is no base64") from None


DIGESTS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest(),
    "sha256": lambda data: hashlib.sha256(data).hexdigest(),
    "sha512": lambda data: hashlib.sha512(data).hexdigest(),
    "base64sha256": lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode(),
    "base64sha512": lambda data: base64.b64encode(hashlib.sha512(data).digest()).decode(),
}


def _digest(name: str, make: Callable[[bytes], str]) -> None:
    _of_text(name, lambda value: make(value.encode()))


for _name, _make in DIGESTS.items():
    if _name != "base64":
        _digest(_name, _make)


@function("uuidv5", least=2, most=2)
def _uuidv5(a: Arguments) -> str:
    import uuid

    spaces = {"dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID}
    space = spaces.get(text(a[0]).lower())
    return str(uuid.uuid5(space if space else uuid.UUID(text(a[0])), text(a[1])))


# numbers


def fraction(value: float) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def rounded(value: Fraction) -> float | int:
    """Raises ValueError for more digits than are kept here."""
    if abs(value.numerator) > 10**300 or value.denominator > 10**300:
        raise ValueError("too many digits")
    return int(value) if value.denominator == 1 else float(value)


def _of_number(name: str, make: Callable[[Fraction], Any]) -> None:
    function(name)(lambda a: rounded(Fraction(make(fraction(number(a[0]))))))


_of_number("abs", abs)
_of_number("ceil", math.ceil)
_of_number("floor", math.floor)
_of_number("signum", lambda value: (value > 0) - (value < 0))


function("min", least=1, most=None)(lambda a: min(map(number, a)))
function("max", least=1, most=None)(lambda a: max(map(number, a)))


@function("sum")
def _sum(a: Arguments) -> Any:
    numbers = [number(item) for item in _items(a[0])]
    if not numbers:
        raise Fails("has nothing to add")
    return rounded(sum(map(fraction, numbers), Fraction(0)))


@function("pow", least=2, most=2)
def _pow(a: Arguments) -> Any:
    base, power = number(a[0]), number(a[1])
    if isinstance(base, int) and isinstance(power, int) and power >= 0:
        if abs(base) > 1 and power * math.log10(abs(base)) > 15:
            raise ValueError("too many digits")
        return base**power
    made = float(base) ** power
    if isinstance(made, complex) or not math.isfinite(made):
        raise ValueError("no number")
    return rounded(fraction(made))


@function("log", least=2, most=2)
def _log(a: Arguments) -> Any:
    made = math.log(number(a[0])) / math.log(number(a[1]))
    if not math.isfinite(made):
        raise ValueError("no number")
    return rounded(fraction(made))


@function("parseint", least=2, most=2)
def _parseint(a: Arguments) -> int:
    words, base = a[0].value, whole_number(a[1])
    if not isinstance(words, str) or not 2 <= base <= 62:
        raise Fails("is no number")
    if base > 36 or len(words) > 300:
        raise ValueError("not done here")
    if not re.fullmatch(r"[-+]?[0-9A-Za-z]+", words):
        raise Fails("is no number")
    try:
        return int(words, base)
    except ValueError:
        raise Fails("is no number") from None


@function("range", most=3)
def _range(a: Arguments) -> Any:
    numbers = [fraction(number(each)) for each in a]
    start, end = (Fraction(0), numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) == 3 else Fraction(1 if start <= end else -1)
    if step == 0 or (end > start and step < 0) or (end < start and step > 0):
        raise Fails("has a step that never arrives")
    if abs((end - start) / step) > 1024:
        raise Fails("has more than 1024 numbers")
    found = []
    while (start < end) if step > 0 else (start > end):
        found.append(like(rounded(start), a[0]))
        start += step
    return List(found)


# collections


def _items(node: Node) -> list[Node]:
    """The items of a list, set or tuple."""
    value = node.value
    if not isinstance(value, list):
        raise Fails("is no list")
    return value


def _entries(node: Node) -> dict[str, Node]:
    """The entries of a map or object, perhaps not all of them."""
    value = node.value
    if not isinstance(value, dict):
        raise Fails("is no map")
    return value


def _all_entries(node: Node) -> dict[str, Node]:
    found = _entries(node)
    if isinstance(found, Partly):
        raise Unresolved(node, found.rest)
    return found


@function("merge", least=0, most=None)
def _merge(a: Arguments) -> Any:
    found: dict[str, Node] = {}
    waits: Expression | None = None
    for node in a:
        value = node._value
        if value is None:
            continue
        if value == []:
            raise ValueError("fails or not, by what stands before it")
        rest = value if isinstance(value, Expression) else value.rest if isinstance(value, Partly) else None
        held = {} if isinstance(value, Expression) else _entries(node)
        if rest is not None:  # it may say something else about each key that is held so far
            waits = waits or rest
            unknown = Expression(rest.text, rest.reason)
            found = {key: like(unknown, item) for key, item in found.items()}
        found.update(held)
    if waits is not None:
        return Partly(found, waits) if found else Expression(waits.text, waits.reason)
    mapped = a and all(isinstance(node._value, Map) for node in a if node._value is not None)
    return Map(found) if mapped and unified_items(found.values()) else found


def unified_items(items: Any) -> bool:
    return reduce(unify, map(kind_of, items), "any") is not None


@function("concat", most=None)
def _concat(a: Arguments) -> Any:
    if any(isinstance(each._value, Set) for each in a):
        raise Fails("is given a set")
    found = [item for each in a for item in _items(each)]
    kinds = [kind_of(each) for each in a]
    alike = all(isinstance(each._value, List) for each in a) and len({str(kind) for kind in kinds}) <= 1
    return List(found) if alike else found


@function("flatten")
def _flatten(a: Arguments) -> list[Node]:
    found: list[Node] = []
    stack = [iter(_items(a[0]))]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
        elif isinstance(item._value, Unspoken):  # a text
            found.append(item)
        elif isinstance(item.value, list):  # of an item that is not known nobody knows whether it is a list
            stack.append(iter(item.value))
        else:
            found.append(item)
            _many(len(found))
    return found


@function("length")
def _length(a: Arguments) -> int:
    value = a[0].value
    if isinstance(value, str):
        return len(_clusters(value))
    return len(_all_entries(a[0])) if isinstance(value, dict) else len(_items(a[0]))


@function("contains", least=2, most=2)
def _contains(a: Arguments) -> bool:
    waits: Unresolved | None = None
    for item in _items(a[0]):
        try:
            if equal(item, a[1]):
                return True
        except Unresolved as unresolved:
            waits = waits or unresolved
    if waits is not None:
        raise waits
    if a[1].value is None:
        raise ValueError("asks for nothing")
    return False


@function("index", least=2, most=2)
def _index(a: Arguments) -> int:
    for at, item in enumerate(_items(a[0])):
        if equal(item, a[1]):
            return at
    raise Fails("is not in the list")


@function("distinct")
def _distinct(a: Arguments) -> Any:
    seen: dict[Any, Node] = {}
    _items(a[0])
    for item in convert(whole(a[0]), Of("list", "any")).value:
        seen.setdefault(frozen(item), item)
    return List(seen.values())


@function("compact")
def _compact(a: Arguments) -> Any:
    return List(_texts([words for item in _items(a[0]) if item.value is not None and (words := text(item))], a[0]))


@function("sort")
def _sort(a: Arguments) -> Any:
    return List(_texts(sorted(text(item) for item in _items(a[0])), a[0]))


@function("reverse")
def _reverse(a: Arguments) -> Any:
    items = _items(a[0])
    return items[::-1] if type(items) is list else List(items[::-1])


@function("slice", least=3, most=3)
def _slice(a: Arguments) -> Any:
    items, start, end = _items(a[0]), whole_number(a[1]), whole_number(a[2])
    if isinstance(items, Set) or not 0 <= start <= end <= len(items):
        raise Fails("asks for what is not there")
    found = items[start:end]
    return List(found) if isinstance(items, List) else found


@function("element", least=2, most=2)
def _element(a: Arguments) -> Any:
    items, at = _items(a[0]), whole_number(a[1])
    if at < 0:
        raise ValueError("from the end, as later versions have it")
    if not items or isinstance(items, Set):
        raise Fails("asks for what is not there")
    return items[at % len(items)]._value


@function("one")
def _one(a: Arguments) -> Any:
    items = _items(a[0])
    if len(items) > 1:
        raise Fails("has more than one item")
    return items[0]._value if items else None


@function("chunklist", least=2, most=2)
def _chunklist(a: Arguments) -> Any:
    items, size = _items(a[0]), whole_number(a[1])
    if size < 0:
        raise Fails("has pieces of less than nothing")
    size = size or max(len(items), 1)
    return List([like(List(items[at : at + size]), a[0]) for at in range(0, len(items), size)])


@function("keys")
def _keys(a: Arguments) -> Any:
    entries = _all_entries(a[0])
    found: list[Node] = [like(key, value) for key, value in sorted(entries.items(), key=lambda pair: pair[0])]
    return List(found) if isinstance(entries, Map) else found


@function("values")
def _values(a: Arguments) -> Any:
    entries = _all_entries(a[0])
    found = [value for _, value in sorted(entries.items(), key=lambda pair: pair[0])]
    return List(found) if isinstance(entries, Map) else found


@function("lookup", least=2, most=3)
def _lookup(a: Arguments) -> Any:
    key = text(a[1]) if a[1].known else None
    default = a[2] if len(a) > 2 else None
    held = a[0]._value
    if isinstance(held, dict) and key is not None and key in held:
        return held[key]._value
    if isinstance(held, dict) and key is not None and not isinstance(held, Partly):
        if default is None:
            raise Fails("is not in the map")
        if isinstance(held, Map):
            wanted = reduce(unify, map(kind_of, held.values()), "any")
            return convert(default, wanted if isinstance(wanted, str) else "any")._value
        return default._value
    waits = held if isinstance(held, Expression) else a[1].expression or getattr(held, "rest", None)
    if waits is None:
        raise Fails("is no map")
    missing = default is not None and (default._value is None or waits_null(default))
    return Expression(waits.text, waits.reason, may_be_null=missing)


def waits_null(node: Node) -> bool:
    return bool(node.expression and node.expression.may_be_null)


@function("zipmap", least=2, most=2)
def _zipmap(a: Arguments) -> Any:
    keys, values = _items(a[0]), _items(a[1])
    if len(keys) != len(values):
        raise Fails("has not as many keys as values")
    found = {text(key): value for key, value in zip(keys, values, strict=True)}
    return Map(found) if isinstance(values, List) else found


@function("matchkeys", least=3, most=3)
def _matchkeys(a: Arguments) -> Any:
    values, keys, wanted = _items(a[0]), _items(a[1]), _items(a[2])
    if len(values) != len(keys):
        raise Fails("has not as many keys as values")
    among = {frozen(item) for item in wanted}
    return List([value for value, key in zip(values, keys, strict=True) if frozen(key) in among])


@function("transpose")
def _transpose(a: Arguments) -> Any:
    found: dict[str, list[Node]] = {}
    for key, items in sorted(_all_entries(a[0]).items()):
        for item in _items(items):
            found.setdefault(text(item), []).append(like(key, item))
    made = {key: List(sorted(keys, key=text)) for key, keys in sorted(found.items())}
    return Map({key: like(keys, a[0]) for key, keys in made.items()})


# sets


@function("toset")
def _toset(a: Arguments) -> Any:
    return None if a[0].value is None else convert(a[0], Of("set", "any"))._value


def _sets(a: Arguments) -> Iterator[list[Node]]:
    """The arguments as sets of one type."""
    wanted = reduce(unify, (kind_of(item) for each in a for item in _items(each)), "any")
    for each in a:
        whole(each)
        items = _items(each)
        yield as_set([convert(item, wanted) for item in items] if wanted is not None else items)


@function("setunion", most=None)
def _setunion(a: Arguments) -> Any:
    return as_set([item for each in _sets(a) for item in each])


@function("setintersection", most=None)
def _setintersection(a: Arguments) -> Any:
    first, *others = _sets(a)
    held = [{frozen(item) for item in other} for other in others]
    return Set([item for item in first if all(frozen(item) in other for other in held)])


@function("setsubtract", least=2, most=2)
def _setsubtract(a: Arguments) -> Any:
    first, second = _sets(a)
    gone = {frozen(item) for item in second}
    return Set([item for item in first if frozen(item) not in gone])


@function("setproduct", least=2, most=None)
def _setproduct(a: Arguments) -> Any:
    lists = [_items(each) for each in a]
    _many(math.prod(map(len, lists)) * len(lists))
    rows: list[Node] = [like(list(row), a[0]) for row in product(*lists)]
    return as_set(rows) if all(isinstance(each, Set) for each in lists) else List(rows)


# truth, and choosing


def _truths(node: Node, decides: bool) -> bool:
    waits: Unresolved | None = None
    for item in _items(node):
        try:
            value = item.value is not None and truth(item)
        except Unresolved as unresolved:
            waits = waits or unresolved
            continue
        if value is decides:
            return decides
    if waits is not None:
        raise waits
    return not decides


function("alltrue")(lambda a: _truths(a[0], False))
function("anytrue")(lambda a: _truths(a[0], True))


@function("coalesce", most=None)
def _coalesce(a: Arguments) -> Any:
    for node in a:
        value = node._value
        if isinstance(value, Expression):
            return Expression(value.text, value.reason)
        if value is not None and value != "":
            wanted = reduce(unify, map(kind_of, a), "any")
            if wanted is None:
                raise Fails("is given values of different types")
            return text(node) if wanted == "string" else value
    raise Fails("has nothing that is not null")


@function("coalescelist", most=None)
def _coalescelist(a: Arguments) -> Any:
    for node in a:
        value = node._value
        if isinstance(value, Expression):
            return value
        if isinstance(value, Set):
            raise Fails("is given a set")
        if _items(node):
            return value
    raise Fails("has no list that is not empty")


# other types


def _converted(name: str, wanted: Any) -> None:
    function(name)(lambda a: None if a[0].value is None else convert(a[0], wanted)._value)


_converted("tostring", "string")
_converted("tonumber", "number")
_converted("tobool", "bool")
_converted("tolist", Of("list", "any"))
_converted("tomap", Of("map", "any"))
function("sensitive", "nonsensitive", "ephemeralasnull")(lambda a: a[0]._value)


# addresses


def _network(node: Node) -> IPv4Network | IPv6Network:
    import ipaddress

    words = text(node)
    if "/" not in words or not words.rpartition("/")[2].isdigit():
        raise Fails("is no network")
    try:
        return ipaddress.ip_network(words, strict=False)
    except ValueError:
        raise Fails("is no network") from None


def _part(network: Any, bits: int, which: int) -> str:
    length = network.prefixlen + bits
    if bits < 0:
        raise ValueError("a larger network")
    if length > network.max_prefixlen or not 0 <= which < 1 << bits:
        raise Fails("has no such part")
    start = int(network.network_address) + (which << (network.max_prefixlen - length))
    return f"{type(network.network_address)(start)}/{length}"


@function("cidrsubnet", least=3, most=3)
def _cidrsubnet(a: Arguments) -> str:
    return _part(_network(a[0]), whole_number(a[1]), whole_number(a[2]))


@function("cidrsubnets", least=1, most=None)
def _cidrsubnets(a: Arguments) -> Any:
    network = _network(a[0])
    start, end = int(network.network_address), int(network.network_address) + network.num_addresses
    found: list[str] = []
    for node in a[1:]:
        length = network.prefixlen + whole_number(node)
        if not network.prefixlen < length <= network.max_prefixlen:
            raise Fails("has no such part")
        size = 1 << (network.max_prefixlen - length)
        start = -(-start // size) * size
        if start + size > end:
            raise Fails("has no room for that")
        found.append(f"{type(network.network_address)(start)}/{length}")
        start += size
    return List(_texts(found, a[0]))


@function("cidrhost", least=2, most=2)
def _cidrhost(a: Arguments) -> str:
    network, which = _network(a[0]), whole_number(a[1])
    at = which if which >= 0 else network.num_addresses + which
    if not 0 <= at < network.num_addresses:
        raise Fails("has no such address")
    return str(type(network.network_address)(int(network.network_address) + at))


@function("cidrnetmask")
def _cidrnetmask(a: Arguments) -> str:
    network = _network(a[0])
    if network.version != 4:
        raise Fails("has no netmask")
    return str(network.netmask)
