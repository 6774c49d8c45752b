"""Pipelines, jobs and steps as GitLab CI writes them.

Source: "CI/CD YAML syntax reference" of GitLab's documentation. The runner runs `before_script` and `script` in one
shell with `set -eo pipefail`, and `after_script` in another, whose failure is not heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from gatekeeper.models import Subject
from gatekeeper.models.pipeline.environments import Class, classify
from gatekeeper.models.pipeline.gitlab import templates, variables
from gatekeeper.models.pipeline.gitlab.decisions import Context, Outcome, let_in, outcomes
from gatekeeper.models.pipeline.gitlab.inputs import Interpolated
from gatekeeper.models.pipeline.gitlab.loader import Included, Loaded
from gatekeeper.models.pipeline.gitlab.merging import flat, texts, written
from gatekeeper.models.pipeline.gitlab.triggers import named
from gatekeeper.models.pipeline.ir import (
    EnvRef,
    Fact,
    Job,
    Pipeline,
    Run,
    Script,
    Status,
    Step,
    Trigger,
    Values,
    Workspace,
    class_of,
    line_of,
    text_of,
)
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.models.secrets import without_secrets
from gatekeeper.node import Fault, Node, Span, regex

PATH = ".gitlab-ci.yml"
_NAME = regex(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]{0,254})\}|([A-Za-z_][A-Za-z0-9_]{0,254}))")
_REF = regex(
    r"\$(?:\{(?:CI_COMMIT_REF_NAME|CI_COMMIT_BRANCH|CI_COMMIT_REF_SLUG)\}|(?:CI_COMMIT_REF_NAME|CI_COMMIT_BRANCH|CI_COMMIT_REF_SLUG)\b)"
)
_VALUES = 40  # values of one text that are followed
_NO_DEPLOYMENT = frozenset({"stop", "verify", "access", "prepare"})
_TIERS = {
    "production": Class.PROD, "staging": Class.NONPROD, "testing": Class.NONPROD, "development": Class.NONPROD,
    "other": Class.UNKNOWN,
}  # fmt: skip
_REPORTS = {
    "sast": "sast", "dependency_scanning": "sca", "container_scanning": "imagescan", "secret_detection": "secretscan",
    "dast": "dast", "api_fuzzing": "dast", "cyclonedx": "sbom", "junit": "test", "coverage_report": "coverage",
    "codequality": "lint", "load_performance": "perf", "browser_performance": "perf",
}  # fmt: skip
_ALWAYS_GREEN = "GitLab's scan jobs pass whatever they find; only an approval policy for merge requests could stop it"


class GitlabPipeline(Pipeline):
    """What a `.gitlab-ci.yml` and all that it includes come to."""

    technology = "pipeline"
    example_path = PATH
    platform = "gitlab"
    merges = True

    loaded: Loaded
    own_names: frozenset[str] = frozenset()
    top: GitlabPipeline  # the one that starts this one; itself where nothing does
    count = 0  # jobs, with those of the pipelines that it starts
    told = True  # its triggers are all that its conditions tell apart

    def __init__(self, node: Node, workspace: Workspace, title: str, triggers: tuple[Trigger, ...]) -> None:
        super().__init__(node, workspace, title, triggers)
        self.faults: list[Fault] = []

    @property
    def span(self) -> Span:
        first = next((job for job in self.jobs if job.node.source is self.node.source), None)
        at = self.node["stages"] if self.node["stages"].present else self.node["workflow"]
        return at.mark if at.present and at.source is self.node.source else first.span if first else self.node.span

    def context(self, trigger: Trigger, written: Mapping[str, Node]) -> Context:
        """What the conditions of its jobs are answered from."""
        ruled = self.node["workflow"]["rules"].present
        child = self.caller is not None
        return Context(trigger, self.default_branch, child, written, self.workspace, ruled, self.own_names)


class GitlabJob(Job):
    """A job, with everything that it extends and takes from `default`."""

    technology = "pipeline"
    example_path = PATH

    says_when = "its rules:"
    pipeline: GitlabPipeline
    position = -1  # of its stage; -1 for one that is not in `stages`
    optional: frozenset[str] = frozenset()  # of what it needs, what may be missing
    explicit = False  # it says itself what it needs
    conditions: tuple[Node, ...] = ()  # the rules of the includes that bring it

    # when it runs

    def decisions(self, trigger: Trigger) -> tuple[Outcome, ...]:
        """Every way in which it may take part in the pipelines of a trigger; made once."""
        made: dict[object, tuple[Outcome, ...]] = self.__dict__.setdefault("_decisions", {})
        key = (trigger.event, trigger.ref, trigger.branch, trigger.pattern)
        if key not in made:
            made[key] = self._decide(trigger)
        return made[key]

    def _decide(self, trigger: Trigger) -> tuple[Outcome, ...]:
        context = self.pipeline.context(trigger, {**self.pipeline.env, **self.env})
        brought = {let_in(rules, context) for rules in self.conditions}
        if False in brought:
            return (Outcome("never", at=self.conditions[0]),)
        found = outcomes(self.node, context)
        if self.id in self.pipeline.loaded.ambiguous:  # several includes bring it, each where its rules hold
            found = (*found, Outcome("unknown", "unknown", "several includes bring it"))
        return (*found, Outcome("never", at=self.conditions[0])) if None in brought else found

    def runs_in(self, run: Run) -> bool | None:
        verdicts = {self._starts(outcome, run) for outcome in self.decisions(run.trigger)}
        return verdicts.pop() if len(verdicts) == 1 else None

    def _starts(self, outcome: Outcome, run: Run) -> bool | None:
        if not outcome.there or outcome.when == "unknown":
            return None if outcome.there else False
        if outcome.when == "always":
            return self._all_here(run)
        if outcome.when == "on_failure":
            return self._after_failure(run)
        return self._after_success(run)

    def _all_here(self, run: Run) -> bool | None:
        """Without a job that it must have, GitLab makes no pipeline at all."""
        wanted = [status for id, status in run.before.items() if self.explicit and id not in self.optional]
        return _all(False if status == {"absent"} else None if "absent" in status else True for status in wanted)

    def _after_success(self, run: Run) -> bool | None:
        if self.explicit:
            return _all(self._met(id, status) for id, status in run.before.items())
        return _all(_not_failed(status) for status in (*run.before.values(), *run.above))

    def _met(self, id: str, status: Status) -> bool | None:
        good = {"success", "absent"} if id in self.optional else {"success"}
        return True if status <= good else None if status & good else False

    def _after_failure(self, run: Run) -> bool | None:
        failed = [_not_failed(status) for status in run.before.values()]
        return True if False in failed else None if None in failed else False

    def idle(self, run: Run) -> str:
        return "absent" if any(not outcome.there for outcome in self.decisions(run.trigger)) else "skipped"

    @property
    def cond(self) -> Node:
        keys = ("rules", "only", "except", "when")
        return next((self.node[key] for key in keys if self.node[key].present), self.node["rules"])

    @cached_property
    def never(self) -> bool:
        there = any(outcome.there for trigger in self._triggers for outcome in self.decisions(trigger))
        return not there and self.pipeline.top.told

    @property
    def _triggers(self) -> tuple[Trigger, ...]:
        return self.root.pipeline.triggers

    @cached_property
    def starts(self) -> tuple[Trigger, ...]:
        """The triggers of which it may be a part."""
        return tuple(each for each in self._triggers if any(outcome.there for outcome in self.decisions(each)))

    @property
    def guards(self) -> tuple[str, ...]:
        names = ("CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME", "CI_COMMIT_TAG")
        return tuple(each.text for each in named(self.node) if each.wanted and each.variable in names)

    def softened_in(self, trigger: Trigger) -> tuple[str, str]:
        if self.called and not self.depends:
            return "yes", "trigger without strategy: depend"
        found = {(each.soft, each.why) for each in self.decisions(trigger) if each.there}
        if len(found) == 1:
            return found.pop()
        words = {word for word, _ in found}
        if words == {"yes"}:
            return next(iter(found))
        return ("no", "") if words <= {"no"} else ("unknown", "allow_failure in some of its rules")

    @cached_property
    def soft(self) -> tuple[str, str]:
        """Soft only where its failure is allowed however the pipeline starts: the rest is asked for each trigger."""
        found = [self.softened_in(trigger) for trigger in self.starts]
        return next((each for word in ("no", "unknown", "yes") for each in found if each[0] == word), ("no", ""))

    @property
    def depends(self) -> bool:
        """Whether it waits for the pipeline that it starts."""
        return text_of(self.node["trigger"]["strategy"]) in ("depend", "mirror")

    # people

    def waits_in(self, trigger: Trigger) -> bool | None:
        """Whether somebody must start it by hand."""
        found = {outcome.when == "manual" for outcome in self.decisions(trigger) if outcome.there}
        return found.pop() if len(found) == 1 else None if found else False

    def refused_in(self, trigger: Trigger) -> str:
        """Others go on without a manual job whose failure is allowed; they wait for any other."""
        return "skipped" if self.softened_in(trigger)[0] == "yes" else "failure"

    @cached_property
    def asked(self) -> tuple[Fact, ...]:
        manual = [outcome for trigger in self.starts for outcome in self.decisions(trigger) if outcome.when == "manual"]
        if not manual:
            return ()
        at = next((each.at for each in manual if each.at is not None and each.at.present), self.node)
        place = at["when"] if at.is_mapping and at["when"].present else at
        return (Fact("approval", "when: manual", "strong", "yes", "", "", -1, place, Gate(place, self, -1)),)

    # what it says of itself

    @cached_property
    def environment(self) -> EnvRef | None:
        node = self.node["environment"]
        name = node["name"] if node.is_mapping else node
        raw = text_of(name)
        if not raw:
            return None
        values = self.values(raw)
        tier = _TIERS.get(text_of(node["deployment_tier"])) if node.is_mapping else None
        url = text_of(node["url"]) if node.is_mapping else ""
        return EnvRef(raw, values, tier or self._class(raw, values, node), url, name)

    def _class(self, raw: str, values: Values, node: Node) -> Class:
        found = class_of(values)
        if found is not Class.UNKNOWN:
            return found
        stem = _NAME.sub("", raw)
        said = classify(stem.strip("/-_ ")) if stem.strip("/-_ ") else Class.UNKNOWN
        if said is not Class.UNKNOWN:
            return said
        own = {match[1] or match[2] for match in _NAME.finditer(raw)}
        stops = node.is_mapping and (node["on_stop"].present or node["auto_stop_in"].present)
        if stops and (own & variables.REF or "CI_MERGE_REQUEST_IID" in own):
            return Class.EPHEMERAL
        branches = [each.branch for each in self.starts if each.event == "push" and not each.pattern]
        reached = [classify(_REF.sub(branch.replace("\\", "/"), raw)) for branch in branches if _REF.search(raw)]
        return Class.PARAMETRIC if Class.PROD in reached else Class.UNKNOWN

    @property
    def action(self) -> str:
        """What it does with its environment: start, stop, prepare, verify, access."""
        node = self.node["environment"]
        return (text_of(node["action"]) if node.is_mapping else "") or "start"

    def environment_in(self, trigger: Trigger) -> str | None:
        if self.environment is None:
            return ""
        if trigger.branch and not trigger.pattern and trigger.ref != "pr":
            values = self._values(_REF.sub(trigger.branch.replace("\\", "/"), self.environment.raw), 0)
        else:
            values = self.environment.values
        return values[0] if values and len(values) == 1 else None

    @property
    def concurrency(self) -> Node:
        return self.node["resource_group"]

    @property
    def matrix(self) -> Node:
        return self.node["parallel"]["matrix"]

    @property
    def uses_at(self) -> Node:
        return self.node["trigger"]

    @property
    def borrowed(self) -> bool:
        """Whether all of it comes from a template of GitLab: the repository does not write it."""
        at = self.node[templates.FROM]
        return bool(self.template) and self.node.span == at.span and self.node.source is at.source

    @cached_property
    def own_facts(self) -> tuple[Fact, ...]:
        if self.never and self._triggers:  # no pipeline has it
            return ()
        found = super().own_facts
        if self.action in _NO_DEPLOYMENT:
            return tuple(fact for fact in found if fact.kind != "deploy")
        return found

    def values(self, text: str) -> Values:
        return self._values(text, 0)

    def _values(self, text: str, depth: int) -> Values:
        found: tuple[str, ...] = ("",)
        at = 0
        for match in _NAME.finditer(text):
            choices = self._variable(match[1] or match[2], depth)
            if choices is None:
                return None
            found = tuple(dict.fromkeys(f"{a}{text[at : match.start()]}{b}" for a in found for b in choices))[:_VALUES]
            at = match.end()
        return tuple(f"{a}{text[at:]}" for a in found)

    def _variable(self, name: str, depth: int) -> Values:
        node = self.env.get(name) or self.pipeline.env.get(name)
        chosen = self._of_matrix(name)
        if chosen is not None:
            return chosen
        if node is None:
            return (self.pipeline.default_branch,) if name == "CI_DEFAULT_BRANCH" else None
        declared = node["value"] if node.is_mapping else node
        if depth > 4 or not declared.known:
            return None
        if node.is_mapping and node["options"].present:
            return tuple(texts(node["options"])) or None
        return self._values(declared.text, depth + 1)

    def _of_matrix(self, name: str) -> Values:
        found: list[str] = []
        for row in flat(self.matrix):
            if row.known and row.is_mapping:
                found += texts(row[name])
        return tuple(dict.fromkeys(found))[:_VALUES] or None


class GitlabStep(Step):
    """`before_script` with `script`, or `after_script`; or one entry of `run`."""

    technology = "pipeline"
    example_path = PATH

    job: GitlabJob
    lines: tuple[Node, ...] = ()
    heard = True

    @property
    def label(self) -> str:
        return text_of(self.title_at) or ("script" if self.heard else "after_script")

    @property
    def span(self) -> Span:
        return self.lines[0].mark if self.lines else self.job.span

    @cached_property
    def run(self) -> str:
        return "\n".join(self._texts)

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return tuple(line.text if line.known else EXPRESSION for line in self.lines)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """The line of the script that each entry begins with."""
        starts, at = [], 0
        for text in self._texts:
            starts.append(at)
            at += text.count("\n") + 1
        return tuple(starts)

    def place_of(self, line: int) -> Node:
        if not self.lines:
            return self.node
        from bisect import bisect_right

        index = max(bisect_right(self._starts, line) - 1, 0)
        return line_of(self.lines[index], line - self._starts[index])

    @property
    def uses(self) -> str:
        return text_of(self.node["step"]) if self.node.is_mapping and not self.lines else ""

    @property
    def uses_at(self) -> Node:
        return self.node["step"]

    @property
    def pipefail(self) -> bool:
        return True

    @property
    def soft(self) -> tuple[str, str]:
        return ("no", "") if self.heard else ("yes", "after_script, whose failure is not heard")

    def runs_in(self, trigger: Trigger, failed: bool = False) -> bool | None:
        return True if not self.heard else not failed

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What its commands do, and what its job's reports say was done."""
        from gatekeeper.models.pipeline.facts import of_step

        found = of_step(self).facts
        if not self.heard or self.index:
            return found
        return (*found, *self._of_template(found), *self._of_reports(found))

    @property
    def _borrowed(self) -> bool:
        """Whether its script is that of a template of GitLab, which is not written here."""
        return bool(self.job.template) and not written(self.job.node, "script").present

    def _of_template(self, found: tuple[Fact, ...]) -> Iterator[Fact]:
        """What the job of a template of GitLab does, unless it was given a script of its own."""
        if not self._borrowed:
            return
        blocking, reason = ("unknown", _ALWAYS_GREEN) if self.job.node[templates.FAILS].present else ("yes", "")
        for kind in texts(self.job.node[templates.DOES]):
            place = self.job.node[templates.FROM]
            yield Fact(kind, self.job.template, "strong", blocking, reason, "", len(found), place, self)

    def _of_reports(self, found: tuple[Fact, ...]) -> Iterator[Fact]:
        reports = self.job.node["artifacts"]["reports"]
        if self._borrowed:
            return
        kinds = {fact.kind for fact in found}
        for name, node in reports.items() if reports.known else ():
            kind = _REPORTS.get(name)
            if kind and kind not in kinds:
                tested = kind in ("test", "coverage") and self._all_heard
                reason = "" if tested else f"what makes the {name} report is not known"
                word = "yes" if tested else "unknown"
                yield Fact(kind, f"artifacts:reports:{name}", "derived", word, reason, "", 999, node, self)

    @property
    def _all_heard(self) -> bool:
        """Whether the failure of each of its commands stops it: so does that of the tests, whichever they are."""
        from gatekeeper.models.pipeline import shell

        return all(each.lost is False for each in shell.heard(shell.read(self.run), self.errexit, self.pipefail))

    @property
    def classified(self) -> bool:
        return super().classified or self._borrowed

    @cached_property
    def scripts(self) -> tuple[Script, ...]:
        return super().scripts if self.lines else ()


