from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task, truth
from gatekeeper.node import regex
from gatekeeper.rule import Answer, Severity, rule

_SAYS = ("validate_certs", "sslverify", "verify_ssl", "ssl_verify", "validate_ssl")
_TAKES = frozenset({"get_url", "uri", "unarchive", "yum_repository", "rpm_key", "apt_key", "win_get_url"})
_OWN = regex(r"https?://(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?:[:/]|\Z)")
_FILLED = regex(r"(?:https?://)?\{\{")
_CURL = frozenset({"-k", "--insecure"})
_FIX = Fix("remove it, and give the host the certificate of the authority that signs")


def _checks(task: Task) -> bool:
    if task.module in ("command", "shell"):
        return any(command.program in ("curl", "wget") for command in (task.script.commands if task.script else ()))
    return task.module in _TAKES or any(name in _raw(task) for name in _SAYS)


def _raw(task: Task) -> frozenset[str]:
    return frozenset(task.called._value) if task.called.is_mapping else frozenset()


@rule(
    "ansible-tls-verify",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening: Encryption in transit",
    where=_checks,
)
def tls_verify(task: Task) -> Iterator[Answer]:
    """Certificates are verified.

    Without it, whoever stands between can give the host another file, or read what it sends. Absent means that they
    are verified. Requests to the host itself are left out. A request that is not a download (`uri`), a host
    that a variable names, and arguments of other modules are of severity medium.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - name: Fetch the release
          ansible.builtin.get_url:
            url: https://example.com/app.tar.gz
            dest: /opt/app.tar.gz
            # expect: not verified
            validate_certs: no
        # expect: not verified
        - ansible.builtin.command: curl -fsSLk https://example.com/install.sh -o /tmp/install.sh
        - yum_repository:
            name: app
            description: app
            baseurl: https://example.com/rpm
            # expect: not verified
            sslverify: false
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.get_url:
            url: https://example.com/app.tar.gz
            dest: /opt/app.tar.gz
        - ansible.builtin.uri:
            url: https://localhost:8443/healthz
            validate_certs: false
        - ansible.builtin.shell: curl -fsSL https://example.com/key | gpg --import -k
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.get_url:
            url: https://example.com/app.tar.gz
            dest: /opt/app.tar.gz
            validate_certs: "{{ verify }}"
    ```
    """
    if task.module in ("command", "shell"):
        yield from _of_commands(task)
        return
    for name in _SAYS:
        said = task.args[name]
        if said.present and truth(said) is False:
            url = task.args["url"]
            if url.known and _OWN.match(url.text):
                return
            own = url.expression is not None and _FILLED.match(url.expression.text)
            severity: Severity | None = None if task.module in _TAKES - {"uri"} and not own else "medium"
            yield Finding(said, "the certificate is not verified", fix=_FIX, severity=severity)


def _of_commands(task: Task) -> Iterator[Answer]:
    for command in task.script.commands if task.script else ():
        words = command.words[1:]
        if any(_OWN.match(word) for word in words):
            continue
        short = any(word[:1] == "-" and word[1:2] != "-" and "k" in word and word[1:].isalpha() for word in words)
        curl = command.program == "curl" and (short or not _CURL.isdisjoint(words))
        if curl or (command.program == "wget" and "--no-check-certificate" in words):
            yield Finding(task, f"{command.program} does not verify the certificate: not verified", fix=_FIX)
