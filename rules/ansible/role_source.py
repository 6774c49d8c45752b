from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.ansible import configured, folders_of, required, roles_called
from gatekeeper.models.ansible import Play
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule

_FIX = Fix("add it to requirements.yml, with its version")


@rule(
    "ansible-role-source",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices: Version control for all infrastructure code",
    where=lambda play: not _is_shown(play.path) and any(True for _ in roles_called(play)),
)
def role_source(play: Play, project: Project) -> Iterator[Answer]:
    """Every role that a play names is in the repository, or in its requirements.yml.

    Else nobody knows where it came from and at which version: the play runs only on the machine of whoever once
    installed it. A role of a collection is in the requirements when its collection is. Where there is no
    requirements.yml at all, or ansible.cfg names a `roles_path` outside of the repository, nobody can tell.

    Bad:
    ```yaml site.yml
    - hosts: web
      roles:
        - web
        # expect: geerlingguy.docker
        - role: geerlingguy.docker
    ```
    ```yaml requirements.yml
    - src: geerlingguy.nginx
      version: 3.1.4
    ```
    ```yaml roles/web/tasks/main.yml
    - ansible.builtin.meta: noop
    ```

    Good:
    ```yaml site.yml
    - hosts: web
      roles: [web, geerlingguy.nginx, devsec.hardening.os_hardening]
      tasks:
        - ansible.builtin.include_role:
            name: web
    ```
    ```yaml requirements.yml
    roles: [{src: geerlingguy.nginx, version: 3.1.4}]
    collections: [{name: devsec.hardening, version: 10.0.0}]
    ```
    ```yaml roles/web/tasks/main.yml
    - ansible.builtin.meta: noop
    ```

    Unknown:
    ```yaml site.yml
    - hosts: web
      roles: [geerlingguy.docker]
    ```
    """
    for called in roles_called(play):
        if not called.present:
            continue
        if called.expression:
            yield Unknown(called, f"{called.expression.text} {called.expression.reason}")
        elif not _has(called.text, project):
            yield _answer(called, project)


def _is_shown(path: str) -> bool:
    """Examples and documentation name roles that nobody has."""
    return not {"examples", "example", "docs", "doc"}.isdisjoint(path.split("/"))


def _has(name: str, project: Project) -> bool:
    if folders_of(name, project):
        return True
    table = required(project)
    parts = name.split(".")
    return name in table or (len(parts) > 2 and ".".join(parts[:2]) in table)


def _answer(called: Node, project: Project) -> Answer:
    words = f"the role {called.text} is neither here nor in requirements.yml"
    outside = [each for each in configured(project, "roles_path") if each.text.startswith(("/", "~", "..", "$"))]
    paths = {each.path for found in required(project).values() for each in found}
    listed = any(path.endswith(("requirements.yml", "requirements.yaml")) for path in paths)
    if outside:
        return Unknown(called, f"{words}; {outside[0].text} (roles_path) may hold it", Reason.NOT_OWNED_HERE)
    if not listed or "/" in called.text:
        return Unknown(called, f"{words}: it may be installed by hand", Reason.NOT_OWNED_HERE)
    return Finding(called, words, fix=_FIX)
