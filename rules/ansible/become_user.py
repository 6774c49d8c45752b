from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.ansible import plays_of_role
from gatekeeper.models.ansible import Config, Play, Task, filled, truth
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "ansible-become-user",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening: Principle of least privilege",
    where=lambda task: task.node["become_user"].present,
)
def become_user(task: Task, project: Project) -> Iterator[Answer]:
    """A task that names another user becomes that user.

    `become_user` alone changes nothing: without `become` the task runs as whoever logged in, in silence, with more
    rights than were meant, or fewer. `become` may stand on the task, its blocks or its play. In the files of a role it
    may come from the play that uses the role, and nobody can tell. ansible-lint's `partial-become` wants both on one
    level, which is more than is needed.

    Bad:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        - name: Make the database
          community.postgresql.postgresql_db: {name: app}
          # expect: runs as whoever logged in
          become_user: postgres
    ```

    Good:
    ```yaml playbook.yml
    - hosts: db
      become: true
      tasks:
        - community.postgresql.postgresql_db: {name: app}
          become_user: postgres
    - hosts: db
      tasks:
        - community.postgresql.postgresql_db: {name: app}
          become: yes
          become_user: postgres
    ```

    Good, in a role that is used so:
    ```yaml site.yml
    - hosts: db
      become: true
      roles: [db]
    ```
    ```yaml roles/db/tasks/main.yml
    - community.postgresql.postgresql_db: {name: app}
      become_user: postgres
    ```

    Unknown:
    ```yaml roles/db/tasks/main.yml
    - community.postgresql.postgresql_db: {name: app}
      become_user: postgres
    ```
    """
    said = task.keyword("become")
    at = task.node["become_user"]
    if said.present:
        if truth(said) is False:
            yield Finding(at, "the task runs as whoever logged in: become is off", fix=_FIX)
    elif _by_settings(project) or (task.role is not None and _always(plays_of_role(task.role, project))):
        return
    elif task.play is None:
        yield Unknown(at, "whether the play that uses it has become is not seen here", Reason.UNRESOLVED)
    else:
        yield Finding(at, "the task runs as whoever logged in: nothing says become", fix=_FIX)


def _by_settings(project: Project) -> bool:
    return any(truth(each.node["privilege_escalation"]["become"]) for each in project.all(Config))


def _always(plays: Sequence[Play]) -> bool:
    """Whether every play that takes the role in has become."""
    said = [filled(play.node["become"]) for play in plays]
    return bool(said) and all(each.known and truth(each) for each in said)


_FIX = Fix("add `become: true` to the task")
