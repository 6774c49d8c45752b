from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.rule import Answer, rule

_MODULES = frozenset(
    """
    apt yum dnf dnf5 package zypper pacman apk homebrew pkgng pip npm gem easy_install openbsd_pkg win_chocolatey
    chocolatey.chocolatey.win_chocolatey community.general.apk
    """.split()
)


@rule(
    "ansible-package-latest",
    gate="environments",
    severity="low",
    seed="Anti-Patterns to Avoid, Snowflake servers; Best Practices Checklist",
    aliases=["ansible-lint:package-latest"],
    where=lambda task: task.module in _MODULES,
)
def package_latest(task: Task) -> Iterator[Answer]:
    """Packages are installed at a version, or once; not at whatever is newest when the play runs.

    With `state: latest` two hosts set up on different days differ, and a run that changes something else upgrades the
    database too. A task that only updates (`only_upgrade`, or `upgrade`, or all packages, `name: "*"`) is meant to.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.apt:
            name: nginx
            # expect: whatever is newest
            state: latest
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.apt: {name: nginx=1.26.*, state: present}
        - ansible.builtin.dnf: {name: "*", state: latest}
        - ansible.builtin.apt: {name: openssl, state: latest, only_upgrade: true}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.apt: {name: nginx, state: "{{ nginx_state }}"}
    ```
    """
    said = task.args["state"]
    if not said.present or said != "latest":
        return
    name = task.args["name"] if task.args["name"].present else task.args["pkg"]
    everything = name.known and (name == "*" or (not name.present and not task.args["requirements"].present))
    if not everything and not task.args["only_upgrade"].present and not task.args["update_only"].present:
        yield Finding(said, "whatever is newest when the play runs", fix=Fix("use `present`, with a version"))
