"""What images are called in pipelines, where a name is put together of expressions and variables.

A name is not computed: it is brought into one form, in which two places that mean the same image say the same. So
`${{ github.sha }}` is `$GITHUB_SHA`, a variable is what it is set to, and the output of a step or of another job is
what that writes. What is left over stays in the name, in braces.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gatekeeper.models.image import ImageReference
from gatekeeper.models.pipeline import Job, Step, expressions
from gatekeeper.models.pipeline.ir import pairs, text_of
from gatekeeper.models.pipeline.shell import Command, commands
from gatekeeper.node import regex

_DEPTH = 8
_LENGTH = 1000  # characters of a name; registries take fewer
_SUBSTITUTIONS = 5000  # of one pipeline: variables that hold one another many times must end
_PATH = regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,200}\Z")
_VARIABLE = regex(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,80})\}|\$([A-Za-z_][A-Za-z0-9_]{0,80})")
_OPEN, _CLOSE = "\ue010", "\ue011"
_HELD = regex(_OPEN + r"(\d{1,6})" + _CLOSE)
_LOST = ("\x1a", "\ue000")
# Variables of the tools that are the same in every job of a run.
FIXED = frozenset(
    "GITHUB_SHA GITHUB_REF_NAME GITHUB_RUN_ID GITHUB_RUN_NUMBER GITHUB_REPOSITORY GITHUB_REPOSITORY_OWNER "
    "CI_COMMIT_SHA CI_COMMIT_SHORT_SHA CI_COMMIT_TAG CI_COMMIT_REF_NAME CI_COMMIT_REF_SLUG CI_COMMIT_BRANCH "
    "CI_REGISTRY_IMAGE CI_REGISTRY CI_PIPELINE_ID CI_PIPELINE_IID CI_PROJECT_PATH BUILD_NUMBER BUILD_TAG BUILD_ID "
    "GIT_COMMIT BRANCH_NAME TAG_NAME".split()
)


class Name(NamedTuple):
    """An image's name in one form: what stands before the tag, the tag, and the digest."""

    repository: str
    tag: str
    digest: str = ""

    @property
    def text(self) -> str:
        digest = f"@{self.digest}" if self.digest else ""
        tag = f":{self.tag}" if self.tag else ""
        return plain(f"{self.repository}{tag}{digest}")

    @property
    def open(self) -> bool:
        """Whether something of it is not known, and another name may mean the same."""
        return is_open(self.repository) or is_open(self.tag)

    @property
    def last(self) -> str:
        return self.repository.rpartition("/")[2]


def plain(text: str) -> str:
    """A text for sentences."""
    for lost in _LOST:
        text = text.replace(lost, "…")
    return text


def is_open(text: str) -> bool:
    """Whether a text holds something that is known only when it runs, and may be something else in another place."""
    if "{" in text or any(lost in text for lost in _LOST):
        return True
    return any((match[1] or match[2]) not in FIXED for match in _VARIABLE.finditer(text))


def name_of(text: str) -> Name | None:
    """The parts of a name that is in one form; None for no image. Docker Hub is what is meant where nothing else is."""
    text = text.strip().strip("'\"").removeprefix("docker://")
    if not text or (" " in text and "{" not in text) or text.startswith(("-", ".", "/")):
        return None
    reference = ImageReference.parse(text)
    if not reference.name:
        return None
    short = reference.repository.removeprefix("library/")
    whole = short if reference.registry == "docker.io" else f"{reference.registry}/{reference.repository}"
    return Name(whole, reference.tag or ("" if reference.digest else "latest"), reference.digest)


def same(one: Name, other: Name) -> bool | None:
    """Whether two names mean one image; None when nobody can tell."""
    if one.digest and one.digest == other.digest:
        return True
    if (one.repository, one.tag) == (other.repository, other.tag) and bool(one.digest) == bool(other.digest):
        return True
    if one.open or other.open or one.digest or other.digest:
        return None
    return False


# one form


def masked(script: str) -> tuple[str, list[str]]:
    """A script whose `${{ }}` are words of their own, and what they were."""
    held: list[str] = []
    parts: list[str] = []
    at = 0
    for start, end, inner in expressions.found(script):
        parts += [script[at:start], f"{_OPEN}{len(held)}{_CLOSE}"]
        held.append(inner)
        at = end
    return "".join((*parts, script[at:])), held


def unmasked(word: str, held: list[str]) -> str:
    return _HELD.sub(lambda match: "${{ " + held[int(match[1])] + " }}", word)


def calls(step: Step) -> list[Command]:
    """The commands of a step's script, their expressions as they were written."""
    text, held = masked(step.run)
    return [
        command._replace(
            words=tuple(unmasked(word, held) for word in command.words),
            env=tuple(unmasked(word, held) for word in command.env),
        )
        for command in commands(text)
    ]


def form(text: str, step: Step, depth: int = 0) -> str:
    """A text of a step in one form."""
    if depth and _spent(step.job):
        return text[:_LENGTH]
    return _variables(_expressions(text, step.job, step, depth), step, depth)


