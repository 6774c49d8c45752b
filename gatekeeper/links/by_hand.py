"""What is deployed by hand: what lies here for production that no job brings there, and commands that pages give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.environments import environments
from gatekeeper.links.pipelines import entries, production_of
from gatekeeper.links.terraform_runs import planner
from gatekeeper.models import Subject
from gatekeeper.models.docs import Document
from gatekeeper.models.pipeline import Class, Job
from gatekeeper.models.pipeline.environments import classify, named_by_flags
from gatekeeper.models.pipeline.kinds import command_kinds, unwrap
from gatekeeper.models.pipeline.shell import commands
from gatekeeper.node import Node, Unresolved, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes import Object

_PIPELINES = (".github/", ".gitlab-ci", "jenkinsfile", ".circleci/", "azure-pipelines", "bitbucket-pipelines")
_CONTROLLERS = {  # kinds whose controllers bring a repository into a cluster, by the group of their API
    "argoproj.io": ("Application", "ApplicationSet"),
    "kustomize.toolkit.fluxcd.io": ("Kustomization",),
    "helm.toolkit.fluxcd.io": ("HelmRelease",),
    "source.toolkit.fluxcd.io": ("GitRepository", "OCIRepository"),
    "kargo.akuity.io": ("Stage",),
    "fleet.cattle.io": ("GitRepo",),
}
_TOOLS = frozenset("kubectl oc helm helmfile terraform tofu terragrunt".split())
_ONCE = regex(
    r"bootstrap|first|initial|one[- ]?time|once\b|break[- ]?glass|emergenc|disaster|recover|restor"
    r"|roll(?:ing)?[ -]?back|troubleshoot|debug|incident|manual(?:ly)? (?:fix|interven)"
    r"|local|develop|import|migrat|destroy|tear",
    re.IGNORECASE,
)


def production_here(project: Project) -> list[Node]:
    """Where files other than pipelines say what is for production: manifests, values, roots of Terraform."""
    found = [each for each in environments(project) if each.cls is Class.PROD]
    return [at for each in found for at in each.places if not _in_pipeline(at.source.path)]


def _in_pipeline(path: str) -> bool:
    return any(part in path.lower() for part in _PIPELINES)


def brought_by(project: Project) -> str:
    """What brings this repository to production, in words; '' when nothing here is seen to, a job by its name aside."""
    job = next((each for each in production_jobs(project) if each.deploy), None)
    return job.name if job else planner(project) or _controller(project)


def _controller(project: Project) -> str:
    model = Subject.registry.get("kubernetes.Object")
    for each in cast("list[Object]", project.all(model)) if model else []:
        if each.kind in _CONTROLLERS.get(each.group, ()) and not _follows_others(each, project):
            return each.name
    return ""


def _follows_others(each: Object, project: Project) -> bool:
    """Whether an Application syncs nothing but charts and other repositories."""
    from gatekeeper.links.argocd import Ours, ours
    from gatekeeper.models.kubernetes.argocd import application_of

    try:
        application = application_of(each)
        sources = application.sources if application else []
        others = [one.chart.present or ours(one.repository, project) is Ours.NO for one in sources]
    except Unresolved:
        return False
    return bool(others) and all(others)


def production_jobs(project: Project) -> Iterator[Job]:
    """The jobs that deploy to production."""
    return (job for pipeline in entries(project) for job in pipeline.all_jobs if production_of(job, project))


class ByHand(NamedTuple):
    """A command on a page that deploys to production from wherever it is typed."""

    text: str
    at: Node


def from_laptop(document: Document) -> list[ByHand]:
    """The commands in a document's code blocks that deploy to what is certainly production."""
    return [found for code in document.parts.codes for found in _in_block(code.lines, document)]


def _in_block(lines: list[Node], document: Document) -> Iterator[ByHand]:
    production = False
    for line in lines:
        for command in commands(line.text.strip().removeprefix("$ ")):
            words = unwrap(command.words)
            turned = _turns(words)
            production = production if turned is None else turned
            meant = words[:1] and words[0] in _TOOLS and (production or _names_production(words))
            if meant and _deploys(words) and not _said_otherwise(line, document):
                yield ByHand(" ".join(words)[:80], line)


_NO_SERVICE = regex(r"secret|namespace|\bcrds?\b", re.IGNORECASE)  # what is set up once, or must not be in a repository


def _deploys(words: tuple[str, ...]) -> bool:
    return not _NO_SERVICE.search(" ".join(words)) and any(hit.kind == "deploy" for hit in command_kinds(words) or ())


def _turns(words: tuple[str, ...]) -> bool | None:
    """Whether a command turns to production (True) or to another place (False) for those behind it."""
    chosen = ""
    if words[:1] in (("cd",), ("kubectx",), ("kubens",)) and len(words) > 1:
        chosen = words[1]
    elif words[:3] in (("kubectl", "config", "use-context"), ("terraform", "workspace", "select")) and len(words) > 3:
        chosen = words[3]
    if not chosen:
        return None
    return classify(chosen.rstrip("/").rpartition("/")[2], place=False) is Class.PROD


_VALUED = ("-f", "-k", "--filename", "--kustomize", "--values", "-var-file", "--var-file", "-chdir")


def _names_production(words: tuple[str, ...]) -> bool:
    named = [classify(word) for word in named_by_flags(words)]
    for word, following in zip(words, (*words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if name in _VALUED:
            named.append(classify((value if equals else following).strip("/"), place=False))
    return Class.PROD in named and not {Class.NONPROD, Class.EPHEMERAL} & {*named}


def _said_otherwise(line: Node, document: Document) -> bool:
    """Whether it stands under a heading on what is done once, in need, or elsewhere."""
    return any(_ONCE.search(section.heading.text) for section in document.parts.sections if section.holds(line))
