from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.discover import Unreadable
from gatekeeper.models.kubernetes import Kustomization, Object
from gatekeeper.models.kubernetes.building import named
from gatekeeper.rule import rule

_SAMPLE = re.compile(r"example|sample|template|test|demo|\.tpl|\.j2", re.IGNORECASE)
_TELLING = (".md", ".yaml", ".yml", ".sh", ".mk", ".json", ".toml", ".tf", ".py", ".go", ".txt", ".adoc", ".rst")
_BUILDING = ("Makefile", "Taskfile.yml", "justfile", "Justfile", "Jenkinsfile", "Tiltfile", "Earthfile")


def _orphans(each: Kustomization, project: Project) -> list[Object]:
    """The first object of every manifest beside a kustomization that no kustomization names."""
    known = project.tree.once(named)
    found: dict[str, Object] = {}
    for other in _by_folder(project).get(each.folder, ()):
        if other.path not in known and other.object_name and not _SAMPLE.search(posixpath.basename(other.path)):
            found.setdefault(other.path, other)
    return [other for path, other in found.items() if not _mentioned(path, project)]


def _by_folder(project: Project) -> dict[str, list[Object]]:
    def make(project: Project) -> dict[str, list[Object]]:
        table: dict[str, list[Object]] = {}
        for other in project.all(Object):
            table.setdefault(posixpath.dirname(other.path), []).append(other)
        return table

    return project.once("objects by folder", make)


def _mentioned(path: str, project: Project) -> bool:
    """Whether a script, a page or another file says the name: beside it and one folder up, or with its folder in front.

    Plugins that decrypt list their files themselves, and what is applied by hand is written down somewhere.
    """
    folder, name = posixpath.split(path)
    longer = f"{posixpath.basename(folder)}/{name}" if folder else name
    near = {folder, posixpath.dirname(folder)}
    return any(
        other != path and (longer in text or (at in near and name in text))
        for other, at, text in project.once("texts that tell of files", _texts)
    )


def _texts(project: Project) -> list[tuple[str, str, str]]:
    found = []
    for path in project.tree.paths:
        if path.endswith(_TELLING) or posixpath.basename(path) in _BUILDING:
            try:
                text = project.tree.source(path).text
            except Unreadable:
                continue
            if len(text) < 300_000 and ".y" in text:
                found.append((path, posixpath.dirname(path), text))
    return found


@rule(
    "k8s-orphan-manifest",
    gate="iac-validation",
    severity="low",
    seed="Best Practices Checklist, Deployment: GitOps",
    where=lambda each, project: each.path in project.tree.once(named),
)
def orphan_manifest(each: Kustomization, project: Project) -> Iterator[Finding]:
    """Every manifest beside a kustomization is taken in by one.

    What is in the folder looks as if it were applied; what the kustomization does not list never is. It was forgotten
    when it was added, or left behind when it was no longer wanted. Not meant are files that a script, a page or another
    file near it names (they are applied in another way), samples and templates, and components that nobody uses yet:
    they are there to be opted into.

    Bad:
    ```yaml kustomization.yaml
    resources: [deployment.yaml]
    ```
    ```yaml deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {replicas: 1}
    ```
    ```yaml pdb.yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    # expect: no kustomization names pdb.yaml
    metadata: {name: app}
    spec: {minAvailable: 1}
    ```

    Good:
    ```yaml kustomization.yaml
    resources: [deployment.yaml, pdb.yaml]
    ```
    ```yaml deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {replicas: 1}
    ```
    ```yaml pdb.yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: app}
    spec: {minAvailable: 1}
    ```
    ```yaml app-example.yaml
    apiVersion: v1
    kind: Secret
    metadata: {name: app}
    ```
    ```yaml once.yaml
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate}
    ```
    ```markdown README.md
    Before the first start: `kubectl apply -f once.yaml`
    ```
    """
    for orphan in _orphans(each, project):
        name = posixpath.basename(orphan.path)
        yield Finding(
            orphan, f"no kustomization names {name}: it is not applied", fix=Fix("list it in `resources`, or remove it")
        )
