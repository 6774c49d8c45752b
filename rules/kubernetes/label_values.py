from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.kubernetes import Object, Workload
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_WORD = regex(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z")
_PREFIX = regex(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
_FILLED_IN = regex(r"[${<]")  # marks of what is filled in later, also in kinds that may hold them as text
_QUOTE = Fix("put it in quotes")


def _mappings(each: Object) -> Iterator[tuple[Node, bool]]:
    """Its labels and annotations, and those of its pods; whether they are labels."""
    owners = [
        each.metadata,
        *([each.template["metadata"]] if isinstance(each, Workload) and each.kind != "Pod" else []),
    ]
    for owner in owners:
        for field in ("labels", "annotations"):
            if owner[field].is_mapping:
                yield owner[field], field == "labels"


@rule(
    "k8s-label-values",
    gate="iac-validation",
    severity="high",
    seed="7. Infrastructure code passes validation",
    aliases=["kube-score:label-values"],
    where=lambda each: any(True for _ in _mappings(each)),
)
def label_values(each: Object) -> Iterator[Answer]:
    """Labels and annotations are written as the API takes them.

    The value of a label is at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends; its key
    is the same, after an optional domain and `/`. The value of an annotation may be any text, but it must be text, as
    a label's: `true`, `8080` or `1.0` without quotes is refused. All of that shows only when the manifest is applied.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: app
      labels:
        # expect: no valid label
        team: orders & billing
        # expect: is no text
        version: 1.10
        # expect: no valid key
        acme.example/: x
    spec:
      template:
        metadata:
          annotations:
            # expect: is no text
            prometheus.io/scrape: true
        spec:
          containers: [{name: app, image: "app:1.2.0"}]
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: app
      labels: {app.kubernetes.io/name: app, version: "1.10", commit: 3a4f, empty: ""}
      annotations: {note: "orders & billing", prometheus.io/scrape: "true"}
    spec:
      template:
        metadata: {labels: {app: app}}
        spec:
          containers: [{name: app, image: "app:1.2.0"}]
    ```

    Unknown, filled in later:
    ```yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app, labels: {version: "${VERSION}"}}
    ```

    Unknown, a template that happens to be YAML:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata:
      name: app
      labels:
        cell: {{cell}}
    ```
    """
    later: list[Node] = []
    for mapping, labels in _mappings(each):
        for key, value in mapping.items():
            if value.known:
                yield from _wrong(key, value, labels=labels)
            else:
                later.append(value)
    for value in later:
        value.value  # noqa: B018  # raises: what is filled in may be wrong


def _wrong(key: str, value: Node, *, labels: bool) -> Iterator[Answer]:
    what = "label" if labels else "annotation"
    prefix, slash, name = key.rpartition("/")
    if _FILLED_IN.search(key) or (labels and isinstance(value.value, str) and _FILLED_IN.search(value.value)):
        yield Unknown(value, f"{what} {key!r} is filled in before it is applied")
    elif not _WORD.match(name) or (slash and not _PREFIX.match(prefix)):
        yield Finding(value, f"{key!r} is no valid key of a {what}: the API refuses it")
    elif isinstance(value.value, (bool, int, float)):
        shown = value.source.slice(value.span)
        yield Finding(value, f"{key}: {shown} is no text: the API refuses a {what} without quotes", fix=_QUOTE)
    elif isinstance(value.value, (dict, list)):
        if value.source.line(value.span.line).startswith("{{", value.span.column - 1):  # a template, not yet YAML
            yield Unknown(value, f"{what} {key!r} is filled in before it is applied")
        else:
            yield Finding(value, f"{key} is no text: the API refuses it")
    elif labels and value.text and not _WORD.match(value.text):
        yield Finding(value, f"{value.text[:80]!r} is no valid label (63 letters, digits, '-', '_', '.'): refused")
