from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.links.ansible import (
    Reach,
    all_handlers,
    handlers_of_play,
    handlers_of_role,
    plays_of_role,
    written_with_jinja,
)
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "ansible-handler-missing",
    gate="iac-validation",
    severity="high",
    seed="2.1 IaC Best Practices; Phase 7 Infrastructure code passes validation",
    where=lambda task: bool(task.notifies),
)
def handler_missing(task: Task, project: Project) -> Iterator[Answer]:
    """Every handler that a task notifies is declared.

    Ansible stops in the middle of the play with an error when the task changes something: the file is new, and the
    service was not restarted. Looked through are the handlers of the play, of its roles and what they depend on, by
    their names and what they listen to.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.template: {src: nginx.conf.j2, dest: /etc/nginx/nginx.conf, mode: "0644"}
          # expect: no handler "restart nginx"
          notify: restart nginx
      handlers:
        - name: Restart nginx
          ansible.builtin.service: {name: nginx, state: restarted}
    ```

    Bad, in a role:
    ```yaml roles/web/tasks/main.yml
    - ansible.builtin.template: {src: a.j2, dest: /etc/a, mode: "0644"}
      notify:
        # expect: no handler "reload web"
        - reload web
        - restart web
    ```
    ```yaml roles/web/handlers/main.yml
    - name: restart web
      ansible.builtin.service: {name: web, state: restarted}
    ```

    Good:
    ```yaml site.yml
    - hosts: web
      roles: [web]
      tasks:
        - ansible.builtin.template: {src: a.j2, dest: /etc/a, mode: "0644"}
          notify: [restart web, "web : restart web", reload everything]
        - ansible.builtin.command: /bin/true
          notify: "restart {{ item }}"
    ```
    ```yaml roles/web/tasks/main.yml
    - ansible.builtin.meta: noop
    ```
    ```yaml roles/web/handlers/main.yml
    - name: restart web
      ansible.builtin.service: {name: web, state: restarted}
      listen: reload everything
    ```

    Unknown, a role of somebody else:
    ```yaml site.yml
    - hosts: web
      roles: [geerlingguy.nginx]
      tasks:
        - ansible.builtin.template: {src: a.j2, dest: /etc/a, mode: "0644"}
          notify: restart nginx
    ```
    """
    for said in task.notifies:
        if said.expression:
            continue  # one of several; which, the play's run says
        name = said.text.strip()
        if name and not _with_jinja(name, project):
            yield from _judged(task, said, name, project)


def _judged(task: Task, said: Node, name: str, project: Project) -> Iterator[Answer]:
    names = {name, name.rpartition(" : ")[2].strip()}
    reaches = list(_reaches(task, project))
    if any(names & reach.names for reach in reaches):
        return
    why = next((reach.open for reach in reaches if reach.open), "")
    elsewhere = bool(names & all_handlers(project))
    if not reaches and elsewhere:
        return
    if elsewhere:
        why = why or "a handler of that name is declared, but not where this task can be seen to reach it"
    if why or not reaches:
        yield Unknown(said, f'"{name}": {why or "which play includes these tasks is not seen here"}', Reason.UNRESOLVED)
    else:
        yield Finding(said, f'no handler "{name}" is declared', fix=Fix("declare it, or mend the name: case counts"))


def _reaches(task: Task, project: Project) -> Iterator[Reach]:
    if task.play is not None:
        yield handlers_of_play(task.play, project)
    elif task.role is not None:
        yield handlers_of_role(task.role, project)
        yield from (handlers_of_play(play, project) for play in plays_of_role(task.role, project))


def _with_jinja(name: str, project: Project) -> bool:
    return any(name.startswith(head) and name.endswith(tail) for head, tail in written_with_jinja(project))
