from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Unknown
from gatekeeper.models.docker import Command, Copy, Stage
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_FILES = regex(
    r"(?:.*/)?(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.git-credentials|\.aws/credentials|\.docker/config\.json|"
    r"\.kube/config)\Z"
)
_LOGINS = {  # programs and the words of a login, with the options that take the password
    ("docker", "login"): ("-p", "--password"),
    ("podman", "login"): ("-p", "--password"),
    ("helm", "login"): ("-p", "--password"),
    ("az", "login"): ("-p", "--password"),
}
_SETTINGS = regex(r"(?:aws_secret_access_key|.*:_?(?:authtoken|password))\Z", re.IGNORECASE)
_NO_SECRET = regex(r"(?:|x+|\*+|<.*|changeme|test|dummy|example|placeholder)\Z", re.IGNORECASE)


def _secret_files(copy: Copy) -> list[str]:
    if copy.origin is not None:
        return []
    return [source.text for source in copy.sources if source.known and _FILES.match(source.text)]


def _after(words: tuple[str, ...], options: tuple[str, ...]) -> str:
    for number, word in enumerate(words[1:], start=1):
        name, equals, value = word.partition("=")
        if name in options:
            return value if equals else "".join(words[number + 1 : number + 2])
    return ""


def _password(command: Command) -> str:
    """The password that is written on the command's line, where it is one."""
    words = command.words
    for (program, verb), options in _LOGINS.items():
        if command.program == program and verb in words[1:3]:
            return _after(words, options)
    if command.program in ("aws", "npm", "yarn", "pnpm") and "set" in words:
        for name, value in zip(words, (*words[1:], ""), strict=True):
            if _SETTINGS.match(name.partition("=")[0]):
                return name.partition("=")[2] or value
    return ""


@rule(
    "docker-secret-in-layer",
    gate="secrets",
    severity="high",
    seed="6.2 Secrets Management",
    where=lambda stage: any(each.kind in ("RUN", "COPY", "ADD") for each in stage.body),
)
def secret_in_layer(stage: Stage) -> Iterator[Answer]:
    """No file of credentials is copied in, and no command logs in with a password that is written here.

    A layer keeps what was in it, also when a later one removes it, and the command stands in the image's history.
    Counted are private SSH keys, `.netrc`, `.pgpass`, `.git-credentials` and the credentials of aws, docker and kubectl
    by their names; and the passwords of `docker login`, `az login`, `aws configure set` and npm's tokens where they are
    written out. What comes from a variable is docker-secret-in-arg-env's.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: id_rsa
    COPY deploy/id_rsa /root/.ssh/
    # expect: docker
    RUN docker login -u ci -p hunter2hunter2 registry.example.com
    # expect: npm
    RUN npm config set //registry.npmjs.org/:_authToken=npm_0a1b2c3d
    ```

    Good:
    ```dockerfile
    FROM node:20
    COPY id_rsa.pub .env.example /root/
    COPY --from=keys /id_rsa /tmp/
    RUN --mount=type=secret,id=p docker login -u ci -p "$(cat /run/secrets/p)" && az login --identity
    RUN npm config set //registry.npmjs.org/:_authToken=${NPM_TOKEN} && npm config set registry https://example.com
    ```
    """
    fix = Fix("RUN --mount=type=secret, which leaves nothing in a layer")
    for copy in stage.copies:
        for name in _secret_files(copy)[:1]:
            yield Finding(copy.instruction.node, f"{name[-60:]} goes into a layer", fix=fix)
    for command in stage.commands:
        password = _password(command)
        if password and "$" not in password and "`" not in password and not _NO_SECRET.match(password):
            yield Finding(command.node, f"{command.program} is given a password that is written here", fix=fix)
    for node, why in stage.unread(" login ", "_authToken", "secret_access_key"):
        yield Unknown(node, f"whether a password is written here: {why}")
