"""checkov, and its JSON (https://www.checkov.io/2.Basics/Reporting%20Test%20Results.html).

Its answer has three shapes: a report, a list of them, and, where no framework had anything to check, a bare summary. It
exits 0 also for files that it could not read, so what it passed is read as well: a file of which it says nothing was
not judged. Code, entities and evaluations, in which every secret stands many times over, are never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import msgspec

from gatekeeper.analysers import files
from gatekeeper.analysers.tool import Output, Tool
from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models.evidence.artifact import Unusable, severity
from gatekeeper.models.evidence.facts import Problem, Scan
from gatekeeper.models.evidence.reported import some, words
from gatekeeper.models.kubernetes.kustomize import builds
from gatekeeper.models.kubernetes.templates import of_helm
from gatekeeper.parsers import yaml

_PIPELINES = {
    "gitlab_ci": (".gitlab-ci.yml", ".gitlab-ci.yaml"),
    "azure_pipelines": ("azure-pipelines.yml", "azure-pipelines.yaml"),
    "bitbucket_pipelines": ("bitbucket-pipelines.yml", "bitbucket-pipelines.yaml"),
}
_CIRCLECI = (".circleci/config.yml", ".circleci/config.yaml")
_TERRAFORM = (".tf", ".tfvars", ".hcl")
_CLOUDFORMATION = re.compile(r"^[ \t]{0,8}[\"']?AWSTemplateFormatVersion\b|[\"']?Type[\"']?:[ ]{0,8}[\"']?AWS::", re.M)
_CLOUD_RESOURCE = re.compile(r'^[ \t]{0,8}resource[ \t]+"(?:aws|azurerm|google)_', re.MULTILINE)
_JOBS = re.compile(r"^[\"']?jobs[\"']?[ \t]*:", re.MULTILINE)


class _Passed(msgspec.Struct):
    """What is read of a check that found nothing: where it looked."""

    file_abs_path: str = ""


class _Check(msgspec.Struct):
    check_id: str
    check_name: str | None = None
    file_abs_path: str = ""
    file_line_range: list[int] | None = None
    resource: str | None = None
    severity: Any = None


class _Results(msgspec.Struct):
    passed_checks: list[_Passed] = []
    failed_checks: list[_Check] = []
    skipped_checks: list[_Check] = []
    parsing_errors: list[str] = []


class _Summary(msgspec.Struct):
    parsing_errors: int = 0


class _Report(msgspec.Struct):
    results: _Results = msgspec.field(default_factory=_Results)
    summary: _Summary = msgspec.field(default_factory=_Summary)


def framework(path: str, text: str) -> str:
    """Which of checkov's frameworks reads a file; '' when none does."""
    name = path.rpartition("/")[2]
    if name.endswith(_TERRAFORM):
        return "terraform"
    if files.named_dockerfile(path):
        return "dockerfile" if files.is_dockerfile(path, text) else ""
    if files.is_workflow(path):
        return "github_actions"
    if path.endswith(_CIRCLECI):
        return "circleci_pipelines"
    for pipeline, names in _PIPELINES.items():
        if name in names:
            return pipeline
    if files.is_manifest(text):
        return "kubernetes"
    return "cloudformation" if _CLOUDFORMATION.search(text) else ""


def _choose(tree: Tree, paths: Sequence[str]) -> Workspace:
    chosen = Workspace(tree)
    patches = tree.once(builds).patch_files
    charts: set[str] = set()
    unapplied: list[str] = []
    for path in paths:
        if not (path.endswith((*_TERRAFORM, ".yaml", ".yml", ".json")) or files.named_dockerfile(path)):
            continue
        if of_helm(path, tree):
            charts.add(path.rpartition("/templates/")[0])
        elif path in patches:
            unapplied.append(path)
        else:
            _take(chosen, path, tree)
    chosen.notes += [f"{words(chart)}: a Helm chart, judged only once it is rendered" for chart in sorted(charts)]
    if unapplied:
        chosen.notes.append(f"{len(unapplied)} patches of Kustomize are not applied ({words(unapplied[0])})")
    return chosen


def _take(chosen: Workspace, path: str, tree: Tree) -> None:
    """Take in a file that one of checkov's frameworks reads; what cannot be read is told and not judged."""
    text = chosen.add(path)
    if path not in chosen.texts:
        return
    if not framework(path, text):
        del chosen.texts[path]
    elif path.endswith((".yaml", ".yml")) and (faults := tree.source(path).once(yaml.parse).faults):
        # It would be passed over, or worse: one that expands without end costs the answer for all the others.
        chosen.withhold(path, faults[0].message)


