"""Shell completion: print it, and have the shell read it.

bash: gatekeeper completion bash > ~/.local/share/bash-completion/completions/gatekeeper
zsh:  gatekeeper completion zsh  > "${fpath[1]}/_gatekeeper"
fish: gatekeeper completion fish > ~/.config/fish/completions/gatekeeper.fish
"""

from __future__ import annotations

import argparse
from importlib import import_module

from gatekeeper.commands import VERBS

EXAMPLES = """\
examples:
  source <(gatekeeper completion bash)
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    words = _options()
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](words), end="")
    return 0


def _options() -> dict[str, list[str]]:
    """Every verb and its long options, from the parsers themselves."""
    table = {}
    for verb in VERBS:
        parser = argparse.ArgumentParser()
        import_module(f"gatekeeper.commands.{verb}").add(parser)
        table[verb] = sorted(word for word in parser._option_string_actions if word.startswith("--"))
    return table


def _bash(words: dict[str, list[str]]) -> str:
    cases = "\n".join(f'    {verb}) words="{" ".join(options)}" ;;' for verb, options in words.items())
    return f"""\
_gatekeeper() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(words)} --help --version" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}}
complete -o filenames -F _gatekeeper gatekeeper
"""


def _zsh(words: dict[str, list[str]]) -> str:
    cases = "\n".join(
        f"    {verb}) _arguments {' '.join(options)} '*:file:_files' ;;" for verb, options in words.items()
    )
    return f"""\
#compdef gatekeeper
_gatekeeper() {{
  if (( CURRENT == 2 )); then
    compadd {" ".join(words)} -- --help --version
    return
  fi
  case $words[2] in
{cases}
  esac
}}
_gatekeeper "$@"
"""


def _fish(words: dict[str, list[str]]) -> str:
    lines = [f"complete -c gatekeeper -n __fish_use_subcommand -a {verb}" for verb in words]
    for verb, options in words.items():
        lines += [
            f"complete -c gatekeeper -n '__fish_seen_subcommand_from {verb}' -l {word.removeprefix('--')}"
            for word in options
        ]
    return "\n".join(lines) + "\n"
