from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.node import regex
from gatekeeper.rule import rule

_NAMES = regex(r"(?<!\\)\$(?:\{(\w+)|(\w+))")
_OF_EVERY_IMAGE = frozenset({"PATH", "HOME", "HOSTNAME", "TERM", "USER", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH"})


@rule(
    "docker-env-self-reference",
    gate="container-hardening",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    aliases=["DL3044"],
    where=lambda stage: bool(stage.instructions("ENV")),
)
def env_self_reference(stage: Stage) -> Iterator[Finding]:
    """No ENV uses a variable that the same ENV sets.

    All values of one instruction are made before any is set, so the variable is still empty there, or has the value
    that it had before. One that was set before is taken to be meant.

    Bad:
    ```dockerfile
    FROM node:20
    ENV APP_HOME=/app \\
    # expect: APP_HOME
        APP_LOGS=$APP_HOME/logs
    ```

    Good:
    ```dockerfile
    FROM node:20
    ENV A=1
    ENV A=2 B=$A PATH=/app/bin:$PATH X=$PATH
    ENV C='$A' D=\\$C E=${E:-x}
    ```
    """
    for each in stage.instructions("ENV"):
        names = {pair.name for pair in each.pairs} - _OF_EVERY_IMAGE
        for pair in each.pairs:
            text = pair.value.text if pair.value is not None else ""
            used = {a or b for a, b in _NAMES.findall(re.sub(r"'[^']*'", "", text))} & names - {pair.name}
            for name in sorted(name for name in used if stage.variable(name, each) is None):
                yield Finding(pair.at, f"{name[:60]} is set by the same ENV", fix=Fix("an ENV of its own above"))
