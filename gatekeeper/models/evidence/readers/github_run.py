"""A run of GitHub Actions with its jobs: `gh run view ID --json jobs,headSha,...`, or what the REST API answers.

https://cli.github.com/manual/gh_run_view and https://docs.github.com/en/rest/actions/workflow-jobs have the shapes. The
jobs decide: a run that is saved without them proves nothing about its stages, nor does one page of several.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts, Run, Stage

_OF_RUN = {"run_number", "workflow_id", "run_attempt", "jobs_url", "check_suite_id"}
_OF_VIEW = {"jobs", "status", "conclusion", "workflowName", "displayTitle", "databaseId", "url", "createdAt"}
_Count = Annotated[int, Meta(ge=0)]

_JOB_OF_VIEW = (b'"databaseId"', b'"startedAt"', b'"completedAt"')


class _ViewedJob(Struct, rename="camel"):
    name: str
    database_id: int | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    url: str | None = None


class _View(Struct, rename="camel"):
    """A run as `gh run view` shows it."""

    head_sha: str | None = None
    status: str | None = None
    conclusion: str | None = None
    url: str | None = None
    name: str | None = None
    workflow_name: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    jobs: list[_ViewedJob] | None = None


class _Job(Struct):
    id: int
    name: str
    run_id: int | None = None
    run_attempt: int | None = None
    head_sha: str | None = None
    workflow_name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    html_url: str | None = None


class _Jobs(Struct):
    total_count: _Count
    jobs: list[_Job]


class _Answer(Struct):
    """A run, a page of its jobs, or a run into which its jobs were put."""

    id: int | None = None
    name: str | None = None
    head_sha: str | None = None
    status: str | None = None
    conclusion: str | None = None
    html_url: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    total_count: _Count | None = None
    jobs: list[_Job] | _Jobs | None = None
    message: str | None = None
    documentation_url: str | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if _is_view(artifact, keys):
        return True
    if answers.is_list(artifact):
        return "total_count" in keys and "jobs" in keys
    run = "head_sha" in keys and bool(keys.keys() & _OF_RUN)
    told = "total_count" in keys or (b'"head_sha"' in artifact.head and b'"run_id"' in artifact.head)
    topics = ("actions/workflow-runs", "actions/workflow-jobs")
    return run or ("jobs" in keys and told) or any(answers.is_refusal(artifact, topic) for topic in topics)


def _is_view(artifact: Artifact, keys: dict[str, str]) -> bool:
    if answers.is_list(artifact):
        return False
    job = "jobs" in keys and all(word in artifact.head for word in _JOB_OF_VIEW) and b'"head_sha"' not in artifact.head
    return job or ("headSha" in keys and bool(keys.keys() & _OF_VIEW))


def read(artifact: Artifact) -> Iterator[Facts]:
    if _is_view(artifact, json_text.keys(artifact.head)):
        yield _viewed(artifact)
    else:
        yield _answered(artifact)


def _viewed(artifact: Artifact) -> Run:
    run = artifact.json(_View)
    jobs = _some(run.jobs)
    return Run(
        tool="GitHub Actions",
        commit=reported.revision(run.head_sha),
        made=_made(jobs, run.updated_at or run.created_at),
        name=reported.words(run.workflow_name or run.name),
        url=reported.words(run.url),
        status=reported.word(run.status),
        conclusion=reported.word(run.conclusion),
        stages=_stages(artifact, [(job, job.url) for job in jobs]),
    )


def _answered(artifact: Artifact) -> Run:
    parts = list(answers.each(artifact, _Answer))
    for part in parts:
        if part.documentation_url and part.jobs is None:
            raise answers.refused(part.message)
    runs = [part for part in parts if part.head_sha]
    run = runs[0] if runs else _Answer()
    jobs = _last_attempts(_listed(parts))
    _one_run(runs, jobs)
    first = jobs[0]
    return Run(
        tool="GitHub Actions",
        commit=reported.revision(run.head_sha or first.head_sha),
        made=_made(jobs, run.updated_at or run.created_at),
        name=reported.words(run.name or first.workflow_name),
        url=reported.words(run.html_url or (first.html_url or "").partition("/job/")[0]),
        status=reported.word(run.status),
        conclusion=reported.word(run.conclusion),
        stages=_stages(artifact, [(job, job.html_url) for job in jobs]),
    )


def _some(jobs: list[_ViewedJob] | None) -> list[_ViewedJob]:
    if not jobs:
        raise Unusable(
            "empty", "the run is saved without its jobs: nothing is known of its stages; add `jobs` to --json"
        )
    return jobs


def _listed(parts: Iterable[_Answer]) -> list[_Job]:
    """All jobs, each once. Raises `Unusable` when some are on a page that is not here."""
    jobs: dict[int, _Job] = {}
    totals: list[int] = []
    for part in parts:
        page = part.jobs if isinstance(part.jobs, _Jobs) else part
        totals += [] if page.total_count is None else [page.total_count]
        listed = page.jobs if isinstance(page.jobs, list) else []
        for job in listed:
            if jobs.setdefault(job.id, job) != job:
                raise Unusable("unreadable", f"lists the job {reported.words(job.name, 80)!r} twice, not the same")
    if not jobs:
        raise Unusable(
            "empty", "the run is saved without its jobs: nothing is known of its stages; save .../jobs as well"
        )
    if totals and max(totals) > len(jobs):
        raise Unusable("empty", f"lists {len(jobs)} of {max(totals)} jobs: it is one page of several; use --paginate")
    if totals and max(totals) < len(jobs):
        raise Unusable("unreadable", f"lists {len(jobs)} jobs, but says that there are {max(totals)}")
    return list(jobs.values())


def _last_attempts(jobs: list[_Job]) -> list[_Job]:
    """Of each name those of the last attempt. Several jobs of one attempt may share a name: all of them count."""
    last: dict[str, int] = {}
    for job in jobs:
        last[job.name] = max(last.get(job.name, 0), job.run_attempt or 0)
    return [job for job in jobs if (job.run_attempt or 0) == last[job.name]]


def _one_run(runs: Sequence[_Answer], jobs: Sequence[_Job]) -> None:
    """Raises `Unusable` for parts of different runs: they would vouch for each other."""
    commits = {run.head_sha for run in runs} | {job.head_sha for job in jobs if job.head_sha}
    ids = {run.id for run in runs if run.id is not None} | {job.run_id for job in jobs if job.run_id is not None}
    if len(commits) > 1 or len(ids) > 1:
        raise Unusable("unreadable", "holds parts of several runs; one run with its jobs was expected")


def _stages(artifact: Artifact, jobs: Sequence[tuple[_Job | _ViewedJob, str | None]]) -> tuple[Stage, ...]:
    words = [_conclusion(job) for job, _ in jobs]
    shown = [url or "" for (_, url), word in zip(jobs, words, strict=True) if word != "success"]
    lines = json_text.lines(artifact, ("url", "html_url"), shown)
    return tuple(
        Stage(
            name=reported.words(job.name),
            conclusion=word,
            seconds=reported.seconds(job.started_at, job.completed_at),
            url=reported.words(url),
            line=next(lines) if word != "success" else 1,
        )
        for (job, url), word in zip(jobs, words, strict=True)
    )


def _conclusion(job: _Job | _ViewedJob) -> str:
    """How it ended, or how it stands when it has not ended: what is under way has not succeeded, whatever it says."""
    status, conclusion = reported.word(job.status), reported.word(job.conclusion)
    word = conclusion if status in ("", "completed") else status
    if not word:
        raise Unusable("unreadable", f"the job {reported.words(job.name, 80)!r} has no conclusion")
    return word


def _made(jobs: Sequence[_Job | _ViewedJob], otherwise: str | None) -> datetime.datetime | None:
    """When the last job ended: a run is touched later as well, by which it becomes no younger."""
    ends = [end for job in jobs if (end := reported.moment(job.completed_at))]
    return max(ends, default=reported.moment(otherwise))
