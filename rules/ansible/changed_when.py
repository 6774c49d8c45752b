from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.rule import Answer, rule

_COMMANDS = frozenset({"command", "shell", "raw", "win_command", "win_shell"})


@rule(
    "ansible-changed-when",
    gate="environments",
    severity="low",
    seed="Anti-Patterns to Avoid, Snowflake servers; Best Practices Checklist, Infrastructure as Code",
    aliases=["ansible-lint:no-changed-when"],
    where=lambda task: task.module in _COMMANDS and not task.handler,
)
def changed_when(task: Task) -> Iterator[Answer]:
    """A command says when it changes something.

    Without `changed_when`, `creates` or `removes` every run reports a change, also where nothing changed: a second run
    cannot show that the hosts are as the code says, and handlers run each time. Handlers themselves are left out.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        # expect: reports a change on every run
        - name: Which version runs
          ansible.builtin.command: /opt/app/bin/app --version
          register: version
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.command: /opt/app/bin/app --version
          register: version
          changed_when: false
        - ansible.builtin.command: tar xf /tmp/app.tar -C /opt
          args:
            creates: /opt/app
        - ansible.builtin.shell: /opt/app/migrate removes=/opt/app/pending
      handlers:
        - name: reload
          ansible.builtin.command: /opt/app/bin/app reload
    ```
    """
    if not any(node.present for node in (task.node["changed_when"], task.args["creates"], task.args["removes"])):
        yield Finding(task, "reports a change on every run", fix=Fix("add `changed_when:`, or `creates:`"))
