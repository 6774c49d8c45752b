"""What a command installs: package managers, their verbs, and which words name packages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatekeeper.models.docker import Command
from gatekeeper.node import regex


class Install(NamedTuple):
    """A command that installs packages. `manager` is the family; `verb` and `packages` are numbers of its words."""

    command: Command
    manager: str
    verb: int
    packages: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        return [self.command.words[number] for number in self.packages]


class _Manager(NamedTuple):
    family: str
    verbs: frozenset[str]
    takes_value: frozenset[str]


def _manager(family: str, verbs: str, takes_value: str) -> _Manager:
    return _Manager(family, frozenset(verbs.split()), frozenset(takes_value.split()))


_APT = _manager("apt", "install", "-o --option -t --target-release -c --config-file -a --host-architecture")
_DNF = "-c --config --installroot --enablerepo --disablerepo --releasever -x --exclude --setopt --repo --repoid -d -e"
_NPM = "--prefix -C --registry --loglevel --cache --tag --omit --only --include -w --workspace --cwd --userconfig"
_MANAGERS = {
    "apt-get": _APT,
    "apt": _APT,
    "apk": _manager(
        "apk", "add", "-t --virtual -X --repository -p --root --keys-dir --repositories-file --arch --wait --cache-dir"
    ),
    "yum": _manager("yum", "install localinstall reinstall", _DNF),
    "dnf": _manager("dnf", "install reinstall", _DNF),
    "tdnf": _manager("dnf", "install reinstall", _DNF),
    "microdnf": _manager("microdnf", "install reinstall", _DNF),
    "zypper": _manager("zypper", "install in", "-r --repo -R --root --from -t --type -C --cache-dir --reposd-dir"),
    "npm": _manager("npm", "install i add isntall", _NPM),
    "pnpm": _manager("npm", "add install i", _NPM),
    "yarn": _manager("yarn", "add", _NPM),
    "gem": _manager("gem", "install i", "-v --version -i --install-dir -n --bindir -s --source -P --trust-policy"),
    "go": _manager("go", "install get run", "-C -o -p -mod -modfile -tags -ldflags -gcflags -asmflags -pkgdir -exec"),
}
_PIP = _manager(
    "pip",
    "install",
    "-r --requirement -c --constraint -e --editable -t --target -i --index-url --extra-index-url -f --find-links "
    "--prefix --root --src --cache-dir --trusted-host --timeout --retries --proxy --platform --python-version "
    "--upgrade-strategy --no-binary --only-binary --report --log -C --config-settings --global-option --cert",
)
_PIP_NAME = regex(r"pip[0-9.]*\Z")
_PYTHON = regex(r"(?:python|pypy)[0-9.]*\Z")


def install_of(command: Command) -> Install | None:
    """The install that a command is; None for any other."""
    words = command.words
    begin = 1
    manager = _MANAGERS.get(command.program)
    if manager is None and _PIP_NAME.match(command.program):
        manager = _PIP
    elif manager is None and _PYTHON.match(command.program):
        at = words.index("-m") + 1 if "-m" in words else len(words)
        if at < len(words) and words[at] == "pip":
            manager, begin = _PIP, at + 1
    if manager is None:
        return None
    plain = list(plain_words(words, manager.takes_value, begin))
    while plain and (words[plain[0]] == "global" or words[plain[0]].startswith("$")):  # yarn global add
        plain = plain[1:]
    if not plain or words[plain[0]] not in manager.verbs:
        return None
    return Install(command, manager.family, plain[0], tuple(plain[1:]))


def installs(commands: Sequence[Command], *managers: str) -> Iterator[Install]:
    """The installs among the commands, of the families named or of all."""
    for command in commands:
        found = install_of(command)
        if found and (not managers or found.manager in managers):
            yield found


def plain_words(words: Sequence[str], takes_value: frozenset[str], begin: int = 1) -> Iterator[int]:
    """The numbers of the words that are neither options nor an option's value."""
    at = begin
    while at < len(words):
        word = words[at]
        if word == "--":
            yield from range(at + 1, len(words))
            return
        if word.startswith("-") and len(word) > 1:
            at += 1 if word in takes_value else 0
        else:
            yield at
        at += 1


def verb_of(command: Command) -> str:
    """The first word of a package manager's command that is no option: `update`, `install`."""
    manager = _MANAGERS.get(command.program)
    numbers = plain_words(command.words, manager.takes_value if manager else frozenset())
    first = next(numbers, None)
    return command.words[first] if first is not None else ""


_CHECKS = regex(r"(?:md5|sha\d+|sha|b2|b3)(?:sum)?\Z|shasum\Z")


def verifies(commands: Sequence[Command]) -> bool:
    """Whether one of the commands checks what was downloaded: a checksum, a signature."""
    for command in commands:
        words = command.words
        if _CHECKS.match(command.program) or command.program in ("cosign", "minisign", "gpgv"):
            return True
        if command.program in ("gpg", "gpg2") and any(re.match(r"--(verify|batch.*verify)", w) for w in words):
            return True
        if command.program == "openssl" and "dgst" in words:
            return True
    return False
