"""Whom an alert reaches: the receiver that Alertmanager's routing tree in this repository leads it to.

A route is taken by its matchers, the first that fits unless `continue` goes on to the next; what no child takes stays
with the parent. Labels that only a series brings are not known here, so a matcher on them may or may not hold.
https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from gatekeeper.models.alarms import RoutedAlarm
from gatekeeper.models.alertmanager import Contact, RoutingTree, matchers
from gatekeeper.models.alertmanager import Receiver as Receiver
from gatekeeper.models.prometheus import Alert
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

Answer = Literal["yes", "no", "perhaps"]

_DEPTH = 40  # of routes within routes
_MOST = 5_000  # routes that are looked at for one alert
_LITERAL = regex(r"[\w :/@%-]*\Z")


class Routed(NamedTuple):
    """Where an alert goes. `certain` when every matcher on the way is decided by what the rule itself says."""

    receivers: tuple[Receiver, ...]
    certain: bool


def routed(alert: RoutedAlarm, project: Project) -> Routed | None:
    """Where an alert goes; None when no routing tree is here that may take it. Alike alerts are asked for once."""
    grafana = alert.backend == "grafana"
    if alert.receiver.present and alert.receiver.known:  # past all policies
        name = alert.receiver.text
        return Routed((contacts(project).get(name) or Receiver(name, (), None),), True)
    asked = project.once(("labels of routes", grafana), lambda project: _asked(grafana, project))
    labels = _labels(alert, asked)
    space = _namespace(alert) if any(each.namespace for each in _trees(grafana, project)) else ""
    key = ("routed", grafana, frozenset(labels.items()), space)
    return project.once(key, lambda project: _routed(labels, grafana, space, project))


def _namespace(alert: RoutedAlarm) -> str:
    """The namespace that an alert is of, by its label or the object that holds it; '' when that is not said."""
    said = alert.labels.get("namespace")
    if said is None and isinstance(alert, Alert):
        said = alert.group.home.at("metadata.namespace")
    return said.text if said is not None and said.known and "{{" not in said.text else ""


def _asked(grafana: bool, project: Project) -> frozenset[str]:
    """The labels that some route asks for: no others decide."""
    read = project.once("matchers of routes", lambda _: _Matchers())
    routes = [route for tree in _trees(grafana, project) for route in tree.routes()]
    return frozenset(condition.name for route in routes for condition in read.of(route))


def _trees(grafana: bool, project: Project) -> list[RoutingTree]:
    return project.once(("trees", grafana), lambda p: [each for each in routing_trees(p) if each.grafana is grafana])


def _routed(labels: dict[str, str | None], grafana: bool, space: str, project: Project) -> Routed | None:
    read = project.once("matchers of routes", lambda _: _Matchers())
    points = contacts(project)
    trees = [each for each in _trees(grafana, project) if not space or each.namespace in ("", space)]
    answers = [answer for tree in trees if (answer := _through(tree, labels, read, points))]
    if not answers:
        return None
    found = {(each.name, each.integrations): each for answer in answers for each in answer.receivers}
    alike = len({frozenset(receiver.name for receiver in answer.receivers) for answer in answers}) == 1
    return Routed(tuple(found.values()), alike and all(answer.certain for answer in answers))


def routing_trees(project: Project) -> list[RoutingTree]:
    """Every routing tree of the repository; those of examples only where there are no others."""
    found = project.all(RoutingTree)
    meant = [tree for tree in found if _SHOWN.isdisjoint(tree.path.split("/")[:-1])]
    return meant or found


_SHOWN = frozenset(("example", "examples", "sample", "samples", "docs", "doc", "demo"))


def _labels(alert: RoutedAlarm, asked: frozenset[str]) -> dict[str, str | None]:
    """Those of some labels that the rule itself gives; None for one that is filled in when it fires."""
    found: dict[str, str | None] = {}
    for name in asked:
        node = alert.labels.get(name)
        if name == "alertname":
            found[name] = alert.title
        elif node is not None:
            found[name] = node.text if node.known and "{{" not in node.text else None
    return found


def _through(
    tree: RoutingTree, labels: dict[str, str | None], read: _Matchers, contacts: dict[str, Receiver]
) -> Routed | None:
    ways, certain = _Walk(tree, labels, read).followed(tree.route, "", 0)
    if tree.scoped:
        certain = False
    known = {**contacts, **tree.receivers} if tree.grafana else tree.receivers
    receivers = [
        Receiver(f"{name}, muted all the time", (), it.node) if muted else it
        for name, muted in dict.fromkeys(ways)
        if name
        for it in [known.get(name) or Receiver(name, (), None)]
    ]
    return Routed(tuple(receivers), certain) if receivers else None


def suppressed(alert: RoutedAlarm, project: Project) -> tuple[str, Node] | None:
    """The alert that always fires and by that keeps another from being sent, with the rule that says so."""
    trees = _trees(alert.backend == "grafana", project)
    listed = trees[0].node["inhibit_rules"] if len(trees) == 1 else None
    if listed is None or not listed.is_list:
        return None
    for rule in listed:
        if rule.is_mapping and not rule["equal"].present and _is_asked(rule, "target_", alert):
            source = next((each for each in _always_firing(project) if _is_asked(rule, "source_", each)), None)
            if source is not None and source is not alert:
                return source.title, rule
    return None


def _is_asked(rule: Node, side: str, alert: RoutedAlarm) -> bool:
    """Whether a rule surely means an alert on one of its two sides."""
    asked = list(_conditions(rule, side))
    labels = _labels(alert, frozenset(each.name for each in asked))
    return bool(asked) and all(_holds(each, labels) == "yes" for each in asked)


def _always_firing(project: Project) -> list[Alert]:
    return project.once("alerts that always fire", lambda p: [each for each in p.all(Alert) if each.always])


def contacts(project: Project) -> dict[str, Receiver]:
    """The contact points of Grafana that files declare, by name."""
    return project.once("contact points", lambda project: {each.name: each.receiver for each in project.all(Contact)})


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


_Way = tuple[str, bool]  # to a receiver; whether by a route that is muted all the time


class _Walk:
    """One alert on its way through a tree, of which so many routes are looked at."""

    def __init__(self, tree: RoutingTree, labels: dict[str, str | None], read: _Matchers) -> None:
        self._tree = tree
        self._labels = labels
        self._read = read
        self._left = _MOST

    def followed(self, route: Node, inherited: str, depth: int) -> tuple[list[_Way], bool]:
        """The receivers that a route which is taken leads to, and whether that is certain."""
        receiver = _written(route["receiver"]) or inherited
        own = (receiver, self._tree.mutes(route))
        found: list[_Way] = []
        certain, settled = True, False
        for child in route["routes"] if route["routes"].is_list else ():
            self._left -= 1
            if self._left < 0 or depth > _DEPTH:
                return [*found, own], False
            answer = self._taken(child)
            if answer == "no":
                continue
            named, sure = self.followed(child, receiver, depth + 1)
            found += named
            certain = certain and sure and answer == "yes"
            settled = settled or answer == "yes"
            if answer == "yes" and not (child["continue"].known and child["continue"].value is True):
                break
        return (found, certain) if settled else ([*found, own], certain)

    def _taken(self, route: Node) -> Answer:
        taken: Answer = "yes"
        for condition in self._read.of(route):
            answer = _holds(condition, self._labels)
            if answer == "no":
                return "no"
            taken = answer if answer == "perhaps" else taken
        return taken


def _conditions(route: Node, side: str = "") -> Iterator[_Condition]:
    for field, operator in ((f"{side}match", "="), (f"{side}match_re", "=~")):
        for name, value in route[field].items() if route[field].is_mapping else ():
            yield _Condition(name, operator, _written(value))
    for matcher in matchers(route, side):
        if matcher.is_list and len(matcher) == 3:  # of Grafana: label, operator, value
            yield _Condition(*map(_written, matcher))
        elif matcher.is_mapping:
            regular = matcher["regex"].known and matcher["regex"].value is True
            operator = _written(matcher["matchType"]) or ("=~" if regular else "=")
            yield _Condition(_written(matcher["name"]), operator, _written(matcher["value"]))
        else:
            yield from _parsed(_written(matcher))


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
