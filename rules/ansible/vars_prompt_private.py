from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Play, truth
from gatekeeper.models.credentials import named_like_a_credential
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


def _asks(play: Play) -> list[Node]:
    asked = play.node["vars_prompt"]
    return [each for each in asked if each.is_mapping and _is_secret(each)] if asked.is_list else []


def _is_secret(prompt: Node) -> bool:
    name = prompt["name"]._value
    assumed = prompt["default"]._value
    path = isinstance(assumed, str) and assumed.startswith(("~", "/"))
    return isinstance(name, str) and named_like_a_credential(name) and not path


@rule(
    "ansible-vars-prompt-private",
    gate="secrets",
    severity="medium",
    seed="6.2 Secrets Management",
    where=lambda play: bool(_asks(play)),
)
def vars_prompt_private(play: Play) -> Iterator[Answer]:
    """A play that asks for a secret does not show it while it is typed.

    With `private: false` it stands on the screen, in its scrollback and in recordings of the session. Absent means
    true.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      vars_prompt:
        - name: db_password
          prompt: Password of the database
          # expect: db_password is shown
          private: false
      tasks: []
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      vars_prompt:
        - name: db_password
          prompt: Password of the database
        - name: release
          prompt: Which release
          private: false
      tasks: []
    ```
    """
    for prompt in _asks(play):
        if prompt["private"].present and truth(prompt["private"]) is False:
            words = f"{prompt['name'].text} is shown while it is typed"
            yield Finding(prompt["private"], words, fix=Fix("remove the line: private is what Ansible assumes"))
