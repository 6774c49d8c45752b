"""What several verbs share: the parser, the options that choose and show, and what they come to."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from gatekeeper import settings as settings_module
from gatekeeper.catalogue import Broken, Catalogue
from gatekeeper.discover import Unreadable, is_staged, read_text, staged_text
from gatekeeper.meant import meant
from gatekeeper.node import Source
from gatekeeper.rule import Rule
from gatekeeper.settings import FILE, Settings

PROFILES = ("pre-commit", "pull-request", "release")
SEVERITIES = ("low", "medium", "high", "critical")


class Wrong(Exception):
    """Wrong use or unusable settings: printed as it stands, exit code 2."""


class Parser(argparse.ArgumentParser):
    """argparse that says what was perhaps meant."""

    def error(self, message: str) -> NoReturn:
        known = list(self._option_string_actions)
        strange = [word.partition("=")[0].rstrip(":") for word in message.split() if word.startswith("--")]
        hints = [hint for word in strange if word not in known if (hint := meant(word, known))]
        self.exit(2, f"{self.prog}: {'; '.join((message, *hints[:1]))}\nsee `{self.prog} --help`\n")


RawText = argparse.RawDescriptionHelpFormatter

_SELECT = "only these: rule ids, other tools' ids, gates, technologies, globs; repeatable, or with commas"
_OUTPUT = (
    "text, json, sarif, markdown, junit, github, gitlab, html or report; repeatable; to standard output without a path"
)


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options that say what is judged, and how gravely."""
    group = parser.add_argument_group("what is judged")
    group.add_argument("--select", action="append", default=[], metavar="RULE", help=_SELECT)
    group.add_argument("--ignore", action="append", default=[], metavar="RULE", help="not these")
    group.add_argument("--fail-on", choices=SEVERITIES, help="the lowest severity that fails (each gate has its own)")
    group.add_argument("--isolated", action="store_true", help=f"without the repository's {FILE}")
    group.add_argument("--staged", action="store_true", help="judge what is staged for commit, not what is on disk")
    group.add_argument("--plugin", action="append", default=[], metavar="NAME", help="load an installed plugin")


def add_shown(parser: argparse.ArgumentParser) -> None:
    """The options that say how it is shown; none changes what it says."""
    group = parser.add_argument_group("how it is shown")
    group.add_argument("--output", action="append", default=[], metavar="FORMAT[=PATH]", help=_OUTPUT)
    group.add_argument("--verdicts", action="store_true", help="list every rule x subject judged (json)")
    group.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    group.add_argument("-q", "--quiet", action="store_true", help="the table alone")
    group.add_argument("--exit-zero", action="store_true", help="exit 0 where it would be 1; 2 and 3 stay")


def listed(values: list[str]) -> tuple[str, ...]:
    """`--select a,b --select c` as one tuple."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def settings_of(root: Path, isolated: bool, staged: bool = False) -> tuple[Settings, str]:
    """The settings in force and the file they come from ('' for none), as it is staged where that is what is judged.

    Raises `Wrong` when they cannot be used.
    """
    if isolated:
        return Settings(), ""
    for name in (FILE, "pyproject.toml"):
        if not (is_staged(root, name) if staged else os.path.lexists(root / name)):
            continue
        source = Source(name, partial(staged_text if staged else read_text, root, name))
        try:
            if name == "pyproject.toml" and "[tool.gatekeeper" not in source.text:
                continue
            return settings_module.load(source), name
        except settings_module.Invalid as error:
            raise Wrong(f"{error}\nsee `gatekeeper schema`; `--isolated` goes without this file") from None
        except Unreadable as error:
            raise Wrong(f"{root / name}: cannot be read: {error}") from None
    return Settings(), ""


def colour(choice: str) -> bool:
    """Whether to colour: asked for, or a terminal that did not ask against it."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("FORCE_COLOR"):
        return True
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


def profile(given: str | None, settings: Settings) -> str:
    """The profile named; else that of the settings; else what the CI event calls for; else release."""
    if given or settings.profile:
        return given or settings.profile or "release"
    if os.environ.get("GITHUB_EVENT_NAME") in ("pull_request", "pull_request_target", "merge_group"):
        return "pull-request"
    return "pull-request" if os.environ.get("CI_PIPELINE_SOURCE") == "merge_request_event" else "release"


def hooks(names: list[str]) -> Any:
    """Pluggy's relay with the plugins named on the command line. Raises `Wrong`."""
    from gatekeeper.plugins import NoSuchPlugin, manager

    try:
        return manager(names).hook
    except NoSuchPlugin as error:
        raise Wrong(str(error)) from None


def every_rule(relay: Any) -> list[Rule]:
    """Every rule of the built-in catalogue and of the plugins. Raises `Wrong` when one cannot be loaded."""
    try:
        return Catalogue(folder for folders in relay.gatekeeper_catalogues() for folder in folders).rules()
    except Broken as error:
        raise Wrong(str(error)) from None
