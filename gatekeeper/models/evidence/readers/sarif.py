"""SARIF 2.1.0, each run a scan (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).

A severity is only what `security-severity` says, a CVSS score, as GitHub documents it
(https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning):
`level` is how sure or how urgent a tool is. Snippets are never read, and what a tool says about a secret is
not repeated, since it may hold the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import unquote

from msgspec import Struct, field

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable, severity_of_score
from gatekeeper.models.evidence.facts import Facts, Grade, Problem, Scan, ScanKind
from gatekeeper.models.evidence.readers import trivy

_KINDS: tuple[tuple[str, ScanKind], ...] = (  # words of a tool's name, the first that fits counts
    ("snykcode", "code"),
    ("snyk code", "code"),
    ("snyk iac", "misconfiguration"),
    ("snyk", "vulnerabilities"),
    ("trivy config", "misconfiguration"),
    ("trivy", "vulnerabilities"),
    ("grype", "vulnerabilities"),
    ("osv-scanner", "vulnerabilities"),
    ("dependency-check", "vulnerabilities"),
    ("checkov", "misconfiguration"),
    ("tfsec", "misconfiguration"),
    ("kics", "misconfiguration"),
    ("terrascan", "misconfiguration"),
    ("kube-linter", "misconfiguration"),
    ("kubelinter", "misconfiguration"),
    ("zizmor", "misconfiguration"),
    ("hadolint", "lint"),
    ("tflint", "lint"),
    ("shellcheck", "lint"),
    ("eslint", "lint"),
    ("ruff", "lint"),
    ("gitleaks", "secrets"),
    ("trufflehog", "secrets"),
    ("detect-secrets", "secrets"),
)
_NOT_PROBLEMS = {"pass", "notapplicable", "informational", "open", "review"}
_SECRET = re.compile(r"secret|passw|passphrase|credential|token|api.?key|private.?key|cwe-(?:259|321|798)\b", re.I)
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class _Text(Struct, gc=False):
    text: str | None = None
    id: str | None = None


class _Bag(Struct, gc=False):
    """The properties that mean something here. Tools are free in them, so that none has a type."""

    score: Any = field(name="security-severity", default=None)
    tags: Any = None
    coverage: Any = None  # of Snyk Code
    metrics: Any = None  # of Bandit
    image_name: Any = field(name="imageName", default=None)  # of Trivy
    image_id: Any = field(name="imageID", default=None)
    repo_digests: Any = field(name="repoDigests", default=None)


class _Rule(Struct, rename="camel", gc=False):
    id: str = ""
    name: str | None = None
    short_description: _Text | None = None
    full_description: _Text | None = None
    message_strings: dict[str, _Text] | None = None
    properties: _Bag | None = None


class _Component(Struct, rename="camel", gc=False):
    name: str = ""
    version: str | None = None
    semantic_version: str | None = None
    rules: list[_Rule] | None = None


class _Tool(Struct, gc=False):
    driver: _Component
    extensions: list[_Component] | None = None


class _Index(Struct, frozen=True, gc=False):
    index: int | None = None


class _RuleReference(Struct, rename="camel", gc=False):
    id: str | None = None
    index: int | None = None
    tool_component: _Index | None = None


_NO_REFERENCE = _RuleReference()


class _Location(Struct, gc=False):
    uri: str | None = None
    index: int | None = None


class _Region(Struct, rename="camel", gc=False):
    start_line: int | None = None


class _Physical(Struct, rename="camel", gc=False):
    artifact_location: _Location | None = None
    region: _Region | None = None


class _Logical(Struct, rename="camel", gc=False):
    fully_qualified_name: str | None = None
    name: str | None = None


class _Place(Struct, rename="camel", gc=False):
    physical_location: _Physical | None = None
    logical_locations: list[_Logical] | None = None


class _Suppression(Struct, gc=False):
    kind: str | None = None
    state: str | None = None  # as one published copy of the schema calls it
    status: str | None = None
    justification: str | None = None


class _Result(Struct, rename="camel", gc=False):
    rule_id: str | None = None
    rule: _RuleReference | None = None
    rule_index: int | None = None
    kind: str | None = None
    baseline_state: str | None = None
    message: _Text | None = None
    locations: list[_Place] | None = None
    suppressions: list[_Suppression] | None = None
    properties: _Bag | None = None


class _Notification(Struct, gc=False):
    level: str | None = None
    message: _Text | None = None


class _Invocation(Struct, rename="camel", gc=False):
    execution_successful: bool | None = None
    end_time_utc: str | None = None
    working_directory: _Location | None = None
    tool_execution_notifications: list[_Notification] | None = None
    tool_configuration_notifications: list[_Notification] | None = None


class _File(Struct, gc=False):
    location: _Location | None = None


class _Version(Struct, rename="camel", gc=False):
    revision_id: str | None = None


class _Elsewhere(Struct, gc=False):
    results: list[Any] | None = None


class _Run(Struct, rename="camel", gc=False):
    tool: _Tool
    results: list[_Result] | None = None
    invocations: list[_Invocation] | None = None
    artifacts: list[_File] | None = None
    version_control_provenance: list[_Version] | None = None
    original_uri_base_ids: dict[str, _Location] | None = None
    external_property_file_references: _Elsewhere | None = None
    properties: _Bag | None = None


class _Log(Struct, gc=False):
    version: str
    runs: list[_Run]


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if keys.get("runs", "[") != "[":
        return False
    if "sarif" in keys.get("$schema", "").lower():
        return True
    inside = any(word in artifact.head for word in (b'"tool"', b'"results"', b'"invocations"', b'"artifacts"'))
    return "runs" in keys and (keys.get("version", "").startswith("2.1") or inside)


def read(artifact: Artifact) -> Iterator[Facts]:
    log = artifact.json(_Log)
    if not log.version.startswith("2.1."):
        raise Unusable("unreadable", f"is SARIF {reported.words(log.version, 20)!r}; 2.1.0 was expected")
    if all(run.results is None for run in log.runs):
        raise Unusable("empty", "no run has `results`: nothing says that anything was looked at")
    names = (result.rule_id or "" for run in log.runs for result in run.results or ())
    lines = json_text.lines(artifact, ("ruleId",), names)
    for run in log.runs:
        yield from _Reading(run).scans(lines)


class _Reading:
    """One run, being read."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.components = [run.tool.driver, *(run.tool.extensions or ())]
        self.by_id: dict[str, _Rule] = {}  # where two have one id, that of the driver counts
        for part in reversed(self.components):
            self.by_id.update((rule.id, rule) for rule in part.rules or ())
        self.tool = run.tool.driver.name.strip().lower()
        self.kind: ScanKind = next((kind for word, kind in _KINDS if word in self.tool), "code")
        self.images = _images(run.properties)
        self.roots = tuple(self._roots())
        self.paths: dict[str, str] = {}
        self.rules: dict[tuple[object, ...], _Rule | None] = {}

    def scans(self, lines: Iterator[int]) -> Iterator[Scan]:
        """A scan for what the tool looks for; Trivy looks for several things in one run."""
        run = self.run
        problems: dict[ScanKind, list[Problem]] = {kind: [] for kind in self._kinds()}
        targets = dict.fromkeys(self._targets())
        for result in run.results or ():
            record = next(lines)
            targets.update(dict.fromkeys(self._looked_at(result)))
            if (result.kind or "fail").lower() in _NOT_PROBLEMS or result.baseline_state == "absent":
                continue
            rule = self._rule(result)
            if "trivy" in self.tool and "license" in _tags(rule):
                continue
            kind = self._kind(rule)
            problems.setdefault(kind, []).append(self._problem(result, rule, kind, record))
        times = [made for call in run.invocations or () if (made := reported.moment(call.end_time_utc))]
        commits = {reported.revision(version.revision_id) for version in run.version_control_provenance or ()}
        for kind, found in problems.items():
            yield Scan(
                tool=reported.words(run.tool.driver.name, 60),
                version=reported.words(run.tool.driver.version or run.tool.driver.semantic_version, 40),
                commit=next(iter(commits)) if len(commits) == 1 else "",
                made=min(times, default=None),
                kind=kind,
                targets=tuple(targets),
                images=self.images,
                problems=tuple(found),
                incomplete=reported.some(self._incomplete()),
            )

    def _kinds(self) -> list[ScanKind]:
        if "trivy" not in self.tool:
            return [self.kind]
        tags = (tag for rule in self.by_id.values() for tag in _tags(rule))
        return list(dict.fromkeys(trivy.TYPES[tag] for tag in tags if tag in trivy.TYPES)) or [self.kind]

    # one result

    def _kind(self, rule: _Rule | None) -> ScanKind:
        if "trivy" not in self.tool:
            return self.kind
        return next((trivy.TYPES[tag] for tag in _tags(rule) if tag in trivy.TYPES), self.kind)

    def _problem(self, result: _Result, rule: _Rule | None, kind: ScanKind, record: int) -> Problem:
        id = result.rule_id or (result.rule and result.rule.id) or (rule and rule.id) or ""
        scored = (result.properties, rule.properties if rule else None)
        path, line, where = self._place(result.locations or [])
        return Problem(
            id=reported.words(id, 120),
            severity=_severity(next((bag.score for bag in scored if bag and bag.score is not None), None)),
            message=_message(result, rule, kind == "secrets" or _about_a_secret(id, rule)),
            where=where,
            path=path,
            line=line,
            record=record,
            suppressed=_suppressed(result.suppressions or []),
        )

    def _rule(self, result: _Result) -> _Rule | None:
        """The rule that a result names, by index or by id, in the driver or an extension.

        An index that leads to a rule of another id is not followed.
        """
        reference = result.rule or _NO_REFERENCE
        asked = (result.rule_id, result.rule_index, reference.id, reference.index, reference.tool_component)
        if asked not in self.rules:
            self.rules[asked] = self._resolved(result, reference)
        return self.rules[asked]

    def _resolved(self, result: _Result, reference: _RuleReference) -> _Rule | None:
        at = reference.tool_component.index if reference.tool_component else None
        part = self.components[at + 1 if at is not None and 0 <= at < len(self.components) - 1 else 0]
        id = result.rule_id or reference.id or ""
        index = reference.index if reference.index is not None else result.rule_index
        rules: list[_Rule] = part.rules or []
        if index is not None and 0 <= index < len(rules) and (not id or _names(id, rules[index].id)):
            return rules[index]
        names = (id.rsplit("/", up)[0] for up in range(min(id.count("/"), 5) + 1))
        return next((self.by_id[name] for name in names if name and name in self.by_id), None)

    def _place(self, places: list[_Place]) -> tuple[str, int, str]:
        """Its path in the repository and line, where it has one, and the name of what it is in."""
        path, line, where = "", 0, ""
        for place in places[:10]:
            for logical in (place.logical_locations or [])[:1]:
                where = where or reported.words(logical.fully_qualified_name or logical.name)
            physical = place.physical_location
            uri = self._uri(physical.artifact_location) if physical else ""
            if self.images:  # a path inside an image, or its name
                where = where or reported.words(uri)
            elif not path and (path := self._path(uri)) and physical and physical.region:
                start = physical.region.start_line or 0
                line = start if 0 < start < 10**8 else 0
        return path, line, where

    # places

    def _uri(self, location: _Location | None) -> str:
        files = self.run.artifacts or []
        if location and location.uri is None and location.index is not None and 0 <= location.index < len(files):
            location = files[location.index].location
        return (location.uri if location else None) or ""

    def _path(self, uri: str) -> str:
        if uri not in self.paths:
            self.paths[uri] = reported.path(_of_uri(uri), self.roots)
        return self.paths[uri]

    def _target(self, location: _Location | None) -> str:
        uri = self._uri(location)
        return self._path(uri) or reported.words(unquote(uri[:1000]))

    def _roots(self) -> Iterator[str]:
        """Folders that the run says paths begin at: the longest first, so that most is cut off."""
        calls = self.run.invocations or []
        bases = (self.run.original_uri_base_ids or {}).values()
        uris = chain(bases, (call.working_directory for call in calls))
        yield from sorted((_of_uri(uri.uri or "") for uri in uris if uri), key=len, reverse=True)[:20]

    # what was looked at, and what was not

    def _targets(self) -> Iterator[str]:
        yield from self.images
        for file in self.run.artifacts or ():
            if target := self._target(file.location):
                yield target
        bag = self.run.properties or _Bag()
        if self.tool == "bandit" and isinstance(bag.metrics, dict):
            yield from (reported.path(name) or reported.words(name) for name in bag.metrics if name != "_totals")
        for part in _coverage(bag):
            if part.get("type") == "SUPPORTED":
                yield f"files of {reported.words(str(part.get('lang')), 40)}"

    def _looked_at(self, result: _Result) -> Iterator[str]:
        for place in (result.locations or [])[:1]:
            if place.physical_location and (target := self._target(place.physical_location.artifact_location)):
                yield target

    def _incomplete(self) -> Iterator[str]:
        run = self.run
        if run.results is None:
            yield "the run has no `results`: nothing says that anything was looked at"
        if run.external_property_file_references and run.external_property_file_references.results:
            yield "results are in other files, which are not read"
        if "trivy" in self.tool and not self.images and not self.by_id:
            yield "with nothing found, Trivy's SARIF does not say what it looked for; its own JSON does"
        for call in run.invocations or ():
            if call.execution_successful is False:
                yield "the tool says that it did not succeed"
            notes = chain(call.tool_execution_notifications or (), call.tool_configuration_notifications or ())
            yield from (_said(note) for note in notes if self._grave(note))
        for part in _coverage(run.properties):
            if part.get("isSupported") is False or part.get("type") == "FAILED_PARSING":
                files, language = part.get("files"), reported.words(str(part.get("lang")), 40)
                yield f"{files if isinstance(files, int) else 'some'} files of {language} were not read"

    def _grave(self, note: _Notification) -> bool:
        """Semgrep warns of files that it could not parse."""
        level = (note.level or "warning").lower()
        return level == "error" or ("semgrep" in self.tool and level == "warning")


