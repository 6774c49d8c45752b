from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.rule import Answer, rule

_MAKE_FILES = frozenset({"copy", "template", "get_url", "assemble", "archive"})


@rule(
    "ansible-file-mode",
    gate="security-posture",
    severity="low",
    seed="6.1 Security Hardening: Principle of least privilege",
    aliases=["ansible-lint:risky-file-permissions"],
    where=lambda task: task.module in _MAKE_FILES or (task.module == "file" and _state(task) in ("touch", "directory")),
)
def file_mode(task: Task) -> Iterator[Answer]:
    """Every file that is made says its mode.

    Without one, a new file gets what the umask of the connection leaves: two hosts may differ, and what should be
    private can be read.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        # expect: no mode
        - ansible.builtin.template:
            src: app.conf.j2
            dest: /etc/app.conf
        # expect: no mode
        - ansible.builtin.file: path=/opt/app state=directory
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.template: {src: app.conf.j2, dest: /etc/app.conf, mode: "0644"}
        - ansible.builtin.copy: {src: bin/, dest: /opt/bin/, mode: preserve}
        - ansible.builtin.file: {path: /opt/old, state: absent}
    - hosts: localhost
      module_defaults:
        ansible.builtin.copy: {mode: "0644"}
      tasks:
        - ansible.builtin.copy: {src: a, dest: /opt/a}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.template: "{{ template_arguments }}"
    ```
    """
    if task.args["mode"].present:
        task.args.value  # noqa: B018  # raises Unresolved where one variable holds all of the arguments
        return
    if not task.keyword("module_defaults").present:
        yield Finding(task, "no mode: what the umask leaves", fix=Fix('say it: `mode: "0644"`'))


def _state(task: Task) -> str:
    state = task.args["state"]
    return state.text if state.known else ""
