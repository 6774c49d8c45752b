"""The limits that load tests of k6 are given: in their scripts, and in what a run left behind.

A script is a program, and is not run: its thresholds are read as text, as far as they are written out.
https://grafana.com/docs/k6/latest/using-k6/thresholds/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models import Place
from gatekeeper.models.evidence import Evidence
from gatekeeper.models.evidence.facts import LoadTest
from gatekeeper.node import Source, Span, regex
from gatekeeper.project import Project

_SCRIPT = regex(
    r"(?:.*/)?(?:(?:[^/]{0,60}(?:k6|load|perf|stress|soak|spike|smoke|bench)[^/]{0,60}|scripts?|tests?)/.{0,200}"
    r"|[^/]{0,60}(?:k6|load|perf|stress|soak|spike)[^/]{0,60})\.(?:js|ts|mjs)\Z", 2
)  # fmt: skip
_NOT_OURS = ("node_modules/", "/vendor/", "vendor/", "dist/")
_OF_K6 = regex(r"""from\s{1,9}["']k6(?:/[\w./]{1,40})?["']|require\(["']k6""")
_THRESHOLDS = regex(r"[\"']?thresholds[\"']?\s{0,9}:\s{0,9}\{")
_ENTRY = regex(r"[\"'`]?(http_req_(?:duration|failed))(?:\{[^{}\n]{0,100}\})?[\"'`]?\s{0,9}:\s{0,9}\[")
_PERCENTILE = regex(r"p\((\d{1,2}(?:\.\d{1,3})?)\)\s{0,4}<=?\s{0,4}(\d{1,7}(?:\.\d{1,3})?)")
_RATE = regex(r"rate\s{0,4}<=?\s{0,4}(\d?\.\d{1,8}|[01])")
_COMMENT = regex(r"(?:^|[ \t])//[^\n]*", 8)
_OTHER = regex(r"(?:stress|spike|soak|smoke|breakpoint|chaos|capacity)[^/]{0,60}\Z", 2)  # other than what is promised
_MOST = 300  # files that may be scripts
_LONGEST = 8000  # characters of thresholds


class Limit(NamedTuple):
    """One limit: of latency at a quantile in seconds, or of errors as a ratio. `value` is None where it is computed."""

    kind: str
    quantile: float | None
    value: float | None
    at: Place


class Load(NamedTuple):
    """A load test: its file, and the limits that it is given. One of `other` traffic than
    that of every day is held to something else."""

    path: str
    limits: list[Limit]
    at: Place
    other: bool = False


def load_tests(project: Project) -> list[Load]:
    return project.once("load tests", lambda project: [*_scripts(project), *_runs(project)])


def _scripts(project: Project) -> Iterator[Load]:
    paths = [path for path in project.tree.paths if _SCRIPT.match(path) and not any(each in path for each in _NOT_OURS)]
    for path in paths[:_MOST]:
        source = project.tree.source(path)
        try:
            text = source.text
        except Unreadable:
            continue
        if "k6" in text and _OF_K6.search(text) and "http" in text:
            found = list(_limits(source))
            at = found[0].at if found else Place(source, source.line_span(1))
            yield Load(path, found, at, other=_OTHER.search(path) is not None)


def _limits(source: Source) -> Iterator[Limit]:
    text = source.text
    for opened in _THRESHOLDS.finditer(text):
        inside = text[opened.end() : opened.end() + _LONGEST]
        inside = inside[: _closing(inside)]
        inside = _COMMENT.sub(lambda found: " " * len(found[0]), inside)
        for entry in _ENTRY.finditer(inside):
            listed = inside[entry.end() :].partition("]")[0]
            at = Place(source, source.span(opened.end() + entry.start(), opened.end() + entry.end() + len(listed) + 1))
            yield from _read(entry[1], listed, at)


def _closing(text: str) -> int:
    depth = 1
    for at, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if not depth:
            return at
    return len(text)


def _read(metric: str, listed: str, at: Place) -> Iterator[Limit]:
    if metric == "http_req_failed":
        found = _RATE.search(listed)
        yield Limit("error", None, float(found[1]) if found else None, at)
        return
    shares = list(_PERCENTILE.finditer(listed))
    for share in shares:
        yield Limit("latency", float(share[1]) / 100, float(share[2]) / 1000, at)
    if not shares and ("${" in listed or "p(" in listed or not listed.strip("'\"` \n,").strip()):
        yield Limit("latency", None, None, at)


def _runs(project: Project) -> Iterator[Load]:
    """What the evidence of a run says that it was given."""
    for evidence in project.all(Evidence):
        facts = evidence.facts
        if isinstance(facts, LoadTest) and facts.thresholds:
            at = Place(evidence.node.source, Span(1, 1, 1, 1))
            found = [
                limit
                for each in facts.thresholds
                if each.metric.partition("{")[0] in ("http_req_duration", "http_req_failed")
                for limit in _read(each.metric.partition("{")[0], each.expression, at)
            ]
            yield Load(evidence.path, found, at)
