from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Severity, rule

_MODULES = {"lineinfile": ("line",), "blockinfile": ("block", "content"), "replace": ("replace",), "copy": ("content",)}
_WEAK = regex(
    r"^[ \t]{0,8}(PermitRootLogin[ \t]{1,8}(?:yes|without-password)|PermitEmptyPasswords[ \t]{1,8}yes"
    r"|PasswordAuthentication[ \t]{1,8}yes|StrictModes[ \t]{1,8}no)\b",
    re.IGNORECASE | re.MULTILINE,
)


def _path(task: Task) -> str:
    for name in ("path", "dest", "destfile", "name"):
        said = task.args[name]
        if said.present:
            return said.expression.text if said.expression else said.text
    return ""


@rule(
    "ansible-sshd-weakened",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda task: task.module in _MODULES and "sshd_config" in _path(task),
)
def sshd_weakened(task: Task) -> Iterator[Answer]:
    """The SSH server does not take passwords, and root does not log in with one.

    Passwords of SSH are guessed all day long, from everywhere; root's opens everything. `without-password` lets root in
    by key: that is of severity low, since nobody can be told from another then.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.lineinfile:
            path: /etc/ssh/sshd_config
            regexp: ^#?PermitRootLogin
            # expect: PermitRootLogin yes
            line: PermitRootLogin yes
        - lineinfile:
            dest: /etc/ssh/sshd_config
            # expect: PasswordAuthentication yes
            line: PasswordAuthentication yes
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.lineinfile:
            path: /etc/ssh/sshd_config
            regexp: ^#?PermitRootLogin
            line: PermitRootLogin no
        - ansible.builtin.lineinfile:
            path: /etc/ssh/sshd_config
            line: PasswordAuthentication yes
            state: absent
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.lineinfile: {path: /etc/ssh/sshd_config, line: "PermitRootLogin {{ root_login }}"}
    ```
    """
    if task.args["state"].known and task.args["state"] == "absent":
        return
    for said in _written(task):
        found = _WEAK.search(said.text)
        if found:
            words = " ".join(found[1].split())
            light: Severity | None = "low" if words.lower().endswith("without-password") else None
            yield Finding(said, f"{words} weakens the SSH server", fix=Fix("log in by keys, as a user"), severity=light)


def _written(task: Task) -> list[Node]:
    return [task.args[name] for name in _MODULES[task.module] if task.args[name].present]
