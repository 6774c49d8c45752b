"""Which text of a workflow anybody may write, and where it ends up: in a script, by itself or by way of variables,
outputs and inputs.

Source of the contexts: "Security hardening for GitHub Actions" and "Webhook events and payloads" of GitHub's
documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.models.pipeline.expressions import Tree, found, parse, walk
from gatekeeper.models.pipeline.ir import Job, Step, Trigger, line_of, normal, pairs, text_of
from gatekeeper.models.pipeline.reach import play
from gatekeeper.node import Expression, Node, Unresolved, regex
from gatekeeper.parsers import yaml

_DEPTH = 6
_INNER = 500  # steps of local actions that one step comes to
_FREE = regex(
    r"github\.(?:head_ref"
    r"|event\.(?:issue|discussion)\.(?:title|body)"
    r"|event\.pull_request\.(?:title|body|head\.(?:ref|label|repo\.(?:default_branch|description|homepage)))"
    r"|event\.(?:comment|review|review_comment)\.body"
    r"|event\.changes\.(?:title|body)\.from"
    r"|event\.pages\.(?:\*|\d+)\.page_name"
    r"|event\.(?:commits\.(?:\*|\d+)|head_commit)\.(?:message|author\.(?:email|name)|committer\.(?:email|name))"
    r"|event\.check_suite\.head_branch|event\.check_run\.check_suite\.head_branch"
    r"|event\.workflow_run\.(?:display_title|head_branch|head_commit\.(?:message|author\.(?:email|name))|pull_requests\.(?:\*|\d+)\.head\.ref|head_repository\.description)"
    r")\Z"
)
_WHOLE = regex(
    r"github(?:\.event(?:\.(?:issue|discussion|pull_request(?:\.head)?|comment|review|review_comment|pages|commits"
    r"|head_commit|workflow_run|changes))?)?\Z"
)
_EVENTS: tuple[tuple[str, frozenset[str]], ...] = (
    ("github.event.workflow_run", frozenset({"workflow_run"})),
    ("github.event.check_", frozenset({"check_suite", "check_run"})),
    ("github.event.issue", frozenset({"issues", "issue_comment"})),
    ("github.event.discussion", frozenset({"discussion", "discussion_comment"})),
    ("github.event.comment", frozenset({"issue_comment", "pull_request_review_comment", "commit_comment",
                                        "discussion_comment"})),
    ("github.event.review", frozenset({"pull_request_review", "pull_request_review_comment"})),
    ("github.event.pages", frozenset({"gollum"})),
    ("github.event.commits", frozenset({"push"})),
    ("github.event.head_commit", frozenset({"push"})),
    ("github.event.changes", frozenset({"issues", "issue_comment", "pull_request", "pull_request_target"})),
    ("github.event.pull_request", frozenset({"pull_request", "pull_request_target", "pull_request_review",
                                             "pull_request_review_comment"})),
    ("github.head_ref", frozenset({"pull_request", "pull_request_target"})),
)  # fmt: skip
# Runs for a stranger's event with the repository's own secrets and token.
PRIVILEGED = frozenset(
    "pull_request_target workflow_run issue_comment issues discussion discussion_comment gollum commit_comment".split()
)
_SCRIPTS = {
    "actions/github-script": "script",
    "azure/cli": "inlinescript",
    "azure/powershell": "inlinescript",
    "appleboy/ssh-action": "script",
    "nick-fields/retry": "command",
    "nick-invision/retry": "command",
    "addnab/docker-run-action": "run",
    "wandalen/wretry.action": "command",
    "reactivecircus/android-emulator-runner": "script",
}
_BRANCH_OUTPUTS = {
    "xt0rted/pull-request-comment-branch": ("head_ref",),
    "alessbell/pull-request-comment-branch": ("head_ref",),
}
_VARIABLE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?|\$\{\{[ ]{0,4}env\.([A-Za-z_]\w{0,80})")
_PAYLOAD = regex(r"context\.payload\.[\w.?!]{1,60}\.(?:title|body|ref|label|message)\b")


class Taint(NamedTuple):
    """A text that anybody may write (`path`), the way it came (`trail`), and whether it certainly came that way."""

    path: str
    trail: tuple[str, ...] = ()
    certain: bool = True


class Hit(NamedTuple):
    """Such a text in a script: at which node, in which step, and what it is."""

    at: Node
    step: Step
    taint: Taint


class Action(NamedTuple):
    """A composite action as one step uses it: what its inputs are given, and where that step stands."""

    inputs: Mapping[str, Node]
    user: Scope


def _is_free(path: str) -> bool:
    return _FREE.match(path) is not None


class Scope(NamedTuple):
    """Where an expression stands: in a job, perhaps in one of its steps, perhaps in an action that a step uses.

    `wanted` says which paths are looked for behind it: where nothing else is said, the texts that anybody may write.
    """

    job: Job
    step: Step | None = None
    action: Action | None = None
    siblings: tuple[Step, ...] = ()
    wanted: Callable[[str], object] = _is_free


def pasted(tree: Tree) -> Iterator[str]:
    """The paths whose text can end up in what the expression comes to; what is only compared cannot. A whole object
    that becomes text ends in `.*`."""
    if tree[0] == "path":
        yield tree[1]
    elif tree[0] == "opaque":
        yield from pasted(tree[1])
    elif tree[0] == "||":
        for part in tree[1:]:
            yield from pasted(part)
    elif tree[0] == "&&":
        yield from pasted(tree[-1])
    elif tree[0] == "call" and tree[1] in ("format", "join", "tojson", "fromjson"):
        for argument in tree[2]:
            yield from (
                f"{path}.*" if tree[1] == "tojson" and _WHOLE.match(path) else path for path in pasted(argument)
            )


def script_of(step: Step) -> Node | None:
    """The node of the step's program text: what `run` holds, or the input of an action that runs it."""
    script = step.node["run"]
    if text_of(script):
        return script
    name = _SCRIPTS.get(step.slug)
    if name is None:
        return None
    return next((node for key, node in pairs(step.node["with"]) if key.lower() == name and text_of(node)), None)


