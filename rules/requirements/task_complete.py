from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.links.settings_file import settings_at
from gatekeeper.models.files import Repository
from gatekeeper.rule import Fix, place, rule
from gatekeeper.settings import Task

_ID = re.compile(r"(?=[^1-9]{0,80}[1-9])[\w./#-]{1,80}\Z")  # of any tracker: DO-142, #142, acme/orders#142
_PLACEHOLDER = re.compile(
    r"""
    [\W_]*                                                           # `...`, `?`, nothing
    | [\[<({«‹【]{1,2} [^\[\]<>(){}]{0,80} [\]>)}»›】]{1,2} (?:\ (?:hours?|days?|weeks?|points?))?
    | .{0,200} (?: \$\{ | \{\{ | (?-i:__[A-Z_]{2,40}__) ) .{0,200}
    | (?: to[ -]?do | tb[da] | fixme | x{3,} | lorem\ ipsum ) \s{0,3} (?: [:.!?…-] .{0,200} | dolor.{0,200} )?
    | (?:task\ )?name | n/?a | (?:brief\ |short\ )?description (?:\ of\ (?:the\ )?(?:task|work))?
    | [\[<({]? (?:acceptance\ )? criteri(?:on|a) \ ?\d{0,2} (?: [\]>)}] .{0,200} )?
    | (?: [xn?]\ ? )? (?: hours? | days? | weeks? | points? | h | d )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ASKED = ("name", "prd", "description", "acceptance", "environment", "estimate", "priority")


def _given(repository: Repository, project: Project) -> bool:
    return project.settings.task != Task()


@rule("task-complete", gate="requirements", severity="medium", seed="Required Task Fields", where=_given)
def task_complete(repository: Repository, project: Project) -> Iterator[Finding]:
    """The task in gatekeeper.yaml is filled in.

    `task` says what is delivered: the completion report has its name from there, and the acceptance criteria with what
    each came to. A number that is still `DO-XXX`, a name in brackets and a criterion that nothing answers are left from
    a template. Without `task` nothing is asked.

    Bad:
    ```yaml gatekeeper.yaml
    task:  # expect: says nothing of prd, estimate, priority
      id: DO-XXX  # expect: DO-XXX is no number of a task
      name: "{{ Task Name }}"  # expect: is a placeholder
      description: The order service goes to production
      environment: prod
      acceptance:
        Zero-downtime deployment: zero-downtime-shown
        # expect: no criterion answers
        Dashboards are nice: ""
    ```

    Good:
    ```yaml gatekeeper.yaml
    task:
      id: "acme/orders#142"
      name: "[Orders] Order service to production"
      prd: [NFR-001]
      description: The order service goes to production
      environment: prod
      acceptance:
        Zero-downtime deployment: zero-downtime-shown
      dependencies: [BE-001]
      estimate: 3 days
      priority: P1
    ```
    """
    task = project.settings.task
    whole = settings_at(project, "task") or place(repository)
    missing = [name for name in _ASKED if not getattr(task, name)]
    if missing:
        yield Finding(whole, f"the task says nothing of {', '.join(missing)}")
    if not _ID.match(task.id):
        words = f"{task.id} is no number of a task" if task.id else "the task has no number"
        yield Finding(settings_at(project, "task", "id") or whole, words, fix=Fix("give its number: DO-142"))
    for name in ("name", "description", "environment", "estimate"):
        text = getattr(task, name)
        if text and _PLACEHOLDER.fullmatch(text.strip()):
            yield Finding(settings_at(project, "task", name) or whole, f"{name} is a placeholder: {text}")
    for words, criterion in task.acceptance.items():
        at = settings_at(project, "task", "acceptance", words) or whole
        if _PLACEHOLDER.fullmatch(words.strip()):
            yield Finding(at, f"the acceptance criterion is a placeholder: {words}")
        elif not criterion:
            yield Finding(at, f"no criterion answers: {words}", fix=Fix("name a criterion; `gatekeeper explain GATE`"))