def _expressions(text: str, job: Job, step: Step | None, depth: int) -> str:
    if len(text) > _LENGTH or (depth and _spent(job)):
        return text[:_LENGTH]
    parts: list[str] = []
    at = 0
    for start, end, inner in expressions.found(text):
        parts += [text[at:start], _one(inner.strip(), job, step, depth)]
        at = end
    return "".join((*parts, text[at:]))


def _one(inner: str, job: Job, step: Step | None, depth: int) -> str:
    joined = "{" + "".join(inner.split()) + "}"
    if not _PATH.match(inner) or depth > _DEPTH:
        return joined
    context, _, rest = inner.partition(".")
    if context == "github" and not rest.startswith("event."):
        return f"$GITHUB_{rest.upper()}"
    if context == "env":
        value = _variable(rest, job, step)
        return _expressions(value, job, step, depth + 1) if value else f"${rest}"
    if context == "inputs" and job.pipeline.caller is not None:
        return _input(rest, job, depth) or joined
    if context in ("steps", "needs"):
        parts = rest.split(".")
        if len(parts) == 3 and parts[1] == "outputs":
            found = (
                _step_output(parts[0], parts[2], job, depth)
                if context == "steps"
                else _job_output(parts[0], parts[2], job, depth)
            )
            return found or (f"{{{job.id}.{rest}}}" if context == "steps" else joined)
    return joined


def _spent(job: Job) -> bool:
    """Whether a pipeline has had its share of substitutions."""
    pipeline = job.root.pipeline.__dict__
    pipeline["_substituted"] = pipeline.get("_substituted", 0) + 1
    return bool(pipeline["_substituted"] > _SUBSTITUTIONS)


def _variable(name: str, job: Job, step: Step | None) -> str:
    """What a variable is set to: by the step, its job or the pipeline; '' when nothing says."""
    for nodes in (step.env_nodes if step else {}, job.env, job.pipeline.env):
        if name in nodes:
            return text_of(nodes[name])
    return ""


def _input(name: str, job: Job, depth: int) -> str:
    """What the caller of a reusable workflow gives, else the default."""
    caller = job.pipeline.caller
    assert caller is not None
    given = dict(pairs(caller.node["with"])).get(name)
    if given is not None:
        return _expressions(text_of(given), caller, None, depth + 1)
    default = job.pipeline.node["on"]["workflow_call"]["inputs"][name]["default"]
    return _expressions(text_of(default), job, None, depth + 1)


def _job_output(name: str, output: str, job: Job, depth: int) -> str:
    needed = job.pipeline.job.get(name)
    if needed is None:
        return ""
    if needed.called is not None:
        written = text_of(needed.called.node["on"]["workflow_call"]["outputs"][output]["value"])
        parts = written.strip().removeprefix("${{").removesuffix("}}").strip().split(".")
        if len(parts) == 4 and parts[0] == "jobs" and parts[2] == "outputs" and parts[1] in needed.called.job:
            inner = needed.called.job[parts[1]]
            return _expressions(text_of(inner.node["outputs"][parts[3]]), inner, None, depth + 1)
        return ""
    return _expressions(text_of(needed.node["outputs"][output]), needed, None, depth + 1)


def _step_output(name: str, output: str, job: Job, depth: int) -> str:
    """What a step writes as its output with `echo "name=value" >> $GITHUB_OUTPUT`."""
    step = next((each for each in job.steps if text_of(each.node["id"]) == name), None)
    if step is None or not step.run:
        return ""
    for command in calls(step):
        for word in command.words[1:] if command.words[:1] == ("echo",) else ():
            start = next((s for s in (f"{output}=", f"::set-output name={output}::") if word.startswith(s)), "")
            if start:
                return form(word.removeprefix(start), step, depth + 1)
    return ""


def _variables(text: str, step: Step, depth: int) -> str:
    if "$" not in text or depth > _DEPTH or len(text) > _LENGTH:
        return text[:_LENGTH]
    own = _assigned(step)

    def put(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in FIXED:
            return f"${name}"
        if name in own:
            return form(own[name], step, depth + 1) if f"${name}" not in own[name] else f"{{{name}}}"
        value = _variable(name, step.job, step)
        return form(value, step, depth + 1) if value and f"${name}" not in value else f"${name}"

    return _VARIABLE.sub(put, text)


def _assigned(step: Step) -> dict[str, str]:
    """The variables that a step's own script sets, the last time it sets them."""
    made: dict[str, str] | None = step.__dict__.get("_assigned")
    if made is None:
        made = {}
        for command in calls(step) if step.run else ():
            words = command.env if not command.words else command.words[1:]
            if command.words[:1] not in ((), ("export",), ("local",), ("readonly",), ("declare",)):
                continue
            made |= {key: value for key, equals, value in (word.partition("=") for word in words) if equals}
        step.__dict__["_assigned"] = made
    return made
