from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.rule import Answer, rule

_SANE = frozenset("400 440 444 500 550 555 600 640 644 660 664 666 700 710 711 740 744 750 751 755 770 775 777".split())


@rule(
    "ansible-mode-octal",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices",
    where=lambda task: isinstance(task.called._value, dict) and "mode" in task.called and task.module.count(".") == 0,
    aliases=["ansible-lint:risky-octal"],
)
def mode_octal(task: Task) -> Iterator[Answer]:
    """Modes are octal: quoted, or with a zero in front.

    YAML reads `644` as the number six hundred and forty-four, and the file gets the mode 1204, which nobody meant:
    unreadable for its group, executable for others. `"644"`, `"0644"` and `0644` are what they look like.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.file:
            path: /etc/app.conf
            # expect: 0o1204
            mode: 644
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.file: {path: /etc/app.conf, mode: "644"}
        - ansible.builtin.file: {path: /etc/app.conf, mode: 0644}
        - ansible.builtin.file: path=/etc/app.conf mode=644
        - ansible.builtin.file: {path: /etc/app.conf, mode: "{{ mode }}"}
    ```
    """
    said = task.called["mode"]
    value = said._value
    number = isinstance(value, int) and not isinstance(value, bool) and str(value) in _SANE
    if number and said.source.slice(said.span).strip() == str(value):  # not 0o1204, which is the same number
        words = f"{value} is a decimal number: the mode becomes 0o{value:o}"
        yield Finding(said, words, fix=Fix(f'write "0{value}"'))
