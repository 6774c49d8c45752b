from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.models.credentials import named_like_a_credential
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_MODULES = frozenset({"copy", "template", "get_url", "assemble", "ini_file", "htpasswd"})
_SECRET = regex(
    r"(?:.*/)?(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.?pgpass|\.my\.cnf|\.netrc|\.env|[\w.-]{0,60}\.env|shadow|[\w.-]{0,60}\.key"
    r"|[\w.-]{0,40}(?:privkey|private[_-]?key|secret|password|credential|passwd\.client)[\w.-]{0,40}|\.vault[_-]?pass(?:word)?"
    r"|htpasswd|\.htpasswd|kubeconfig|[\w.-]{0,40}admin\.conf|\.pypirc|\.npmrc)\Z",
    re.IGNORECASE,
)
_PUBLIC = regex(
    r".*(?:\.pub|\.crt|\.cer|\.csr|\.gpg|\.asc|keyring.*|archive[\w.-]{0,30}\.key|/apt/.*|rpm-gpg.*|/tmpfiles\.d/.*|\.service)\Z",
    re.IGNORECASE,
)
_OCTAL = regex(r"0?o?[0-7]{0,2}([0-7])([0-7])\Z")


@rule(
    "ansible-secret-file-mode",
    gate="security-posture",
    severity="medium",
    seed="6.1 Security Hardening: Principle of least privilege",
    where=lambda task: task.module in _MODULES and _secret(task),
)
def secret_file_mode(task: Task) -> Iterator[Answer]:
    """Files that hold keys and passwords can be read by their owner alone, or by a group.

    A new file gets the mode that the umask leaves, most often 0644: every account on the host can read it. Judged are
    files whose name says what they hold (`id_rsa`, `server.key`, `.env`, `.pgpass`, `secrets.yml`), and what is written
    from a variable that is named as a secret. Public keys and the keys of package repositories are left out.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        # expect: no mode
        - ansible.builtin.copy:
            content: "{{ tls_private_key }}"
            dest: /etc/nginx/tls/site.pem
        - ansible.builtin.template:
            src: env.j2
            dest: /opt/app/.env
            # expect: readable for everybody
            mode: "0644"
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.copy:
            content: "{{ tls_private_key }}"
            dest: /etc/nginx/tls/site.pem
            mode: "0600"
        - ansible.builtin.template: {src: env.j2, dest: /opt/app/.env, mode: "u=rw,g=r,o="}
        - ansible.builtin.copy: {src: id_rsa.pub, dest: /home/app/.ssh/id_rsa.pub, mode: "0644"}
        - ansible.builtin.get_url:
            url: https://example.com/archive.key
            dest: /etc/apt/keyrings/app.key
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.copy: {src: site.key, dest: /etc/nginx/site.key, mode: "{{ key_mode }}"}
    ```
    """
    said = task.args["mode"]
    if not said.present:
        yield Finding(task, "no mode: what the umask leaves, most often readable for everybody", fix=_FIX)
        return
    value = said.value
    if value == "preserve":
        return
    everybody = value & 0o004 if isinstance(value, int) and not isinstance(value, bool) else _reads(said)
    if everybody:
        yield Finding(said, "readable for everybody", fix=_FIX)


_FIX = Fix('set `mode: "0600"`, or "0640" with the group that reads it')


def _reads(said: Node) -> bool:
    text = said.text.strip()
    octal = _OCTAL.match(text)
    if octal:
        return bool(int(octal[2]) & 4)
    return any(
        part[:1] in "oa+=" and "r" in part.rpartition("=")[2].rpartition("+")[2] for part in text.split(",") if part
    )


def _secret(task: Task) -> bool:
    dest = task.called["dest"]._value if task.called.is_mapping else _given(task.args["dest"])
    if not isinstance(dest, str) or _PUBLIC.match(dest):
        return False
    content = task.called["content"]._value if task.called.is_mapping else None
    if isinstance(content, str) and content.strip().startswith("{{") and content.strip().endswith("}}"):
        from gatekeeper.models.ansible import names_in

        if any(named_like_a_credential(name) for name in names_in(content)):
            return True
    return _SECRET.match(dest) is not None and task.module != "get_url"


def _given(node: Node) -> object:
    return node.expression.text if node.expression else node._value