def _frameworks(workspace: Workspace) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, text in sorted(workspace.texts.items()):
        found.setdefault(framework(path, text), []).append(path)
    return found


def _calls(workspace: Workspace, folder: str) -> list[tuple[str, ...]]:
    # As one word: with the folder behind a blank, checkov would look for its configuration in it.
    options = (f"--directory={folder}", "--skip-download", "--skip-results-upload", "--compact", "--output=json")
    return [(*options, "--framework", *sorted(_frameworks(workspace)))]


def _read(outputs: Sequence[Output], workspace: Workspace) -> Scan:
    reports = _reports(outputs[0])
    judged: set[str] = set()
    problems: list[Problem] = []
    broken: list[str] = []
    lost = 0
    for results in (report.results for report in reports):
        judged |= {workspace.path_of(passed.file_abs_path) for passed in results.passed_checks}
        silenced = zip(results.skipped_checks, repeat("a comment for checkov"))
        for check, skip in chain(zip(results.failed_checks, repeat("")), silenced):
            path = workspace.path_of(check.file_abs_path)
            judged.add(path)
            lost += not path
            if path:
                problems.append(_problem(check, path, skip))
        broken += filter(None, map(workspace.path_of, results.parsing_errors))
    judged -= {"", *broken}
    unread = sum(report.summary.parsing_errors for report in reports) - len(broken)
    return Scan(
        kind="misconfiguration",
        targets=tuple(sorted(judged)),
        problems=tuple(problems),
        incomplete=(
            *some(f"{words(path)}: checkov could not parse it" for path in sorted(broken)),
            *((f"{unread} more files that checkov could not parse",) if unread > 0 else ()),
            *some(_silent(workspace, judged | set(broken))),
            *((f"{lost} results name no file that was given to checkov",) if lost else ()),
        ),
    )


def _reports(output: Output) -> list[_Report]:
    if output.code not in (0, 1):
        raise Unusable("tool-error", f"checkov ended with exit code {output.code} and judged nothing")
    data = output.out.strip()
    try:
        if data[:1] == b"[":
            return msgspec.json.decode(data, type=list[_Report])
        return [msgspec.json.decode(data, type=_Report)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unusable("tool-error", f"checkov ended with exit code {output.code} and no report in JSON") from None


def _problem(check: _Check, path: str, skip: str) -> Problem:
    lines = check.file_line_range or [1]
    return Problem(
        id=words(check.check_id, 120),
        severity=severity(check.severity) if isinstance(check.severity, str) else None,
        message=words(check.check_name),
        where=words(check.resource),
        path=path,
        line=max(lines[0], 1),
        end_line=max(lines[-1], lines[0], 1),
        suppressed=skip,
    )


def _silent(workspace: Workspace, heard: set[str]) -> Iterator[str]:
    """Files of which checkov says nothing, although it has checks for everything of their kind."""
    speaks: Mapping[str, Any] = {
        "dockerfile": lambda text: True,
        "kubernetes": files.has_workload,
        "github_actions": _JOBS.search,
    }
    for kind, paths in _frameworks(workspace).items():
        if kind in speaks:
            silent = (path for path in paths if path not in heard and speaks[kind](workspace.texts[path]))
            yield from (f"{words(path)}: checkov says nothing about it" for path in silent)
        elif kind == "terraform" and heard.isdisjoint(paths):
            clouds = [path for path in paths if _CLOUD_RESOURCE.search(workspace.texts[path])]
            if clouds:
                yield f"checkov says nothing about any of {len(clouds)} files with resources in Terraform"


TOOL = Tool(
    name="checkov",
    packages=("checkov",),
    install="pipx install checkov",
    reads="file that checkov knows",
    choose=_choose,
    calls=_calls,
    read=_read,
    environment={
        "LOG_LEVEL": "ERROR",
        "CKV_PARSE_ERROR_FAIL": "true",
        "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
        "CKV_IGNORE_HIDDEN_DIRECTORIES": "False",  # what is judged was chosen: all that is copied is looked at
        "CKV_IGNORED_DIRECTORIES": ".git",
        "CHECKOV_HELM_ALLOWED_REMOTE_REPOS": "none.invalid",
        "CHECKOV_KUSTOMIZE_ALLOWED_REMOTE_PREFIXES": "none.invalid",
    },
)
