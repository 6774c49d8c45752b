from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links.load_tests import Limit, Load, load_tests
from gatekeeper.links.slos import distinct_services, same, shown, stands, words_of
from gatekeeper.models.slo import Objective
from gatekeeper.rule import Answer, Reason, rule

_EQUAL = 1.001


def _tests(objective: Objective, project: Project) -> list[Load]:
    """The load tests of the service: those whose path names it; all of them where there is one service."""
    every = [each for each in load_tests(project) if not each.other]
    own = words_of(objective.service)
    named = [
        each for each in every if any(same(own, words_of(step)) for step in each.path.rpartition(".")[0].split("/"))
    ]
    return named or (every if len(distinct_services(project)) == 1 else [])


def _loaded(objective: Objective, project: Project) -> bool:
    if (
        not stands(objective, project)
        or objective.limit is None
        or (objective.indicator == "latency" and objective.quantile is None)
    ):
        return False
    return objective.indicator in ("latency", "error") and bool(_tests(objective, project))


@rule(
    "slo-load-test", gate="slo", severity="medium", seed="3.3 Quality Gates, Performance benchmarks met", where=_loaded
)
def load_test(objective: Objective, project: Project) -> Iterator[Answer]:
    """The load test is held to the objective.

    A load test that passes at a second per request says nothing about a promise of half a second: the release goes out,
    and the objective is missed in production. Each objective of latency or errors is compared with the `thresholds` of
    k6, in scripts and in the summary of a run: a limit for the same percentile (or a higher one) of
    `http_req_duration`, or for the rate of `http_req_failed`, that is no looser. The strictest of all counts. Where
    several services have objectives, a script is about the one that its path names. Tests of other traffic than that of
    every day (stress, spike, soak, smoke, by their file's name) are not judged.

    Bad:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    | API | Error Rate | < 0.1% | <!-- expect: no limit for errors -->
    ```
    ```javascript perf/orders.js
    import http from "k6/http";
    export const options = {
      thresholds: {
        // expect: p95 may be 1 s here; docs/slo.md:5 promises < 500ms (2x)
        http_req_duration: ["p(95)<1000"],
      },
    };
    ```

    Good:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    | API | Error Rate | < 0.1% |
    ```
    ```javascript perf/orders.js
    import http from "k6/http";
    export const options = {
      thresholds: {
        "http_req_duration{expected_response:true}": ["avg<200", "p(99)<500"],
        http_req_failed: [{ threshold: "rate<0.001", abortOnFail: true }],
      },
    };
    ```

    Unknown, the limit is computed:
    ```markdown docs/slo.md
    # Service level objectives

    | Service | SLI | SLO Target |
    |---------|-----|------------|
    | API | Latency (p95) | < 500ms |
    ```
    ```javascript perf/orders.js
    import http from "k6/http";
    export const options = {
      thresholds: { http_req_duration: [`p(95)<${__ENV.LIMIT}`] },
    };
    ```
    """
    limits = [
        limit for test in _tests(objective, project) for limit in test.limits if limit.kind == objective.indicator
    ]
    fitting = [limit for limit in limits if limit.value is not None and _as_strict(limit, objective)]
    strictest = min(fitting, key=_value, default=None)
    promised = objective.limit or 0.0
    where = f"{objective.path}:{objective.span.line} promises {objective.promise}"
    if strictest is not None and (promised <= 0 or _value(strictest) / promised <= _EQUAL):
        return
    computed = next((limit for limit in limits if limit.value is None), None)
    if computed is not None:
        yield Unknown(computed.at, f"the limit of the load test is computed; {where}", Reason.UNRESOLVED)
    elif strictest is not None:
        unit = "seconds" if objective.indicator == "latency" else "ratio"
        what = f"p{(strictest.quantile or 0) * 100:g}" if strictest.quantile else "the rate of errors"
        words = f"{what} may be {shown(_value(strictest), unit)} here; {where} ({_value(strictest) / promised:.3g}x)"
        note = Note(objective, f"{objective.called}: {objective.promise}")
        yield Finding(strictest.at, words, (note,), Fix("hold the load test to the objective"))
    else:
        what = f"p{(objective.quantile or 0) * 100:g}" if objective.indicator == "latency" else "errors"
        test = _tests(objective, project)[0]
        yield Finding(objective, f"{test.path} has no limit for {what}", (Note(test.at, "the load test"),))


def _value(limit: Limit) -> float:
    return limit.value or 0.0


def _as_strict(limit: Limit, objective: Objective) -> bool:
    return objective.indicator == "error" or (limit.quantile or 0) >= (objective.quantile or 0) - 1e-6
