from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import COMMANDS, Task, names_in, names_of, templated
from gatekeeper.models.credentials import is_about, named_like_a_credential
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_FIX = Fix("add `no_log: true` to the task")
_NOT = frozenset({"update_password", "password_lock", "item", "no_log"})
# What a name ends with that is not the secret itself, and keys that are public.
_PROPERTY = regex(
    r".*(?:directories|inactive|check|localpath|comment|length|characters|state|rule|exists|stat|result|changed|rc|group"
    r"|owner|mode|bits|pair|definition|change_command|enabled|required|count|list|files|folder|host|user|days)\Z|secrets?\Z|.*(?:ssh|public|gpg|apt|host)_?keys?\Z",
    re.IGNORECASE,
)


def _about_a_secret(task: Task) -> bool:
    return any(True for _ in _leaks(task))


@rule("ansible-no-log", gate="secrets", severity="medium", seed="6.2 Secrets Management", where=_about_a_secret)
def no_log(task: Task) -> Iterator[Answer]:
    """Tasks that handle a secret where Ansible would print it say `no_log`.

    What a task was given and what it answered goes to the terminal, to the log of the pipeline and into `log_path`,
    above all when it fails. Modules hide arguments that they know to be passwords, but nothing hides the items of a
    loop, a command line, what `set_fact` and `debug` hold, or the headers and body of a request. Only such tasks are
    judged, and those on a block or play with `no_log` pass. A fact is shown with -v alone: that is of severity low.
    ansible-lint's `no-log-password` means loops alone.

    Bad:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        # expect: db_password
        - name: Load the schema
          ansible.builtin.shell: mysql -p{{ db_password }} app < /tmp/schema.sql
        # expect: each item of the loop
        - name: Make the users
          community.mysql.mysql_user:
            name: "{{ item.name }}"
            password: "{{ item.password }}"
          loop: "{{ users }}"
        # expect: Authorization
        - name: Register
          ansible.builtin.uri:
            url: https://api.example.com/hosts
            headers:
              Authorization: "Bearer {{ api_token }}"
        # expect: prints
        - ansible.builtin.debug:
            var: db_password
        # expect: session_secret
        - ansible.builtin.set_fact:
            session_secret: "{{ vaulted.session }}"
    ```

    Good:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        - name: Load the schema
          ansible.builtin.shell: mysql -p{{ db_password }} app < /tmp/schema.sql
          no_log: true
        - name: Users
          no_log: true
          block:
            - community.mysql.mysql_user: name={{ item.name }} password={{ item.password }}
              loop: "{{ users }}"
        - name: One user, whose password the module itself hides
          community.mysql.mysql_user:
            name: app
            password: "{{ db_password }}"
        - ansible.builtin.shell: ls {{ password_file }}
        - ansible.builtin.debug:
            msg: "the token lasts for {{ token_ttl }}"
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: db
      tasks:
        - ansible.builtin.command: htpasswd -b /etc/users app {{ app_password }}
          no_log: "{{ hide }}"
    ```
    """
    if task.on("no_log"):
        return
    words = next(_leaks(task))
    yield Finding(task, words, fix=_FIX, severity="low" if task.module == "set_fact" else None)


def _leaks(task: Task) -> Iterator[str]:
    """What of a task is shown, and holds a secret, in words."""
    if task.module in COMMANDS:
        yield from (f"{name} stands in the command line, which is logged" for name in _secrets(task.free))
    elif task.module == "debug":
        asked = task.called["var"]._value
        named = list(names_of(asked)) if isinstance(asked, str) else []
        message = task.called["msg"]._value
        named += names_in(message) if isinstance(message, str) else []
        yield from (f"it prints {name}" for name in named if _is_secret(name))
    elif task.module == "set_fact":
        made = task.called
        for name, value in made._value.items() if isinstance(made._value, dict) else ():
            if (
                _is_secret(name)
                and not name.endswith("passwd")
                and isinstance(value._value, str)
                and templated(value._value)
            ):
                yield f"the fact {name} is shown with -v"
    elif task.module == "uri":
        yield from _of_request(task)
    if task.loops and task.module not in COMMANDS:
        yield from _of_loop(task)


def _of_request(task: Task) -> Iterator[str]:
    for part in ("headers", "body"):
        for name, value in _texts(task.called[part]):
            if _is_secret(name) or name.lower() in ("authorization", "x-vault-token"):
                if templated(value):
                    yield f"{name} stands in the {part} of the request, which are logged"
            else:
                yield from (f"{each} stands in the {part}, which are logged" for each in _secrets(value))


def _of_loop(task: Task) -> Iterator[str]:
    for name, value in task.texts():
        if _is_secret(name) and templated(value.text) and any(each == "item" for each in names_in(value.text)):
            yield f"{name} comes from each item of the loop, which is printed"


def _texts(node: Node) -> Iterator[tuple[str, str]]:
    waiting = [("", node)]
    while waiting:
        name, each = waiting.pop()
        value = each._value
        if isinstance(value, dict):
            waiting += [(key, child) for key, child in value.items()]
        elif isinstance(value, list):
            waiting += [(name, child) for child in value]
        elif isinstance(value, str):
            yield name, value


def _secrets(text: str) -> Iterator[str]:
    return (name for name in names_in(text) if _is_secret(name))


def _is_secret(name: str) -> bool:
    return name not in _NOT and not _PROPERTY.match(name) and named_like_a_credential(name) and not is_about(name)
