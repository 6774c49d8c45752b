from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.rule import Answer, rule

_BRANCHES = frozenset({"head", "main", "master", "develop", "devel", "trunk", "tip", "default", "latest", "stable"})


@rule(
    "ansible-git-version",
    gate="iac-validation",
    severity="medium",
    seed="2.1 IaC Best Practices: Version control for all infrastructure code; Best Practices Checklist",
    aliases=["ansible-lint:latest[git]"],
    where=lambda task: task.module in ("git", "hg"),
)
def git_version(task: Task) -> Iterator[Answer]:
    """What is checked out has a version: a tag or a commit.

    Without `version` the newest commit of the default branch is deployed, whatever it is on that day: hosts differ, and
    there is no name for what ran before. A branch is the same.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        # expect: no version
        - ansible.builtin.git:
            repo: https://github.com/example/app.git
            dest: /opt/app
        - ansible.builtin.git:
            repo: https://github.com/example/app.git
            dest: /opt/app
            # expect: main is a branch
            version: main
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.git: {repo: "https://github.com/example/app.git", dest: /opt/app, version: v1.4.0}
        - ansible.builtin.git: {repo: "https://github.com/example/app.git", dest: /opt/app, clone: false, update: false}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - ansible.builtin.git: {repo: "https://github.com/example/app.git", dest: /opt/app, version: "{{ release }}"}
    ```
    """
    said = task.args["version"] if task.args["version"].present else task.args["revision"]
    if not said.present:
        if task.args["clone"].present and task.args["update"].present:
            return
        yield Finding(task, "no version: the newest commit of the default branch", fix=_FIX)
    elif said.text.lower().removeprefix("origin/") in _BRANCHES:
        yield Finding(said, f"{said.text} is a branch, and moves", fix=_FIX)


_FIX = Fix("name a tag or a commit, in a variable that a release sets")
