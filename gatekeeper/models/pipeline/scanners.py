"""Whether a scanner fails the build by itself when it finds something.

Rows stand on the tools' own documentation: their command-line references, and the inputs and defaults that an action's
`action.yml` declares. What is not settled there is unknown. Whether the failure then survives the shell and the step is
another question (`shell.swallowed`, `continue-on-error`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gatekeeper.node import regex


class Blocking(NamedTuple):
    """yes, no or unknown, and why when it is not yes."""

    word: str
    reason: str = ""


YES = Blocking("yes")
_NOT_ZERO = regex(r"[1-9][0-9]{0,4}\Z")
_QUALITY_GATE = Blocking("unknown", "uploads to Sonar; blocks only through its quality gate")
_CODE_SCANNING = Blocking("unknown", "reports to code scanning, which blocks only where merge protection says so")

Read = Callable[[str], str]  # a file of the repository by its path; "" when there is none


def of_command(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    """For an unwrapped command that scans."""
    row = _COMMANDS.get(words[0])
    return (
        row(words, environment, read)
        if row
        else Blocking("unknown", f"whether {words[0]} fails on findings is not known")
    )


def of_action(slug: str, inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    """For an action that scans: `slug` is owner/repo/path in lower case, `inputs` what stands under `with`."""
    for prefix, row in _ACTIONS:
        if slug.startswith(prefix):
            return row(inputs, environment, read)
    return Blocking("unknown", f"whether {slug} fails on findings is not known")


def option(words: Sequence[str], *names: str) -> str | None:
    """The value of an option (`--name value` or `--name=value`); '' when it stands alone, None when it is not there."""
    for index, word in enumerate(words):
        flag, given, value = word.partition("=")
        if flag in names:
            following = words[index + 1] if index + 1 < len(words) else ""
            return value if given else "" if following.startswith("-") else following
    return None


def _code(value: str | None, tool: str, name: str) -> Blocking:
    if value is None:
        return Blocking("no", f"{tool} exits 0 whatever it finds, unless {name} says otherwise")
    if _NOT_ZERO.match(value):
        return YES
    if value in ("0", ""):
        return Blocking("no", f"{name} is {value or 'empty'}")
    return Blocking("unknown", f"{name} is known only at run time")


def _flag(value: str | None, name: str, when_true: Blocking, otherwise: Blocking) -> Blocking:
    if value is None or value.lower() in ("", "false", "0", "no"):
        return otherwise
    return (
        when_true if value.lower() in ("true", "1", "yes") else Blocking("unknown", f"{name} is known only at run time")
    )


def _trivy(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    return _trivy_with(option(words, "--exit-code"), option(words, "--config", "-c"), environment, read)


def _trivy_with(code: str | None, config: str | None, environment: Mapping[str, str], read: Read) -> Blocking:
    code = code or environment.get("TRIVY_EXIT_CODE") or code
    if code is None:
        written = re.search(r"^exit-code:[ \t]*(\S+)", read(config or "trivy.yaml"), re.MULTILINE)
        if written:
            code = written[1].strip("\"'")
        elif config:
            return (
                Blocking("unknown", f"its configuration {config} is not in the repository")
                if not read(config)
                else _code(None, "trivy", "exit-code")
            )
    return _code(code, "trivy", "exit-code")


def _grype(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    threshold = option(words, "--fail-on", "-f") or environment.get("GRYPE_FAIL_ON_SEVERITY")
    if threshold or re.search(r"^fail-on-severity:[ \t]*\S", read(".grype.yaml"), re.MULTILINE):
        return YES
    return Blocking("no", "grype exits 0 whatever it finds, unless --fail-on says otherwise")


def _snyk(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    if "monitor" in words[1:4]:
        return Blocking("no", "snyk monitor only records; snyk test fails")
    return YES


def _unless(reason: str, *flags: str) -> Callable[[Sequence[str], Mapping[str, str], Read], Blocking]:
    def row(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
        hit = next((word for word in words[1:] if word.partition("=")[0] in flags), None)
        return Blocking("no", f"{hit}: {reason}") if hit and not hit.endswith("=false") else YES

    return row


def _only_with(tool: str, *flags: str) -> Callable[[Sequence[str], Mapping[str, str], Read], Blocking]:
    def row(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
        if any(word.partition("=")[0] in flags for word in words[1:]):
            return YES
        return Blocking("no", f"{tool} exits 0 whatever it finds, unless {flags[0]} says otherwise")

    return row


def _semgrep(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    if "ci" in words[1:3] or "--error" in words:
        return YES
    return Blocking("no", "semgrep scan exits 0 whatever it finds, unless --error says otherwise")


def _gitleaks(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    code = option(words, "--exit-code")
    return YES if code is None else _code(code, "gitleaks", "--exit-code")


def _govulncheck(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    quiet = (
        "-json" in words or "--json" in words or option(words, "-format", "--format") in ("json", "sarif", "openvex")
    )
    return Blocking("no", "govulncheck exits 0 with this output format") if quiet else YES


def _docker(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    if "scout" in words:
        return _only_with("docker scout", "--exit-code", "-e")(words, environment, read)
    return Blocking("unknown", "whether it fails on findings is not known")


def _audit(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    if "audit" not in words[1:3]:
        return Blocking("unknown", "whether it fails on findings is not known")
    if option(words, "--audit-level") == "none":
        return Blocking("no", "--audit-level none")
    return YES


def _sonar(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    waits = re.compile(r"sonar\.qualitygate\.wait[ \t]*=[ \t]*true")
    if any(waits.search(word) for word in words) or waits.search(read("sonar-project.properties")):
        return YES
    return Blocking("no", "it uploads and goes on, unless sonar.qualitygate.wait is true")


def _java(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    if not any("sonar" in word for word in words):
        return Blocking("unknown", "whether it fails on findings is set in its build file")
    found = _sonar([*words, *(f"{name}={value}" for name, value in environment.items())], environment, read)
    return found if found.word == "yes" else _QUALITY_GATE


def _dependency_check(words: Sequence[str], environment: Mapping[str, str], read: Read) -> Blocking:
    limit = option(words, "--failOnCVSS")
    if limit is None:
        return Blocking(
            "no", "dependency-check fails at a score of 11, which nothing reaches, unless --failOnCVSS says otherwise"
        )
    return YES


_ALWAYS = _unless("")
_COMMANDS: dict[str, Callable[[Sequence[str], Mapping[str, str], Read], Blocking]] = {
    "trivy": _trivy,
    "grype": _grype,
    "snyk": _snyk,
    "docker": _docker,
    "npm": _audit,
    "yarn": _audit,
    "pnpm": _audit,
    "pip-audit": _ALWAYS,
    "bandit": _unless("it exits 0 whatever it finds", "--exit-zero"),
    "gosec": _unless("it exits 0 whatever it finds", "-no-fail", "--no-fail"),
    "govulncheck": _govulncheck,
    "osv-scanner": _ALWAYS,
    "gitleaks": _gitleaks,
    "trufflehog": _only_with("trufflehog", "--fail"),
    "semgrep": _semgrep,
    "checkov": _unless("it exits 0 whatever it finds", "--soft-fail", "-s"),
    "tfsec": _unless("it exits 0 whatever it finds", "--soft-fail", "-s"),
    "brakeman": _unless("it exits 0 whatever it finds", "--no-exit-on-warn"),
    "dockle": lambda words, environment, read: _code(option(words, "--exit-code"), "dockle", "--exit-code"),
    "gradle": _java,
    "mvn": _java,
    "sonar-scanner": _sonar,
    "dependency-check": _dependency_check,
    "dependency-check.sh": _dependency_check,
}

_Row = Callable[[Mapping[str, str], Mapping[str, str], Read], Blocking]


def _input_off(name: str, reason: str) -> _Row:
    def row(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
        return _flag(inputs.get(name), name, Blocking("no", f"{name}: {reason}"), YES)

    return row


def _input_on(name: str, tool: str) -> _Row:
    def row(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
        return _flag(inputs.get(name), name, YES, Blocking("no", f"{tool} does not fail unless {name} says otherwise"))

    return row


def _trivy_action(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    return _trivy_with(inputs.get("exit-code"), inputs.get("trivy-config"), environment, read)


def _anchore(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    value = inputs.get("fail-build", "true").lower()
    if value == "false":
        return Blocking("no", "fail-build is false")
    return YES if value in ("true", "") else Blocking("unknown", "fail-build is known only at run time")


def _snyk_action(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    return _snyk(["snyk", *inputs.get("command", "test").split()], environment, read)


def _sonar_action(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    found = _sonar(inputs.get("args", "").split(), environment, read)
    return (
        found if found.word == "yes" else Blocking("unknown", "uploads to Sonar; blocks only through its quality gate")
    )


def _gosec_action(inputs: Mapping[str, str], environment: Mapping[str, str], read: Read) -> Blocking:
    return _COMMANDS["gosec"](["gosec", *inputs.get("args", "").split()], environment, read)


def _not_known(reason: Blocking) -> _Row:
    return lambda inputs, environment, read: reason


_ACTIONS: tuple[tuple[str, _Row], ...] = (
    ("aquasecurity/trivy-action", _trivy_action),
    ("anchore/scan-action", _anchore),
    ("docker/scout-action", _input_on("exit-code", "docker scout")),
    ("snyk/actions/", _snyk_action),
    ("actions/dependency-review-action", _input_off("warn-only", "it warns and goes on")),
    ("bridgecrewio/checkov-action", _input_off("soft_fail", "it exits 0 whatever it finds")),
    ("aquasecurity/tfsec-action", _input_off("soft_fail", "it exits 0 whatever it finds")),
    ("zaproxy/action-baseline", _input_on("fail_action", "the ZAP baseline scan")),
    ("securego/gosec", _gosec_action),
    ("pypa/gh-action-pip-audit", _not_known(YES)),
    ("gitleaks/gitleaks-action", _not_known(YES)),
    ("golang/govulncheck-action", _not_known(YES)),
    ("sonarsource/sonarqube-quality-gate-action", _not_known(YES)),
    ("sonarsource/", _sonar_action),
    ("github/codeql-action/", _not_known(_CODE_SCANNING)),
    ("ossf/scorecard-action", _not_known(_CODE_SCANNING)),
)
