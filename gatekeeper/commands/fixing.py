"""Fixes from the command line: written into the files, or shown as a diff."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from gatekeeper.audit import Report, Request
from gatekeeper.commands.arguments import Wrong


def add_fixing(parser: argparse.ArgumentParser) -> None:
    """The options about fixes."""
    group = parser.add_argument_group("fixes that are certain")
    group.add_argument("--fix", action="store_true", help="write them into the files, then judge what remains")
    group.add_argument(
        "--diff", action="store_true", help="show them as a diff instead of the report; nothing is written"
    )
    group.add_argument("--unsafe-fixes", action="store_true", help="also those that change what the files do")


def check_fixing(options: argparse.Namespace) -> None:
    """Raises `Wrong` where the options do not go together."""
    if options.fix and options.diff:
        raise Wrong("--fix and --diff: one writes, the other shows; leave out one of them")
    if options.fix and options.staged:
        raise Wrong("--fix and --staged: what is staged is not written to; leave out one of them")
    if options.unsafe_fixes and not (options.fix or options.diff):
        raise Wrong("--unsafe-fixes: says which fixes; add --diff to see them or --fix to write them")


def show_fixes(report: Report, request: Request, relay: Any, options: argparse.Namespace) -> None:
    """Print the diff, and on standard error what it is of."""
    from gatekeeper import fixes
    from gatekeeper.renderers.places import Excerpts
    from gatekeeper.renderers.sanitise import printed, visible

    result = fixes.fixed(report, request, relay, unsafe=options.unsafe_fixes)
    lines = fixes.diff(result, report, Excerpts.suspicious)
    sys.stdout.write(printed("\n".join(map(visible, lines))) + "\n" if lines else "")
    _say(result, report, "would be fixed", unsafe=options.unsafe_fixes)


def write_fixes(report: Report, request: Request, relay: Any, options: argparse.Namespace) -> bool:
    """Write the fixes, and say on standard error what was fixed. Whether anything was."""
    from gatekeeper import fixes

    result = fixes.fixed(report, request, relay, unsafe=options.unsafe_fixes)
    failed = fixes.write(result, report.project.tree)
    result = result.without(failed)
    _say(result, report, "fixed", unsafe=options.unsafe_fixes)
    return bool(result.texts)


def _say(result: Any, report: Report, done: str, *, unsafe: bool) -> None:
    from gatekeeper import fixes
    from gatekeeper.renderers.sanitise import visible

    files = f" in {len(result.texts)} file{'' if len(result.texts) == 1 else 's'}" if result.texts else ""
    more = 0 if unsafe else fixes.waiting(report)
    tail = f"; {more} more would change what the files do: --unsafe-fixes" if more else ""
    sys.stderr.write(f"{len(result.mended)} of {len(report.findings)} findings {done}{files}{tail}\n")
    for refused in result.refused:
        sys.stderr.write(visible(f"{refused.path}: left as it is: {refused.reason}") + "\n")
