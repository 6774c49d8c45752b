from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Play, Task
from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.rule import Answer, rule

_DEPLOY = frozenset(
    "docker_container docker_compose docker_compose_v2 docker_stack podman_container git unarchive".split()
)
_SAYS = frozenset({"deploy", "release", "rollout", "upgrade", "deployment"})
_ONE = frozenset({"localhost", "127.0.0.1"})


def _deploys(play: Play) -> bool:
    hosts = play.node["hosts"]._value
    if play.imports.present or not isinstance(hosts, str) or play.local or hosts.strip() in _ONE or "[0]" in hosts:
        return False
    named = not _SAYS.isdisjoint((*tokens(play.name), *tokens(play.path.rpartition("/")[2])))
    return named and any(_puts(task) for task in play.tasks)


def _puts(task: Task) -> bool:
    return task.module in _DEPLOY and not task.local


@rule(
    "ansible-rolling",
    gate="deployment-rollback",
    severity="low",
    seed="3.2 Deployment Strategies, Rolling",
    where=_deploys,
)
def rolling(play: Play) -> Iterator[Answer]:
    """A play that deploys goes through its hosts in batches.

    Without `serial` every host gets the new release at once: when it does not work, nothing is left that does. With
    `serial` Ansible stops after the first batch that fails. Judged are plays that call themselves a deployment, release
    or upgrade and put a container, an archive or a checkout on hosts other than the one Ansible runs on.

    Bad:
    ```yaml deploy.yml
    # expect: all hosts at once
    - hosts: web
      tasks:
        - community.docker.docker_container: {name: app, image: "app:{{ release }}"}
    ```

    Good:
    ```yaml deploy.yml
    - hosts: web
      serial: ["10%", "50%"]
      tasks:
        - community.docker.docker_container: {name: app, image: "app:{{ release }}"}
    ```
    """
    if not play.node["serial"].present:
        yield Finding(play, "all hosts at once: nothing that works is left when the release does not", fix=_FIX)


_FIX = Fix('add `serial: "25%"`')
