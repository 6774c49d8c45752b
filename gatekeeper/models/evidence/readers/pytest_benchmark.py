"""pytest-benchmark's JSON (https://pytest-benchmark.readthedocs.io/en/latest/usage.html, `--benchmark-json`)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Benchmarks, Facts


class _Benchmark(msgspec.Struct):
    fullname: str


class _Commit(msgspec.Struct):
    """Without a repository `id` is "unversioned" or the like."""

    id: str | None = None
    dirty: bool | None = None


class _Report(msgspec.Struct):
    benchmarks: list[_Benchmark]
    commit_info: _Commit = msgspec.field(default_factory=_Commit)
    datetime: str = ""
    version: str = ""


def recognises(artifact: Artifact) -> bool:
    head = artifact.head
    keys = json_text.keys(head)
    machine = keys.get("machine_info") == "{" and (b'"python_version"' in head or "commit_info" in keys)
    return machine or (keys.get("benchmarks") == "[" and b'"fullname"' in head and b'"stats"' in head)


def read(artifact: Artifact) -> Iterator[Facts]:
    report = artifact.json(_Report)
    if not report.benchmarks:
        raise Unusable("empty", "holds no benchmark")
    commit = reported.revision(report.commit_info.id)
    yield Benchmarks(
        tool="pytest-benchmark",
        version=reported.words(report.version, 50),
        commit=commit,
        dirty=report.commit_info.dirty if commit else None,
        made=reported.moment(report.datetime),
    )
