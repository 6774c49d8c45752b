"""argv in, exit code out. Nothing below prints or exits."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself is not imported for `--version`
if TYPE_CHECKING:
    from collections.abc import Sequence


EXIT_CODES = """\
exit codes:
  0    ready (audit), or no finding (check)
  1    a gate fails, or a finding
  2    wrong use, or settings that cannot be used
  3    not proven: nothing failed, but something could not be judged
  130  interrupted
"""

_EXAMPLES = """\
examples:
  gatekeeper audit                          is this repository ready for production?
  gatekeeper audit --output json=gate.json  the same, and a report for other programs
  gatekeeper check k8s/deployment.yaml      what is wrong in this file?
  gatekeeper explain docker-nonroot         why, and what a good one looks like
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):  # the start-up that scripts measure: nothing is imported for it
        from gatekeeper import __version__

        print(f"gatekeeper {__version__}")
        return 0
    try:
        return _run(words) if argv is not None else _run_once(words)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
        return 0
    except Exception as error:  # our own mistake: one line and exit code 3, for people; raised for callers
        if argv is not None:
            raise
        return _internal(error)


def _internal(error: Exception) -> int:
    """A mistake of ours that no rule or file contains: nothing is proven."""
    from traceback import extract_tb

    last = extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('gatekeeper/')[2]}:{last.lineno}"
    sys.stderr.write(f"gatekeeper: internal error at {where}: {type(error).__name__}: {error!r}\nplease report it\n")
    return 3


def _run_once(words: list[str]) -> int:
    """The whole of a process: nearly all it makes it keeps to the end, so that collecting garbage only costs time."""
    import gc

    gc.disable()
    code = _run(words)
    gc.freeze()
    return code


def _run(words: list[str]) -> int:
    from importlib import import_module

    from gatekeeper.commands import VERBS
    from gatekeeper.commands.arguments import Parser, RawText, Wrong

    verb = words[0] if words else ""
    if verb not in VERBS:
        return _without_verb(verb, words)
    module = import_module(f"gatekeeper.commands.{verb}")
    parser = Parser(
        prog=f"gatekeeper {verb}",
        description=module.__doc__,
        epilog=f"{module.EXAMPLES}\n{EXIT_CODES}",
        formatter_class=RawText,
    )
    module.add(parser)
    try:
        code: int = module.run(parser.parse_args(words[1:]))
    except Wrong as wrong:
        sys.stderr.write(f"gatekeeper: {wrong}\n")
        return 2
    return code


def _without_verb(verb: str, words: list[str]) -> int:
    from gatekeeper.commands import VERBS
    from gatekeeper.commands.arguments import Parser, RawText

    verbs = "\n".join(f"  {name:11} {about}" for name, about in VERBS.items())
    parser = Parser(
        prog="gatekeeper",
        usage="gatekeeper COMMAND [OPTION ...]",
        description="Is this repository ready for production?",
        epilog=f"commands:\n{verbs}\n\n{_EXAMPLES}\n{EXIT_CODES}",
        formatter_class=RawText,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and stop")
    if verb and not verb.startswith("-"):
        from gatekeeper.meant import meant

        hint = meant(verb, VERBS, f"expected one of {', '.join(VERBS)}", shown="`gatekeeper {}`".format)
        parser.error(f"no command {verb!r}; {hint}")
    parser.parse_args(words)
    parser.print_help()
    return 2