def _names(id: str, rule: str) -> bool:
    return id == rule or id.startswith(f"{rule}/")


def _of_uri(uri: str) -> str:
    """The path of a URI reference, percent-decoded; nothing for another scheme than `file`."""
    if uri[:5].lower() == "file:":
        rest = unquote(uri[5:])
        path = "/" + rest[2:].partition("/")[2] if rest.startswith("//") else rest
        return path[1:] if _DRIVE.match(path[1:]) else path
    return "" if _SCHEME.match(uri) and not _DRIVE.match(uri) else unquote(uri)


def _tags(rule: _Rule | None) -> list[str]:
    tags = rule.properties.tags if rule and rule.properties else None
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _severity(score: Any) -> Grade | None:
    """By a score of CVSS, a number or (as documented) a string of one; None for anything else."""
    if isinstance(score, str) and re.fullmatch(r"\d{1,2}(\.\d{1,9})?", score.strip()):
        score = float(score)
    is_score = isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 10
    return severity_of_score(score) if is_score else None


def _about_a_secret(id: str, rule: _Rule | None) -> bool:
    described = (rule and rule.short_description) or _Text()
    return bool(_SECRET.search(" ".join((id, (rule and rule.name) or "", *_tags(rule), described.text or ""))[:2000]))


def _message(result: _Result, rule: _Rule | None, secret: bool) -> str:
    message = result.message or _Text()
    texts = rule.message_strings or {} if rule else {}
    text = message.text or (texts.get(message.id or "") or _Text()).text
    if rule and (secret or not text):
        described = rule.short_description or rule.full_description or _Text()
        text = described.text or rule.name or rule.id
    elif secret:
        text = ""
    return reported.words(text)


def _suppressed(suppressions: Iterable[_Suppression]) -> str:
    """By what it was silenced; nothing when one of the suppressions was rejected or is not decided on."""
    words = ""
    for suppression in suppressions:
        if (suppression.state or suppression.status or "accepted").lower() != "accepted":
            return ""
        words = words or reported.words(suppression.justification or suppression.kind) or "suppressed"
    return words


def _images(bag: _Bag | None) -> tuple[str, ...]:
    bag = bag or _Bag()
    digests = bag.repo_digests if isinstance(bag.repo_digests, list) else []
    names = [bag.image_name, bag.image_id, *digests[:100]]
    return tuple(dict.fromkeys(reported.words(name) for name in names if isinstance(name, str) and name.strip()))


def _coverage(bag: _Bag | None) -> list[dict[str, Any]]:
    parts = bag.coverage if bag else None
    return [part for part in parts[:1000] if isinstance(part, dict)] if isinstance(parts, list) else []


def _said(note: _Notification) -> str:
    return reported.words(note.message.text if note.message else None) or "an error that it does not describe"
