from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.evidence import Evidence, Revision
from gatekeeper.models.evidence.facts import Benchmarks, LoadTest
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule

_MOST_FAILED = 0.5  # above it the latency is mostly that of errors


@rule("load-test", gate="performance", severity="high", seed="3.3 Quality Gates, Performance benchmarks met")
def load_test(revision: Revision, project: Project) -> Iterator[Answer]:
    """Latency under load meets its target.

    With `thresholds: {load: {max_ms: 500}}` the 95th percentile of `http_req_duration` is compared (metric and
    percentile can be named); without it, the thresholds that the load test was given count. A run without any threshold
    passes whatever happens, and proves nothing. Micro-benchmarks are no load. A run holds for 30 days.

    Unknown, no threshold:
    ```json .gatekeeper/evidence/k6.json
    {"metrics": {"http_req_duration": {"type": "trend", "contains": "time", "values": {"p(95)": 12.5}},
      "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 1200, "rate": 40}}},
     "root_group": {"name": "", "path": ""}, "state": {"testRunDurationMs": 30000.0}}
    ```

    Unknown, a benchmark of functions:
    ```json .gatekeeper/evidence/benchmark.json
    {"machine_info": {"node": "ci"}, "commit_info": {"id": "0123456789abcdef", "dirty": false}, "version": "5.1.0",
     "datetime": "2026-11-20T10:00:00+00:00", "benchmarks": [{"name": "test_parse", "stats": {"mean": 0.001}}]}
    ```
    """
    asked = project.settings.thresholds.load
    found = proofs(LoadTest, project, ["k6"], max_age=asked.max_age, any_commit=True)
    yield from found.open
    if not found.held and not found.open:
        yield from none(project, _nothing(project))
    for held in found.held:
        if held.facts.failed is not None and held.facts.failed > _MOST_FAILED:
            words = f"{held.evidence.path}: {held.facts.failed:.1%} of the requests failed: no work was measured"
            yield Unknown(held.at, words, Reason.EMPTY)
        yield from _own_thresholds(held) if asked.max_ms is None else _target(held, project)


def _nothing(project: Project) -> str:
    benchmarks = next((e for e in project.all(Evidence) if isinstance(e.facts, Benchmarks)), None)
    return f"{benchmarks.path} measures functions, not a service under load" if benchmarks else "no load test"


def _own_thresholds(held: Held[LoadTest]) -> Iterator[Answer]:
    thresholds = held.facts.thresholds
    if not thresholds:
        words = f"{held.evidence.path}: the load test has no threshold: it passes whatever happens"
        yield Unknown(held.at, words, Reason.EMPTY)
        return
    if not any(held.facts.percentiles.get(each.metric) or "duration" in each.metric for each in thresholds):
        words = f"{held.evidence.path}: none of its thresholds is about how long something takes"
        yield Unknown(held.at, words, Reason.EMPTY)
    kept = sum(1 for each in thresholds if each.held)
    yield held.measure(f"{kept} of {len(thresholds)} load thresholds hold", len(thresholds))
    if kept == len(thresholds):
        yield from held.failed()
    for each in thresholds:
        if not each.held:
            yield Finding(held.line(each.line), f"{each.metric} {each.expression} did not hold")


def _target(held: Held[LoadTest], project: Project) -> Iterator[Answer]:
    asked = project.settings.thresholds.load
    measured = held.facts.percentiles.get(asked.metric, {}).get(asked.percentile)
    name = f"p({asked.percentile:g}) of {asked.metric}"
    if measured is None:
        yield Unknown(held.at, f"{held.evidence.path} does not give {name}", Reason.NO_EVIDENCE)
        return
    assert asked.max_ms is not None
    yield held.measure(f"{name} {measured:g} ms, at most {asked.max_ms:g} asked", held.facts.requests or 1)
    if measured > asked.max_ms:
        yield Finding(held.at, f"{name} is {measured:g} ms; at most {asked.max_ms:g} ms is asked")
    else:
        yield from held.failed()
