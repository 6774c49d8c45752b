"""Objectives wherever they are written, and the alerts that they are compared with."""

from __future__ import annotations

from time import perf_counter

import pytest

from gatekeeper.links.load_tests import load_tests
from gatekeeper.links.slos import compared, guards, objectives, same, words_of
from gatekeeper.models.slo import Objective
from gatekeeper.models.slo.targets import subject, targets, window, with_unit
from gatekeeper.project import Project
from gatekeeper.testing import project_of

TABLE = """\
# Service level objectives

| Service | SLI | SLO Target |
|---------|-----|------------|
| API | Availability | 99.9% |
| API | Latency (p95) | < 500ms |
| API | Error Rate | < 0.1% |
| Database | Availability | 99.99% |
"""
ERRORS = 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))'


def rules(*alerts: tuple[str, str]) -> str:
    written = "".join(f"          - {{alert: {name}, expr: '{expr}', for: 5m}}\n" for name, expr in alerts)
    return f"groups:\n    - name: a\n      rules:\n{written}"


def made(text: str, path: str = "docs/slo.md") -> list[Objective]:
    return objectives(project_of([(path, text)]))


@pytest.mark.parametrize(
    ("sli", "target", "expected"),
    [
        ("Availability", "99.9%", ("availability", 0.999, None)),
        ("Availability", "99.95% (21.9 min/month downtime)", ("availability", 0.9995, None)),
        ("Availability", "three nines", ("availability", 0.999, None)),
        ("Verfügbarkeit", "99,5 %", ("availability", 0.995, None)),
        ("Error Rate", "< 0.1%", ("error", 0.001, None)),
        ("Error Rate", "<= 0.1 %", ("error", 0.001, None)),
        ("success_rate(api requests)", "99.5% of requests succeed", ("error", 0.005, None)),
        ("Latency (p95)", "< 500ms", ("latency", 0.5, 0.95)),
        ("Latency", "p95 < 500 ms", ("latency", 0.5, 0.95)),
        ("Latency <500ms", "99.5%", ("latency", 0.5, 0.995)),
        ("Latency", "99% of requests < 300ms", ("latency", 0.3, 0.99)),
        ("p99 latency", "≤ 1.5 s", ("latency", 1.5, 0.99)),
        ("Latency", "p95: 300 ms", ("latency", 0.3, 0.95)),
        ("Data freshness", "95% of updates within 1 hour", ("other", None, None)),
        ("Error budget", "0.1%", ("other", None, None)),
        ("Test pass rate", ">= 98%", ("other", None, None)),
        ("Availability", "99.9% of error budget" * 40, ("availability", 0.999, None)),
    ],
)
def test_what_a_target_promises(sli: str, target: str, expected: tuple[str, float | None, float | None]) -> None:
    [found] = targets(sli, target)[:1]
    assert (found.indicator, found.limit, found.quantile) == expected


@pytest.mark.parametrize(
    ("target", "beside", "expected"),
    [
        ("99.9", ("SLO Target", "Availability"), ("availability", 0.999)),
        ("0.999", ("SLO Target", "Success rate"), ("error", 0.001)),
        ("< 0.1", ("SLO Target (%)", "Error rate"), ("error", 0.001)),
        ("0.001", ("Target", "Error ratio"), ("error", 0.001)),
        ("< 0.1", ("SLO Target", "Error rate"), ("error", None)),
        ("500", ("Target (ms)", "p95 latency"), ("latency", 0.5)),
        ("500", ("Target", "p95 latency"), ("latency", None)),
    ],
)
def test_the_unit_of_a_bare_number(target: str, beside: tuple[str, str], expected: tuple[str, float | None]) -> None:
    [found] = targets(beside[1], with_unit(target, *beside))
    assert (found.indicator, found.limit) == expected


