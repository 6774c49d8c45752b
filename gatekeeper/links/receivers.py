"""Whom an alert reaches: the receiver that Alertmanager's routing tree in this repository leads it to.

A route is taken by its matchers, the first that fits unless `continue` goes on to the next; what no child takes stays
with the parent. Labels that only a series brings are not known here, so a matcher on them may or may not hold.
https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from gatekeeper.links.judged import holding
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

Answer = Literal["yes", "no", "perhaps"]

_DEPTH = 40  # of routes within routes
_MOST = 5_000  # routes that are looked at for one alert
_LITERAL = regex(r"[\w :/@%-]*\Z")


class Receiver(NamedTuple):
    """A receiver: what it sends to (`slack`, `pagerduty`), nothing when it tells nobody; `node` is None when the tree
    names one that is not declared."""

    name: str
    integrations: tuple[str, ...]
    node: Node | None


class Routed(NamedTuple):
    """Where an alert goes. `certain` when every matcher on the way is decided by what the rule itself says."""

    receivers: tuple[Receiver, ...]
    certain: bool


class Tree(NamedTuple):
    """A routing tree: the root route and the receivers by name. `scoped` when it is asked for one namespace alone."""

    route: Node
    receivers: dict[str, Receiver]
    scoped: bool


def routed(alert: Alert, project: Project) -> Routed | None:
    """Where an alert goes; None when no routing tree is here that may take it."""
    read = project.once("matchers of routes", lambda _: _Matchers())
    labels = _labels(alert)
    answers = [answer for tree in routing_trees(project) if (answer := _through(tree, labels, read))]
    if not answers:
        return None
    found = {(each.name, each.integrations): each for answer in answers for each in answer.receivers}
    alike = len({frozenset(receiver.name for receiver in answer.receivers) for answer in answers}) == 1
    return Routed(tuple(found.values()), alike and all(answer.certain for answer in answers))


def routing_trees(project: Project) -> list[Tree]:
    """Every routing tree of the repository: Alertmanager's own file, values of a chart, an AlertmanagerConfig."""
    return project.once("routing trees", lambda project: list(_trees(project)))


def _trees(project: Project) -> Iterator[Tree]:
    for source in holding(project, (".yaml", ".yml"), "receivers", "route"):
        for document in source.once(yaml.parse).nodes:
            for node in document.walk():
                if node.is_mapping and node["route"].is_mapping and node["receivers"].is_list:
                    yield _tree(node)


def _tree(node: Node) -> Tree:
    receivers = {}
    for each in node["receivers"]:
        name = _written(each["name"]) if each.is_mapping else ""
        if name:
            receivers[name] = Receiver(name, tuple(_integrations(each)), each["name"])
    # An AlertmanagerConfig (in camel case) takes only alerts of its own namespace, unless the operator is told else.
    scoped = any(key.endswith("Configs") for each in node["receivers"] if each.is_mapping for key, _ in each.items())
    objects = any(matcher.is_mapping for matcher in _matchers(node["route"]))
    return Tree(node["route"], receivers, scoped or objects or "groupBy" in node["route"])


def _integrations(receiver: Node) -> Iterator[str]:
    for key, value in receiver.items():
        name = key.removesuffix("_configs").removesuffix("Configs")
        if name != key and (not value.known or (value.is_list and len(value))):
            yield name


def _labels(alert: Alert) -> dict[str, str | None]:
    """The labels that the rule itself gives; None for one that is filled in when it fires."""
    found: dict[str, str | None] = {name: node.text if node.known else None for name, node in alert.labels.items()}
    for name, value in found.items():
        if value is not None and "{{" in value:
            found[name] = None
    return {**found, "alertname": alert.alert}


def _through(tree: Tree, labels: dict[str, str | None], read: _Matchers) -> Routed | None:
    named, certain = _Walk(labels, read).followed(tree.route, "", 0)
    if tree.scoped:
        certain = False
    receivers = [tree.receivers.get(name) or Receiver(name, (), None) for name in dict.fromkeys(named) if name]
    return Routed(tuple(receivers), certain) if receivers else None


class _Condition(NamedTuple):
    """A matcher: what a label must be; its operator is one that nobody knows where it cannot be read."""

    name: str
    operator: str
    value: str


