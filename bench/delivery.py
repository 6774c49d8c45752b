"""How well deliveries are recognised: labels made by hand from public workflows against what the model says.

    python bench/delivery.py CHECKOUTS

CHECKOUTS holds the labelled repositories, each at its labelled commit in a folder OWNER+NAME. Repositories that are not
there are skipped and named. The labels are in `fixtures/delivery-labels.csv`: for each job whether it deploys, to what
class of environment, and, for production, the level of tests and scans and the approval that stands before it.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from gatekeeper.audit import read
from gatekeeper.commands.arguments import hooks
from gatekeeper.discover import discover
from gatekeeper.links.approval import approval_of
from gatekeeper.links.pipelines import depends, production_of, tests_for
from gatekeeper.models.pipeline import SCANS, Job
from gatekeeper.project import Project

LABELS = Path(__file__).parent.parent / "fixtures" / "delivery-labels.csv"
LEVELS = ("test", "scan", "approval")
PRODUCTION = ("prod", "parametric")
PASSES = ("enforced", "chained", "verified")
FAILS = ("soft", "unconnected", "absent", "misplaced", "bypassable")

Answer = dict[str, str]
Pairs = list[tuple[Answer, Answer]]


def said(job: Job, project: Project) -> Answer:
    """What the model says of a job, in the words of the labels."""
    deploys = any(fact.kind == "deploy" for fact in job.facts) and "ephemeral" not in job.kinds
    production = production_of(job, project)
    answer = {"deploys": "yes" if deploys else "no", "strong": "yes" if deploys and job.deploy else "no"}
    if production is None:
        return answer | {"environment": "other"}
    answer["environment"] = "parametric" if production.parametric else "prod"
    answer["certain"] = "yes" if production.certain else "no"
    answer["test"] = depends(job, tests_for(job), project).level.value
    answer["scan"] = depends(job, SCANS, project).level.value
    answer["approval"] = approval_of(job, project).status.value
    return answer


def compared(rows: Iterable[Answer], checkouts: Path) -> Iterator[tuple[Answer, Answer]]:
    """Each label with what is said of its job; {} for a job that was not found."""
    projects: dict[str, dict[str, tuple[Job, Project]] | None] = {}
    for row in rows:
        name = row["repository"]
        if name not in projects:
            projects[name] = _jobs(checkouts / name.replace("/", "+"))
            if projects[name] is None:
                print(f"not here: {name} at {row['commit']}", file=sys.stderr)
        jobs = projects[name]
        if jobs is not None:
            found = jobs.get(f"{row['file']}:{row['job']}")
            yield row, said(*found) if found else {}


def _jobs(root: Path) -> dict[str, tuple[Job, Project]] | None:
    if not root.is_dir():
        return None
    project = read(discover(root), hooks([]))
    return {f"{job.root.pipeline.path}:{job.name.partition(':')[2]}": (job, project) for job in project.all(Job)}


def main() -> None:
    rows = list(csv.DictReader(LABELS.open(encoding="utf-8")))
    pairs = list(compared(rows, Path(sys.argv[1])))
    for row, answer in pairs:
        wrong = [*_wrong(row, answer)]
        if wrong:
            print(f"{row['repository']} {row['file']}:{row['job']}  {'; '.join(wrong)}")
    print(f"\n{len(pairs)} jobs of {len({row['repository'] for row, _ in pairs})} repositories")
    told = [(row, answer) for row, answer in pairs if row["deploys"] in ("yes", "no")]
    clear = [(row, answer) for row, answer in pairs if row["environment"] not in ("", "unknown")]
    for name, question, words in (
        ("deploys", "deploys", ("yes",)), ("deploys, by an action or command", "strong", ("yes",)),
    ):  # fmt: skip
        _rates(name, [(row[question] in words, answer.get(question) in words) for row, answer in told])
    held = [(row["environment"] in PRODUCTION, answer) for row, answer in clear]
    _rates("to production or perhaps", [(label, a.get("environment") in PRODUCTION) for label, a in held])
    _rates("certainly to production", [(label, a.get("certain") == "yes") for label, a in held])
    for question in LEVELS:
        _levels(
            question,
            [(row[question], answer[question]) for row, answer in pairs if row[question] and question in answer],
        )


def _wrong(row: Answer, answer: Answer) -> Iterator[str]:
    if row["deploys"] in ("yes", "no") and answer.get("deploys", "no") != row["deploys"]:
        yield f"deploys: {answer.get('deploys', 'no')} for {row['deploys']}"
    told = row["environment"] not in ("", "unknown")
    if told and (row["environment"] in PRODUCTION) != (answer.get("environment") in PRODUCTION):
        yield f"environment: {answer.get('environment', '-')} for {row['environment']}"
    for question in LEVELS:
        if row[question] and answer.get(question, row[question]) != row[question]:
            yield f"{question}: {answer[question]} for {row[question]}"


def _rates(name: str, told: list[tuple[bool, bool]]) -> None:
    counts = Counter(told)
    right = counts[True, True]
    precision = _share(right, right + counts[False, True])
    print(f"{name}: precision {precision}, recall {_share(right, right + counts[True, False])}")


def _levels(question: str, told: list[tuple[str, str]]) -> None:
    same = sum(label == word for label, word in told)
    unknown = sum(word == "unknown" != label for label, word in told)
    passed = sum(word in PASSES and label not in PASSES for label, word in told)
    failed = sum(word in FAILS and label not in FAILS for label, word in told)
    print(f"{question}: {_share(same, len(told))} as labelled, {unknown} not known, "
          f"{passed} passed wrongly, {failed} failed wrongly")  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


if __name__ == "__main__":
    main()
