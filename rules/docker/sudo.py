from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Stage
from gatekeeper.rule import Answer, rule


@rule(
    "docker-sudo",
    gate="container-hardening",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["CKV2_DOCKER_1", "DS-0010", "DL3004"],
    where=lambda stage: bool(stage.instructions("RUN")),
)
def sudo(stage: Stage) -> Iterator[Answer]:
    """No RUN uses sudo.

    The build is root already, or should not become it; an image that holds sudo lets its user become root again. To
    install the package without using it is another matter.

    Bad:
    ```dockerfile
    FROM debian:13
    # expect: sudo
    RUN apt-get update && \
        sudo -E apt-get install -y curl
    ```

    Bad, in a heredoc, and by the JSON form:
    ```dockerfile
    FROM debian:13
    RUN <<'EOF'
    set -e
    # expect: sudo
    echo "%x" | sudo tee /etc/sudoers.d/x
    EOF
    # expect: sudo
    RUN ["sudo", "true"]
    ```

    Good:
    ```dockerfile
    FROM debian:13
    # sudo is not used
    RUN apt-get install -y sudo && echo "sudo apt-get; sudo x" > /etc/motd # sudo y
    COPY <<EOF /usr/bin/tool
    sudo true
    EOF
    ONBUILD RUN sudo true
    ```

    Unknown, it cannot be read:
    ```dockerfile
    FROM debian:13
    RUN if sudo true; then
    ```
    """
    told: set[int] = set()
    for command in stage.commands:
        if ("sudo" in command.wrappers or command.program == "sudo") and id(command.instruction) not in told:
            told.add(id(command.instruction))
            yield Finding(command.node, "run through sudo", fix=Fix("USER root for what needs it, and USER after it"))
    yield from (Unknown(node, f"whether sudo is used: {why}") for node, why in stage.unread("sudo"))
