"""Judge the whole repository: the gate table, then the findings with their source."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gatekeeper.audit import Presentation, Report, Request, audit
from gatekeeper.catalogue import Broken, NoSuchRule
from gatekeeper.commands.arguments import (
    PROFILES,
    Wrong,
    add_choice,
    add_shown,
    colour,
    hooks,
    listed,
    profile,
    settings_of,
)
from gatekeeper.commands.emit import Progress, emit, for_github, outputs
from gatekeeper.commands.fixing import add_fixing, check_fixing, show_fixes, write_fixes
from gatekeeper.discover import Unreadable
from gatekeeper.meant import meant
from gatekeeper.rendering import RENDERERS
from gatekeeper.settings import ANALYSERS, Settings

EXAMPLES = """\
examples:
  gatekeeper audit                            this folder
  gatekeeper audit ../shop --profile pull-request
  gatekeeper audit --output text --output sarif=gate.sarif
  gatekeeper audit --select secrets,docker-nonroot,CKV_K8S_23
  gatekeeper audit --show-files               every file: judged, or why not
  gatekeeper audit --with checkov,hadolint --output report=docs/completion-report.md
"""


_EVIDENCE = "a folder of evidence, or a report (any SARIF file), below ROOT, beside .gatekeeper/evidence"
_WITH = f"run other analysers beside: {', '.join(ANALYSERS)}; repeatable, or with commas"
_RENDER = f"render charts by the {RENDERERS[0]} on PATH, and judge what comes out; no setting asks for it"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "root", nargs="?", default=".", metavar="ROOT", help="the repository; this folder when left out"
    )
    parser.add_argument(
        "--profile", choices=PROFILES, help="what is required; by itself: the event in CI, else release"
    )
    add_choice(parser)
    proof = parser.add_argument_group("what else proves something")
    proof.add_argument("--evidence", action="append", default=[], metavar="PATH", help=_EVIDENCE)
    proof.add_argument("--with", action="append", default=[], metavar="TOOL", dest="analysers", help=_WITH)
    add_fixing(parser)
    proof.add_argument("--render", action="append", default=[], metavar="TOOL", help=_RENDER)
    add_shown(parser)
    parser.add_argument("--show-files", action="store_true", help="list every file: judged, skipped and why")


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    check_root(root)
    settings, _ = settings_of(root, options.isolated, options.staged)
    relay = hooks(options.plugin)
    request = Request(
        root=root,
        settings=_with_evidence(root, settings, options.evidence),
        analysers=_analysers(options.analysers, settings, staged=options.staged),
        render=_renderers(options.render, staged=options.staged),
        profile=profile(options.profile, settings),
        staged=options.staged,
        select=listed(options.select),
        ignore=listed(options.ignore),
        fail_on=options.fail_on or settings.fail_on,
        shown=presentation(options),
    )
    return deliver(request, relay, options)


def _with_evidence(root: Path, settings: Settings, given: list[str]) -> Settings:
    """The settings with the places of evidence that the command line adds. Raises `Wrong` for one that is not below."""
    folders = list(settings.evidence.folders)
    for path in given:
        below = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
        if below.startswith(".."):
            raise Wrong(f"--evidence {path}: is outside {root}; copy it in, or `gatekeeper evidence add` it")
        if not os.path.exists(path):
            raise Wrong(f"--evidence {path}: no such file or folder")
        folders.append(Path(below).as_posix())
    return replace(settings, evidence=replace(settings.evidence, folders=folders))


def _analysers(given: list[str], settings: Settings, *, staged: bool) -> tuple[str, ...]:
    """The analysers to run: those named on the command line, else those of the settings. Raises `Wrong`."""
    if given and staged:
        raise Wrong("--with and --staged: analysers are for what is on disk; leave out one of them")
    names = listed(given) or tuple(settings.analysers)
    strange = [name for name in names if name not in ANALYSERS]
    if strange:
        hint = meant(strange[0], ANALYSERS, f"there is {', '.join(ANALYSERS)}")
        raise Wrong(f"--with {strange[0]}: no such analyser; {hint}")
    return names


def deliver(request: Request, relay: Any, options: argparse.Namespace) -> int:
    """Judge, fix where that is asked for, and put the report where it is wanted. Gives the exit code."""
    wanted = outputs(options.output)
    check_fixing(options)
    report = judged(request, relay)
    if options.fix and write_fixes(report, request, relay, options):
        report = judged(request, relay)
    if options.diff:
        show_fixes(report, request, relay, options)
    else:
        emit(report, wanted, relay)
        for_github(report, wanted, relay)
    return 0 if options.exit_zero and report.exit_code == 1 else report.exit_code


def _renderers(given: list[str], *, staged: bool) -> tuple[str, ...]:
    """What is to be run to render templates: what the command line names, and nothing else. Raises `Wrong`."""
    if given and staged:
        raise Wrong("--render and --staged: charts are rendered as they are on disk; leave out one of them")
    names = listed(given)
    strange = [name for name in names if name not in RENDERERS]
    if strange:
        raise Wrong(f"--render {strange[0]}: there is {', '.join(RENDERERS)}")
    return names


def judged(request: Request, relay: object) -> Report:
    """The report. Raises `Wrong` for what the person who typed the command can mend."""
    progress = Progress()
    try:
        return audit(replace(request, progress=progress) if sys.stderr.isatty() else request, relay)
    except (NoSuchRule, Broken, Unreadable) as error:
        raise Wrong(str(error)) from None
    finally:
        progress.end()


def report_of(root: Path, options: argparse.Namespace) -> Report:
    """The report of a repository for a verb that shows only part of it. Raises `Wrong`, as `judged` does."""
    check_root(root)
    settings, _ = settings_of(root, options.isolated)
    request = Request(
        root=root,
        settings=settings,
        profile=profile(options.profile, settings),
        select=listed(getattr(options, "select", [])),
        ignore=listed(getattr(options, "ignore", [])),
        analysers=tuple(settings.analysers),
    )
    return judged(request, hooks(options.plugin))


def check_root(root: Path) -> None:
    if not root.exists():
        raise Wrong(f"{root}: no such folder; give the path of a repository")
    if not root.is_dir():
        raise Wrong(f"{root}: is a file; `gatekeeper check {root}` judges single files")


def presentation(options: argparse.Namespace, *, table: bool = True) -> Presentation:
    return Presentation(
        table=table,
        colour=colour(options.color),
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else None,
        verdicts=options.verdicts,
        files=getattr(options, "show_files", False),
        quiet=options.quiet,
    )
