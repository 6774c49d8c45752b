from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Node, Unknown
from gatekeeper.models.docker import Command, Stage
from gatekeeper.models.packages import verifies
from gatekeeper.node import regex
from gatekeeper.rule import Answer, rule

_NO = ("0", "false", "no", "off")
_SWITCHES = {  # variables that switch the check off, and the values that do
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "PYTHONHTTPSVERIFY": ("0",),
    "NPM_CONFIG_STRICT_SSL": _NO,
    "YARN_STRICT_SSL": _NO,
    "YARN_ENABLE_STRICT_SSL": _NO,
}
_SET_AT_ALL = ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST")
_OPTIONS = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "pip": ("--trusted-host",),
    "uv": ("--allow-insecure-host",),
    "apk": ("--no-check-certificate",),
}
_SETTINGS = regex(
    r"(?:\A|[.:=\s])(?:sslverify|http\.sslverify|strict-ssl|ssl_verify|ssl-verify|verify-peer)[= ]+(?:\"|')?"
    r"(?:0|false|no)\b",
    2,
)
_CONFIGURED = frozenset(
    {"git", "npm", "yarn", "pnpm", "conda", "mamba", "pip", "yum", "dnf", "microdnf", "apt-get", "apt"}
)
_CONFIG_FILE = regex(r"(?:\A|\n|\\n)\s*(?:sslverify|strict-ssl|check_certificate)\s*=\s*(?:0|false|no|off)\b", 2)
_HERE = regex(r"(?:https?://)?(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)(?:[:/]|\Z)")
_WORDS = ("-k", "--insecure", "--no-check-certificate", "trusted-host", "ssl", "TLS_REJECT", "HTTPSVERIFY")


def _variable(name: str, value: str) -> bool:
    upper = name.upper()
    if upper in _SWITCHES:
        return value.strip("\"'").lower() in _SWITCHES[upper]
    if upper == "GIT_SSL_NO_VERIFY":
        return value.strip("\"'").lower() not in ("", *_NO)
    return upper in _SET_AT_ALL and bool(value.strip("\"'"))


def _assigned(words: tuple[str, ...]) -> str:
    for word in words:
        name, equals, value = word.partition("=")
        if equals and "$" not in value and _variable(name, value):
            return name
    return ""


def _option(command: Command) -> str:
    program = "pip" if command.program.startswith("pip") or "pip" in command.words[1:3] else command.program
    for option in _OPTIONS.get(program, ()):
        if command.has(option) and not (option == "-k" and _only_a_value(command)):
            return option
    if program in _CONFIGURED:
        text = " ".join(command.words[1:])[:2000]
        if _SETTINGS.search(text):
            return "a setting"
        if program == "pip" and "config" in command.words and "trusted-host" in text:
            return "trusted-host"
    if program in ("echo", "printf") and _CONFIG_FILE.search(" ".join(command.words[1:])[:2000]):
        return "a setting" if _is_written(command) else ""
    return ""


def _is_written(command: Command) -> bool:
    """Whether what it prints goes into a file, or through a pipe."""
    pipes = command.script.parsed.pipes if command.script else ()
    redirected = command.simple is not None and any(each.operator[:1] == ">" for each in command.simple.redirects)
    return redirected or any(command.number in part for pipe in pipes for part in pipe.parts[:-1])


def _only_a_value(command: Command) -> bool:
    """Whether the k stands in a word of letters that begins with an option which takes the rest as its value."""
    takes = "AbCcdDEeFHhKmoPQrtTuUwxXyYz"
    found = [word for word in command.words[1:] if word[:1] == "-" and word[1:2] != "-" and "k" in word]
    return all(any(char in takes for char in word[1 : word.index("k")]) for word in found)


