from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import FILLED_IN, Task
from gatekeeper.models.shell import Command
from gatekeeper.rule import Answer, Reason, Unknown, rule

_PACKAGES = frozenset("install remove purge update upgrade dist-upgrade full-upgrade autoremove".split())
_STATES = frozenset("start stop restart reload enable disable mask unmask try-restart daemon-reload".split())
# A program, the module that does its work, and the words of which one must be there ('' for none).
_TABLE: dict[str, tuple[str, frozenset[str]]] = {
    "apt-get": ("apt", _PACKAGES),
    "apt": ("apt", _PACKAGES),
    "aptitude": ("apt", _PACKAGES),
    "add-apt-repository": ("apt_repository", frozenset()),
    "apt-key": ("apt_key", frozenset({"add", "adv"})),
    "yum": ("yum", _PACKAGES),
    "dnf": ("dnf", _PACKAGES),
    "zypper": ("community.general.zypper", _PACKAGES),
    "apk": ("community.general.apk", frozenset({"add", "del"})),
    "pip": ("pip", frozenset({"install", "uninstall"})),
    "pip3": ("pip", frozenset({"install", "uninstall"})),
    "npm": ("community.general.npm", frozenset({"install"})),
    "gem": ("community.general.gem", frozenset({"install"})),
    "snap": ("community.general.snap", frozenset({"install", "remove"})),
    "systemctl": ("systemd_service", _STATES),
    "service": ("service", frozenset("start stop restart reload".split())),
    "git": ("git", frozenset({"clone", "pull"})),
    "wget": ("get_url", frozenset()),
    "cp": ("copy with remote_src", frozenset()),
    "rm": ("file with state: absent", frozenset()),
    "mkdir": ("file with state: directory", frozenset()),
    "ln": ("file with state: link", frozenset({"-s", "-sf", "-sfn", "-snf", "-fs", "--symbolic"})),
    "chmod": ("file", frozenset()),
    "chown": ("file", frozenset()),
    "chgrp": ("file", frozenset()),
    "touch": ("file with state: touch", frozenset()),
    "useradd": ("user", frozenset()),
    "usermod": ("user", frozenset()),
    "userdel": ("user", frozenset()),
    "adduser": ("user", frozenset()),
    "groupadd": ("group", frozenset()),
    "mount": ("ansible.posix.mount", frozenset()),
    "umount": ("ansible.posix.mount", frozenset()),
    "sysctl": ("ansible.posix.sysctl", frozenset({"-w"})),
    "modprobe": ("community.general.modprobe", frozenset()),
    "rsync": ("ansible.posix.synchronize", frozenset()),
    "unzip": ("unarchive", frozenset()),
    "ufw": ("community.general.ufw", frozenset("allow deny enable disable default reset".split())),
    "firewall-cmd": ("ansible.posix.firewalld", frozenset({"--permanent"})),
    "setsebool": ("ansible.posix.seboolean", frozenset()),
    "docker": ("community.docker.docker_container or docker_image", frozenset("run pull build push".split())),
    "kubectl": ("kubernetes.core.k8s", frozenset("apply create delete".split())),
    "helm": ("kubernetes.core.helm", frozenset("install upgrade uninstall".split())),
    "hostnamectl": ("hostname", frozenset({"set-hostname"})),
    "timedatectl": ("community.general.timezone", frozenset({"set-timezone"})),
}
_OFTEN_MORE = frozenset("*?[$`")  # a pattern, or the shell's own value: the module would take another way


@rule(
    "ansible-command-instead-of-module",
    gate="environments",
    severity="low",
    seed="Anti-Patterns to Avoid, Snowflake servers; 2.1 IaC Best Practices",
    aliases=["ansible-lint:command-instead-of-module"],
    where=lambda task: task.module in ("command", "shell") and bool(task.free),
)
def command_instead_of_module(task: Task) -> Iterator[Answer]:
    """Work that a module does is not done by a command.

    A module says what is to be so, changes only what is not, tells when it changed something, and has a dry run. A
    command runs each time. Judged are tasks of one command; what is joined, piped, redirected, has patterns, or says
    `creates` or `removes` is left alone, for there the module would not do the same. `curl` is not named here: it asks
    as often as it fetches.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        # expect: apt
        - ansible.builtin.command: apt-get install -y nginx
        # expect: systemd_service
        - shell: sudo systemctl restart {{ service }}
        # expect: file with state: directory
        - name: Make the folder
          command:
            cmd: mkdir -p /opt/app
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.command: systemctl is-active nginx
        - ansible.builtin.shell: rm -rf /tmp/build-*
        - ansible.builtin.shell: git clone https://example.com/app.git && cd app && make install
        - ansible.builtin.command: mkdir /opt/app creates=/opt/app
        - ansible.builtin.shell: kubectl get nodes | grep -c Ready
        - ansible.builtin.shell: wget -qO- https://example.com/x | sha256sum
        - ansible.builtin.command: kubectl create token admin
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.shell: "{% if x %}apt-get install nginx{% endif %}"
    ```
    """
    script = task.script
    if script is None or script.why:
        words = script.why if script else "which commands these are is known only when the play runs"
        yield Unknown(task, words, Reason.UNRESOLVED)
        return
    if len(script.commands) != 1 or script.pipes or task.args["creates"].present or task.args["removes"].present:
        return
    module = _module(script.commands[0])
    if module:
        words = f"{script.commands[0].program} runs each time: {module} does this"
        yield Finding(task, words, fix=Fix(f"use the module {module}"))


def _module(command: Command) -> str:
    module, wanted = _TABLE.get(command.program, ("", frozenset()))
    words = command.words[1:]
    if not module or command.redirects or command.env or (wanted and wanted.isdisjoint(words)):
        return ""
    if any(not _OFTEN_MORE.isdisjoint(word.replace(FILLED_IN, "")) for word in words):
        return ""
    if command.program in ("kubectl", "helm") and {"token", "--dry-run", "--dry-run=client"} & set(words):
        return ""
    if command.program in ("mount", "umount", "apt-key") and not words:
        return ""
    return module
