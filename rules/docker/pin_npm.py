from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.docker import Stage
from gatekeeper.models.packages import Install, installs
from gatekeeper.rule import rule


def _pinned(name: str, install: Install) -> bool:
    bare = name.removeprefix("@")
    scoped = bare != name
    return (
        "@" in bare
        or "$" in name
        or name[:1] in "./~"
        or ":" in name
        or bare.count("/") > scoped
        or ("/" in bare and not scoped)
        or name.endswith((".tgz", ".gz"))
    )


@rule(
    "docker-pin-npm",
    gate="container-hardening",
    severity="low",
    seed="Best Practices Checklist, Infrastructure as Code: Immutable infrastructure",
    aliases=["DL3016"],
    where=lambda stage: any(installs(stage.commands, "npm", "yarn")),
)
def pin_npm(stage: Stage) -> Iterator[Finding]:
    """npm installs programs of a version that is named.

    `npm install -g x` takes the newest release of the day. What package.json lists is docker-lockfile-install's;
    folders, archives and addresses are left alone.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: @nestjs/cli
    RUN npm install -g typescript@5.6 @nestjs/cli
    # expect: serve
    RUN yarn global add serve
    ```

    Good:
    ```dockerfile
    FROM node:20
    RUN npm install && npm i -g typescript@5.6.3 @nestjs/cli@11 ./tool /x.tgz git+https://example.com/a.git && npm ci
    RUN npm install --prefix /srv -g "$TOOL" npm@${NPM_VERSION} user/repo
    ```
    """
    for install in installs(stage.commands, "npm", "yarn"):
        loose = [name for name in install.names if not _pinned(name, install)]
        if loose:
            yield Finding(install.command.node, f"{loose[0][:60]} without a version", fix=Fix("name@version"))