class Gate(Step):
    """The wait of a job for somebody who starts it."""

    technology = "pipeline"
    example_path = PATH

    job: GitlabJob

    @property
    def label(self) -> str:
        return "when: manual"

    @property
    def classified(self) -> bool:
        return True

    def runs_in(self, trigger: Trigger, failed: bool = False) -> bool | None:
        return self.job.waits_in(trigger)


class _Part(Subject):
    """Something that stands in a configuration beside its jobs; `text` is what it is called by."""

    technology = "pipeline"
    example_path = PATH

    def __init__(self, node: Node, pipeline: GitlabPipeline, text: str) -> None:
        super().__init__(node)
        self.pipeline = pipeline
        self.text = text

    @cached_property
    def name(self) -> str:
        return without_secrets(f"{self.pipeline.name} {self.text}")


class JobImage(_Part):
    """An image that jobs run in or beside, where it is written."""

    def __init__(self, node: Node, job: GitlabJob) -> None:
        super().__init__(node, job.pipeline, text_of(node))
        self.job = job

    @cached_property
    def resolved(self) -> str:
        """The reference with what is known of its variables put in."""
        values = self.job.values(self.text)
        return values[0] if values and len(values) == 1 else self.text


class InputUse(_Part):
    """An input that becomes a part of a command."""

    def __init__(self, found: Interpolated, pipeline: GitlabPipeline) -> None:
        super().__init__(found.line, pipeline, found.input.name)
        self.found = found

    @property
    def by_whoever_starts(self) -> bool:
        """Whether whoever starts the pipeline gives it."""
        return self.pipeline.loaded.inputs.get(self.found.input.name) is self.found.input


class Include(_Part):
    """One entry of an `include`, of the file that is read first or of one that it leads to."""

    def __init__(self, entry: Included, pipeline: GitlabPipeline) -> None:
        super().__init__(entry.at, pipeline, entry.text)
        self.entry = entry
        self.kind = entry.kind

    @property
    def ref(self) -> str:
        """The version that is asked for; '' for none."""
        if self.kind == "component":
            return self.text.partition("@")[2]
        return self.entry.ref


def _not_failed(status: Status) -> bool | None:
    if "failure" not in status:
        return True
    return False if status == {"failure"} else None


def _all(parts: Iterator[bool | None]) -> bool | None:
    found = set(parts)
    return False if False in found else None if None in found else True
