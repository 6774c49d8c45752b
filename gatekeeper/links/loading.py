"""Which groups of rules a Prometheus of this repository loads."""

from __future__ import annotations

from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Literal

from gatekeeper.models.prometheus import Alert, RuleGroup
from gatekeeper.models.prometheus_server import Server
from gatekeeper.node import Node
from gatekeeper.project import Project

Loaded = Literal["yes", "no", "perhaps"]


def loaded(group: RuleGroup, project: Project) -> tuple[Loaded, Server | None]:
    """Whether a Prometheus that is configured here loads a group, and the one that decides it, None when none is here.

    What is loaded from a path of a container, or by a selector that a chart fills in, may be anywhere: perhaps.
    """
    kind = group.home["kind"].text if group.home["kind"].known else ""
    chart = next((each for each in project.all(Server) if each.made_by == "chart" and each.path == group.path), None)
    if chart and kind != "PrometheusRule":
        return "yes", chart  # among the values of the chart itself
    by_object = kind == "PrometheusRule"
    if kind and not by_object:
        return "perhaps", None
    fitting = [each for each in project.all(Server) if (each.made_by == "prometheus") is not by_object]
    answers = [(_selects(each, group) if by_object else _reads(each, group), each) for each in fitting]
    for wanted in ("yes", "perhaps", "no"):
        for answer, server in answers:
            if answer == wanted:
                return answer, server
    return "perhaps", None


def loads_alerts(server: Server, project: Project) -> bool:
    """Whether a Prometheus surely loads alerts of this repository that tell somebody."""

    def make(project: Project) -> set[int]:
        groups = {id(alert.group): alert.group for alert in project.all(Alert) if not alert.silent}
        answers = [loaded(group, project) for group in groups.values() if group.language == "promql"]
        return {id(found) for answer, found in answers if answer == "yes"}

    return id(server) in project.once("servers that load alerts", make)


def external_labels(project: Project) -> dict[str, Node]:
    """The labels that every Prometheus of the repository gives to all that it sends; none where there are several."""
    found = [each for each in project.all(Server) if each.external_labels]
    return found[0].external_labels if len(found) == 1 else {}


def _reads(server: Server, group: RuleGroup) -> Loaded:
    """Whether one of the patterns of `rule_files` means the file of a group."""
    patterns = server.node["rule_files"]
    if not patterns.present:
        return "no" if _beside(server, group) else "perhaps"
    if not patterns.known or not patterns.is_list or not all(each.known for each in patterns):
        return "perhaps"
    texts = [each.text for each in patterns]
    if any(meant(text, server.path, group.path) for text in texts):
        return "yes"
    name = group.path.rpartition("/")[2]
    if any(fnmatchcase(name, text.rpartition("/")[2]) for text in texts) or any(
        "{{" in text or "$" in text for text in texts
    ):
        return "perhaps"  # in a container it may be mounted there
    return "no" if _beside(server, group) else "perhaps"


def meant(pattern: str, config: str, path: str) -> bool:
    """Whether a relative pattern in a configuration means a path of the repository."""
    if pattern.startswith("/"):
        return False
    full = normpath(f"{config.rpartition('/')[0]}/{pattern}" if "/" in config else pattern).split("/")
    steps = path.split("/")
    return len(full) == len(steps) and all(map(fnmatchcase, steps, full))


def _beside(server: Server, group: RuleGroup) -> bool:
    """Whether a group lies in the folder of a configuration or below: with what it belongs to."""
    folder = server.path.rpartition("/")[0]
    return bool(folder) and server.node.source.path != group.path and group.path.startswith(f"{folder}/")


def _selects(server: Server, group: RuleGroup) -> Loaded:
    """Whether the operator gives a PrometheusRule to a Prometheus."""
    selector = server.node["ruleSelector"]
    if server.made_by == "chart":
        return _of_chart(server, selector)
    if not selector.present:
        return "no"  # https://prometheus-operator.dev/docs/api-reference/api/: a null selector selects nothing
    if not selector.known or not selector.is_mapping or selector["matchExpressions"].present:
        return "perhaps"
    wanted = selector["matchLabels"]
    labels = group.home.at("metadata.labels")
    if wanted.present and not _has(labels, wanted):
        return "no" if labels.known else "perhaps"
    return "perhaps" if _elsewhere(server, group) else "yes"


def _of_chart(server: Server, selector: Node) -> Loaded:
    nil = server.node["ruleSelectorNilUsesHelmValues"]
    everything = selector.present and selector.known and not selector["matchLabels"].present
    return "yes" if everything or (nil.known and nil == False) else "perhaps"  # noqa: E712  # a node


def _has(labels: Node, wanted: Node) -> bool:
    if not labels.known or not wanted.known or not labels.is_mapping:
        return False
    return all(labels[key].known and value.known and labels[key].text == value.text for key, value in wanted.items())


def _elsewhere(server: Server, group: RuleGroup) -> bool:
    """Whether the rule lies in another namespace, and is looked for in some only."""
    spaces = server.node["ruleNamespaceSelector"]
    return not (spaces.present and spaces.known and spaces.is_mapping and not list(spaces.items()))
