"""What pipelines do with Terraform: which checks they run, and what else may run them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.pipelines import entries
from gatekeeper.links.state import operated
from gatekeeper.models.pipeline import Fact, Job, Step
from gatekeeper.models.terraform import Directory, ModuleCall, Resource
from gatekeeper.node import regex
from gatekeeper.project import Project

TOOLS = frozenset(("terraform", "tofu", "terragrunt", "atmos", "terramate"))
# What plans and applies by itself when a pull request is opened, by the file that configures it here.
_PLANNERS = {
    "atlantis.yaml": "Atlantis",
    "atlantis.yml": "Atlantis",
    ".atlantis.yaml": "Atlantis",
    "digger.yml": "Digger",
    "env0.yml": "env0",
    ".spacelift/config.yml": "Spacelift",
}
_HOOKS = {  # of pre-commit
    "fmt": ("terraform_fmt", "terraform-fmt", "tofu_fmt", "terragrunt_fmt"),
    "validate": ("terraform_validate", "terraform-validate", "tofu_validate", "terragrunt_validate"),
    "scan": (
        "terraform_checkov",
        "terraform_tfsec",
        "terraform_trivy",
        "terraform_terrascan",
        "checkov",
        "tfsec",
        "kics",
    ),
}
_SPEAKS_OF_IT = regex(r"terraform|terragrunt|tofu|atmos|terramate|\btf\b|tfsec|checkov|trivy|infra|iac|pre-commit|lint")
_RUNS_MORE = regex(r"\b(?:make|task|just|mage|earthly|bazel|dagger|nx|turbo|npm run|yarn|pnpm)\b|\.(?:sh|py|rb)\b")
_BROAD = ("super-linter/super-linter", "github/super-linter", "oxsecurity/megalinter")
_MOST = 400  # steps that are looked at for doubts


class Doubt(NamedTuple):
    """Why nobody can say that something is not run: in words, and a reason of UNKNOWN's closed list."""

    words: str
    reason: str


def runs(project: Project, wanted: str) -> list[Fact]:
    """The facts of pipelines that are one of: fmt, validate, plan, apply, scan."""
    return [fact for pipeline in entries(project) for fact in pipeline.facts if _is(fact, wanted)]


def _is(fact: Fact, wanted: str) -> bool:
    terraform = fact.tool in TOOLS or "terraform" in fact.tool or "tofu" in fact.tool
    if wanted == "scan":
        scans = fact.kind == "iacscan" or (fact.kind == "sca" and _of_configuration(fact.step))
        return scans or fact.step.slug.startswith(_BROAD)
    if wanted == "fmt":
        return fact.kind == "lint" and terraform and "lint" not in fact.tool
    kinds = {"validate": ("validate", "plan", "test"), "plan": ("plan",), "apply": ("deploy",)}[wanted]
    return terraform and fact.kind in kinds and fact.strength != "name"


def _of_configuration(step: Step) -> bool:
    """Trivy looks at configuration too when it is told to."""
    scanners = step.inputs.get("scanners", "") + step.run
    return "misconfig" in scanners or "config" in step.inputs.get("scan-type", "")


def heard(fact: Fact) -> bool:
    """Its failure may stop the pipeline."""
    return fact.blocking != "no"


def on_changes(fact: Fact) -> bool:
    """It runs for a change before that is merged, or when it is pushed."""
    triggers = fact.step.job.root.pipeline.triggers
    return any(trigger.ref.startswith(("pr", "push")) or trigger.event == "merge_group" for trigger in triggers)


def on_pull_requests(fact: Fact) -> bool:
    triggers = fact.step.job.root.pipeline.triggers
    return any(
        trigger.ref in ("pr", "pr-target", "push-other") or trigger.event == "merge_group" for trigger in triggers
    )


def hook(project: Project, wanted: str) -> str:
    """The hook of pre-commit that does it, where something runs pre-commit for every change; else ''."""
    text = _text(".pre-commit-config.yaml", project)
    found = next((name for name in _HOOKS.get(wanted, ()) if name in text), "")
    return found if found and (_pre_commit_runs(project) or "\nci:" in f"\n{text}") else ""


def _pre_commit_runs(project: Project) -> bool:
    facts = [fact for pipeline in entries(project) for fact in pipeline.facts]
    steps = (step for pipeline in entries(project) for job in pipeline.all_jobs for step in job.steps)
    return any("pre-commit" in fact.tool for fact in facts) or any("pre-commit" in step.slug for step in steps)


def planner(project: Project) -> str:
    """The service that plans pull requests by itself, by its file in the repository; '' for none."""
    return next((name for path, name in _PLANNERS.items() if path in project.tree), "")


def doubt(project: Project, *, server: bool = False) -> Doubt | None:
    """What may run it all the same: a step that no table knows, a pipeline elsewhere, a tool that is not read.

    With `server` also HCP Terraform, which plans for every root that is connected to it.
    """
    if server and (name := _connected(project)):
        return Doubt(f"the server that keeps the state of {name} may do it", "needs-api")
    unread = next((fault for fault in project.faults if fault.reason == "unsupported-tool"), None)
    if unread:
        return Doubt(f"{unread.source.path}: {unread.message}", "unsupported-tool")
    jobs = [job for pipeline in entries(project) for job in pipeline.all_jobs]
    remote = next((job.unresolved for job in jobs if job.unresolved), "")
    if remote:
        return Doubt(f"{remote} is in another repository", "unresolved")
    open_ = [step for job in jobs for step in job.steps[:_MOST] if not step.classified]
    likely = next((step for step in open_ if _speaks(step)), None)
    step = likely or next((step for step in open_ if _RUNS_MORE.search(step.run)), None)
    return Doubt(f"what {step.name} does is not known", "unresolved") if step else None


def _speaks(step: Step) -> bool:
    return bool(_SPEAKS_OF_IT.search(f"{step.slug} {step.label} {step.run}".lower()))


def _connected(project: Project) -> str:
    for directory in project.all(Directory):
        backend = directory.module.backend
        if backend is not None and backend.tag in ("cloud", "remote") and not directory.example:
            return directory.name
    return ""


def piped(project: Project) -> bool:
    """Whether the repository has a pipeline that something starts."""
    return bool(entries(project))


def maintained(project: Project) -> bool:
    """Whether the repository holds configuration that is more than an example."""
    return any(each.module.of(Resource) or each.module.of(ModuleCall) for each in _directories(project))


def run_here(project: Project) -> list[Directory]:
    """The roots of the repository that make something."""
    return [each for each in _directories(project) if operated(each) and _makes(each)]


def _makes(directory: Directory) -> bool:
    return bool(directory.module.of(Resource) or directory.module.of(ModuleCall))


def _directories(project: Project) -> Iterator[Directory]:
    return (each for each in project.all(Directory) if not each.example)


def applies(job: Job) -> Fact | None:
    """The first fact that the job applies Terraform."""
    return next((fact for fact in job.facts if _is(fact, "apply")), None)


def _text(path: str, project: Project) -> str:
    try:
        return project.tree.source(path).text if path in project.tree else ""
    except Unreadable:
        return ""