def scripts_of(step: Step, scope: Scope) -> Iterator[tuple[Step, Node, Scope]]:
    """The program texts that a step runs, also those of the local action that it uses."""
    for each, within in ((step, scope), *inside(step, scope)):
        node = script_of(each)
        if node is not None:
            yield each, node, within


def inside(step: Step, scope: Scope) -> Iterator[tuple[Step, Scope]]:
    """The steps of the local composite action that a step uses, and of those that these use. Raises `Unresolved` where
    there is no end of them."""
    stack = [(*each, 1) for each in reversed(_directly(step, scope))]
    for number in count():
        if not stack:
            return
        inner, within, depth = stack.pop()
        if number == _INNER or depth > _DEPTH:
            raise Unresolved(step.node["uses"], Expression(step.uses, "comes to too many steps"))
        yield inner, within
        stack += [(*each, depth + 1) for each in reversed(_directly(inner, within))]


def _directly(step: Step, scope: Scope) -> list[tuple[Step, Scope]]:
    document = action_of(step)
    steps = document["runs"]["steps"] if document is not None else None
    if document is None or steps is None or not steps.is_list:
        return []
    given = {key.lower(): node for key, node in pairs(step.node["with"])}
    inputs = {key.lower(): given.get(key.lower(), declared["default"]) for key, declared in pairs(document["inputs"])}
    action = Action(inputs, scope._replace(step=step))
    made = tuple(type(step)(node, step.job, number) for number, node in enumerate(steps) if node.is_mapping)
    return [(each, Scope(scope.job, each, action, made, scope.wanted)) for each in made]


def action_of(step: Step) -> Node | None:
    """The document of the local action that a step uses."""
    uses = step.uses
    if not uses.startswith(("./", "$/")):
        return None
    folder = normal(uses[2:].partition("@")[0])
    for name in ("action.yml", "action.yaml"):
        source = step.job.pipeline.workspace.source(f"{folder}/{name}")
        if source is not None:
            try:
                nodes = source.once(yaml.parse).nodes
            except Unreadable:
                return None
            return nodes[0] if nodes and nodes[0].is_mapping else None
    return None


def hits(step: Step, scope: Scope) -> Iterator[Hit]:
    """Each `${{ }}` in what a step runs that anybody may write."""
    for inner, node, within in scripts_of(step, scope):
        text = text_of(node)
        for start, _, expression in found(text):
            for taint in _of_expression(expression, within, 0):
                yield Hit(line_of(node, text.count("\n", 0, start)), inner, taint)
                break


def taints(text: str, scope: Scope, depth: int = 0) -> Iterator[Taint]:
    """What of a text anybody may write."""
    if depth < _DEPTH:
        for _, _, expression in found(text):
            yield from _of_expression(expression, scope, depth)


def variables(step: Step, scope: Scope) -> dict[str, Taint]:
    """The environment variables of a step that hold such a text."""
    nodes = {**step.job.pipeline.env, **step.job.env, **dict(pairs(step.node["env"]))}
    held = {name: next(taints(text_of(node), scope, 1), None) for name, node in nodes.items()}
    return {name: taint for name, taint in held.items() if taint}


