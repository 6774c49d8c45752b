from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links.environments import environments
from gatekeeper.links.judged import documents
from gatekeeper.links.requirements import plain_id, requirements
from gatekeeper.links.settings_file import settings_at
from gatekeeper.models.files import Repository
from gatekeeper.models.pipeline.environments import Class, classify
from gatekeeper.rule import Reason, place, rule

_SECTION = re.compile(r"(?i:section|chapter|§)\s{0,5}(\d{1,3}(?:\.\d{1,3}){0,4})\b")


@rule(
    "task-reference",
    gate="requirements",
    severity="medium",
    seed="Required Task Fields",
    where=lambda repository, project: bool(project.settings.task.prd or project.settings.task.environment),
)
def task_reference(repository: Repository, project: Project) -> Iterator[Finding | Unknown]:
    """What the task in gatekeeper.yaml refers to exists: requirements, sections, the environment.

    `task.prd` names requirements (NFR-001) or sections (Section 9, or a heading's words); they are looked for in the
    documents that are here. Where no document numbers any requirement, they may well be in a tracker, and nobody can
    tell. The environment must be one that pipelines, Terraform or overlays know, by its name or its kind.

    Bad:
    ```yaml gatekeeper.yaml
    task:
      prd:
        - NFR-001
        - NFR-009  # expect: no document has NFR-009
        - Section 9
      environment: qa  # expect: qa is none of the environments that are declared: prod
    ```
    ```markdown docs/prd.md
    # Requirements
    - NFR-001: Availability 99.9 %
    ## 9. Rollout plan
    ```
    ```yaml overlays/prod/kustomization.yaml
    resources: []
    ```

    Good:
    ```yaml gatekeeper.yaml
    task: {prd: [NFR-001, Rollout plan], environment: production}
    ```
    ```markdown docs/prd.md
    # Requirements
    - NFR-001: Availability 99.9 %
    ## 9. Rollout plan
    ```
    ```yaml overlays/prod/kustomization.yaml
    resources: []
    ```

    Unknown, the requirements are elsewhere:
    ```yaml gatekeeper.yaml
    task: {prd: [NFR-001]}
    ```
    """
    task = project.settings.task
    whole = settings_at(project, "task") or place(repository)
    known = {each.id for each in requirements(project)}
    for number, name in enumerate(task.prd):
        if plain_id(name) in known or _heading(name, project):
            continue
        at = settings_at(project, "task", "prd", number) or whole
        if known:
            yield Finding(at, f"no document has {name}")
        else:
            yield Unknown(at, f"{name}: no document here numbers requirements", Reason.NOT_OWNED_HERE)
    if task.environment:
        yield from _environment(task.environment, project, repository)


def _heading(name: str, project: Project) -> bool:
    """Whether a document has the section: by its number, or by its words."""
    numbered = _SECTION.match(name)
    wanted = numbered[1] if numbered else name.casefold().strip()
    for document in documents(project):
        if numbered is None and wanted not in document.source.text.casefold():
            continue
        for heading in document.parts.headings:
            text = heading.text.strip()
            if numbered and re.match(rf"(?:\D{{0,10}}\s)?{re.escape(wanted)}(?![\d.]*\d)", text):
                return True
            if not numbered and wanted in text.casefold():
                return True
    return False


def _environment(name: str, project: Project, repository: Repository) -> Iterator[Finding | Unknown]:
    found = environments(project)
    at = settings_at(project, "task", "environment") or place(repository)
    same = classify(name)
    if any(each.name.lower() == name.lower() or (same is Class.PROD and each.cls is Class.PROD) for each in found):
        return
    if not found:
        yield Unknown(at, f"no environment is declared here, and so not {name}", Reason.NOT_OWNED_HERE)
    else:
        names = ", ".join(each.name for each in found[:6])
        yield Finding(at, f"{name} is none of the environments that are declared: {names}", severity="low")
