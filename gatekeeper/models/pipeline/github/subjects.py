"""Workflows, jobs and steps as GitHub Actions writes them."""

from __future__ import annotations

import re

from gatekeeper.models import Subject
from gatekeeper.models.pipeline import expressions
from gatekeeper.models.pipeline.github import conditions
from gatekeeper.models.pipeline.ir import (
    EnvRef,
    Job,
    Pipeline,
    Run,
    Step,
    Trigger,
    Values,
    class_of,
    line_of,
    normal,
    pairs,
    text_of,
)
from gatekeeper.models.pipeline.values import possible
from gatekeeper.node import Node, Span, cached_property, regex

_BRANCH = regex(r"refs/heads/([A-Za-z0-9._/-]{1,100})|'([A-Za-z0-9._/-]{1,60})'")


class GithubPipeline(Pipeline):
    """A workflow."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"
    platform = "github"

    @property
    def span(self) -> Span:
        return (self.node["name"] if self.node["name"].present else self.node["on"]).mark


class GithubJob(Job):
    """A job of a workflow, or the call of a reusable one."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"

    @property
    def title(self) -> str:
        return text_of(self.node["name"])

    @property
    def never(self) -> bool:
        return conditions.tree_of(self.cond) == ("literal", False)

    @cached_property
    def environment(self) -> EnvRef | None:
        node = self.node["environment"]
        name = node["name"] if node.is_mapping else node
        raw = text_of(name)
        if not raw.strip():
            return None
        values = self.values(raw)
        return EnvRef(raw, values, class_of(values), text_of(node["url"]) if node.is_mapping else "", name)

    @property
    def soft(self) -> tuple[str, str]:
        return _soft(self.node["continue-on-error"])

    @cached_property
    def cond(self) -> Node:
        return self.node["if"]

    @cached_property
    def texts(self) -> list[Node]:
        """Every text of the job, its steps' too."""
        return self.node.texts()

    @property
    def guards(self) -> tuple[str, ...]:
        return tuple(match[1] or match[2] for match in _BRANCH.finditer(text_of(self.cond)))

    @property
    def uses_at(self) -> Node:
        return self.node["uses"]

    def runs_in(self, run: Run) -> bool | None:
        return conditions.job_runs(self, run)

    def environment_in(self, trigger: Trigger) -> str | None:
        named = self.environment
        if named is None or "${{" not in named.raw:
            return named.raw if named else ""
        return conditions.text_in(named.raw, self, trigger)

    def values(self, text: str) -> Values:
        return possible(text, self)


class GithubStep(Step):
    """One step: an action it uses or a script it runs. `bound` are the inputs of the action that it is a part of."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"

    bound: dict[str, str] | None = None

    @property
    def label(self) -> str:
        for key in ("name", "id"):
            if text_of(self.node[key]):
                return text_of(self.node[key])
        return f"step {self.index + 1}"

    @property
    def span(self) -> Span:
        node = next((self.node[key] for key in ("uses", "run", "name") if self.node[key].present), None)
        if node is None or node.span.line != node.span.end_line:
            return (node or self.node).mark
        return Span(*(node.key or node.span)[:2], *node.span[2:])

    @cached_property
    def uses(self) -> str:
        return text_of(self.node["uses"])

    @cached_property
    def run(self) -> str:
        """Its script, with what is known of the expressions in it put in, as GitHub does before the shell starts."""
        text = text_of(self.node["run"])
        for start, end, _ in reversed(list(expressions.found(text))):
            value = self.resolved(text[start:end])
            if "\n" not in value:
                text = f"{text[:start]}{value}{text[end:]}"
        return text

    @property
    def never(self) -> bool:
        return conditions.tree_of(self.cond) == ("literal", False)

    @property
    def soft(self) -> tuple[str, str]:
        return _soft(self.node["continue-on-error"])

    @cached_property
    def inputs(self) -> dict[str, str]:
        return {key.lower(): self.resolved(text_of(node)) for key, node in pairs(self.node["with"])}

    @cached_property
    def cond(self) -> Node:
        return self.node["if"]

    @cached_property
    def env_nodes(self) -> dict[str, Node]:
        return dict(pairs(self.node["env"]))

    @cached_property
    def shell(self) -> str:
        return text_of(self.node["shell"]) or self.job.shell

    @property
    def powershell(self) -> bool:
        """Windows has it where no shell is named."""
        machines = () if self.shell else self.job.values(_runner(self.job)) or ()
        return super().powershell or any("windows" in value.lower() for value in machines)

    @property
    def errexit(self) -> bool:
        """GitHub's own shells stop at the first failure; a template of one's own (`bash {0}`) does only with -e."""
        return (not self.powershell and "{0}" not in self.shell) or bool(re.search(r"\s-[a-z]*e", self.shell))

    @property
    def pipefail(self) -> bool:
        return self.shell == "bash" or "pipefail" in self.shell

    @cached_property
    def folder(self) -> str | None:
        written = text_of(self.node["working-directory"]) or self.job.folder
        resolved = self.resolved(written)
        return None if "${{" in resolved or "$" in resolved or resolved.startswith(("/", "~")) else normal(resolved)

    def resolved(self, text: str) -> str:
        if "${{" not in text or (self.outer and self.bound is None):
            return text
        values = possible(text, self.job, inputs=self.bound)
        return values[0] if values and len(values) == 1 else text

    def place_of(self, line: int) -> Node:
        return line_of(self.node["run"], line)

    def runs_in(self, trigger: Trigger, failed: bool = False) -> bool | None:
        return conditions.step_runs(self, trigger, failed)


class Use(Subject):
    """One `uses:`, of a step or of a job that calls another pipeline."""

    technology = "pipeline"
    example_path = ".github/workflows/ci.yml"

    def __init__(self, node: Node, job: Job) -> None:
        super().__init__(node)
        self.job = job
        self.text = text_of(node).strip()

    @property
    def name(self) -> str:
        return f"{self.job.name} {self.text}"

    @property
    def slug(self) -> str:
        """What is used, without its ref."""
        return self.text.partition("@")[0]

    @property
    def ref(self) -> str:
        return self.text.partition("@")[2]

    @property
    def local(self) -> bool:
        return self.text.startswith(("./", "$/", "../"))


def _runner(job: Job) -> str:
    """The labels of the machine that a job asks for, as one text."""
    asked = job.node["runs-on"]
    if asked.known and asked.is_list:
        return " ".join(text_of(label) for label in asked)
    return text_of(asked)


def _soft(node: Node) -> tuple[str, str]:
    if not node.present:
        return "no", ""
    text = text_of(node).strip().lower()
    if text == "true":
        return "yes", "continue-on-error: true"
    return ("no", "") if text == "false" else ("unknown", "continue-on-error is known only at run time")
