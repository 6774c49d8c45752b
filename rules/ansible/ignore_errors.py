from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task, truth
from gatekeeper.rule import Answer, rule


@rule(
    "ansible-ignore-errors",
    gate="deployment-rollback",
    severity="low",
    seed="3.2 Deployment Strategies; Anti-Patterns to Avoid, No rollback plan",
    aliases=["ansible-lint:ignore-errors"],
    where=lambda task: task.keyword("ignore_errors").present,
)
def ignore_errors(task: Task) -> Iterator[Answer]:
    """A task that fails stops the play, or its failure is looked at.

    With `ignore_errors: true` the play goes on over a step that did not work, and ends well: nobody rolls back. What
    registers its result is left out, for a later task may look at it, and so is what asks for the dry run
    (`ansible_check_mode`). `failed_when` says more exactly which answers are no failure.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - name: Migrate the database
          ansible.builtin.command: /opt/app/migrate
          changed_when: true
          # expect: the play goes on
          ignore_errors: true
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.command: /opt/app/status
          register: status
          ignore_errors: true
          changed_when: false
        - ansible.builtin.command: /opt/app/migrate
          ignore_errors: "{{ ansible_check_mode }}"
          changed_when: true
    ```
    """
    said = task.keyword("ignore_errors")
    if said.expression:
        if "ansible_check_mode" not in said.expression.text:
            said.text  # noqa: B018  # raises Unresolved: nobody can tell what it comes to
    elif truth(said) and not task.node["register"].present:
        yield Finding(said, "the play goes on when this fails", fix=Fix("say with `failed_when` what is no failure"))
