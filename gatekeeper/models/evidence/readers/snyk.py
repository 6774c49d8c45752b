"""`snyk test --json`: one project, or a list of them (--all-projects). One scan of all.

A vulnerability stands there once for each path that leads to it and is counted once a package. Licence issues are no
vulnerabilities. It carries no time and no commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from msgspec import Struct

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable, severity
from gatekeeper.models.evidence.facts import Facts, Problem, Scan

_OWN = {"ok", "dependencyCount", "packageManager", "org", "licensesPolicy", "ignoreSettings", "uniqueCount", "filtered"}
_OF_ISSUES = (
    b'"CVSSv3"', b'"cvssScore"', b'"cvssDetails"', b'"semver"', b'"packageName"', b'"moduleName"', b'"exploit"',
    b'"disclosureTime"', b'"creationTime"', b'"publicationTime"', b'"alternativeIds"', b'"upgradePath"',
)  # fmt: skip


class _Reason(Struct):
    reason: str | None = None


class _Filtered(Struct):
    ignored: list[_Reason] | None = None


class _Issue(Struct, rename="camel"):
    id: str
    title: str | None = None
    severity: str | None = None
    severity_with_critical: str | None = None
    package_name: str | None = None
    name: str | None = None
    version: str | None = None
    type: str | None = None
    filtered: _Filtered | None = None


class _Silenced(Struct):
    ignore: list[_Issue] | None = None
    patch: list[_Issue] | None = None


class _Project(Struct, rename="camel"):
    ok: bool | None = None
    error: Any = None
    vulnerabilities: list[_Issue] | None = None
    dependency_count: int | None = None
    unique_count: int | None = None
    filtered: _Silenced | None = None
    display_target_file: str | None = None
    target_file: str | None = None
    project_name: str | None = None
    path: str | None = None
    docker: dict[str, Any] | None = None
    applications: list[_Project] | None = None
    infrastructure_as_code_issues: list[Any] | None = None

    @property
    def name(self) -> str:
        return reported.words(self.display_target_file or self.target_file or self.project_name or self.path) or "?"


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if keys.get("vulnerabilities", "[") != "[" or {"bomFormat", "$schema", "version", "schema", "scan"} & keys.keys():
        return False
    if "ok" in keys and ("error" in keys or len(_OWN & keys.keys()) > 1):
        return True
    issues = sum(word in artifact.head for word in _OF_ISSUES)
    return "vulnerabilities" in keys and (len(_OWN & keys.keys()) > 1 or issues > 2)


def read(artifact: Artifact) -> Iterator[Facts]:
    projects = list(_all(artifact.json(list[_Project]) if answers.is_list(artifact) else [artifact.json(_Project)]))
    errors = [f"{project.name}: {_error(project)}" for project in projects if project.error is not None]
    tested = [project for project in projects if project.error is None]
    if errors and not tested:
        raise Unusable("tool-error", f"snyk broke off: {errors[0]}")
    if any(project.infrastructure_as_code_issues is not None for project in tested):
        raise Unusable("unsupported-tool", "is of `snyk iac test`: its SARIF output is read instead")
    for project in tested:
        if project.vulnerabilities is None:
            raise Unusable(
                "unreadable", f"{project.name}: has no `vulnerabilities`: nothing says that any were looked for"
            )
    looked = [project for project in tested if _judged(project)]
    if not looked:
        raise Unusable("empty", "counts no dependency: nothing was there to look at")
    names = (issue.id for project in looked for issue, _ in _issues(project))
    lines = json_text.lines(artifact, ("id",), names)
    yield Scan(
        tool="snyk",
        kind="vulnerabilities",
        targets=tuple(dict.fromkeys(project.name for project in looked)),
        images=tuple(dict.fromkeys(image for project in looked if (image := _image(project)))),
        problems=tuple(_problems(looked, lines)),
        incomplete=reported.some(chain(errors, *(_doubts(project) for project in looked))),
    )


def _all(projects: Iterable[_Project]) -> Iterator[_Project]:
    """Projects, and the applications found in an image."""
    for project in projects:
        yield project
        yield from project.applications or ()


def _error(project: _Project) -> str:
    said = project.error if isinstance(project.error, str) else ""
    return reported.words(said) or "it does not say why"


def _judged(project: _Project) -> bool:
    return bool(project.vulnerabilities) or project.dependency_count is None or project.dependency_count > 0


def _doubts(project: _Project) -> Iterator[str]:
    """Where what it says of itself and what it shows differ."""
    issues = project.vulnerabilities or []
    different = len({issue.id for issue in issues})
    if project.dependency_count is None and not issues:
        yield f"{project.name}: does not say how many dependencies it looked at"
    if (project.unique_count or 0) > different:
        yield f"{project.name}: counts {project.unique_count} issues and shows {different}"
    if project.ok is False and not issues:
        yield f"{project.name}: is not ok, and does not show why"


def _issues(project: _Project) -> Iterator[tuple[_Issue, str]]:
    """Each with what it was silenced by."""
    silenced = project.filtered or _Silenced()
    yield from ((issue, "") for issue in project.vulnerabilities or ())
    yield from ((issue, _reason(issue)) for issue in silenced.ignore or ())
    yield from ((issue, "patched") for issue in silenced.patch or ())


def _reason(issue: _Issue) -> str:
    reasons = issue.filtered.ignored or [] if issue.filtered else []
    return next((words for reason in reasons if (words := reported.words(reason.reason))), "ignored")


def _problems(projects: Iterable[_Project], lines: Iterator[int]) -> Iterator[Problem]:
    for project in projects:
        path = "" if _image(project) else reported.path(project.display_target_file or project.target_file)
        seen: set[tuple[str, str, bool]] = set()
        for issue, suppressed in _issues(project):
            record = next(lines)
            where = f"{issue.package_name or issue.name or ''}@{issue.version or ''}".strip("@")
            if issue.type == "license" or (issue.id, where, bool(suppressed)) in seen:
                continue
            seen.add((issue.id, where, bool(suppressed)))
            yield Problem(
                id=reported.words(issue.id, 120),
                severity=severity("critical" if _critical(issue) else issue.severity),
                message=reported.words(issue.title),
                where=reported.words(where),
                path=path,
                record=record,
                suppressed=suppressed,
            )


def _critical(issue: _Issue) -> bool:
    """Before 2021 there was no `critical` in `severity`; a severity that a policy has changed is no longer high."""
    return issue.severity == "high" and issue.severity_with_critical == "critical"


def _image(project: _Project) -> str:
    return reported.words((project.path or "").removeprefix("docker-image|")) if project.docker is not None else ""
