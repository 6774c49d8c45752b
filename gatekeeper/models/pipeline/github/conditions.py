"""When GitHub runs a job or a step: its `if:` for one run, in three values.

GitHub's rules (documentation of `needs` and of the status functions): a job without a status function in its `if:` runs
only after success of every job before it; a skip travels along the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from gatekeeper.models.pipeline import expressions
from gatekeeper.models.pipeline.expressions import UNKNOWN, Tree, Unknown, Value
from gatekeeper.models.pipeline.ir import Job, Pipeline, Run, Status, Step, Trigger, text_of
from gatekeeper.node import Node

_SUCCESS, _SKIPPED, _FAILURE = frozenset({"success"}), frozenset({"skipped"}), frozenset({"failure"})


def tree_of(node: Node) -> Tree | None:
    """The condition written at `if:`; None when there is none or it cannot be read."""
    return expressions.condition(text_of(node)) if node.present else None


def job_runs(job: Job, run: Run) -> bool | None:
    """Whether a job runs in a run."""
    github = _github(job.root.pipeline, run.trigger, run.upstream)
    look = partial(_lookup, job=job, github=github, trigger=run.trigger, before=run.before)
    return _decide(job, look, _functions(run.above), job.cond.present)


def step_runs(step: Step, trigger: Trigger, failed: bool = False) -> bool | None:
    """Whether a step of a job that runs is run, for a trigger; with `failed`, after an earlier step has failed."""
    if not step.cond.present:
        return not failed
    github = _github(step.job.root.pipeline, trigger, "success")
    status = {"success": not failed, "failure": failed, "always": True, "cancelled": False}
    return _decide(step, lambda path: _lookup(path, step.job, github, trigger, {}), status, True)


def text_in(text: str, job: Job, trigger: Trigger) -> str | None:
    """What a text that is one expression comes to in the run that a trigger starts; None when that is not known."""
    tree = expressions.condition(text)
    value = value_in(tree, job, trigger) if tree else None
    return value if isinstance(value, str) and "${{" not in value else None


def value_in(tree: Tree, job: Job, trigger: Trigger) -> Value:
    """What an expression of a job comes to in the run that a trigger starts."""
    github = _github(job.root.pipeline, trigger, "success")
    return expressions.evaluate(tree, lambda path: _lookup(path, job, github, trigger, {}), {})


def _functions(before: Sequence[Status]) -> dict[str, Value]:
    failed: Value = any(status == _FAILURE for status in before)
    if failed or any(status == _SKIPPED for status in before):
        success: Value = False
    else:
        success = UNKNOWN if any(status != _SUCCESS for status in before) else True
    return {"success": success, "failure": failed, "always": True, "cancelled": False}


def _decide(
    subject: Job | Step, lookup: Callable[[str], Value], status: dict[str, Value], written: bool
) -> bool | None:
    if not written:
        return expressions.truth(status["success"])
    tree = tree_of(subject.cond)
    if tree is None:
        return None
    value = expressions.truth(expressions.evaluate(_own_repository(tree), lookup, status))
    if expressions.names_status(tree):
        return value
    success = expressions.truth(status["success"])
    if success is False or value is False:
        return False
    return True if success and value else None


@lru_cache(maxsize=1024)
def _own_repository(tree: Tree) -> Tree:
    """`github.repository == 'owner/name'` keeps forks out: in the repository itself it holds."""
    if tree[0] in ("==", "!=") and {tree[1][0], tree[2][0]} == {"path", "literal"}:
        path = tree[1] if tree[1][0] == "path" else tree[2]
        if path[1] in ("github.repository", "github.repository_owner"):
            return ("literal", tree[0] == "==")
        return tree
    if tree[0] in ("&&", "||"):
        return (tree[0], *(_own_repository(part) for part in tree[1:]))
    return ("!", _own_repository(tree[1])) if tree[0] == "!" else tree


def _lookup(path: str, job: Job, github: dict[str, Value], trigger: Trigger, before: Mapping[str, Status]) -> Value:
    if path in github:
        return github[path]
    context, _, rest = path.partition(".")
    if context == "needs":
        return _needs(rest, before)
    if path.startswith("github.event.inputs."):
        return _input(path.removeprefix("github.event.inputs."), job, trigger)
    if context == "inputs":
        return _input(rest, job, trigger)
    if context == "env":
        values = job.values(f"${{{{ {path} }}}}")
        return values[0] if values and len(values) == 1 else UNKNOWN
    return UNKNOWN


def _input(name: str, job: Job, trigger: Trigger) -> Value:
    pipeline = job.pipeline
    if pipeline.caller is None and trigger.ref not in ("dispatch", "call"):
        return None
    values = pipeline.inputs.get(name) if pipeline.caller else None
    if not values or len(values) != 1:
        return UNKNOWN
    if values[0] in ("true", "false"):
        return Unknown(values[0] == "true") if name in pipeline.booleans else UNKNOWN
    return values[0]


def _needs(rest: str, before: Mapping[str, Status]) -> Value:
    name, _, what = rest.rpartition(".")
    if what != "result":
        return UNKNOWN
    if name == "*":
        return tuple(_one(status) for status in before.values())
    found = next((status for id, status in before.items() if id.lower() == name), None)
    return UNKNOWN if found is None else _one(found)


def _one(status: Status) -> Value:
    return next(iter(status)) if len(status) == 1 else UNKNOWN


def _github(pipeline: Pipeline, trigger: Trigger, upstream: str) -> dict[str, Value]:
    """What of the `github` context a trigger settles; made once."""
    made: dict[object, dict[str, Value]] = pipeline.__dict__.setdefault("_contexts", {})
    key = (trigger.event, trigger.ref, trigger.branch, trigger.pattern, upstream, id(trigger.at))
    if key not in made:
        made[key] = _context(pipeline, trigger, upstream)
    return made[key]


def _context(pipeline: Pipeline, trigger: Trigger, upstream: str) -> dict[str, Value]:
    known: dict[str, Value] = {
        "github.event_name": trigger.event,
        "github.event.repository.default_branch": pipeline.default_branch,
        "github.event.repository.fork": False,
    }
    branch = trigger.branch
    if trigger.ref in ("tag", "release"):
        tag = branch if trigger.ref == "tag" else "v1.0.0"
        known |= {"github.ref": f"refs/tags/{tag}", "github.ref_name": tag, "github.ref_type": "tag"}
    elif trigger.ref == "pr":
        known |= {
            "github.ref": "refs/pull/1/merge",
            "github.ref_name": "1/merge",
            "github.ref_type": "branch",
            "github.base_ref": branch,
        }
    elif trigger.ref not in ("dispatch", "call", "other"):
        known |= {"github.ref": f"refs/heads/{branch}", "github.ref_name": branch, "github.ref_type": "branch"}
        known["github.base_ref"] = branch if trigger.ref == "pr-target" else ""
    if trigger.ref == "call":
        del known["github.event_name"]
    if trigger.event == "push":
        known |= {"github.head_ref": "", "github.event.ref": known["github.ref"], "github.event.deleted": False}
    if trigger.ref == "workflow_run":
        known["github.event.workflow_run.conclusion"] = upstream
    types = trigger.at["types"] if trigger.at.is_mapping else None
    if types is not None and types.known and types.is_list and len(types) == 1:
        known["github.event.action"] = text_of(types[0])
    if trigger.ref in ("pr", "pr-target") and not (types is not None and types.present):
        known["github.event.pull_request.merged"] = False
    return known