def test_what_is_no_target() -> None:
    assert not targets("Availability", "[X]%")
    assert not targets("Throughput", "> 1000 req/s")
    assert [each.limit for each in targets("Latency", "p95 < 500ms, p99 < 1s")] == [0.5, 1.0]
    assert window("30-day rolling") == window("monthly") == 30 * 86_400
    assert (subject("Gateway availability"), subject("P95 Latency")) == ("Gateway", "")


def test_a_table_is_read_and_prose_is_not() -> None:
    found = made(f"{TABLE}\nWe had 99.5% availability in May.\n")
    assert [(each.service, each.indicator, each.limit) for each in found] == [
        ("API", "availability", 0.999), ("API", "latency", 0.5), ("API", "error", 0.001),
        ("Database", "availability", 0.9999),
    ]  # fmt: skip
    assert [each.span.line for each in found] == [5, 6, 7, 8]


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace("# Service level objectives", "# Example of service level objectives"),
        TABLE.replace("# Service level objectives", "# Proposed SLOs"),
        TABLE.replace("| SLO Target |", "| SLO Target | Actual |").replace("% |\n", "% | 99.97% |\n"),
        TABLE.replace("Service level objectives", "Nightly run")
        .replace("SLI", "Metric")
        .replace("SLO Target", "Target"),
    ],
)
def test_what_is_said_to_be_something_else_is_no_promise(table: str) -> None:
    assert not made(table)


def test_every_form_says_the_same() -> None:
    forms = {
        "slo/sloth.yaml": "version: prometheus/v1\nservice: orders\nslos:\n  - {name: availability, objective: 99.9}\n",
        "slo/open.yaml": "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: availability}\n"
        "spec:\n  service: orders\n  objectives: [{target: 0.999}]\n",
        "slo/pyrra.yaml": "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\n"
        "metadata: {name: availability}\n"
        'spec:\n  target: "99.9"\n  window: 4w\n  indicator: {bool_gauge: {metric: \'up{job="orders"}\'}}\n',
        "main.tf": 'resource "datadog_service_level_objective" "a" {\n  name = "availability"\n'
        '  tags = ["service:orders"]\n  thresholds {\n    timeframe = "30d"\n    target = 99.9\n  }\n}\n',
        "slo.tf": 'resource "google_monitoring_slo" "a" {\n  display_name = "availability"\n  goal = 0.999\n}\n',
    }
    for path, text in forms.items():
        [found] = made(text, path)
        assert (found.indicator, found.limit) == ("availability", 0.999), path
        assert found.service == ("" if path == "slo.tf" else "orders")


def test_a_template_is_not_known() -> None:
    [found] = made(
        "version: prometheus/v1\nservice: a\nslos:\n  - {name: availability, objective: '{{ .Values.x }}'}\n", "a.yaml"
    )
    assert found.limit is None


def test_names() -> None:
    assert words_of("order-service") == words_of("Order Service") == words_of("orders") == {"order"}
    assert same(words_of("orders"), words_of("orders-api"))
    assert not same(words_of("api"), words_of("orders-api"))
    assert not same(words_of("orders"), words_of("payments"))


def _project(*alerts: tuple[str, str]) -> Project:
    return project_of([("docs/slo.md", TABLE), ("rules.yaml", rules(*alerts))])


def test_alerts_join_by_kind_and_service() -> None:
    project = _project(("HighErrorRate", f"{ERRORS} > 0.05"), ("DatabaseDown", "pg_up == 0"))
    by_name = {each.called: guards(each, project) for each in objectives(project)}
    assert [each.title for each in by_name["API Error Rate"].fitting] == ["HighErrorRate"]
    assert [each.title for each in by_name["Database Availability"].fitting] == ["DatabaseDown"]
    assert not by_name["API Availability"].fitting


def test_an_alert_called_after_something_else_is_in_doubt() -> None:
    project = _project(("LLMHighErrorRate", f"{ERRORS} > 0.05"))
    promised = next(each for each in objectives(project) if each.indicator == "error")
    assert not guards(promised, project).fitting
    assert [each.title for each in guards(promised, project).doubts] == ["LLMHighErrorRate"]


