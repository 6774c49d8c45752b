"""Shell completion: print it, and have the shell read it.

bash: gatekeeper completion bash > ~/.local/share/bash-completion/completions/gatekeeper
zsh:  gatekeeper completion zsh  > "${fpath[1]}/_gatekeeper"
fish: gatekeeper completion fish > ~/.config/fish/completions/gatekeeper.fish
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

from gatekeeper.commands import VERBS

EXAMPLES = """\
examples:
  source <(gatekeeper completion bash)
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](_verbs()), end="")
    return 0


class Verb(NamedTuple):
    """What may follow a verb: its long options, and the words it takes (`evidence run`)."""

    options: list[str]
    words: list[str]


def _verbs() -> dict[str, Verb]:
    """Every verb, from the parsers themselves."""
    table = {}
    for name in VERBS:
        parser = argparse.ArgumentParser()
        import_module(f"gatekeeper.commands.{name}").add(parser)
        table[name] = Verb(sorted(set(_options(parser))), sorted(_words(parser)))
    return table


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield from (word for word in parser._option_string_actions if word.startswith("--"))
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _options(inner)


def _words(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if action.choices and not action.option_strings:
            yield from map(str, action.choices)


def _bash(verbs: dict[str, Verb]) -> str:
    cases = "\n".join(
        f'    {name}) options="{" ".join(verb.options)}" words="{" ".join(verb.words)}" ;;'
        for name, verb in verbs.items()
    )
    return f"""\
_gatekeeper() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" options words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(verbs)} --help --version" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}}
complete -o filenames -F _gatekeeper gatekeeper
"""


def _zsh(verbs: dict[str, Verb]) -> str:
    cases = "\n".join(f"    {name}) _arguments {_of_zsh(verb)} '*:file:_files' ;;" for name, verb in verbs.items())
    return f"""\
#compdef gatekeeper
_gatekeeper() {{
  if (( CURRENT == 2 )); then
    compadd {" ".join(verbs)} -- --help --version
    return
  fi
  case $words[2] in
{cases}
  esac
}}
_gatekeeper "$@"
"""


def _of_zsh(verb: Verb) -> str:
    words = [f"'2:what:({' '.join(verb.words)})'"] if verb.words else []
    return " ".join([*verb.options, *words])


def _fish(verbs: dict[str, Verb]) -> str:
    lines = [f"complete -c gatekeeper -n __fish_use_subcommand -a {name}" for name in verbs]
    for name, verb in verbs.items():
        after = f"complete -c gatekeeper -n '__fish_seen_subcommand_from {name}'"
        lines += [f"{after} -l {word.removeprefix('--')}" for word in verb.options]
        lines += [f"{after} -a {word}" for word in verb.words]
    return "\n".join(lines) + "\n"
