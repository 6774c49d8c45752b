"""Trivy's own JSON, schema 2 (https://trivy.dev/latest/docs/configuration/reporting/#json).

It has an entry for each thing that was looked at: with none, nothing was. An entry that lists packages and no
vulnerability is no proof that any was looked for: `--scanners secret` leaves the same. Without the list
(`--list-all-pkgs=false`) there is an entry only when it was. What a secret was found by is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Struct, field

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable, severity
from gatekeeper.models.evidence.facts import Facts, Problem, Scan, ScanKind

_CLASSES: dict[str, ScanKind] = {
    "os-pkgs": "vulnerabilities",
    "lang-pkgs": "vulnerabilities",
    "config": "misconfiguration",
    "secret": "secrets",
}
TYPES: dict[str, ScanKind] = {  # of modified findings, and of the rules in its SARIF
    "vulnerability": "vulnerabilities",
    "misconfiguration": "misconfiguration",
    "secret": "secrets",
}
UNSAID = "with packages and no vulnerability it does not say that any was looked for; --list-all-pkgs=false makes it"
_SILENCED = {"ignored", "not_affected", "fixed"}
_OF_FILES = {"filesystem", "repository"}
_COLLECTED = {"Node.js", "Python", "Ruby", "Java", "Conda", "PHP"}  # targets that are no file, but many


class _Cause(Struct, rename="pascal", gc=False):
    resource: str | None = None
    start_line: int | None = None


class _Finding(Struct, rename="pascal", gc=False):
    """A vulnerability, a misconfiguration or a secret."""

    vulnerability: str | None = field(name="VulnerabilityID", default=None)
    rule: str | None = field(name="RuleID", default=None)
    id: str | None = field(name="ID", default=None)
    pkg_name: str | None = None
    installed_version: str | None = None
    pkg_path: str | None = None
    severity: str | None = None
    title: str | None = None
    message: str | None = None
    status: str | None = None
    start_line: int | None = None
    cause_metadata: _Cause | None = None

    @property
    def name(self) -> str:
        return self.vulnerability or self.rule or self.id or ""


class _Modified(Struct, rename="pascal"):
    type: str
    status: str
    finding: _Finding
    statement: str | None = None
    source: str | None = None


class _Package(Struct, gc=False):
    """Only counted."""


class _Summary(Struct, rename="pascal"):
    successes: int = 0
    failures: int = 0


class _Entry(Struct, rename="pascal"):
    target: str = ""
    class_: str | None = field(name="Class", default=None)
    packages: list[_Package] | None = None
    vulnerabilities: list[_Finding] | None = None
    misconfigurations: list[_Finding] | None = None
    secrets: list[_Finding] | None = None
    misconf_summary: _Summary | None = None
    modified: list[_Modified] | None = field(name="ExperimentalModifiedFindings", default=None)


class _System(Struct, rename="pascal"):
    family: str | None = None
    name: str | None = None
    end_of_life: bool | None = field(name="EOSL", default=None)


class _Metadata(Struct, rename="pascal"):
    system: _System | None = field(name="OS", default=None)
    image: str | None = field(name="ImageID", default=None)
    repo_tags: list[str] | None = None
    repo_digests: list[str] | None = None
    commit: str | None = None


class _Program(Struct, rename="pascal"):
    version: str | None = None


class _Report(Struct, rename="pascal"):
    schema_version: int
    artifact_name: str | None = None
    artifact_type: str | None = None
    created_at: str | None = None
    trivy: _Program | None = None
    metadata: _Metadata | None = None
    results: list[_Entry] | None = None


class _Found(Struct):
    """What was found of one kind, and where it was looked for."""

    targets: list[str] = []
    problems: list[Problem] = []
    incomplete: list[str] = []


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    return "SchemaVersion" in keys and bool({"ArtifactName", "ArtifactType", "Results", "ReportID"} & keys.keys())


def read(artifact: Artifact) -> Iterator[Facts]:
    report = artifact.json(_Report)
    if report.schema_version != 2:
        raise Unusable("unreadable", f"has SchemaVersion {report.schema_version}; 2 was expected")
    entries = report.results or []
    names = (finding.name for entry in entries for finding in _findings(entry))
    lines = json_text.lines(artifact, ("VulnerabilityID", "RuleID", "ID"), names)
    kinds: dict[ScanKind, _Found] = {}
    for entry in entries:
        _look(entry, report, kinds, lines)
    if not kinds:
        raise Unusable("empty", "has no result for anything that was scanned: nothing was found to scan")
    if "vulnerabilities" in kinds:
        kinds["vulnerabilities"].incomplete += _unseen(report, bool(kinds["vulnerabilities"].problems))
    metadata = report.metadata or _Metadata()
    for kind, found in kinds.items():
        yield Scan(
            tool="trivy",
            version=reported.words(report.trivy.version if report.trivy else "", 40),
            commit=reported.revision(metadata.commit),
            made=reported.moment(report.created_at),
            kind=kind,
            targets=tuple(dict.fromkeys(found.targets)),
            images=_images(report, metadata),
            problems=tuple(found.problems),
            incomplete=reported.some(found.incomplete),
        )


def _findings(entry: _Entry) -> Iterator[_Finding]:
    """In the order in which Trivy writes them."""
    yield from chain(entry.vulnerabilities or (), entry.misconfigurations or (), entry.secrets or ())
    yield from (modified.finding for modified in entry.modified or ())


def _look(entry: _Entry, report: _Report, kinds: dict[ScanKind, _Found], lines: Iterator[int]) -> None:
    target = reported.words(entry.target) or reported.words(report.artifact_name) or "?"
    summary = entry.misconf_summary
    nothing_checked = summary is not None and summary.successes <= 0 and summary.failures <= 0
    class_ = _CLASSES.get(entry.class_ or "")
    if class_ and not (class_ == "misconfiguration" and nothing_checked):
        kinds.setdefault(class_, _Found()).targets.append(target)
    by_kind: tuple[tuple[ScanKind, list[_Finding]], ...] = (
        ("vulnerabilities", entry.vulnerabilities or []),
        ("misconfiguration", entry.misconfigurations or []),
        ("secrets", entry.secrets or []),
    )
    failed = 0
    for kind, findings in by_kind:
        for finding in findings:
            record = next(lines)
            if kind == "misconfiguration" and (finding.status or "FAIL") != "FAIL":
                continue
            failed += kind == "misconfiguration"
            _add(kinds, kind, target, _problem(finding, entry, report, kind, record))
    for modified in entry.modified or ():
        record = next(lines)
        if kind_of := TYPES.get(modified.type):
            silenced = _silenced(modified)
            _add(kinds, kind_of, target, _problem(modified.finding, entry, report, kind_of, record, silenced))
    if summary and summary.failures > failed:
        claim = f"{target}: counts {summary.failures} failures and shows {failed}"
        kinds.setdefault("misconfiguration", _Found()).incomplete.append(claim)


def _add(kinds: dict[ScanKind, _Found], kind: ScanKind, target: str, problem: Problem) -> None:
    found = kinds.setdefault(kind, _Found())
    found.problems.append(problem)
    if not found.targets or found.targets[-1] != target:
        found.targets.append(target)


def _problem(
    finding: _Finding, entry: _Entry, report: _Report, kind: ScanKind, record: int, suppressed: str = ""
) -> Problem:
    cause = finding.cause_metadata or _Cause()
    line = finding.start_line or cause.start_line or 0
    path = _path(finding, entry, report)
    where = f"{finding.pkg_name or ''}@{finding.installed_version or ''}".strip("@") or cause.resource
    message = finding.title if kind == "secrets" else finding.title or finding.message
    return Problem(
        id=reported.words(finding.name, 120),
        severity=severity(finding.severity),
        message=reported.words(message),
        where=reported.words(where or entry.target),
        path=path,
        line=line if path and 0 < line < 10**8 else 0,
        record=record,
        suppressed=suppressed,
    )


def _path(finding: _Finding, entry: _Entry, report: _Report) -> str:
    """The file in the repository. What was scanned must have been a folder of it; that may be named by a full path."""
    if report.artifact_type not in _OF_FILES or entry.class_ == "os-pkgs":
        return ""
    written = reported.path(finding.pkg_path or ("" if entry.target in _COLLECTED else entry.target))
    folder = (report.artifact_name or "").rstrip("/")
    if not written or report.artifact_type == "repository" or folder in ("", "."):
        return written
    below = reported.path(folder)
    if below == written or below.endswith(f"/{written}"):  # a single file was scanned
        return below
    return f"{below}/{written}" if below else ""


def _silenced(modified: _Modified) -> str:
    """By what a finding was silenced; nothing when its status does not clear it."""
    if modified.status not in _SILENCED:
        return ""
    return ": ".join(
        filter(None, (modified.status, reported.words(modified.statement) or reported.words(modified.source)))
    )


def _unseen(report: _Report, found: bool) -> Iterator[str]:
    entries = [entry for entry in report.results or () if entry.class_ in ("os-pkgs", "lang-pkgs")]
    if not found and any(entry.packages for entry in entries):
        yield UNSAID
    system = report.metadata.system if report.metadata else None
    name = reported.words(f"{system.family or ''} {system.name or ''}", 60) if system else ""
    if system and system.end_of_life:
        yield f"{name} is past its end of life: its vulnerabilities are no longer recorded"
    seen = any(entry.class_ == "os-pkgs" for entry in entries)
    if system and name and report.artifact_type == "container_image" and not seen:
        yield f"the packages of {name} were not looked at"


def _images(report: _Report, metadata: _Metadata) -> tuple[str, ...]:
    if report.artifact_type != "container_image":
        return ()
    digests = metadata.repo_digests or []
    named: Iterable[str | None] = (
        metadata.image,
        *(digest.rpartition("@")[2] for digest in digests[:100]),
        report.artifact_name,
        *digests[:100],
        *(metadata.repo_tags or [])[:100],
    )
    return tuple(dict.fromkeys(reported.words(name) for name in named if name and name.strip()))
