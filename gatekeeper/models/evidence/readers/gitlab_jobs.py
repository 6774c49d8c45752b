"""The jobs of GitLab pipelines: the answer to `/projects/ID/pipelines/ID/jobs` (https://docs.gitlab.com/api/jobs/).

GitLab gives 20 jobs a page and does not say in the answer how many there are: the pipeline's own status, which each job
carries, stands for those on other pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby

from msgspec import Struct

from gatekeeper.models.evidence import answers, json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Facts, Run, Stage

_ENDED = {"success", "failed", "canceled", "skipped"}


class _Commit(Struct):
    id: str | None = None


class _Pipeline(Struct):
    id: int
    sha: str | None = None
    status: str | None = None
    web_url: str | None = None


class _Job(Struct):
    id: int
    name: str
    status: str
    pipeline: _Pipeline
    stage: str = ""
    allow_failure: bool = False
    commit: _Commit | None = None
    started_at: str | None = None
    finished_at: str | None = None
    duration: float | None = None
    web_url: str | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    told = {"pipeline", "commit", "allow_failure", "web_url", "runner"}
    return (
        answers.is_list(artifact) and {"id", "name", "status", "stage"} <= keys.keys() and len(keys.keys() & told) > 1
    )


def read(artifact: Artifact) -> Iterator[Facts]:
    jobs = list(chain.from_iterable(answers.pages(artifact, list[_Job])))
    if not jobs:
        raise Unusable("empty", "lists no job")
    for _, run in groupby(sorted(jobs, key=lambda job: job.pipeline.id), key=lambda job: job.pipeline.id):
        yield _run(artifact, list(run))


def _run(artifact: Artifact, jobs: list[_Job]) -> Run:
    last = {job.name: job for job in sorted(jobs, key=lambda job: job.id)}  # a job that was retried is listed twice
    stages = sorted(last.values(), key=lambda job: job.id)
    pipeline = stages[-1].pipeline
    status = reported.word(pipeline.status)
    ends = [end for job in stages if (end := reported.moment(job.finished_at))]
    return Run(
        tool="GitLab CI/CD",
        commit=_commit(jobs),
        made=max(ends, default=None),
        url=reported.words(pipeline.web_url),
        status=status,
        conclusion=status if status in _ENDED else "",
        stages=_stages(artifact, stages),
    )


def _commit(jobs: list[_Job]) -> str:
    named = {job.pipeline.sha for job in jobs} | {job.commit.id for job in jobs if job.commit}
    commits = {reported.revision(commit) for commit in named if commit}
    if len(commits) > 1:
        raise Unusable("unreadable", f"the jobs of pipeline {jobs[0].pipeline.id} are of several commits")
    return commits.pop() if commits else ""


def _stages(artifact: Artifact, jobs: list[_Job]) -> tuple[Stage, ...]:
    shown = [job.web_url or "" for job in jobs if job.status != "success"]
    lines = json_text.lines(artifact, ("web_url",), shown)
    return tuple(
        Stage(
            name=reported.words(job.name),
            conclusion=_conclusion(job),
            seconds=_seconds(job),
            url=reported.words(job.web_url),
            line=next(lines) if job.status != "success" else 1,
            allowed_to_fail=job.allow_failure,
        )
        for job in jobs
    )


def _conclusion(job: _Job) -> str:
    word = reported.word(job.status)
    if not word:
        raise Unusable("unreadable", f"the job {reported.words(job.name, 80)!r} has no status")
    return word


def _seconds(job: _Job) -> float | None:
    measured = reported.seconds(job.started_at, job.finished_at)
    if measured is not None or job.duration is None:
        return measured
    return job.duration if 0 <= job.duration < 10**9 else None
