from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import Install, installs
from gatekeeper.node import regex
from gatekeeper.rule import rule

_PINNED = regex(r"[=<>~!@]|\A(?:\.|/|git\+|https?:|\$)|/|\$|\.(?:whl|gz|zip|txt)\Z")


def _pinned(name: str, install: Install) -> bool:
    listed = {"-c", "--constraint", "--no-index", "--require-hashes"}
    return bool(_PINNED.search(name)) or not listed.isdisjoint(word.partition("=")[0] for word in install.command.words)


@rule(
    "docker-pin-pip",
    gate="container-hardening",
    severity="low",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3013"],
    where=lambda stage: any(installs(stage.commands, "pip")),
)
def pin_pip(stage: Stage) -> Iterator[Finding]:
    """pip installs packages of a version that is named.

    Otherwise the same commit builds another image when a release comes out. Requirement and constraint files, folders,
    archives and addresses are left alone: a lock file is docker-lockfile-install's.

    Bad:
    ```dockerfile
    FROM python:3.13
    # expect: flask
    RUN pip install --no-cache-dir -r requirements.txt "flask[async]"
    # expect: wheel
    RUN python3 -m pip install --upgrade setuptools==80.9.0 wheel
    ```

    Good:
    ```dockerfile
    FROM python:3.13
    COPY . .
    RUN pip install -r requirements.txt flask==3.1.0 "uvicorn[standard]>=0.30,<1" . ./lib ".[test]" /wheels/*.whl
    RUN pip3 install -c constraints.txt flask && pip install git+https://example.com/a.git "$PACKAGE" a@https://example.com/a.whl
    RUN pip install --no-index --find-links=/wheels app && pip download x
    ```
    """
    for install in installs(stage.commands, "pip"):
        loose = [name for name in install.names if not _pinned(name, install)]
        if loose:
            yield Finding(
                install.command.node,
                f"{loose[0][:60]} without a version",
                fix=Fix("name==version, or a requirements file with hashes"),
            )
