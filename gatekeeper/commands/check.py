"""Judge the files given: findings only, for hooks and editors. Rules that look at the whole repository are left to
`audit`, unless the whole repository is what is given."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from gatekeeper.audit import Request
from gatekeeper.commands.arguments import Wrong, add_choice, add_shown, hooks, listed, settings_of
from gatekeeper.commands.audit import deliver, presentation
from gatekeeper.commands.fixing import add_fixing

EXAMPLES = """\
examples:
  gatekeeper check                            every file below this folder
  gatekeeper check Dockerfile k8s/            these
  gatekeeper check --fail-on medium main.tf
  gatekeeper check --diff                     what --fix would change
"""

_FOR_HOOKS = "for hooks: leave out test data even where it is named, and let files pass that no rule judges"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="files or folders; this folder when left out"
    )
    add_choice(parser)
    parser.add_argument("--force-exclude", action="store_true", help=_FOR_HOOKS)
    add_fixing(parser)
    add_shown(parser)


def run(options: argparse.Namespace) -> int:
    paths = [Path(path) for path in options.paths]
    missing = [str(path) for path in paths if not os.path.lexists(path)]
    if missing:
        raise Wrong(f"{', '.join(missing)}: no such file or folder")
    root = _root(paths)
    settings, _ = settings_of(root, options.isolated, options.staged)
    relay = hooks(options.plugin)
    request = Request(
        root=root,
        settings=settings,
        profile="pre-commit",
        staged=options.staged,
        select=listed(options.select),
        ignore=listed(options.ignore),
        fail_on=options.fail_on or settings.fail_on or "high",
        paths=tuple(_below(root, path) for path in paths),
        force_exclude=options.force_exclude,
        shown=presentation(options, table=False),
    )
    return deliver(request, relay, options)


def _root(paths: list[Path]) -> Path:
    """The repository the paths lie in, so that rules see what is beside them; else the folder they share."""
    common = Path(os.path.commonpath([path.resolve() for path in paths]))
    folder = common if common.is_dir() else common.parent
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)


def _below(root: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()
