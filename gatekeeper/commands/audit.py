"""Judge the whole repository: the gate table, then the findings with their source."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

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
from gatekeeper.discover import Unreadable

EXAMPLES = """\
examples:
  gatekeeper audit                            this folder
  gatekeeper audit ../shop --profile pull-request
  gatekeeper audit --output text --output sarif=gate.sarif
  gatekeeper audit --select secrets,docker-nonroot,CKV_K8S_23
  gatekeeper audit --show-files               every file: judged, or why not
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "root", nargs="?", default=".", metavar="ROOT", help="the repository; this folder when left out"
    )
    parser.add_argument(
        "--profile", choices=PROFILES, help="what is required; by itself: the event in CI, else release"
    )
    add_choice(parser)
    add_shown(parser)
    parser.add_argument("--show-files", action="store_true", help="list every file: judged, skipped and why")


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    check_root(root)
    settings, _ = settings_of(root, options.isolated)
    relay = hooks(options.plugin)
    wanted = outputs(options.output)
    request = Request(
        root=root,
        settings=settings,
        profile=profile(options.profile, settings),
        staged=options.staged,
        select=listed(options.select),
        ignore=listed(options.ignore),
        fail_on=options.fail_on or settings.fail_on,
        shown=presentation(options),
    )
    report = judged(request, relay)
    emit(report, wanted, relay)
    for_github(report, wanted, relay)
    return 0 if options.exit_zero and report.exit_code == 1 else report.exit_code


def judged(request: Request, relay: object) -> Report:
    """The report. Raises `Wrong` for what the person who typed the command can mend."""
    progress = Progress()
    try:
        return audit(replace(request, progress=progress) if sys.stderr.isatty() else request, relay)
    except (NoSuchRule, Broken, Unreadable) as error:
        raise Wrong(str(error)) from None
    finally:
        progress.end()


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
