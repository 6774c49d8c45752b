from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import unscanned
from gatekeeper.models.evidence import Revision
from gatekeeper.models.evidence.facts import Grade, Problem, Scan
from gatekeeper.node import regex
from gatekeeper.proof import Held, none, proofs
from gatekeeper.rule import Answer, Reason, rule

_FORMATS = ["trivy", "snyk", "sarif"]
_SHOWN = 200  # problems of one report that are listed one by one

_GLUED = regex(r"-s(?:UNKNOWN|LOW|MEDIUM|HIGH|CRITICAL)(?:,[A-Z]+)*\Z", re.IGNORECASE)


@rule("scan-results", gate="security-scan", severity="high", seed="12. Quality Gates Status: no critical/high")
def scan_results(revision: Revision, project: Project) -> Iterator[Answer]:
    """What ships was scanned, and nothing critical or high was found.

    The document asks for "no critical" in one place and "no critical/high" in two others: the stricter holds, unless
    `thresholds: {scan: {critical: 0, high: 5}}` says otherwise. Every image that is built here must have been scanned;
    a scan without targets looked at nothing. A problem whose severity the scanner does not give is not known to be
    harmless. Secrets are problems whatever their severity; what the scanner was told to ignore stays counted.

    Bad: # expect: CVE-2026-0001 (high) in left-pad@1.0.0
    ```json .gatekeeper/evidence/trivy.json
    {"SchemaVersion": 2, "CreatedAt": "2026-11-22T10:00:00Z", "ArtifactName": "package-lock.json",
     "ArtifactType": "filesystem", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm",
      "Vulnerabilities": [
       {"VulnerabilityID": "CVE-2026-0001", "PkgName": "left-pad", "InstalledVersion": "1.0.0", "Severity": "HIGH"},
       {"VulnerabilityID": "CVE-2026-0002", "PkgName": "left-pad", "InstalledVersion": "1.0.0", "Severity": "LOW"}]}]}
    ```

    Good, a low one:
    ```json .gatekeeper/evidence/trivy.json
    {"SchemaVersion": 2, "CreatedAt": "2026-11-22T10:00:00Z", "ArtifactName": "package-lock.json",
     "ArtifactType": "filesystem", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm",
      "Vulnerabilities": [
       {"VulnerabilityID": "CVE-2026-0002", "PkgName": "left-pad", "InstalledVersion": "1.0.0", "Severity": "LOW"}]}]}
    ```

    Unknown, it looked at nothing:
    ```json .gatekeeper/evidence/trivy.json
    {"SchemaVersion": 2, "CreatedAt": "2026-11-22T10:00:00Z", "ArtifactName": ".", "ArtifactType": "filesystem"}
    ```

    Unknown, nobody says how grave it is:
    ```json .gatekeeper/evidence/trivy.json
    {"SchemaVersion": 2, "CreatedAt": "2026-11-22T10:00:00Z", "ArtifactName": "package-lock.json",
     "ArtifactType": "filesystem", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm",
      "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-0001", "PkgName": "left-pad", "InstalledVersion": "1.0.0",
       "Severity": "UNKNOWN"}]}]}
    ```

    Unknown, too old:
    ```json .gatekeeper/evidence/trivy.json
    {"SchemaVersion": 2, "CreatedAt": "2026-11-01T10:00:00Z", "ArtifactName": "package-lock.json",
     "ArtifactType": "filesystem", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm"}]}
    ```

    Unknown, one of two images was scanned:
    ```dockerfile api/Dockerfile
    FROM debian:12
    USER 1001
    ```
    ```dockerfile web/Dockerfile
    FROM debian:12
    USER 1001
    ```
    ```json .gatekeeper/evidence/trivy.json
    {"SchemaVersion": 2, "CreatedAt": "2026-11-22T10:00:00Z", "ArtifactName": "registry.example.com/shop/api:1",
     "ArtifactType": "container_image", "Metadata": {"ImageID": "sha256:0123456789abcdef"},
     "Results": [{"Target": "registry.example.com/shop/api:1 (debian 12)", "Class": "os-pkgs", "Type": "debian"}]}
    ```
    """
    age = project.settings.thresholds.scan.max_age
    found = proofs(Scan, project, _FORMATS, max_age=age, where=lambda scan: scan.kind != "lint")
    yield from found.open
    scans = found.held
    if not found.open and not any(held.facts.kind == "vulnerabilities" for held in scans):
        yield from none(project, "no scan for vulnerabilities of what ships")
    if not scans:
        return
    yield from _graded(scans, project)
    for held in scans:
        yield from _shortcomings(held)
    if any(held.facts.kind == "vulnerabilities" for held in scans):
        for dockerfile in unscanned(project, [held.facts for held in scans]):
            yield Unknown(dockerfile, f"no scan is of the image that {dockerfile.path} builds", Reason.NO_EVIDENCE)


