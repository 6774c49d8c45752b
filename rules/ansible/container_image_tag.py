from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.ansible import Task
from gatekeeper.models.image import ImageReference
from gatekeeper.rule import Answer, rule

_MODULES = frozenset({"docker_container", "podman_container", "docker_swarm_service"})


@rule(
    "ansible-container-image-tag",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=lambda task: task.module in _MODULES and task.args["image"].present,
)
def container_image_tag(task: Task) -> Iterator[Answer]:
    """Containers are started from an image with a version.

    `latest`, or no tag, is whatever was pushed last: two hosts run different programs, and the one that worked
    yesterday has no name to go back to.

    Bad:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - community.docker.docker_container:
            name: proxy
            # expect: nginx
            image: nginx
        - docker_container:
            name: app
            # expect: latest
            image: "registry.example.com:5000/app:latest"
    ```

    Good:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - community.docker.docker_container: {name: proxy, image: "nginx:1.27.2"}
        - community.docker.docker_container: {name: app, image: "app:{{ release }}"}
        - community.docker.docker_container: {name: old, image: old, state: absent}
    ```

    Unknown:
    ```yaml playbook.yml
    - hosts: web
      tasks:
        - community.docker.docker_container: {name: proxy, image: "{{ image }}"}
    ```
    """
    said = task.args["image"]
    if task.args["state"].known and task.args["state"] in ("absent", "stopped"):
        return
    text = said.expression.text if said.expression else said.text
    last = text.rpartition("/")[2]
    if (
        said.expression
        and ("@" in text or last.partition(":")[2].strip().startswith("{{"))
        and not text.startswith("{{")
    ):
        return  # a tag that a variable gives: it has one
    found = ImageReference.parse(said.text)
    if not found.digest and found.tag in ("", "latest"):
        words = f"{found.text}: latest is whatever was pushed last" if found.tag else f"{found.text} has no tag"
        yield Finding(said, words, fix=Fix("name the version, or the digest"))
