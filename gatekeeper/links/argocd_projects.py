"""What an AppProject lets its Applications do: which sources and destinations, when they are synced, and by whom.

https://argo-cd.readthedocs.io/en/stable/user-guide/projects/
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from gatekeeper.models.kubernetes import Application, AppProject, written
from gatekeeper.models.kubernetes.argocd import IN_CLUSTER, by_steps
from gatekeeper.node import Node
from gatekeeper.project import Project


def project_of(each: Application, project: Project) -> AppProject | None:
    """The AppProject that an Application belongs to, where it is here. Raises `Unresolved`."""
    return next(iter(projects_of(each, project)), None)


def projects_of(each: Application, project: Project) -> list[AppProject]:
    """The AppProjects here of the name that an Application gives: that of its own build where there is one."""
    found = project.by(AppProject, "object_name").get(each.project.text or "default", [])
    return [one for one in found if one.variant == each.variant] or found


def window_over(each: Application, belongs: AppProject) -> Node | None:
    """A window that says when an Application is synced by itself, or that it is not. Raises `Unresolved`."""
    destination = each.destination
    for window in belongs.windows:
        wanted = {
            "applications": [each.metadata["name"].text],
            "namespaces": [destination["namespace"].text],
            "clusters": [destination["name"].text, destination["server"].text],
        }
        matched = [_among(window[field], values) for field, values in wanted.items() if window[field].is_list]
        every = window["andOperator"].text == "true"
        if matched and (all(matched) if every else any(matched)):
            return window
    return None


def _among(patterns: Node, values: list[str]) -> bool:
    return any(value and fnmatchcase(value, pattern.text) for pattern in patterns for value in values)


def syncers(each: Application, belongs: AppProject) -> list[str]:
    """The groups that a project's roles let sync an Application."""
    name = written(each.metadata["name"])
    found: list[str] = []
    for role in belongs.spec["roles"] if belongs.spec["roles"].is_list else ():
        policies = [written(policy) for policy in role["policies"]] if role["policies"].is_list else []
        if any(_lets_sync(policy, f"{belongs.object_name}/{name}") for policy in policies):
            found += [written(group) for group in role["groups"]] if role["groups"].is_list else []
    return found


def _lets_sync(policy: str, object_: str) -> bool:
    words = [word.strip() for word in policy.split(",")]
    if len(words) < 6 or words[0] != "p" or words[2] != "applications" or words[5] != "allow":
        return False
    return words[3] in ("sync", "*") and fnmatchcase(object_, words[4])


# What a project lets in


def permits_source(belongs: AppProject, repository: str) -> bool:
    """Whether a project lets a repository be a source. Raises `Unresolved`."""
    found = False
    for rule in (node.text for node in belongs.spec["sourceRepos"] if belongs.spec["sourceRepos"].is_list):
        denies = rule.startswith("!")
        pattern = _plain(rule.removeprefix("!"))
        matches = pattern == "*" or by_steps(pattern, _plain(repository))
        if denies and matches:
            return False
        found = found or (matches and not denies)
    return found


def _plain(url: str) -> str:
    return url.strip().lower().rstrip("/").removesuffix(".git")


def permits_destination(belongs: AppProject, destination: Node) -> bool | None:
    """Whether a project lets a destination be; None where that needs the address of a cluster that only Argo CD knows.
    Raises `Unresolved`."""
    name, server = cluster(destination)
    namespace = destination["namespace"].text
    found: bool | None = False
    for rule in belongs.destinations:
        if any(rule[field].text.startswith("!") for field in ("name", "server", "namespace")):
            return None
        if namespace and not fnmatchcase(namespace, rule["namespace"].text):
            continue
        if (name and fnmatchcase(name, rule["name"].text)) or (server and fnmatchcase(server, rule["server"].text)):
            return True
        if (rule["server"].text and not server) or (rule["name"].text and not name):
            found = None
    return found


def cluster(destination: Node) -> tuple[str, str]:
    """The name and the address of a cluster; for that of Argo CD both."""
    name, server = destination["name"].text, destination["server"].text.rstrip("/")
    return IN_CLUSTER if name == IN_CLUSTER[0] or server == IN_CLUSTER[1] else (name, server)