def _of_expression(expression: str, scope: Scope, depth: int) -> Iterator[Taint]:
    tree = parse(expression)
    for path in pasted(tree) if tree else ():
        if scope.wanted(path) or path.endswith(".*"):
            yield Taint(path.removesuffix(".*"))
            continue
        for taint in _behind(path, scope, depth + 1):
            yield taint._replace(trail=(path, *taint.trail))


def _behind(path: str, scope: Scope, depth: int) -> Iterator[Taint]:
    """What stands behind a path of another context."""
    context, _, rest = path.partition(".")
    if depth >= _DEPTH:
        return
    if context == "env":
        yield from _variable(rest, scope, depth)
    elif context == "inputs":
        yield from _input(rest, scope, depth)
    elif context == "steps":
        id, _, last = rest.partition(".")
        siblings = scope.siblings or scope.job.steps
        step = next((each for each in siblings if text_of(each.node["id"]).lower() == id), None)
        if step is not None and last.startswith("outputs."):
            yield from _output(step, last.removeprefix("outputs."), scope._replace(step=step), depth)
    elif context == "needs":
        id, _, last = rest.partition(".")
        job = next((each for each in scope.job.needed if each.id.lower() == id), None)
        name = last.removeprefix("outputs.")
        node = next((n for key, n in pairs(job.node["outputs"]) if key.lower() == name), None) if job else None
        if job is not None and node is not None:
            yield from taints(text_of(node), Scope(job, wanted=scope.wanted), depth)


def _variable(name: str, scope: Scope, depth: int) -> Iterator[Taint]:
    own = dict(pairs(scope.step.node["env"])) if scope.step else {}
    nodes = {key.lower(): node for key, node in {**scope.job.pipeline.env, **scope.job.env, **own}.items()}
    if name in nodes:
        yield from taints(text_of(nodes[name]), scope, depth)


def _input(name: str, scope: Scope, depth: int) -> Iterator[Taint]:
    if scope.action:
        node = scope.action.inputs.get(name)
        if node is not None:
            yield from taints(text_of(node), scope.action.user, depth)
        return
    caller = scope.job.pipeline.caller
    node = next((n for key, n in pairs(caller.node["with"]) if key.lower() == name), None) if caller else None
    if caller and node is not None:
        yield from taints(text_of(node), Scope(caller, wanted=scope.wanted), depth)


def _output(step: Step, name: str, scope: Scope, depth: int) -> Iterator[Taint]:
    """What a step writes to one of its outputs: certain where the script prints the text itself."""
    free = scope.wanted is _is_free
    if free and name in _BRANCH_OUTPUTS.get(step.slug, ()):
        yield Taint("the name of the pull request's branch", (step.slug,))
        return
    script = script_of(step)
    text = text_of(script) if script is not None else ""
    if step.slug == "actions/github-script":
        if free and _PAYLOAD.search(text) and f"setOutput('{name}" in text.replace('"', "'"):
            yield Taint("context.payload", certain=False)
        return
    held = variables(step, scope)
    for line in text.split("\n"):
        if f"{name}=" not in line.lower() or ("GITHUB_OUTPUT" not in text and "::set-output" not in text):
            continue
        _, _, value = line.partition("=")
        yield from taints(value, scope, depth)
        named = [match[1] or match[2] for match in _VARIABLE.finditer(value)]
        plain = line.lstrip().startswith(("echo", "printf")) and "$(" not in line and "`" not in line
        yield from (held[each]._replace(certain=plain) for each in named if each in held)
    if held and text and not any(f"{name}=" in line.lower() for line in text.split("\n")):
        yield next(iter(held.values()))._replace(certain=False)


def triggers_of(taint: Taint, job: Job) -> list[Trigger]:
    """The triggers for which the text is there at all, and the job may run. A workflow that others call is as they
    are started: nobody can tell here."""
    if not taint.path.startswith("github."):
        events: frozenset[str] | None = None
    else:
        events = next((names for prefix, names in _EVENTS if taint.path.startswith(prefix)), None)
    pipeline = job.root.pipeline
    return [
        trigger
        for trigger in pipeline.triggers
        if (trigger.ref == "call" or events is None or trigger.event in events)
        and play(pipeline, trigger).of(job) is not False
    ]


def named(text: str, prefix: str) -> bool:
    """Whether an expression of the text names a path below `prefix`."""
    for _, _, expression in found(text):
        tree = parse(expression)
        if tree and any(node[0] == "path" and f"{node[1]}.".startswith(f"{prefix}.") for node in walk(tree)):
            return True
    return False
