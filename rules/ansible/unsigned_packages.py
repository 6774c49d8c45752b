from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task, truth
from gatekeeper.rule import Answer, rule

_OFF = {  # modules, and their arguments that switch the check of signatures on (False switches it off) or off (True)
    "apt": (("allow_unauthenticated", True),),
    "yum": (("disable_gpg_check", True),),
    "dnf": (("disable_gpg_check", True),),
    "dnf5": (("disable_gpg_check", True),),
    "zypper": (("disable_gpg_check", True),),
    "zypper_repository": (("disable_gpg_check", True),),
    "yum_repository": (("gpgcheck", False),),
}
_KEYS = {"apt_key": "url", "rpm_key": "key", "apt_repository": "repo", "deb822_repository": "signed_by"}


@rule(
    "ansible-unsigned-packages",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    where=lambda task: task.module in _OFF or task.module in _KEYS,
)
def unsigned_packages(task: Task) -> Iterator[Answer]:
    """Packages are installed only if their signature is right, and keys come by https.

    Packages run as root when they are installed. Whoever can change what a mirror or a network hands out owns the host
    when signatures are not checked, or when the key to check them by comes the same way.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.yum:
            name: http://example.com/app.rpm
            # expect: signatures are not checked
            disable_gpg_check: yes
        - ansible.builtin.yum_repository:
            name: app
            description: app
            baseurl: https://example.com/rpm
            # expect: signatures are not checked
            gpgcheck: no
        - ansible.builtin.apt_key:
            # expect: by plain http
            url: http://example.com/key.asc
        - ansible.builtin.apt_repository:
            # expect: trusted=yes
            repo: deb [trusted=yes] https://example.com/deb stable main
        - ansible.builtin.apt:
            name: app
            # expect: signatures are not checked
            allow_unauthenticated: true
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.apt: {name: app}
        - ansible.builtin.yum_repository:
            name: app
            description: app
            baseurl: https://example.com/rpm
            gpgcheck: true
            gpgkey: https://example.com/key
        - ansible.builtin.apt_key: {url: "https://example.com/key.asc"}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.yum:
            name: app
            disable_gpg_check: "{{ unsigned }}"
    ```
    """
    for name, off in _OFF.get(task.module, ()):
        said = task.args[name]
        if said.present and truth(said) is off:
            yield Finding(said, "signatures are not checked", fix=Fix("remove it, and give the host the key"))
    if task.module in _KEYS:
        yield from _of_key(task)


def _of_key(task: Task) -> Iterator[Answer]:
    said = task.args[_KEYS[task.module]]
    text = said.expression.text if said.expression else said.text
    if task.module == "apt_repository":
        if "trusted=yes" in text.replace(" ", ""):
            yield Finding(said, "trusted=yes: signatures are not checked", fix=Fix("use signed-by=, with the key"))
    elif text.startswith("http://"):
        yield Finding(said, "the key to check packages by comes by plain http", fix=Fix("fetch it by https"))
    elif said.expression and text.startswith("{{"):
        said.text  # noqa: B018  # raises Unresolved: nobody can tell what it comes to
