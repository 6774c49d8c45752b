from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import installs
from gatekeeper.rule import rule


@rule(
    "docker-pip-no-cache",
    gate="container-hardening",
    severity="off",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3042"],
    where=lambda stage: any(installs(stage.commands, "pip")),
)
def pip_no_cache(stage: Stage) -> Iterator[Finding]:
    """pip leaves no cache behind.

    What stays in the layer makes every image upon it larger. A cache mount keeps it out too.

    Bad:
    ```dockerfile
    FROM python:3.13
    # expect: cache stays
    RUN pip install flask==3.1
    ```

    Good, by ENV:
    ```dockerfile
    FROM python:3.13
    ENV PIP_NO_CACHE_DIR=1
    RUN pip install flask==3.1
    ```

    Good:
    ```dockerfile
    FROM python:3.13
    RUN pip install --no-cache-dir flask==3.1
    RUN PIP_NO_CACHE_DIR=1 pip install flask==3.1
    ```
    """
    for install in installs(stage.commands, "pip"):
        run = install.command.instruction
        cached = any("type=cache" in flag.value.text for flag in run.flags)
        stage.commands_of(run)
        if not cached and not (
            install.command.has("--no-cache-dir")
            or "PIP_NO_CACHE_DIR" in stage.env
            or any(word.startswith("PIP_NO_CACHE_DIR=") for word in install.command.env)
        ):
            yield Finding(install.command.node, "the cache stays in the layer", fix=Fix("pip install --no-cache-dir"))