@pytest.mark.parametrize(
    ("expr", "limits"),
    [
        (f"{ERRORS} > 14.4 * 0.001 and {ERRORS.replace('5m', '1h')} > 14.4 * 0.001", True),
        (f"100 * ({ERRORS}) > 14.4 * 0.1 and 100 * ({ERRORS.replace('5m', '1h')}) > 14.4 * 0.1", True),
        (f"{ERRORS} > 14.4 * 0.01 and {ERRORS.replace('5m', '1h')} > 14.4 * 0.01", False),
        (f"{ERRORS} > 6 * (1 - 0.995) and {ERRORS.replace('5m', '1h')} > 6 * (1 - 0.995)", False),
        (f"{ERRORS} > 0.2 and {ERRORS.replace('5m', '1h')} > 0.2", False),
    ],
)
def test_only_its_own_budget_excuses(expr: str, limits: bool) -> None:
    project = _project(("ErrorBudgetBurn", expr))
    promised = next(each for each in objectives(project) if each.indicator == "error")
    assert bool(guards(promised, project).burning) is limits


def test_how_much_looser() -> None:
    project = _project(("HighErrorRate", f"{ERRORS} > 0.05"))
    promised = next(each for each in objectives(project) if each.indicator == "error")
    [alarm] = guards(promised, project).fitting
    found = compared(promised, alarm, project)
    assert found is not None
    assert found.factor == pytest.approx(50)


def test_recorded_series_are_written_out() -> None:
    text = rules(("HighErrorRate", "job:failed:ratio5m > 0.05")).replace(
        "      rules:\n", f"      rules:\n          - {{record: 'job:failed:ratio5m', expr: '{ERRORS}'}}\n"
    )
    project = project_of([("docs/slo.md", TABLE), ("rules.yaml", text)])
    promised = next(each for each in objectives(project) if each.indicator == "error")
    [alarm] = guards(promised, project).fitting
    found = compared(promised, alarm, project)
    assert found is not None
    assert found.factor == pytest.approx(50)


def test_thresholds_are_read_as_text() -> None:
    script = 'import http from "k6/http";\nexport const options = {{\n  thresholds: {{ {0} }},\n}};\n'
    inside = 'http_req_duration: ["p(95)<500"], // http_req_failed: ["rate<0.5"]\n http_req_failed: ["rate<0.01"]'
    [test] = load_tests(project_of([("perf/a.js", script.format(inside))]))
    assert [(each.kind, each.quantile, each.value) for each in test.limits] == [
        ("latency", 0.95, 0.5), ("error", None, 0.01),
    ]  # fmt: skip


def test_hostile_texts_take_no_longer() -> None:
    started = perf_counter()
    for text in ("9" * 100_000, "(" * 50_000, "p9" * 50_000, "99.9%" * 20_000, "a b " * 25_000):
        targets(text, text)
        subject(text)
        words_of(text)
    made(TABLE.replace("99.9%", "9" * 50_000))
    load_tests(project_of([("perf/a.js", 'import "k6"; from "k6/http" http thresholds: {' + "{" * 50_000)]))
    assert perf_counter() - started < 3


def test_many_alerts_are_quick() -> None:
    alerts = [(f"HighErrorRate{number}", f"{ERRORS} > 0.0{number % 9 + 1}") for number in range(600)]
    table = TABLE + "".join(f"| Service{chr(97 + n % 26)}{n} | Error Rate | < 0.1% |\n" for n in range(50))
    project = project_of([("docs/slo.md", table), ("rules.yaml", rules(*alerts))])
    guards(objectives(project)[0], project)
    started = perf_counter()
    for each in objectives(project):
        guards(each, project)
    assert perf_counter() - started < 2
