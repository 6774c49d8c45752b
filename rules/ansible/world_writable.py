from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_MODULES = frozenset(
    """
    archive assemble blockinfile copy file get_url git_config htpasswd ini_file lineinfile openssl_csr
    openssl_privatekey replace synchronize template unarchive xml x509_certificate
    """.split()
)
_OCTAL = regex(r"0?o?([0-7]{3,4})\Z")
_SYMBOLIC = regex(r"(?:[ugoa]{0,4}[-+=][rwxXst]{0,6},){0,6}[ugoa]{0,4}[-+=][rwxXst]{0,6}\Z")


def mode_of(node: Node) -> int | None:
    """A mode as Ansible sets it: a number as it stands (644 is 0o1204), a text as octal; None for symbolic ones."""
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _OCTAL.match(node.text.strip())
    return int(found[1], 8) if found else None


@rule(
    "ansible-world-writable",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening: Principle of least privilege",
    where=lambda task: task.module in _MODULES and "mode" in task.args,
)
def world_writable(task: Task) -> Iterator[Answer]:
    """No file or folder is writable for everybody.

    Any account on the host, that of a broken-into service too, can then change what others run or read. Folders with
    the sticky bit (1777, as /tmp) are meant for that, and pass.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.file:
            path: /opt/app
            state: directory
            # expect: writable for everybody
            mode: "0777"
        - ansible.builtin.template:
            src: app.conf.j2
            dest: /etc/app.conf
            # expect: writable for everybody
            mode: 0666
        - ansible.builtin.copy:
            src: run.sh
            dest: /opt/run.sh
            # expect: writable for everybody
            mode: a+rwx
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.file: {path: /opt/app, state: directory, mode: "0755"}
        - ansible.builtin.file: {path: /var/spool/drop, state: directory, mode: "1777"}
        - ansible.builtin.copy: {src: run.sh, dest: /opt/run.sh, mode: "u=rwx,g=rx,o=rx"}
        - ansible.builtin.copy: {src: run.sh, dest: /opt/run.sh, mode: preserve}
        - ansible.builtin.copy: {src: run.sh, dest: /opt/run.sh, mode: "o-w"}
        - ansible.builtin.copy: {src: run.sh, dest: /opt/run.sh, mode: "o=rw,go=r"}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.file: {path: /opt/app, state: directory, mode: "{{ app_mode }}"}
    ```
    """
    said = task.args["mode"]
    if task.args["state"].known and task.args["state"] in ("link", "absent", "hard"):
        return
    mode = mode_of(said)
    if mode is None:
        if _SYMBOLIC.match(said.text.strip()) and _adds_write(said.text):
            yield Finding(said, "writable for everybody", fix=_FIX)
    elif mode & 0o002 and not mode & 0o1000:
        yield Finding(said, "writable for everybody", fix=_FIX)


_FIX = Fix("give write access to its owner alone: 0755 for folders and programs, 0644 for other files")


def _adds_write(text: str) -> bool:
    """Whether others may write when all parts of a symbolic mode are applied, one after the other."""
    writes = False
    for part in text.strip().split(","):
        sign = next((each for each in part if each in "+-="), "")
        who, _, what = part.partition(sign) if sign else ("", "", "")
        if not sign or not ("o" in who or "a" in who or not who):
            continue
        if sign == "=":
            writes = "w" in what
        elif "w" in what:
            writes = sign == "+" and bool(who)  # without a name the umask counts
    return writes
