"""Every format recognises its own artifacts, and nobody else's; broken ones are unusable, and never a crash."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Coverage, Estimate, Facts, LoadTest, Run, Scan, TestRun
from gatekeeper.models.evidence.readers import FORMATS, module_of, read
from gatekeeper.node import Source

EVIDENCE = Path(__file__).parent / "evidence"
FILES = sorted(
    str(path.relative_to(EVIDENCE))
    for format in FORMATS
    for path in (EVIDENCE / format).rglob("*")
    if path.is_file() and not path.name.startswith(".")
)
REASONS = {"unreadable", "empty", "tool-error", "unresolved", "unsupported-tool"}


def stored(path: str) -> bytes:
    return (EVIDENCE / path).read_bytes()


def document(path: str) -> Any:
    """What a file holds, if it is one document of JSON."""
    try:
        return json.loads(stored(path))
    except ValueError:
        return None


DOCUMENTS = [path for path in FILES if document(path) is not None]


def claimants(name: str, data: bytes) -> list[str]:
    artifact = Artifact(Source(name, ""), data)
    return [format for format in FORMATS if import_module(module_of(format)).recognises(artifact)]


def outcome(format: str, data: bytes) -> list[Facts] | tuple[str, str, int]:
    """The facts; or why there are none: the reason, words and a line."""
    try:
        return list(read(Artifact(Source("evidence", ""), data), format))
    except Unusable as error:
        return error.reason, str(error), error.line


def told(found: list[Facts] | tuple[str, str, int]) -> Any:
    """What an outcome says, without lines and order."""
    if isinstance(found, tuple):
        return found[0]
    return _unordered([(type(fact).__name__, msgspec.to_builtins(fact)) for fact in found])


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unordered(each) for key, each in value.items() if key not in ("line", "record")}
    return sorted(map(_unordered, value), key=repr) if isinstance(value, (list, tuple)) else value


# whose it is


@pytest.mark.parametrize("path", FILES)
def test_exactly_the_format_of_its_folder_recognises_a_file(path: str) -> None:
    assert claimants(path, stored(path)) == [path.partition("/")[0]]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_an_artifact_to_be_tested_with(format: str) -> None:
    assert any(path.startswith(f"{format}/") for path in FILES)


@pytest.mark.parametrize(
    "data", [b"", b" ", b"{}", b"[]", b"[{}]", b"null", b"{", b"\xef\xbb\xbf", b"\xff\xfe{\x00", b"\0" * 5000]
)
def test_what_says_nothing_is_nobodys(data: bytes) -> None:
    assert claimants("evidence.json", data) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"a', '"runs"', "[[[[", "<", "TN:\n", "<report/>",
        '<coverage generated="1" clover="3"><project/></coverage>',
        '{"version": 4, "terraform_version": "1.11.4", "resources": []}',
        '{"format_version": "1.0", "provider_schemas": {}}',
        '{"auditReportVersion": 2, "vulnerabilities": {}}',
        '{"issues": [], "total": 0, "rules": []}',
        '{"text": "{\\"SchemaVersion\\": 2, \\"Results\\": []}"}',
        '{"inner": {"format_version": "1.0", "valid": true, "error_count": 0}}',
        '{"name": "a", "runs": {"tool": 1}}',
        '{"total": {"lines": 3}}',
        '{"metrics": {"cpu": 1}}',
        '{"benchmarks": [], "context": {}}',
        '{"message": "\\"meta\\" \\"branch_coverage\\" \\"root_group\\" \\"machine_info\\""}',
    ],
)  # fmt: skip
def test_what_only_looks_like_evidence_is_nobodys(text: str) -> None:
    assert claimants("evidence.json", text.encode()) == []


def test_a_bill_of_materials_with_vulnerabilities_is_no_scan() -> None:
    assert claimants("x.json", b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": []}') == [
        "cyclonedx"
    ]


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_was_cut_is_not_taken_for_another_format(path: str) -> None:
    format, data = path.partition("/")[0], stored(path)
    for end in range(0, min(len(data), 4200), 97):
        assert set(claimants(path, data[:end])) <= {format}, end


# how it is written


def _reordered(value: Any, order: Callable[[list[str]], list[str]]) -> Any:
    if isinstance(value, dict):
        return {key: _reordered(value[key], order) for key in order(list(value))}
    return [_reordered(item, order) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("order", [sorted, lambda keys: sorted(keys, reverse=True), lambda keys: keys[::-1]])
def test_the_order_of_keys_and_the_space_between_them_say_nothing(
    path: str, order: Callable[[list[str]], list[str]]
) -> None:
    format = path.partition("/")[0]
    expected = told(outcome(format, stored(path)))
    for indent in (None, 4):
        data = json.dumps(_reordered(document(path), order), indent=indent).encode()
        assert claimants("evidence.json", data) == [format]
        assert told(outcome(format, data)) == expected


@pytest.mark.parametrize("path", FILES)
def test_a_byte_order_mark_changes_nothing(path: str) -> None:
    format, data = path.partition("/")[0], stored(path)
    assert claimants(path, b"\xef\xbb\xbf" + data) == [format]
    assert outcome(format, b"\xef\xbb\xbf" + data) == outcome(format, data)


# what is broken


@pytest.mark.parametrize("format", FORMATS)
def test_the_format_of_nothing_is_no_success(format: str) -> None:
    for data in (b"", b"{}", b"[]", b"null", b"{}" * 500, b"[" * 100_000, b'{"components":' * 100_000):
        assert isinstance(outcome(format, data), tuple)


ODD: list[Any] = [
    None, True, -1, 0, 1.5, -0.0, 1e308, 2**70, 10**400, "", "x", "-1", "9.9", "NaN", "1e999", "x" * 2000, "\ud800",
    "\ud7ff\x00\x1b[31m::error::", "../../etc", "C:\\a", "file://[x", "%00%ff", [], {}, [None], [[]], [{}], {"": None},
    {"a": {"b": 1}},
]  # fmt: skip
NOISE = [
    b"", b"-1", b"1e999", b"NaN", b"9" * 40, b"-" + b"9" * 400, b'"', b"<", b"&x;", b"null", b"true", b"\0",
    b"\xff\xfe", b"{}", b"\n", b"[" * 5000,
]  # fmt: skip


def _swapped(value: Any, parts: list[Any], draw: st.DrawFn) -> Any:
    """A value with one of its parts swapped for something else, or gone."""
    if isinstance(value, (dict, list)) and value and draw(st.integers(0, 4)):
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        changed: Any = dict(value) if isinstance(value, dict) else list(value)
        if draw(st.integers(0, 5)):
            changed[key] = _swapped(value[key], parts, draw)
        else:
            del changed[key]
        return changed
    return draw(st.sampled_from(parts))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A stored artifact in which values or bytes were exchanged, or whose end is missing."""
    format = draw(st.sampled_from(FORMATS))
    path = draw(st.sampled_from([path for path in FILES if path.startswith(f"{format}/")]))
    if path in DOCUMENTS and draw(st.booleans()):
        value = whole = document(path)
        for _ in range(draw(st.integers(1, 3))):
            value = _swapped(value, [*ODD, whole], draw)
        return format, json.dumps(value, indent=draw(st.sampled_from([None, 1]))).encode()
    data = bytearray(stored(path))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 40))] = draw(st.sampled_from(NOISE) | st.binary(max_size=6))
    return format, bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])