class _Matchers:
    """The matchers of routes, read once for every alert."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Node, list[_Condition]]] = {}

    def of(self, route: Node) -> list[_Condition]:
        if id(route) not in self._read:
            self._read[id(route)] = route, list(dict.fromkeys(_conditions(route)))
        return self._read[id(route)][1]


class _Walk:
    """One alert on its way through a tree, of which so many routes are looked at."""

    def __init__(self, labels: dict[str, str | None], read: _Matchers) -> None:
        self._labels = labels
        self._read = read
        self._left = _MOST

    def followed(self, route: Node, inherited: str, depth: int) -> tuple[list[str], bool]:
        """The receivers that a route which is taken leads to, and whether that is certain."""
        receiver = _written(route["receiver"]) or inherited
        found: list[str] = []
        certain, settled = True, False
        for child in route["routes"] if route["routes"].is_list else ():
            self._left -= 1
            if self._left < 0 or depth > _DEPTH:
                return [*found, receiver], False
            answer = self._taken(child)
            if answer == "no":
                continue
            named, sure = self.followed(child, receiver, depth + 1)
            found += named
            certain = certain and sure and answer == "yes"
            settled = settled or answer == "yes"
            if answer == "yes" and not (child["continue"].known and child["continue"].value is True):
                break
        return (found, certain) if settled else ([*found, receiver], certain)

    def _taken(self, route: Node) -> Answer:
        taken: Answer = "yes"
        for condition in self._read.of(route):
            answer = _holds(condition, self._labels)
            if answer == "no":
                return "no"
            taken = answer if answer == "perhaps" else taken
        return taken


def _conditions(route: Node) -> Iterator[_Condition]:
    for field, operator in (("match", "="), ("match_re", "=~")):
        for name, value in route[field].items() if route[field].is_mapping else ():
            yield _Condition(name, operator, _written(value))
    for matcher in _matchers(route):
        if matcher.is_mapping:
            regular = matcher["regex"].known and matcher["regex"].value is True
            operator = _written(matcher["matchType"]) or ("=~" if regular else "=")
            yield _Condition(_written(matcher["name"]), operator, _written(matcher["value"]))
        else:
            yield from _parsed(_written(matcher))


def _matchers(route: Node) -> list[Node]:
    listed = route["matchers"]
    return list(listed) if listed.is_list else []


_CONDITION = regex(r'\s*"?([\w.-]{1,100})"?\s*(=~|!~|!=|=)\s*(?:"([^"]*)"|\'([^\']*)\'|([^\s,{}"]*))\s*')


def _parsed(text: str) -> Iterator[_Condition]:
    """`severity = "critical"`, or several in braces."""
    text = text.strip().removeprefix("{").removesuffix("}")
    at = 0
    while at < len(text):
        found = _CONDITION.match(text, at)
        if not found:
            yield _Condition("", "?", text[at:])
            return
        value = next((part for part in found.groups()[2:] if part is not None), "")
        yield _Condition(found[1], found[2], value)
        at = found.end()
        while text[at : at + 1] in (",", " "):
            at += 1


def _holds(condition: _Condition, labels: dict[str, str | None]) -> Answer:
    name, operator, value = condition
    given = labels.get(name)
    if given is None or operator not in ("=", "!=", "=~", "!~"):
        return "perhaps"  # a series may bring the label, or not
    equal: bool | None = given == value if operator in ("=", "!=") else _matches(value, given)
    if equal is None:
        return "perhaps"
    return "yes" if equal is (operator in ("=", "=~")) else "no"


def _matches(pattern: str, text: str) -> bool | None:
    """Whether an anchored pattern of plain alternatives (`critical|page.*`) matches; None for anything richer, since
    patterns of others are not run."""
    bare = pattern.removeprefix("^").removesuffix("$")
    if bare.startswith("(") and bare.endswith(")") and bare.count("(") == 1:
        bare = bare[1:-1].removeprefix("?:")
    answers = [_alternative(each, text) for each in bare.split("|")]
    if True in answers:
        return True
    return None if None in answers else False


def _alternative(pattern: str, text: str) -> bool | None:
    literal, least = pattern, 0
    for ending, characters in ((".*", 0), (".+", 1)):
        if pattern.endswith(ending):
            literal, least = pattern[:-2], characters
            return text.startswith(literal) and len(text) >= len(literal) + least if _LITERAL.match(literal) else None
        if pattern.startswith(ending):
            literal, least = pattern[2:], characters
            return text.endswith(literal) and len(text) >= len(literal) + least if _LITERAL.match(literal) else None
    return literal == text if _LITERAL.match(literal) else None


def _written(node: Node) -> str:
    try:
        return node.text
    except Unresolved:
        return ""
