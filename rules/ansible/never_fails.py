from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.rule import Answer, rule

_ASKS = frozenset({"stat", "setup", "wait_for", "uri", "find", "assert", "fail", "debug", "getent", "slurp"})


@rule(
    "ansible-never-fails",
    gate="deployment-rollback",
    severity="low",
    seed="3.2 Deployment Strategies; Anti-Patterns to Avoid, No rollback plan",
    where=lambda task: task.node["failed_when"].present and task.module not in _ASKS,
)
def never_fails(task: Task) -> Iterator[Answer]:
    """No task that changes something is said never to fail.

    `failed_when: false` calls every answer a success, and the play goes on over a step that did not work. What
    registers its result is left out: a later task may look at it.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - name: Start the new release
          ansible.builtin.command: systemctl restart app
          changed_when: true
          # expect: it can never fail
          failed_when: false
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.command: systemctl restart app
          register: started
          failed_when: started.rc not in [0, 5]
          changed_when: true
        - ansible.builtin.command: systemctl is-active app
          register: active
          failed_when: false
          changed_when: false
    ```
    """
    said = task.node["failed_when"]
    if said._value in (False, "no", "False", "false") and not task.node["register"].present:
        yield Finding(said, "it can never fail: the play goes on whatever it answers", fix=Fix("say what is a failure"))