@settings(max_examples=1000)
@given(damaged())
def test_what_is_broken_is_read_or_unusable_and_never_a_crash(case: tuple[str, bytes]) -> None:
    format, data = case
    claimants("evidence", data)
    found = outcome(format, data)
    if isinstance(found, tuple):
        reason, words, line = found
        assert reason in REASONS
        assert words and "\n" not in words
        assert 1 <= line <= len(data) + 1
        return
    assert found
    for fact in found:
        assert fact.line >= 1 and (fact.made is None or fact.made.tzinfo)
        assert _in_order(fact)


def _in_order(fact: Facts) -> bool:
    """Whether its numbers can be, and its places lie in the repository."""
    match fact:
        case Coverage():
            return bool(fact.metrics) and all(0 <= part.covered <= part.total > 0 for part in fact.metrics.values())
        case TestRun():
            return 0 <= fact.failures + fact.skipped <= fact.cases and fact.errors >= 0 and fact.flaky <= fact.cases
        case Scan():
            lines = all(problem.line >= 0 and problem.record >= 1 for problem in fact.problems)
            paths = [problem.path for problem in fact.problems]
            return lines and not any(path.startswith("/") or ".." in path.split("/") for path in paths)
        case Estimate():
            return fact.unpriced >= 0 and 0 <= (fact.total or 0) < math.inf
        case Run():
            return bool(fact.stages) and all(0 <= (stage.seconds or 0) < math.inf for stage in fact.stages)
        case LoadTest():
            return (fact.requests or 0) >= 0 and all(fact.percentiles.values())
    return True
