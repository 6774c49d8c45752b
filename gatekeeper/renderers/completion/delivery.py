"""Section 5: the stages of the pipelines, and what the run of this commit says of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from gatekeeper.models import Subject
from gatekeeper.models.evidence.facts import Run, Stage
from gatekeeper.proof import Held, Proofs, proofs
from gatekeeper.renderers.completion.sheet import Sheet, listed, section, shortened, slot, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text

if TYPE_CHECKING:
    from gatekeeper.models.pipeline import Job

_FORMATS = ("github_run", "gitlab_jobs")


def pipelines(sheet: Sheet) -> str:
    runs = proofs(Run, sheet.project, _FORMATS)
    jobs = _jobs(sheet)
    matched: set[int] = set()
    rows = [_row(job, runs, matched, sheet) for job in jobs]
    rows += [_unknown_job(run, stage, sheet) for run, stage in _stages(runs) if id(stage) not in matched]
    rows += [_total(runs, sheet)] if rows else []
    return section(
        "### 5. CI/CD Pipeline Status",
        "#### Pipeline Stages",
        table("Stage | Status | Duration | Does | Where", rows, _none(sheet), most=len(rows)),
        *_drawn(sheet),
        "#### Pipeline URL",
        _urls(jobs, runs, sheet),
    )


def _drawn(sheet: Sheet) -> list[str]:
    """The way to production as a diagram, where anything here deploys."""
    from gatekeeper.links.delivery_paths import delivery_paths, synced
    from gatekeeper.renderers.delivery import mermaid

    chart = mermaid(delivery_paths(sheet.project), synced(sheet.project))
    return [f"```mermaid\n{chart}\n```"] if chart else []


def _jobs(sheet: Sheet) -> list[Job]:
    if "pipeline.Job" not in Subject.registry:
        return []
    from gatekeeper.links.pipelines import entries

    return [job for pipeline in entries(sheet.project) for job in pipeline.all_jobs]


def _none(sheet: Sheet) -> str:
    return sheet.none_of("pipeline", what="pipelines")


def _row(job: Job, runs: Proofs[Run], matched: set[int], sheet: Sheet) -> tuple[str, ...]:
    from gatekeeper.links.runs import is_of

    found = [(run, stage) for run, stage in _stages(runs) if is_of(job, stage, run.facts)]
    matched.update(id(stage) for _, stage in found)
    name = markdown_code(shortened(job.name, 80))
    does = ", ".join(sorted(job.kinds)) or "nothing that is recognised"
    if not found:
        return name, _open(runs), slot("no run"), does, sheet.at(job)
    counts = Counter(stage.conclusion or "no conclusion" for _, stage in found)
    words = ", ".join(f"{number} {word}" if len(found) > 1 else word for word, number in sorted(counts.items()))
    status = f"{markdown_text(words)} ({sheet.places([run.line(stage.line) for run, stage in found])})"
    return name, status, _duration([stage for _, stage in found]), does, sheet.at(job)


def _unknown_job(run: Held[Run], stage: Stage, sheet: Sheet) -> tuple[str, ...]:
    """A job of a run that no pipeline here is known to declare."""
    status = f"{markdown_text(stage.conclusion or 'no conclusion')} ({sheet.at(run.line(stage.line))})"
    return markdown_code(shortened(stage.name, 80)), status, _duration([stage]), "not declared in a file read here", ""


def _stages(runs: Proofs[Run]) -> Iterator[tuple[Held[Run], Stage]]:
    for run in runs.held:
        for stage in run.facts.stages:
            yield run, stage


def _open(runs: Proofs[Run]) -> str:
    if runs.held:
        return slot("no-evidence: the run does not show this job")
    if runs.open:
        first = runs.open[0]
        return slot(f"{first.reason.value}: {markdown_text(shortened(first.message))}")
    return slot("no-evidence: keep the run of this commit")


def _total(runs: Proofs[Run], sheet: Sheet) -> tuple[str, ...]:
    if not runs.held:
        return "**Total**", _open(runs), slot("no run"), "", ""
    words = ", ".join(markdown_text(run.facts.conclusion or run.facts.status or "no conclusion") for run in runs.held)
    stages = [stage for _, stage in _stages(runs)]
    return "**Total**", words, f"{_duration(stages)} of jobs", "", sheet.places([run.at for run in runs.held])


def _duration(stages: list[Stage]) -> str:
    if not stages or not all(stage.seconds is not None and isfinite(stage.seconds) for stage in stages):
        return slot("the run does not say")
    seconds = round(sum(stage.seconds or 0 for stage in stages))
    return f"{seconds // 60}m {seconds % 60}s"


def _urls(jobs: list[Job], runs: Proofs[Run], sheet: Sheet) -> str:
    files = sorted({job.root.pipeline.path for job in jobs})
    urls = [f"{_url(run.facts.url)} ({sheet.at(run.at)})" for run in runs.held if run.facts.url]
    return "\n".join((
        f"- CI/CD: {listed([markdown_code(path) for path in files], 10) or _none(sheet)}",
        f"- Latest Run: {listed(urls, 3) or (_open(runs) if jobs or runs.open else _none(sheet))}",
    ))  # fmt: skip


def _url(url: str) -> str:
    """An address without what may be somebody's credentials."""
    scheme, _, rest = url.partition("://")
    bare = f"{scheme}://{rest.partition('#')[0].partition('?')[0].rpartition('@')[2]}"
    return markdown_code(shortened(bare, 200))
