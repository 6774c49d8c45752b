"""What a tool's configuration says about its reports, as the options that would say the same.

Only plain data is read. Configuration that is code is not run: of it is asked whether it speaks of reporters at all.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gatekeeper.models.pipeline.ir import Workspace, normal
from gatekeeper.models.pipeline.report_tables import Tool
from gatekeeper.models.pipeline.scanners import option

SIZE = 20_000  # characters of one list of options
MOST = 2000  # options of one tool's configuration that are looked at
Read = Callable[[str], str]  # a file by its name in the folder a tool runs in or above it; "" when there is none


def options(tool: Tool, words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    """The options that configuration files of this tool stand for."""
    row = _FILES.get(tool.name)
    return row(words, environment, read)[:MOST] if row else []


def configurable(tool: Tool) -> bool:
    """Whether files beside the command have a say in its reports."""
    return bool(tool.name in _FILES or tool.mentions)


def reader(workspace: Workspace, folder: str) -> Read:
    """Finds a file in a folder or the nearest one above it."""

    def read(name: str) -> str:
        at = folder
        while True:
            text = workspace.text(normal(f"{at}/{name}"))
            if text or not at:
                return text
            at = at.rpartition("/")[0]

    return read


def code(tool: Tool, words: Sequence[str], read: Read) -> str:
    """Why the files do not tell what configuration that is code makes of the reports; '' when none speaks of any."""
    named = option(words, "--config", "-c", "--config-file", "-C") or ""
    names = [*([named] if named else []), *tool.code.split()]
    if tool.name == "k6 run":
        names = [word for word in words if word.endswith((".js", ".ts", ".mjs"))]
        if not any(read(name) for name in names):
            return "the script that it runs is not among the files"
    found = next((name for name in names if tool.mentions and _first(f"({tool.mentions})", read(name))), "")
    return f"{found} is code, and speaks of reports" if found else ""


def unread_variable(tool: Tool, environment: Mapping[str, str]) -> str:
    """Why an environment variable that holds options does not tell them; ''."""
    name = {"pytest": "PYTEST_ADDOPTS", "rspec": "SPEC_OPTS"}.get(tool.name, "")
    return f"what {name} holds is known only at run time" if "$" in environment.get(name, "") else ""


@lru_cache(maxsize=64)
def split(text: str) -> tuple[str, ...]:
    """A list of options as words; at blanks where its quotes do not close."""
    try:
        return tuple(shlex.split(text[:SIZE], comments=True))
    except ValueError:
        return tuple(text[:SIZE].split())


@lru_cache(maxsize=256)
def _first(pattern: str, text: str) -> str:
    """The first group of the first match in a file, '' when there is none; every step of a pipeline may ask."""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def _pytest(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    named = option(words, "-c", "--config-file") or "pytest.ini"
    texts = [each for name in ("pytest.ini", ".pytest.ini", "tox.ini", named) for each in _ini(read(name), "pytest")]
    texts += _ini(read("setup.cfg"), "tool:pytest")
    for section in (_toml(read("pyproject.toml")).get("tool"), _toml(read("pytest.toml"))):
        pytest = section.get("pytest") if isinstance(section, dict) else None
        tables = [pytest, pytest.get("ini_options")] if isinstance(pytest, dict) else []
        for table in tables:
            addopts = table.get("addopts", "") if isinstance(table, dict) else ""
            texts += [str(each) for each in (addopts if isinstance(addopts, list) else [addopts])]
    return [word for text in (*texts, environment.get("PYTEST_ADDOPTS", "")) for word in split(text)]


@lru_cache(maxsize=64)
def _ini(text: str, section: str) -> tuple[str, ...]:
    from configparser import ConfigParser, Error

    parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except Error:
        return ()
    return (parser.get(section, "addopts", fallback="") or "",) if parser.has_section(section) else ()


@lru_cache(maxsize=64)
def _toml(text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


@lru_cache(maxsize=64)
def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _jest(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    named = option(words, "--config", "-c") or ""
    package = _json(read("package.json")).get("jest")
    found: list[str] = []
    for settings in (package, _json(read("jest.config.json")), _json(read(named)) if named.endswith(".json") else {}):
        if not isinstance(settings, dict):
            continue
        reporters = settings.get("reporters")
        for reporter in reporters if isinstance(reporters, list) else ():
            name = reporter[0] if isinstance(reporter, list) and reporter else reporter
            found += [f"--reporters={name}"] if isinstance(name, str) else []
        if isinstance(settings.get("testResultsProcessor"), str):
            found.append(f"--testResultsProcessor={settings['testResultsProcessor']}")
    return found


_REPORTER = r"""["']?\breporter["']?[ \t]{0,20}:[ \t]{0,20}["']?([\w./@-]{1,100})"""
_REPORT_FILE = r"""\b(?:output|mochaFile)["']?[ \t]{0,20}[=:][ \t]{0,20}["']?([^"',\s]{1,200})"""


def _mocha(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    package = _json(read("package.json")).get("mocha")
    texts = [read(name) for name in (".mocharc.json", ".mocharc.jsonc", ".mocharc.yml", ".mocharc.yaml")]
    return _reporter([*texts, json.dumps(package) if package else ""], "--reporter-option")


def _cypress(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    return _reporter([read("cypress.json")], "--reporter-options")


def _reporter(texts: Sequence[str], name: str) -> list[str]:
    found: list[str] = []
    for text in texts:
        chosen, to = _first(_REPORTER, text), _first(_REPORT_FILE, text)
        found += [f"--reporter={chosen}", *([f"{name}=output={to}"] if to else [])] if chosen else []
    return found


def _rspec(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    texts = (read(".rspec"), read(".rspec-local"), environment.get("SPEC_OPTS", ""))
    return [word for text in texts for word in split(text)]


_JUNIT_XML = r"""<junit\s[^>]{0,200}?outputFile\s{0,20}=\s{0,20}["']([^"']{1,200})"""
_JUNIT_LOG = r"""<log\s[^>]{0,100}?type="junit"[^>]{0,100}?target\s{0,20}=\s{0,20}["']([^"']{1,200})"""


def _phpunit(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    if {"--no-configuration", "--no-logging"} & set(words):
        return []
    named = option(words, "-c", "--configuration") or ""
    names = [named, f"{named}/phpunit.xml", f"{named}/phpunit.xml.dist", "phpunit.xml", "phpunit.dist.xml"]
    for name in (*names, "phpunit.xml.dist"):
        text = _without_comments(read(name)) if name else ""
        found = _first(_JUNIT_XML, text) or _first(_JUNIT_LOG, text)
        if found:
            return [f"--log-junit={found}"]
    return []


@lru_cache(maxsize=64)
def _without_comments(xml: str) -> str:
    first, *rest = xml.split("<!--")
    return "".join((first, *(part.partition("-->")[2] for part in rest)))


def _nextest(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    named = option(words, "--config-file") or ".config/nextest.toml"
    profile = option(words, "--profile", "-P") or environment.get("NEXTEST_PROFILE") or "default"
    profiles = _toml(read(named)).get("profile")
    if not isinstance(profiles, dict):
        return []
    for name in (profile, "default"):  # every profile inherits from `default`
        own = profiles.get(name)
        junit = own.get("junit") if isinstance(own, dict) else None
        if isinstance(junit, dict) and isinstance(junit.get("path"), str):
            return [f"--junit-file=target/nextest/{profile}/{junit['path']}"]
    return []


_LOGGER = r"<VSTestLogger>([^<]{1,300})"
_FRIENDLY = r"""<Logger\s[^>]{0,300}?friendlyName\s{0,20}=\s{0,20}["'](\w{1,40})"""


def _dotnet(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    loggers = _first(_LOGGER, read("Directory.Build.props") or read("Directory.Build.targets")).split(";")
    loggers.append(_first(_FRIENDLY, _without_comments(read(option(words, "--settings", "-s") or ".runsettings"))))
    return [f"--logger={each.replace('%3b', ';').replace('%3B', ';')}" for each in loggers if each.strip()]


def _keys(text: str, **names: str) -> list[str]:
    """Top-level keys of YAML, each a scalar or a list of them, as the options they stand for."""
    found: list[str] = []
    for key, flag in names.items():
        pattern = rf"^{key.replace('_', '-')}:((?:[ \t]*[^\s#][^\n#]*)?(?:\n[ \t]*-[^\n#]*)*)"
        values = re.findall(r"[\w./=,-]+", _first(pattern, text)[:SIZE])
        found += [f"{flag}={value}" for value in values if value != "-"]
    return found


def _trivy(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    named = option(words, "--config", "-c") or environment.get("TRIVY_CONFIG") or "trivy.yaml"
    return _keys(read(named), format="--format", output="--output")


def _grype(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    named = option(words, "--config", "-c") or ".grype.yaml"
    return _keys(read(named), output="--output", file="--file")


def _checkov(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    named = option(words, "--config-file")
    text = read(named) if named else read(".checkov.yaml") or read(".checkov.yml")
    return _keys(text, output="--output", output_file_path="--output-file-path")


def _hadolint(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    return _keys(read(option(words, "--config", "-c") or ".hadolint.yaml"), format="--format")


def _tflint(words: Sequence[str], environment: Mapping[str, str], read: Read) -> list[str]:
    if "--recursive" in words:  # ignores the key then
        return []
    text = read(option(words, "--config", "-c") or environment.get("TFLINT_CONFIG_FILE") or ".tflint.hcl")
    found = _first(r'^[ \t]*format[ \t]*=[ \t]*"(\w{1,20})"', text)
    return [f"--format={found}"] if found else []


_FILES: dict[str, Callable[[Sequence[str], Mapping[str, str], Read], list[str]]] = {
    "pytest": _pytest,
    "jest": _jest,
    "mocha": _mocha,
    "cypress run": _cypress,
    "rspec": _rspec,
    "phpunit": _phpunit,
    "cargo nextest run": _nextest,
    "dotnet test": _dotnet,
    "trivy image": _trivy,
    "grype": _grype,
    "checkov": _checkov,
    "hadolint": _hadolint,
    "tflint": _tflint,
}