def _graded(scans: Sequence[Held[Scan]], project: Project) -> Iterator[Answer]:
    """Critical and high problems, where there are more of them than the threshold allows."""
    asked = project.settings.thresholds.scan
    limits = {"critical": asked.critical, "high": asked.high}
    problems = [(held, each) for held in scans for each in held.facts.problems if not each.suppressed]
    counts = {severity: sum(1 for held, each in problems if _severity(held, each) == severity) for severity in limits}
    targets = sum(len(held.facts.targets) for held in scans)
    ignored = sum(1 for held in scans for each in held.facts.problems if each.suppressed)
    words = f"{counts['critical']} critical, {counts['high']} high in {targets} scanned"
    words += "".join(f", {limit} {severity} allowed" for severity, limit in limits.items() if limit)
    yield scans[0].measure(words + (f", {ignored} ignored by the scanner" if ignored else ""), targets)
    shown = 0
    for held, each in problems:
        severity = _severity(held, each)
        if severity and severity in limits and counts[severity] > limits[severity] and shown < _SHOWN:
            shown += 1
            yield Finding(held.place_of(each, project), _words(each, severity), severity=severity)
    over = sum(count for severity, count in counts.items() if count > limits[severity])
    if over > shown:
        yield Finding(scans[0].at, f"{over - shown} more problems are critical or high")


def _severity(held: Held[Scan], problem: Problem) -> Grade | None:
    return "critical" if held.facts.kind == "secrets" else problem.severity


def _words(problem: Problem, severity: Grade) -> str:
    where = f" in {problem.where}" if problem.where else ""
    return f"{problem.id} ({severity}){where}{f': {problem.message}' if problem.message else ''}"


def _shortcomings(held: Held[Scan]) -> Iterator[Answer]:
    path, scan = held.evidence.path, held.facts
    if not scan.targets and scan.kind == "vulnerabilities":
        yield Unknown(held.at, f"{path} names nothing that was scanned", Reason.EMPTY)
    if not scan.problems:
        yield from held.failed()
    missed = _told_to_overlook(held.evidence.origin.command)
    if missed:
        yield Unknown(held.at, f"{path}: the scanner was told to leave out what is {missed}", Reason.EMPTY)
    for words in scan.incomplete:
        if not _looked_for_vulnerabilities(held, words):
            yield Unknown(held.at, f"{path}: {words}", Reason.TOOL_ERROR)
    ungraded = [each for each in scan.problems if each.severity is None and not each.suppressed]
    if ungraded and scan.kind != "secrets":
        words = f"{path}: {scan.tool or 'the scanner'} does not say how grave {len(ungraded)} of its results are"
        yield Unknown(held.line(ungraded[0].record), words, Reason.SEVERITY_UNKNOWN)


def _told_to_overlook(command: str) -> str:
    """Which of critical and high a command kept out of its report; '' for none."""
    words = command.replace("=", " ").split()
    given = [
        words[at + 1].upper() for at, word in enumerate(words[:-1]) if word in ("--severity", "-s", "TRIVY_SEVERITY")
    ]
    given += [word[2:].upper() for word in words if _GLUED.match(word)]
    if any(word in ("--ignore-unfixed", "--only-fixed") for word in command.split()):
        return "not fixed yet"
    if "--severity-threshold" in words and "critical" in words:
        return "high"
    missed = [each for each in ("critical", "high") if any(each.upper() not in one.split(",") for one in given)]
    return " or ".join(missed)


def _looked_for_vulnerabilities(held: Held[Scan], words: str) -> bool:
    """Whether the command settles what a clean report of Trivy leaves open: it lists packages also when it was told to
    look for secrets alone."""
    from gatekeeper.models.evidence.readers.trivy import UNSAID

    command = held.evidence.origin.command.replace("=", " ").split()
    if words != UNSAID or "trivy" not in [word.rpartition("/")[2] for word in command]:
        return False
    asked = [command[at + 1] for at, word in enumerate(command[:-1]) if word in ("--scanners", "--security-checks")]
    return all("vuln" in each.split(",") for each in asked)
