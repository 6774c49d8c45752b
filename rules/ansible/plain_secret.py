from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Variables, Written, templated
from gatekeeper.models.credentials import is_credential, means_password, named_like_a_credential
from gatekeeper.models.secrets import is_trial, secrets_in
from gatekeeper.node import Node, Source, regex
from gatekeeper.rule import Severity, rule

_LOCKED = frozenset({"!", "!!", "*", "*LK*", "x", "!*"})  # what an account has that no password opens
# Arguments and variables about passwords and keys that hold none.
_ABOUT = frozenset(
    """
    update_password password_lock password_expire_max password_expire_min password_expire_warn generate_ssh_key
    ssh_pwauth chpasswd pass_through passenger_root key_options no_pass no_password passno
    """.split()
)
# What a name ends with that speaks about passwords: `password_length`, `pwdInHistory`.
_PROPERTY = regex(
    r".*(?:length|chars|characters|charset|algo|hashing|scheme|query|rule|attribute|history|comment|prompt|command|cmd"
    r"|complexity|inactive|directories|check|quality|remember|warning|changes|regexp?|entropy|salt_size|group|state"
    r"|message|description|title|generator|template|lookup|store|manager|expression|option|options|level|mode|dest)\Z",
    re.IGNORECASE,
)
_RULE = regex(r"[a-z][\w ]{0,40}=|[\w-]{1,40}(?:\s+[\w-]{1,40}){2,40}\Z|\w+\.so\b")  # `retry=3 minlen=14`
_STAND_IN = regex(
    r"%\w\Z|random\Z|generated?\Z|auto\Z|prompt\Z|ask\Z|omit\Z|[A-Z]{2,20}(?:_[A-Z]{1,20}){1,6}\Z|.*TODO|.*CHANGEME_",
    re.DOTALL,
)
_PLAIN_WORDS = regex(r"[A-Za-z]{2,30}(?:[-_ .:/][A-Za-z]{2,30}){1,9}\Z")  # the name of a key
_FIX = Fix("encrypt it with Ansible Vault or look it up in a secret store, and change it")


@rule("ansible-plain-secret", gate="secrets", severity="high", seed="6.2 Secrets Management; Anti-Patterns to Avoid")
def plain_secret(written: Written) -> Iterator[Finding]:
    """No password, key or token stands in variables, inventories or tasks in clear text.

    Whoever can read the repository, or any clone of it, can use the secret, and every host that it opens. What Vault
    encrypted (`!vault`, or the whole file), what is looked up when the play runs (`{{ lookup(...) }}`), paths and
    placeholders are none. Judged are texts under names of passwords and keys, and whatever has the form of a key (AWS,
    GitHub, private keys) under any name. The defaults of a role, and files that say of themselves that they are samples
    or for tests, are of severity medium: another value is meant to be set, but whoever forgets it has this one.

    Bad:
    ```yaml group_vars/production.yml
    db_host: db.internal
    # expect: db_password
    db_password: tr0ub4dor-3
    ```

    Bad, in an inventory:
    ```ini inventory/hosts
    [web]
    # expect: ansible_become_pass
    web1.example.com ansible_user=deploy ansible_become_pass=tr0ub4dor-3
    [web:vars]
    # expect: ansible_ssh_pass
    ansible_ssh_pass=hunter2
    ```

    Bad, in a task and a play:
    ```yaml site.yml
    - hosts: db
      vars:
        # expect: mysql_root_password
        mysql_root_password: hunter2
      tasks:
        - name: Make the user
          community.mysql.mysql_user:
            name: app
            # expect: password
            password: tr0ub4dor-3
            update_password: on_create
        # expect: login_password
        - postgresql_db: name=app login_user=postgres login_password=tr0ub4dor-3
    ```

    Bad, as a role's default:
    ```yaml roles/db/tasks/main.yml
    - name: Nothing
      ansible.builtin.meta: noop
    ```
    ```yaml roles/db/defaults/main.yml
    # expect: db_admin_password
    db_admin_password: admin
    ```

    Bad, for Galaxy:
    ```ini ansible.cfg
    [galaxy_server.hub]
    url = https://hub.example.com/
    # expect: token
    token = 4f6d2f19c0de8a7b5e3d
    ```

    Good:
    ```yaml host_vars/web1.yml
    db_password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      62313365396662343061393464336163383764373764613633653634306231386433626436623361
    api_token: "{{ lookup('community.hashi_vault.hashi_vault', 'secret=app/api:token') }}"
    password_min_length: "14"
    password_policy: "minlen=14 retry=3"
    ssl_private_key: /etc/ssl/private/web.key
    root_password: "!"
    smtp_password: ""
    postgresql_password_characters: "ascii_letters,digits,.-_"
    passwd: [compat, systemd]
    ssh_signing_key: OpenStack-Ansible-Key
    ```
    ```yaml site.yml
    - hosts: web
      tasks:
        - ansible.builtin.user:
            name: deploy
            password: "{{ deploy_password | password_hash('sha512') }}"
            generate_ssh_key: true
    ```
    """
    known = written.node.source.once(_holds_known)
    for name, node in written.texts():
        kind = _kind(name, node, known)
        if kind and name.lower() == node.text and _severity(written):
            continue  # `PASSWORD: password`: which field is which
        if kind:
            words = f"{name} {kind}" if name else f"a value here {kind}"
            yield Finding(node, words, fix=_FIX, severity=_severity(written))


def _kind(name: str, node: Node, known: bool) -> str:
    text = node.text
    if known:
        found = next((each for each in secrets_in(text) if each.grade != "low"), None)
        if found:
            return f"holds {found.kind}"
    if templated(text) or "\n" in text.strip():
        return ""
    if "://" in text and any(each.grade != "low" for each in secrets_in(text, node.source.path)):
        return "holds an address with its password"
    if not _named(name) or name in _ABOUT or _PROPERTY.match(name) or _is_no_value(name, text.strip()):
        return ""
    return "is written here in clear text" if is_credential(name, text) else ""


def _is_no_value(name: str, text: str) -> bool:
    if text in _LOCKED or _RULE.match(text) or _STAND_IN.match(text):
        return True
    return _PLAIN_WORDS.match(text) is not None and not means_password(name)


def _severity(written: Written) -> Severity | None:
    lenient = (isinstance(written, Variables) and written.defaults) or is_trial(written.path)
    return "medium" if lenient else None


@lru_cache(maxsize=4096)
def _named(name: str) -> bool:
    return named_like_a_credential(name)


def _holds_known(source: Source) -> bool:
    return any(True for _ in secrets_in(source.text, source.path))
