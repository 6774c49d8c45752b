"""Text that is filled in before it is applied: Helm charts, and values like `${TAG}` or `<your-project>`."""

from __future__ import annotations

from gatekeeper.discover import Tree
from gatekeeper.models.kubernetes.selector import written
from gatekeeper.node import Expression, Node, Source, regex

REASON = "is filled in before it is applied"

_HELM = regex(r"\{\{-?[ \t]{0,8}(?:\.Values\b|\.Release\b|\.Chart\b|\.Capabilities\b|include \"|toYaml )")
_MARKS = regex(r"\$[{(A-Z_]|\{\{|<[A-Za-z_]")
_FILLED_IN = regex(
    r"\$\{[^{}\n]{1,200}\}|\{\{[^\n]{0,300}?\}\}|\$\([A-Za-z_][\w.-]{0,100}\)|<[A-Za-z_][\w .:-]{0,100}>"
    r"|\$[A-Z_][A-Z0-9_]{2,60}\b|\b__[A-Z][A-Z0-9_]{2,60}__\b"
)

# Below these, such marks belong to whoever reads the text later: a shell, the program, the alert's notification.
_OPAQUE_KEYS = frozenset({"data", "binaryData", "stringData", "command", "args", "annotations", "description"})
_OPAQUE_KINDS = frozenset(
    "ConfigMap Secret PrometheusRule CustomResourceDefinition AnalysisTemplate ClusterAnalysisTemplate "
    "Workflow WorkflowTemplate ClusterWorkflowTemplate CronWorkflow Task Pipeline GrafanaDashboard HelmRelease "
    "HelmChart HelmChartConfig ExternalSecret ClusterExternalSecret PushSecret Application ApplicationSet Policy "
    "ClusterPolicy ConstraintTemplate".split()
)


def of_helm(path: str, tree: Tree) -> bool:
    """Whether the file is one of a chart's templates."""
    folders = path.split("/")[:-1]
    return any(
        "/".join([*folders[:depth], "Chart.yaml"]) in tree for depth, name in enumerate(folders) if name == "templates"
    )


def of_helm_text(node: Node) -> bool:
    """Whether a document that parses is one of a chart's templates all the same, by what its values hold."""
    if not node.source.once(_holds_helm) or written(node["kind"]) in _OPAQUE_KINDS:
        return False
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.is_list:
            waiting.extend(each)
        elif each.is_mapping:
            waiting.extend(child for key, child in each.items() if key not in _OPAQUE_KEYS)
        elif isinstance(each.value, str) and _HELM.search(each.value):
            return True
    return False


def _holds_helm(source: Source) -> bool:
    return "{{" in source.text and _HELM.search(source.text) is not None


def fills_in(text: str) -> bool:
    """Whether somebody writes into this text before it is applied: a variable, a placeholder, what SOPS encrypted."""
    return text.startswith("ENC[") or (text[:1] == "<" and text[-1:] == ">") or _FILLED_IN.search(text) is not None


_STAND_IN = regex(r"[A-Z][A-Z0-9_]{2,80}\Z")
_WORDS = frozenset("TRUE FALSE YES OFF NONE NULL".split())


def stands_in(text: str) -> bool:
    """Whether a script replaces this word before it is applied: PORT, CONTAINER_IMAGE.

    To be asked only where no such word can be meant: of numbers, names of ports and images.
    """
    return _STAND_IN.match(text) is not None and text not in _WORDS


def stands_in_as_key(node: Node, key: str) -> bool:
    """Whether a key stands for what a script writes in its place: `AFFINITY_OF_WEB: ""`."""
    return "_" in key and stands_in(key) and written(node[key]) == ""


def with_expressions(node: Node) -> Node:
    """The same object, with an `Expression` for every value that is filled in later."""
    return node if written(node["kind"]) in _OPAQUE_KINDS else _copy(node, {})


def marked(source: Source) -> bool:
    """Whether a file holds what may be a mark of something filled in."""
    return _MARKS.search(source.text) is not None


def _copy(node: Node, done: dict[int, Node]) -> Node:
    known = done.get(id(node))
    if known is not None:
        return known
    made = done[id(node)] = _converted(node, done)
    return made


def _converted(node: Node, done: dict[int, Node]) -> Node:
    if not node.known:
        return node
    value = node.value
    if isinstance(value, str):
        return _again(node, Expression(value, REASON)) if _FILLED_IN.search(value) else node
    if isinstance(value, list):
        items = [_copy(item, done) for item in value]
        return node if all(new is old for new, old in zip(items, value, strict=True)) else _again(node, items)
    if isinstance(value, dict):
        if "?" in value and (text := node.source.slice(node.span)).startswith("{{"):  # YAML takes it for mappings
            return _again(node, Expression(text, REASON))
        inner = {key: child if key in _OPAQUE_KEYS else _copy(child, done) for key, child in value.items()}
        return node if all(inner[key] is value[key] for key in value) else _again(node, inner)
    return node


def _again(node: Node, value: object) -> Node:
    return Node(value, node.source, node.span, node.key, node.tag)
