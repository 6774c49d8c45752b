from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.prometheus import Alert
from gatekeeper.models.promql_labels import kept
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Reason, rule

_ACTION = regex(r"\{\{(?P<body>(?:\"(?:[^\"\\]|\\.)*\"|`[^`]*`|[^}\"`]|\}(?!\}))*)\}\}")
_TOKEN = regex(
    r"(?P<text>\"(?:[^\"\\]|\\.)*\"|`[^`]*`|'[^']*')|\$(?P<variable>\w*)(?P<fields>(?:\.\w+)*)|(?P<own>(?:\.\w+)+)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<number>[0-9]\w*)"
)
_MADE = regex(r"\$(\w+)\s*(?:,\s*\$(\w+)\s*)?:?=")
_GIVEN = frozenset({"", "labels", "value", "externalLabels", "externalURL"})
_WORDS = frozenset("""
    if else end range with define template block break continue nil true false
    and or not len index slice print printf println html js urlquery call eq ne lt le gt ge
    query first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink tableLink
    sortByLabel stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp toTime
    toDuration pathPrefix externalURL parseDuration tmpl now urlQueryEscape
""".split())  # fmt: skip


class _Read(NamedTuple):
    """What a template says: why Prometheus refuses it, the labels it shows, whether it shows the value."""

    fault: str
    shown: frozenset[str]
    value: bool


def _texts(alert: Alert) -> Iterator[tuple[str, Node, str]]:
    for name, node in (*alert.annotations.items(), *alert.labels.items()):
        expression = node.expression
        text = expression.text if expression else node.text
        if "{{" in text:
            yield name, node, text


@rule("alert-template", gate="alerting", severity="medium", seed="5.3 Alerting Rules", aliases=["pint:alerts/template"],
      where=lambda alert: alert.group.language != "metricsql" and any(_texts(alert)))  # fmt: skip
def template(alert: Alert) -> Iterator[Answer]:
    """What an alert says about itself can be filled in.

    Prometheus refuses a file with a template that it cannot read, such as one that is not closed, or that calls what is
    not there. A label that the query does not leave (`$labels.pod` behind `sum by (job)`) stays empty: whoever is
    called is not told where. And `$value` in a label makes another alert of each value, so that none lasts as long as
    `for` asks. A label that is asked for first (`{{ with $labels.cluster }}`) may be missing.

    Bad:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: sum by (job) (rate(errors_total[5m])) > 1
            labels:
              severity: critical
              # expect: $value in the label current
              current: "{{ $value }}"
            annotations:
              # expect: $labels.pod is always empty
              summary: "{{ $labels.job }} fails in {{ $labels.pod }}"
              # expect: is not closed
              description: "{{ $labels.job fails"
          - alert: HighLatency
            expr: job:latency:p95 > 1
            annotations:
              # expect: there is no variable $label
              summary: "{{ $label.job }} is slow"
              # expect: there is no function humanise
              description: "{{ $value | humanise }} seconds"
              # expect: 1 end is missing
              hint: "{{ if $labels.pod }}in {{ $labels.pod }}"
    ```

    Good:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: sum by (job, pod) (rate(errors_total[5m])) > 1
            labels:
              severity: "{{ if gt $value 5.0 }}critical{{ else }}warning{{ end }}"
            annotations:
              summary: "{{ $labels.job }} fails in {{ $labels.pod }}{{ with $labels.cluster }} of {{ . }}{{ end }}"
              description: '{{ printf "rate(errors_total{job=%q}[5m])" $labels.job | query | first | value }}'
    ```

    Unknown, a chart fills it in first:
    ```yaml
    groups:
      - name: order-service
        rules:
          - alert: HighErrorRate
            expr: sum by (job) (rate(errors_total[5m])) > 1
            annotations:
              summary: "{{`{{ $labels.pod }}`}} fails"
    ```
    """
    labels = kept(alert.query.root) if alert.query else None
    told: set[str] = set()
    for name, node, text in _texts(alert):
        if "{%" in text or (any(map(text.__contains__, _OF_ESCAPED)) and _ESCAPED.search(text)):
            yield Unknown(
                node, f"{alert.alert}: {name} is filled in before Prometheus reads it", Reason.TEMPLATE_UNRENDERED
            )
            continue
        read = _read(text)
        if read.fault:
            yield Finding(node, f"{alert.alert}: {name} cannot be filled in, {read.fault}")
            continue
        lost = sorted(read.shown - labels - told) if labels is not None else []
        told.update(lost)
        if lost:
            words = f"{alert.alert}: $labels.{lost[0]} is always empty, the query does not leave it"
            yield Finding(node, words, fix=Fix(f"keep {', '.join(lost)} in the query, or leave it out of the text"))
        if read.value and alert.labels.get(name) is node:
            words = f"{alert.alert}: $value in the label {name} makes another alert of each value"
            yield Finding(node, words, fix=Fix("say the value in an annotation"))


_OF_ESCAPED = ("`", '"{{', ".Values", ".Release", "include")  # looked for first: an expression takes ten times as long
_ESCAPED = regex(r"\{\{-?\s*(?:`|\"\{\{)|\.Values\b|\.Release\b|\binclude\b")


def _read(text: str) -> _Read:
    actions = [found["body"].strip("- \t\n") for found in _ACTION.finditer(text)]
    if text.count("{{") > len(actions) and "{{" in _ACTION.sub("", text):
        return _Read("it is not closed", frozenset(), False)
    made = {name for body in actions if "=" in body for pair in _MADE.findall(body) for name in pair}
    shown: set[str] = set()
    asked: set[str] = set()
    value = False
    depth = 0
    for body in actions:
        if body.startswith("/*"):
            continue
        words = body.split(None, 1)[0:1]
        depth += (words[0:1] in (["if"], ["range"], ["with"], ["define"], ["block"])) - (words == ["end"])
        for variable, word, field in _tokens(body):
            fault = _fault(variable, word, made)
            if fault:
                return _Read(fault, frozenset(), False)
            if variable == "labels" and field:
                (asked if words[0] in ("if", "with", "else") else shown).add(field)
            value = value or (variable == "value" and words[0] not in ("if", "else", "with"))
    if depth:
        return _Read(f"{depth} end is missing" if depth > 0 else "an end is too many", frozenset(), False)
    return _Read("", frozenset(shown - asked), value)


@lru_cache(maxsize=4096)  # most actions are `$labels.` and one of a few names
def _tokens(body: str) -> list[tuple[str | None, str | None, str]]:
    """The variables and words of an action, with the first field that is asked of each."""
    found = _TOKEN.finditer(body)
    return [
        (each["variable"], each["word"], (each["fields"] or "").partition(".")[2].partition(".")[0]) for each in found
    ]


def _fault(variable: str | None, word: str | None, made: set[str]) -> str:
    if variable is not None and variable not in _GIVEN and variable not in made:
        return f"there is no variable ${variable}"
    return f"there is no function {word}" if word is not None and word not in _WORDS else ""
