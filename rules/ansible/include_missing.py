from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links.ansible import is_there
from gatekeeper.models.ansible import Play, Task, Written
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, Unknown, rule

_BELOW = regex(r"\{\{ ?(?:role_path|playbook_dir|ansible_parent_role_paths ?\| ?first) ?\}\}/")
_SAMPLES = (".sample", ".example", ".dist", ".template", ".j2")
_MODULES = frozenset({"include_tasks", "import_tasks", "include", "include_vars"})


def _named(written: Written) -> list[Node]:
    if isinstance(written, Play):
        listed = written.node["vars_files"]
        files = [each for each in listed if not each.is_list] if listed.is_list else [listed]
        return [each for each in (*files, written.imports) if isinstance(each._value, str)]
    if not isinstance(written, Task) or written.module not in _MODULES:
        return []
    called = written.called
    if isinstance(called._value, str):
        return [Node(written.free or str(written.args["file"]._value or ""), called.source, called.span, called.key)]
    return [called["file"]] if isinstance(called["file"]._value, str) else []


@rule(
    "ansible-include-missing",
    gate="iac-validation",
    severity="high",
    seed="2.1 IaC Best Practices; Phase 7 Infrastructure code passes validation",
    where=lambda written: bool(_named(written)),
)
def include_missing(written: Written, project: Project) -> Iterator[Answer]:
    """The files of tasks, variables and plays that are taken in exist.

    A play stops where it would take in a file that is not there: at its start, or when it is half way. Ansible looks in
    several folders, so a file counts as there when one with that path is anywhere below. Files whose name Jinja makes
    are not known (but for `role_path` and `playbook_dir`), and neither are those outside of the repository. An entry of
    `vars_files` that is a list is a choice, and a file of which there is a sample is made by whoever runs the play.

    Bad:
    ```yaml site.yml
    # expect: web.yml is not in the repository
    - import_playbook: playbooks/web.yml
    - hosts: db
      vars_files:
        # expect: vars/db.yml
        - vars/db.yml
      tasks:
        # expect: backup.yml
        - ansible.builtin.include_tasks: tasks/backup.yml
    ```

    Good:
    ```yaml site.yml
    - import_playbook: web.yml
    - import_playbook: some.collection.playbook
    - hosts: db
      tasks:
        - ansible.builtin.include_tasks:
            file: backup.yml
        - include_vars: dir=vars
        - include_tasks: "{{ role_path }}/tasks/backup.yml"
    ```
    ```yaml web.yml
    - hosts: web
      tasks: []
    ```
    ```yaml tasks/backup.yml
    - ansible.builtin.meta: noop
    ```

    Unknown:
    ```yaml site.yml
    - hosts: db
      tasks:
        - ansible.builtin.include_tasks: "{{ ansible_os_family }}.yml"
    ```
    """
    for said in _named(written):
        path = _BELOW.sub("", said.text.strip())
        if not path or not path.endswith((".yml", ".yaml", ".json")):
            continue
        there = is_there(path, project)
        if there is None and "{{" in path:
            yield Unknown(said, f"{path} is known only when the play runs")
        elif there is False and not _made_later(path) and not any(is_there(path + end, project) for end in _SAMPLES):
            yield Finding(said, f"{path} is not in the repository", fix=Fix("add the file, or mend its path"))


def _made_later(path: str) -> bool:
    """Whether the name says that somebody makes the file: a secret that is not committed, a local change."""
    words = path.lower().replace("-", "_").replace(".", "_").replace("/", "_").split("_")
    return not {
        "local",
        "secret",
        "secrets",
        "vault",
        "private",
        "custom",
        "override",
        "overrides",
        "generated",
    }.isdisjoint(words)
