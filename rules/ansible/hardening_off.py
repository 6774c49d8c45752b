from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task, truth
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Severity, rule

_GUARDS = frozenset({"firewalld", "ufw", "apparmor", "auditd", "fail2ban", "nftables", "iptables"})
_SERVICES = frozenset({"service", "systemd", "systemd_service"})


def _guards(task: Task) -> bool:
    if task.module in ("selinux", "ufw"):
        return True
    name = task.args["name"]._value if task.module in _SERVICES else None
    return isinstance(name, str) and name.removesuffix(".service") in _GUARDS


@rule(
    "ansible-hardening-off",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening",
    where=_guards,
)
def hardening_off(task: Task) -> Iterator[Answer]:
    """Firewall, SELinux and AppArmor are not switched off.

    They are what stands between a hole in one service and the rest of the host. Permissive SELinux only writes down
    what it would have stopped. A task with a condition (`when`) is of severity low: it may be for hosts that have
    another firewall.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.posix.selinux:
            # expect: SELinux
            state: disabled
        - community.general.ufw:
            # expect: the firewall
            state: disabled
        - ansible.builtin.service:
            name: firewalld
            # expect: firewalld
            state: stopped
            enabled: no
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.posix.selinux: {policy: targeted, state: enforcing}
        - community.general.ufw: {rule: allow, port: "22"}
        - ansible.builtin.service: {name: firewalld, state: started, enabled: true}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.posix.selinux: {policy: targeted, state: "{{ selinux_state }}"}
    ```
    """
    for said, words in _off(task):
        severity: Severity | None = "low" if task.keyword("when").present else None
        yield Finding(said, words, fix=Fix("keep it on, and open what the service needs"), severity=severity)


def _off(task: Task) -> Iterator[tuple[Node, str]]:
    state = task.args["state"]
    if task.module == "selinux":
        if state.text in ("disabled", "permissive"):
            yield state, f"SELinux is {state.text}"
    elif task.module == "ufw":
        if state.text == "disabled":
            yield state, "the firewall is switched off"
    elif state.text == "stopped" and task.args["enabled"].present and truth(task.args["enabled"]) is False:
        yield state, f"{task.args['name'].text} is stopped, and does not start again"
