from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_MODULES = {"lineinfile": ("line",), "blockinfile": ("block", "content"), "copy": ("content",), "replace": ("replace",)}
_EVERYTHING = regex(
    r"^[ \t]{0,8}(%?[\w.{} -]{1,60}?)[ \t]{1,20}ALL[ \t]{0,4}=[ \t]{0,4}(?:\([\w: ,]{1,40}\))?[ \t]{0,4}"
    r"NOPASSWD:[ \t]{0,4}ALL\b",
    re.MULTILINE,
)


def _sudoers(task: Task) -> bool:
    if task.module == "sudoers" or task.module == "community.general.sudoers":
        return True
    said = next((task.args[name] for name in ("path", "dest") if task.args[name].present), task.args["dest"])
    return task.module in _MODULES and "sudoers" in (said.expression.text if said.expression else said.text)


@rule(
    "ansible-sudo-everything",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening: Principle of least privilege",
    where=_sudoers,
)
def sudo_everything(task: Task) -> Iterator[Answer]:
    """Nobody may run everything as root without a password.

    Whoever gets into such an account, or into a service that runs under it, is root. Where a program must work without
    a person, the commands that it needs can be named.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.lineinfile:
            path: /etc/sudoers
            # expect: NOPASSWD: ALL
            line: "deploy ALL=(ALL) NOPASSWD: ALL"
            validate: visudo -cf %s
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.copy:
            dest: /etc/sudoers.d/deploy
            content: |
              deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart app
            mode: "0440"
    ```
    """
    if task.args["state"].known and task.args["state"] == "absent":
        return
    for said in _written(task):
        text = said.expression.text if said.expression else said.text
        if _EVERYTHING.search(text):
            yield Finding(said, "NOPASSWD: ALL makes root of whoever gets into the account", fix=_FIX)


_FIX = Fix("name the commands that it needs")


def _written(task: Task) -> list[Node]:
    return [task.args[name] for name in _MODULES.get(task.module, ()) if task.args[name].present]
