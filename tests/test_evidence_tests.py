"""Readers of test runs, coverage, load tests and benchmarks: real reports, the lies that were seen, and broken ones."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.models.evidence import readers
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Benchmarks, Coverage, Facts, LoadTest, TestRun, Threshold
from gatekeeper.node import Source

HERE = Path(__file__).parent / "evidence"


def artifact(text: str | bytes, name: str = "report") -> Artifact:
    return Artifact(Source(name, ""), text.encode() if isinstance(text, str) else text)


def facts(text: str | bytes, format: str) -> Facts:
    (found,) = readers.read(artifact(text), format)
    return found


def real(path: str) -> str:
    return (HERE / path).read_text(encoding="utf-8")


def run(text: str) -> TestRun:
    found = facts(text, "junit")
    assert isinstance(found, TestRun)
    return found


def coverage(text: str, format: str) -> dict[str, tuple[int, int]]:
    found = facts(text, format)
    assert isinstance(found, Coverage)
    return {metric: (ratio.covered, ratio.total) for metric, ratio in found.metrics.items()}


def load(document: object) -> LoadTest:
    found = facts(document if isinstance(document, str) else json.dumps(document, indent=1), "k6")
    assert isinstance(found, LoadTest)
    return found


def unusable(text: str | bytes, format: str) -> tuple[str, int]:
    with pytest.raises(Unusable) as caught:
        facts(text, format)
    return caught.value.reason, caught.value.line


# test runs

OUTCOMES = ["passed", "failure", "error", "skipped"]


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.lists(st.sampled_from(OUTCOMES), max_size=5), lambda inner: st.lists(inner, min_size=1, max_size=3)
    ),
    st.data(),
)
def test_cases_are_counted_whatever_the_suites_state(suites: list[Any], data: st.DataObject) -> None:
    counts = dict.fromkeys(OUTCOMES, 0)
    lied = False

    def suite(items: list[Any]) -> str:
        nonlocal lied
        inside = []
        before = sum(counts.values())
        for item in items:
            if isinstance(item, list):
                inside.append(suite(item))
                continue
            counts[item] += 1
            child = "" if item == "passed" else f"<{item}/>"
            inside.append(f'<testcase name="n{sum(counts.values())}">{child}</testcase>\n')
        own, below = sum(isinstance(item, str) for item in items), sum(counts.values()) - before
        stated = data.draw(st.sampled_from([own, below, 100]))
        lied = lied or stated == 100
        return f'<testsuite tests="{stated}">{"".join(inside)}</testsuite>'

    text = f"<testsuites>{suite(suites)}</testsuites>"
    if sum(counts.values()) == counts["skipped"]:
        assert unusable(text, "junit")[0] == "empty"
        return
    found = run(text)
    assert (found.cases, found.failures, found.errors, found.skipped) == (
        sum(counts.values()), counts["failure"], counts["error"], counts["skipped"],
    )  # fmt: skip
    assert bool(found.claims) == lied
    lines = text.splitlines()
    assert len(found.bad) == found.failures + found.errors
    assert all(f'name="{case.name}"' in lines[case.line - 1] for case in found.bad)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(OUTCOMES)), min_size=1, max_size=8))
def test_only_failures_and_then_one_pass_are_a_retry(attempts: list[tuple[str, str]]) -> None:
    children = {"passed": "", "failure": "<failure/>", "error": "<error/>", "skipped": "<skipped/>"}
    cases = [f'<testcase classname="c" name="{name}">{children[outcome]}</testcase>' for name, outcome in attempts]
    ran = {name: [outcome for n, outcome in attempts if n == name and outcome != "skipped"] for name in "ab"}
    flaky = {name for name, each in ran.items() if each[-1:] == ["passed"] and len(each) > 1 == each.count("passed")}
    counted = [outcome for name, outcome in attempts if name not in flaky or outcome not in ("failure", "error")]
    text = f"<testsuite>{''.join(cases)}</testsuite>"
    if set(counted) == {"skipped"}:
        assert unusable(text, "junit")[0] == "empty"
        return
    found = run(text)
    assert found.flaky == len(flaky)
    assert found.cases == len(counted)
    assert (found.failures, found.errors) == (counted.count("failure"), counted.count("error"))
    assert len(found.bad) == found.failures + found.errors


def test_the_same_name_in_another_suite_is_no_retry() -> None:
    chromium = '<testsuite name="chromium"><testcase name="a"><failure/></testcase></testsuite>'
    firefox = '<testsuite name="firefox"><testcase name="a"/></testsuite>'
    found = run(f"<testsuites>{chromium}{firefox}</testsuites>")
    assert (found.cases, found.failures, found.flaky) == (2, 1, 0)


def test_what_real_runners_write() -> None:
    pytest_run = run(real("junit/pytest.xml"))
    assert (pytest_run.cases, pytest_run.failures, pytest_run.errors, pytest_run.skipped) == (10, 3, 2, 2)
    assert pytest_run.made == datetime.datetime(2026, 11, 25, 16, 14, 2, 435352, datetime.UTC)
    assert pytest_run.bad[1].message == 'failed on setup with "RuntimeError: no database"'
    gotestsum = run(real("junit/gotestsum-rerun.xml"))
    assert gotestsum.flaky == 1 and "TestFlaky" not in {case.name.split()[-1] for case in gotestsum.bad}
    surefire = run(real("junit/surefire-rerun.xml"))
    assert (surefire.cases, surefire.failures, surefire.errors, surefire.flaky) == (6, 1, 1, 2)
    assert "states tests='2', counted 6" in surefire.claims
    assert surefire.made is None
    vitest = run(real("junit/vitest.xml"))
    assert vitest.bad[0].name == "test/a.test.mjs: cart > fails" and vitest.bad[0].line == 6


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ('<testcase name="a" status="notrun" result="suppressed"/>', (2, 0, 0, 1)),
        ('<testcase name="a" status="failed"/>', (2, 1, 0, 0)),
        ('<testcase name="a"><rerunFailure/></testcase>', (2, 1, 0, 0)),
        ('<testcase name="a"><skipped/><error/></testcase>', (2, 0, 1, 0)),
        ('<testcase name="a"><system-out><failure/></system-out></testcase>', (2, 0, 0, 0)),
        ('<failure message="set-up broke"/>', (1, 0, 1, 0)),
    ],
)
def test_a_case_that_did_not_pass_is_none_that_passed(case: str, expected: tuple[int, ...]) -> None:
    found = run(f'<testsuite tests="10" failures="0"><testcase name="b"/>{case}</testsuite>')
    assert (found.cases, found.failures, found.errors, found.skipped) == expected


def test_a_run_that_ran_nothing_is_no_run() -> None:
    assert unusable(real("junit/pytest-no-tests.xml"), "junit") == ("empty", 1)
    assert unusable('<testsuite tests="10" failures="0"/>', "junit") == ("empty", 1)
    assert unusable("<testsuite><testcase><skipped/></testcase></testsuite>", "junit") == ("empty", 1)
    assert unusable("<testsuite>\n<testcase><testcase/></testcase></testsuite>", "junit") == ("unreadable", 2)


def test_a_run_is_as_old_as_its_oldest_suite_that_tells_a_zone() -> None:
    def suite(time: str) -> str:
        return f'<testsuite timestamp="{time}"><testcase name="a"/></testsuite>'

    assert run(suite("2026-01-02T03:04:05")).made is None
    found = run(f"<testsuites>{suite('2026-01-02T03:04:05Z')}{suite('2025-01-02T03:04:05+01:00')}</testsuites>")
    assert found.made == datetime.datetime(2025, 1, 2, 2, 4, 5, tzinfo=datetime.UTC)


# coverage

reports = st.lists(  # records of a file: lines with hits, branches of a line with whether they were taken
    st.tuples(
        st.sampled_from(["a.py", "b.py"]),
        st.dictionaries(st.integers(1, 9), st.integers(0, 2), max_size=5),
        st.dictionaries(st.integers(1, 9), st.lists(st.booleans(), min_size=1, max_size=3), max_size=2),
    ),
    min_size=1,
    max_size=5,
)


def merged(records: list[Any]) -> dict[str, tuple[int, int]]:
    lines: dict[tuple[str, int], bool] = {}
    branches: dict[tuple[str, int, int], bool] = {}
    for path, hits, taken in records:
        for number, count in hits.items():
            lines[path, number] = lines.get((path, number), False) or count > 0
        for number, each in taken.items():
            for branch, was in enumerate(sorted(each, reverse=True)):
                key = (path, number, branch)
                branches[key] = branches.get(key, False) or was
    found = {"line": (sum(lines.values()), len(lines)), "branch": (sum(branches.values()), len(branches))}
    return {metric: ratio for metric, ratio in found.items() if ratio[1]}


def as_lcov(records: list[Any]) -> str:
    text = ""
    for path, hits, taken in records:
        text += f"SF:{path}\n" + "".join(f"DA:{number},{count}\n" for number, count in hits.items())
        for number, each in taken.items():
            text += "".join(f"BRDA:{number},0,{i},{int(was)}\n" for i, was in enumerate(sorted(each, reverse=True)))
        text += "LF:100\nLH:100\nend_of_record\n" if hits else "end_of_record\n"
    return text


def as_cobertura(records: list[Any]) -> str:
    classes = ""
    for path, hits, taken in records:
        lines = ""
        for number in sorted({*hits, *taken}):
            each = taken.get(number)
            condition = f' condition-coverage="50% ({sum(each)}/{len(each)})"' if each else ""
            lines += f'<line number="{number}" hits="{hits.get(number, 0)}"{condition}/>'
        method = f'<method name="m" line-rate="1"><lines>{lines}</lines></method>'
        classes += f"<class filename={quoteattr(path)}><methods>{method}</methods><lines>{lines}</lines></class>"
    package = f"<packages><package><classes>{classes}</classes></package></packages>"
    return f'<coverage line-rate="1" lines-valid="9" lines-covered="9">{package}</coverage>'


@settings(max_examples=200, deadline=None)
@given(reports)
def test_a_line_counts_once_however_often_it_is_listed(records: list[Any]) -> None:
    # where a branch is, there is a line
    records = [(path, {**dict.fromkeys(taken, 0), **hits}, taken) for path, hits, taken in records]
    expected = merged(records)
    for text, format in ((as_lcov(records), "lcov"), (as_cobertura(records), "cobertura")):
        if expected:
            assert coverage(text, format) == expected
        else:
            assert unusable(text, format)[0] == "empty"


def test_what_real_coverage_tools_write() -> None:
    python = {"line": (7, 9), "branch": (3, 4)}
    assert coverage(real("coverage_py/coverage.json"), "coverage_py") == python
    assert coverage(real("cobertura/coverage-py.xml"), "cobertura") == python
    assert coverage(real("lcov/coverage-py.info"), "lcov") == {**python, "function": (1, 2)}
    assert coverage(real("coverage_py/no-branches.json"), "coverage_py") == {"line": (7, 9)}
    node = {"line": (6, 7), "branch": (2, 4)}
    assert coverage(real("cobertura/nyc.xml"), "cobertura") == node
    assert coverage(real("lcov/nyc.info"), "lcov") == {**node, "function": (1, 2)}
    assert coverage(real("istanbul/nyc.json"), "istanbul") == {**node, "function": (1, 2), "statement": (8, 11)}
    assert coverage(real("jacoco/jacoco.xml"), "jacoco") == {
        "line": (4, 7), "branch": (3, 10), "instruction": (26, 56), "function": (1, 5),
    }  # fmt: skip


def test_times_are_told_only_with_a_zone() -> None:
    made = {
        path: facts(real(path), path.partition("/")[0]).made
        for path in ("coverage_py/coverage.json", "cobertura/coverage-py.xml", "jacoco/jacoco.xml")
    }
    assert made["coverage_py/coverage.json"] is None
    assert made["cobertura/coverage-py.xml"] == datetime.datetime(2026, 11, 25, 16, 14, 2, tzinfo=datetime.UTC)
    assert made["jacoco/jacoco.xml"] == datetime.datetime(2026, 11, 25, 16, 14, 47, tzinfo=datetime.UTC)


def test_totals_and_rates_are_not_believed() -> None:
    jacoco = real("jacoco/jacoco.xml")
    lie = jacoco.replace(
        '<counter type="LINE" missed="3" covered="4"/>', '<counter type="LINE" missed="0" covered="7"/>'
    )
    assert lie != jacoco and coverage(lie, "jacoco") == coverage(jacoco, "jacoco")
    document = json.loads(real("coverage_py/coverage.json"))
    document["totals"] = {"covered_lines": 9, "num_statements": 9, "percent_covered": 100.0}
    for file in document["files"].values():
        file["summary"].update(covered_lines=9, num_statements=9, num_branches=4, covered_branches=4)
    assert coverage(json.dumps(document), "coverage_py") == {"line": (7, 9), "branch": (3, 4)}
    summary = json.loads(real("istanbul/nyc.json"))
    summary["total"]["lines"] = {"total": 7, "covered": 7, "skipped": 0, "pct": 100}
    assert coverage(json.dumps(summary), "istanbul")["line"] == (6, 7)


def test_coverage_of_nothing_is_no_coverage() -> None:
    nothing = {"total": 0, "covered": 0, "skipped": 0, "pct": 100}
    entry = dict.fromkeys(["lines", "statements", "functions", "branches"], nothing)
    assert unusable(json.dumps({"total": entry, "a.js": entry}), "istanbul") == ("empty", 1)
    entry = {**entry, "lines": {"total": 2, "covered": 1, "skipped": 0, "pct": 50}}
    assert coverage(json.dumps({"total": entry}), "istanbul") == {"line": (1, 2)}
    assert unusable('<coverage line-rate="1"><packages/></coverage>', "cobertura") == ("empty", 1)
    assert unusable('<report name="a"><counter type="LINE" missed="0" covered="9"/></report>', "jacoco")[0] == "empty"
    assert unusable("SF:a.py\nend_of_record\n", "lcov") == ("empty", 1)
    assert unusable('{"meta": {"branch_coverage": true}, "files": {}}', "coverage_py") == ("empty", 1)


def test_jacoco_without_lines_keeps_what_was_compiled_without_their_numbers() -> None:
    method = '<method name="m" desc="()V"><counter type="INSTRUCTION" missed="9" covered="1"/></method>'
    file = '<sourcefile name="A.java"><counter type="LINE" missed="1" covered="2"/></sourcefile>'
    package = f'<package name="p"><class name="A">{method}</class>{file}</package>'
    report = f'<report name="r"><group name="g">{package}</group></report>'
    assert coverage(report, "jacoco") == {"instruction": (1, 10), "line": (2, 3)}


def test_cobertura_counts_lines_of_methods_where_classes_list_none() -> None:
    method = '<method name="m"><lines><line number="1" hits="0"/></lines></method>'
    classes = f'<class filename="a.py"><methods>{method}</methods><lines/></class>'
    assert coverage(f'<coverage line-rate="1"><classes>{classes}</classes></coverage>', "cobertura") == {"line": (0, 1)}


def test_lcov_totals_stand_in_only_where_nothing_is_listed() -> None:
    text = "TN:\nSF:a.c\nFNL:0,3\nFNA:0,2,f\nFNL:1,9\nFNA:1,0,g\nLF:4\nLH:3\nBRF:2\nBRH:0\nend_of_record\n"
    assert coverage(text, "lcov") == {"line": (3, 4), "branch": (0, 2), "function": (1, 2)}
    assert coverage("SF:a.c\nFN:1,4,f(int, int)\nFN:6,g\nFNDA:2,f(int, int)\nend_of_record\n", "lcov") == {
        "function": (1, 2)
    }


@pytest.mark.parametrize(
    ("text", "format", "line"),
    [
        ("SF:a.c\nDA:1,-1\nend_of_record\n", "lcov", 2),
        ("SF:a.c\nDA:1,1\n", "lcov", 2),
        ("SF:a.c\nDA:1,1\nSF:b.c\nend_of_record\n", "lcov", 3),
        ("SF:a.c\nend_of_record\nDA:1,1\n", "lcov", 3),
        ("SF:a.c\nLF:1\nLH:2\nend_of_record\n", "lcov", 1),
        ("SF:a.c\nBRDA:1,0\nend_of_record\n", "lcov", 2),
        ('<coverage line-rate="1">\n<line number="1"/></coverage>', "cobertura", 2),
        ('<coverage>\n<line number="1" hits="1" condition-coverage="100% (3/2)"/></coverage>', "cobertura", 2),
        ('<coverage>\n<line number="1" hits="1" condition-coverage="(1/99999)"/></coverage>', "cobertura", 2),
        ('<report><sourcefile>\n<line nr="1" ci="-1"/></sourcefile></report>', "jacoco", 2),
        ('{"total": {"lines": {"total": 1, "covered": 2}}}', "istanbul", 1),
        ('{"meta": {}, "files": {"a.py": {"summary": {}, "missing_lines": []}}}', "coverage_py", 1),
    ],
)
def test_numbers_that_cannot_be_are_unusable(text: str, format: str, line: int) -> None:
    assert unusable(text, format) == ("unreadable", line)


# load tests and benchmarks


def test_true_is_a_failure_in_the_one_form_and_ok_in_the_other() -> None:
    for name in ("summary-export", "handle-summary"):
        text = real(f"k6/{name}.json")
        found = load(text)
        assert found.requests == 10
        assert {(t.metric, t.expression): t.held for t in found.thresholds} == {
            ("http_req_duration", "p(95)<500"): True,
            ("http_req_duration", "p(99)<0.001"): False,
            ("http_req_duration{kind:slow}", "p(95)<900"): True,
            ("http_req_failed", "rate<0.01"): True,
        }
        assert all(t.expression in text.splitlines()[t.line - 1] for t in found.thresholds)
        assert set(found.percentiles) == {"http_req_duration", "http_req_duration{kind:slow}"}
        assert set(found.percentiles["http_req_duration"]) == {50.0, 90.0, 95.0, 99.0}


def test_no_thresholds_are_none_that_held() -> None:
    assert load(real("k6/no-thresholds.json")).thresholds == ()


def test_a_threshold_without_a_sample_proves_nothing() -> None:
    assert unusable(real("k6/no-samples.json"), "k6") == ("empty", 1)
    document = json.loads(real("k6/no-samples.json"))
    document["metrics"]["http_reqs"]["thresholds"] = {"count>1000": True}  # one that was crossed says no all the same
    assert [(t.metric, t.held) for t in load(document).thresholds] == [("http_reqs", False)]
    document["metrics"]["checkout_time"] = {"avg": 0, "p(95)": 0, "thresholds": {"p(95)<9": False}}
    assert len(load(document).thresholds) == 1
    document["metrics"]["checkout_time"]["count"] = 7  # samples of zero
    assert len(load(document).thresholds) == 2
    document["metrics"]["http_reqs"]["count"] = document["metrics"]["iterations"]["count"] = 0
    assert unusable(json.dumps(document), "k6") == ("empty", 1)


def test_a_counter_of_none_held() -> None:
    metrics = {"iterations": {"count": 5}, "errors": {"count": 0, "rate": 0, "thresholds": {"count<1": False}}}
    assert load({"metrics": metrics}).thresholds == (Threshold("errors", "count<1", True, 10),)
    assert load({"metrics": metrics}).requests is None


@pytest.mark.parametrize("held", [True, {"ok": 1}, {"ok": "true"}, None, {}])
def test_a_threshold_of_the_other_form_is_not_guessed(held: object) -> None:
    metric = {
        "type": "rate",
        "contains": "default",
        "values": {"passes": 1, "fails": 0},
        "thresholds": {"rate>0": held},
    }
    document = {"metrics": {"iterations": {"values": {"count": 1}}, "checks": metric}, "root_group": {}}
    assert unusable(json.dumps(document), "k6") == ("unreadable", 1)


def test_benchmarks_name_their_commit() -> None:
    found = facts(real("pytest_benchmark/benchmark.json"), "pytest_benchmark")
    assert isinstance(found, Benchmarks)
    assert found.commit == "e46d01da22ee90bacce9d0c4c9adb554183cd04e" and found.dirty is True
    assert found.made and found.made.tzinfo


def test_benchmarks_of_no_repository_are_of_no_commit() -> None:
    document = json.loads(real("pytest_benchmark/benchmark.json"))
    document["commit_info"] = {"id": "unversioned", "time": None, "dirty": False, "branch": "(unknown)"}
    document["datetime"] = "2026-01-02T03:04:05"
    found = facts(json.dumps(document), "pytest_benchmark")
    assert (found.commit, found.dirty, found.made) == ("", None, None)
    document["benchmarks"] = []
    assert unusable(json.dumps(document), "pytest_benchmark") == ("empty", 1)