@rule(
    "docker-tls-verify",
    gate="security-posture",
    severity="high",
    seed="6.1 Security Hardening",
    aliases=[
        "CKV2_DOCKER_2", "CKV2_DOCKER_3", "CKV2_DOCKER_4", "CKV2_DOCKER_5", "CKV2_DOCKER_6", "CKV2_DOCKER_12",
        "CKV2_DOCKER_13", "CKV2_DOCKER_14", "CKV2_DOCKER_15", "CKV2_DOCKER_16",
    ],
    where=lambda stage: any(each.kind in ("RUN", "ENV", "ARG") for each in stage.body),
)  # fmt: skip
def tls_verify(stage: Stage) -> Iterator[Answer]:
    """Certificates are checked, while building and when it runs.

    With the check off anybody on the way may answer in the server's name. Counted are options (`curl -k`, `wget
    --no-check-certificate`, `pip --trusted-host`), variables (NODE_TLS_REJECT_UNAUTHORIZED=0, PYTHONHTTPSVERIFY=0,
    GIT_SSL_NO_VERIFY, NPM_CONFIG_STRICT_SSL, PIP_TRUSTED_HOST) and settings (npm's strict-ssl, git's http.sslVerify,
    yum's sslverify). A download whose RUN checks a checksum or a signature, or from the machine itself, is left alone.

    Bad:
    ```dockerfile
    FROM node:20
    # expect: curl
    RUN curl -fsSLk https://example.com/a.tgz | tar xz
    # expect: wget
    RUN wget -q --no-check-certificate https://example.com/b
    # expect: trusted-host
    RUN python3 -m pip install --trusted-host example.com flask==3.1
    ```

    Bad, variables:
    ```dockerfile
    FROM node:20
    # expect: NODE_TLS_REJECT_UNAUTHORIZED
    ENV A=1 NODE_TLS_REJECT_UNAUTHORIZED='0'
    # expect: GIT_SSL_NO_VERIFY
    RUN GIT_SSL_NO_VERIFY=true git clone https://example.com/a.git
    # expect: PYTHONHTTPSVERIFY
    RUN export PYTHONHTTPSVERIFY=0 && python x.py
    # expect: npm_config_strict_ssl
    ARG npm_config_strict_ssl=false
    ```

    Bad, settings:
    ```dockerfile
    FROM node:20
    # expect: npm
    RUN npm config set strict-ssl false
    # expect: git
    RUN git config --global http.sslVerify false
    # expect: git
    RUN git -c http.sslVerify=false clone https://example.com/a.git
    # expect: yum
    RUN yum -y --setopt=sslverify=false install curl
    # expect: echo
    RUN echo "sslverify=0" >> /etc/yum.conf
    # expect: echo
    RUN echo 'strict-ssl = false' | tee -a /root/.npmrc
    ```

    Good:
    ```dockerfile
    FROM node:20
    ENV NODE_TLS_REJECT_UNAUTHORIZED=1 PIP_TRUSTED_HOST="" GIT_SSL_NO_VERIFY=false
    RUN curl -fsSL https://example.com/a | tar -k -x && echo "curl -k" && npm config set strict-ssl true
    RUN curl -k -o a https://example.com/a && echo "0a1b  a" | sha256sum -c -
    RUN curl -k https://localhost:8443/ && curl -okeys https://example.com/k && git config --global http.sslVerify true
    RUN echo "sslverify=0"
    HEALTHCHECK CMD curl -k https://localhost:8443/
    ```

    Unknown, given at build time:
    ```dockerfile
    FROM node:20
    ARG REJECT
    ENV NODE_TLS_REJECT_UNAUTHORIZED=$REJECT
    ```
    """
    fix = Fix("check certificates; bring your own authority into the image's trust store")
    for each in stage.body:
        if each.kind in ("ENV", "ARG"):
            for pair in each.pairs:
                if pair.value is not None:
                    yield from _judged(pair.name, pair.at, stage.expanded(pair.value, each), fix)
    for run in stage.instructions("RUN"):
        commands = stage.commands_of(run)
        verified = verifies(commands)
        for command in commands:
            name = _assigned(command.env) or (
                _assigned(command.words[1:]) if command.program in ("export", "env") else ""
            )
            option = "" if verified and command.program in ("curl", "wget") else _option(command)
            if name:
                yield Finding(command.node, f"{name[:60]} switches the check of certificates off", fix=fix)
            elif option and not any(_HERE.match(word) for word in command.words):
                yield Finding(command.node, f"{command.program} does not check certificates: {option}", fix=fix)
    yield from (Unknown(node, f"whether certificates are checked: {why}") for node, why in stage.unread(*_WORDS))


def _judged(name: str, at: Node, value: Node, fix: Fix) -> Iterator[Answer]:
    if name.upper() not in (*_SWITCHES, *_SET_AT_ALL, "GIT_SSL_NO_VERIFY"):
        return
    if not value.known:
        yield Unknown(at, f"what {name[:60]} is given cannot be told")
    elif _variable(name, value.text):
        yield Finding(at, f"{name[:60]} switches the check of certificates off", fix=fix)
