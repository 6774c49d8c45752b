"""The commands of a step's script, and whether the failure of each is heard.

`models.shell` reads them. What a tool puts in before the shell sees it (`${{ }}`, `$[[ ]]`) is masked first, so that
what stands inside decides nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from gatekeeper.models.pipeline.expressions import found
from gatekeeper.models.shell import Command, Group, Script, outline
from gatekeeper.node import regex

__all__ = ["EXPRESSION", "Command", "Heard", "Script", "commands", "heard", "read"]

EXPRESSION = "\x1a"  # stands in a word where an expression or a command substitution stood
_INPUT = regex(r"\$\[\[[^\]]{0,500}\]\]")
_SHOWS = frozenset("cat echo printf head tail less ls".split())
_MOST = 2_000  # characters of what a trap runs
_TALK = frozenset("true : echo printf exit return".split())
_GOES_ON = frozenset({"&&", "|", "|&"})


@lru_cache(maxsize=8192)
def read(script: str) -> Script:
    """A script as far as it can be read. Never raises."""
    return outline(_masked(script), EXPRESSION)


def commands(script: str) -> tuple[Command, ...]:
    """The commands of a script in their order."""
    return read(script).commands


def _masked(script: str) -> str:
    """The script with each `${{ }}` as one character, its line breaks kept."""
    if "$[[" in script:
        script = _INPUT.sub(EXPRESSION, script)
    if "${{" not in script:
        return script
    parts: list[str] = []
    at = 0
    for start, end, _ in found(script):
        parts += [script[at:start], EXPRESSION, "\n" * script.count("\n", start, end)]
        at = end
    return "".join((*parts, script[at:]))


def functions(script: Script) -> frozenset[str]:
    """The names of the functions that a script defines: they stand before any program of that name."""
    return frozenset(group.name for group in script.groups if group.kind == "function_definition")


class Heard(NamedTuple):
    """Whether the failure of a command goes unheard, and why. None: it depends on what the files do not say."""

    lost: bool | None
    why: str = ""


_HEARD = Heard(False)


def heard(script: Script, errexit: bool, pipefail: bool) -> list[Heard]:
    """For each command of a script, whether its failure fails the script."""
    if script.why:
        return [Heard(None, script.why)] * len(script.commands)
    listener = _Listener(script)
    found: list[Heard] = []
    trapped: dict[str, bool | None] = {}
    ends = _functions_that_end(script)
    for number, command in enumerate(script.commands):
        verdict = listener.hears(number, errexit, pipefail)
        for condition, lost in trapped.items():
            verdict = _worse(verdict, Heard(lost, f"its exit status is that of the trap on {condition}"))
        found.append(verdict)
        if command.words[:1] == ("set",):
            errexit, pipefail = _options(command.words, errexit, pipefail)
        elif command.words[:1] == ("trap",) and not command.inner:
            trapped |= _trap(command, ends)
    return _ended(script, found)


def _worse(one: Heard, other: Heard) -> Heard:
    rank = {False: 0, None: 1, True: 2}
    return other if rank[other.lost] > rank[one.lost] else one


def _functions_that_end(script: Script) -> frozenset[str]:
    """The functions with an `exit 0` in them."""
    around = (_around(script, command.group) for command in script.commands if command.group and _ends_well(command))
    return frozenset(group.name for groups in around for group in groups if group.kind == "function_definition")


def _trap(command: Command, functions: frozenset[str]) -> dict[str, bool | None]:
    """What a `trap` makes of the exit status, by the condition it stands for: True when it always becomes 0."""
    words = [word for word in command.words[1:] if word != "--"]
    if len(words) < 2:
        return {}
    lost: bool | None = False
    for each in outline(words[0][:_MOST], EXPRESSION).commands:
        if _ends_well(each) or (each.words and each.words[0] in functions):
            sure = _ends_well(each) and not each.branch and not each.before
            lost = True if sure and not command.branch else None
    ends = [name for name in words[1:] if name.upper().removeprefix("SIG") in ("EXIT", "0", "ERR")]
    return dict.fromkeys(ends, lost)


def _around(script: Script, group: int) -> list[Group]:
    """The groups that a command stands in, from the inside out."""
    found: list[Group] = []
    while 0 < group < len(script.groups):
        found.append(script.groups[group])
        group = found[-1].parent
    return found


def _ends_well(command: Command) -> bool:
    """Whether the command ends the script with success: `exit 0`, or `exit` when nothing failed before it."""
    if command.inner or command.words[:1] not in (("exit",), ("return",)):
        return False
    return command.words[1:2] == ("0",) or (len(command.words) == 1 and command.before != "||")


def _ended(script: Script, found: list[Heard]) -> list[Heard]:
    """What stands behind a command that ends the script with success is not run; it may not be where that may not."""
    ending: dict[str, int] = {}  # functions that end the script, by the number of the command that does
    cut: dict[int, bool | None] = {}  # what holds already for all that follows, in the script (0) or a group
    for number, command in enumerate(script.commands):
        if 0 not in cut and command.words[:1] and ending.get(command.words[0], number) < number:
            _cut(script, found, number, None, False)
            cut[0] = None
        if not _runs_no_more(command) and not _ends_well(command):
            continue
        around = _around(script, command.group)
        function = next((group for group in around if group.kind == "function_definition"), None)
        leaves = command.words[0] == "return"
        shell = function if leaves else next((group for group in around if group.kind == "subshell"), None)
        if function is not None and not leaves and shell is None:
            ending[function.name] = number
            shell = function
        direct = command.group == 0 or (bool(around) and around[0] is shell)
        sure = direct and not (command.branch or command.before or command.after)
        key = 0 if shell is None else id(shell)
        if any(cut[each] or not sure for each in (0, key) if each in cut):
            continue
        _cut(script, found, number, shell, sure)
        cut[key] = sure or None
    return found


def _runs_no_more(command: Command) -> bool:
    """Whether the shell runs nothing behind it: another program takes its place, or it only reads from here on."""
    if command.inner or len(command.words) < 2:
        return False
    if command.words[0] == "exec":
        return True
    if command.words[0] != "set" or "--" in command.words:
        return False
    return "noexec" in command.words or any(_READS_ONLY.match(word) for word in command.words[1:])


_READS_ONLY = regex(r"-[abefhkmptuvxBCEHPT]{0,18}n[abefhkmptuvxBCEHPTo]{0,18}\Z")


def _cut(script: Script, found: list[Heard], number: int, within: Group | None, sure: bool) -> None:
    """The commands behind one that ends the script, or the group, are run only where that one is not."""
    why = f"{' '.join(script.commands[number].words[:2])} before it {'ends' if sure else 'may end'} the script"
    for later in range(number + 1, len(found)):
        if within is not None and not any(g is within for g in _around(script, script.commands[later].group)):
            return  # what stands in a group stands together
        found[later] = _worse(found[later], Heard(True if sure else None, why))


class _Listener:
    """Follows the exit status of a command outwards, from group to group."""

    def __init__(self, script: Script) -> None:
        self.commands = script.commands
        self.groups = script.groups
        size = len(self.commands)
        self.looked_at = [False] * (size + 1)  # whether a command from here on may look at an exit status
        for index in range(size - 1, -1, -1):
            words = self.commands[index].words or self.commands[index].env
            self.looked_at[index] = self.looked_at[index + 1] or _fails(words) or any("$" in word for word in words)
        self.place = {item: at for group in self.groups for at, item in enumerate(group.items)}  # in its group
        self.calls: dict[str, list[int]] = {}
        for number, command in enumerate(self.commands):
            if command.words:
                self.calls.setdefault(command.words[0], []).append(number)
        self.heard: dict[tuple[int, bool, bool, int], Heard] = {}
        self.ends: dict[int, int] = {}  # where the && list of an item ends, by its place in the group
        for group in self.groups:
            for at in range(len(group.items) - 1, -1, -1):
                on = at + 1 < len(group.items) and self._of(group.items[at]).after in _GOES_ON
                self.ends[group.items[at]] = self.ends[group.items[at + 1]] if on else at
        self.given = "\0".join(self._given(command) for command in self.commands)
        lengths = (len(self._given(command)) + 1 for command in self.commands)
        self.given_at = [0, *accumulate(lengths)]

    @staticmethod
    def _given(command: Command) -> str:
        """What a command that may look at a file is given."""
        return "" if command.program in _SHOWS else "\0".join(command.words)

    def hears(self, number: int, errexit: bool, pipefail: bool, depth: int = 0) -> Heard:
        key = (number, errexit, pipefail, depth)
        if key not in self.heard:
            self.heard[key] = self._hears(number, errexit, pipefail, depth)
        return self.heard[key]

    def _hears(self, number: int, errexit: bool, pipefail: bool, depth: int) -> Heard:
        command = self.commands[number]
        if command.inner:
            return Heard(None, "its output is what is used")
        if command.condition:
            return Heard(None, "its exit status chooses a branch")
        item, group = number, command.group
        while True:
            verdict = self._in_list(item, group, errexit, pipefail)
            if verdict.lost and self._kept(number, item, group):
                return Heard(None, f"{verdict.why}, but what it prints is looked at later")
            if verdict.lost is not False or group == 0:
                return verdict
            around = self.groups[group]
            if around.parent < 0:
                return Heard(None, "its output is what is used")
            if around.kind == "function_definition":
                return self._called(around, number, errexit, pipefail, depth)
            item, group = ~group, around.parent

    def _called(self, function: Group, inside: int, errexit: bool, pipefail: bool, depth: int) -> Heard:
        """What becomes of a function's failure where it is called."""
        calls = self.calls.get(function.name, [])
        first = bisect_right(calls, inside)
        if first == len(calls) or depth > 3:
            return Heard(None, f"it stands in the function {function.name}, and whether that runs is not known")
        verdicts = [self.hears(call, errexit, pipefail, depth + 1) for call in calls[first : first + 20]]
        return next((verdict for verdict in verdicts if verdict.lost is False), verdicts[0])

    def _in_list(self, item: int, group: int, errexit: bool, pipefail: bool) -> Heard:
        items = self.groups[group].items
        at = self.place[item]
        if self._of(item).negated:
            return Heard(True, "! turns its exit status round")
        if self._of(item).after in ("|", "|&"):
            if not pipefail:
                return Heard(True, "it is piped on, and without pipefail only the last command of a pipe counts")
            while at + 1 < len(items) and self._of(items[at]).after in ("|", "|&"):
                at += 1
        after = self._of(items[at]).after
        if after == "&":
            waits = self.calls.get("wait", [-1])[-1] > self._first(item)
            return Heard(
                None if waits else True, "it runs in the background" + (", and is waited for" if waits else "")
            )
        if after == "||":
            return self._alternative(items, at + 1)
        if after == "&&":
            return self._and_list(items, at, group)
        return self._at_end(items, at, group, errexit)

    def _kept(self, number: int, item: int, group: int) -> bool:
        """Whether what a command prints goes into a file that a later command of the script is given."""
        items = self.groups[group].items
        at = self.place[item]
        pipe = [number]
        while at + 1 < len(items) and self._of(items[at]).after in ("|", "|&"):
            at += 1
            pipe += [items[at]] if items[at] >= 0 else []
        files = {each.target for n in pipe for each in self.commands[n].redirects if each.operator.startswith(">")}
        files |= {word for n in pipe if self.commands[n].program == "tee" for word in self.commands[n].words[1:]}
        files = {name for name in files if len(name) > 1 and not name.startswith(("-", "/dev/", "&"))}
        return any(self.given.find(name, self.given_at[max(pipe) + 1]) >= 0 for name in files)

    def _at_end(self, items: tuple[int, ...], at: int, group: int, errexit: bool) -> Heard:
        """Its failure is that of its statement: does the script go on?"""
        if at + 1 >= len(items):
            return _HEARD
        tested = self._tested(group)
        if errexit and not tested:
            return _HEARD
        if self.looked_at[self._first(items[at + 1])]:
            return Heard(None, f"{_goes_on(tested)} and may look at its exit status")
        return Heard(True, f"{_goes_on(tested)} after it fails")

    def _tested(self, group: int) -> bool:
        """Whether a group's exit status is looked at as a whole: the shell then does not stop within it."""
        while group:
            around = self.groups[group]
            if around.after in ("&&", "||") or around.condition or around.negated:
                return True
            group = around.parent
        return False

    def _of(self, item: int) -> Command | Group:
        return self.commands[item] if item >= 0 else self.groups[~item]

    def _first(self, item: int) -> int:
        return item if item >= 0 else min(self.groups[~item].first, len(self.commands))

    def _alternative(self, items: tuple[int, ...], start: int) -> Heard:
        """What follows `||`: only what ends with a failure of its own hands the failure on."""
        if start >= len(items):
            return Heard(None, "what follows || cannot be read")
        words = self._words(items[start])
        if _fails(words) or words in (("exit",), ("return",)):  # with the status of what failed
            return _HEARD
        if words[:1] and words[0] in _TALK and not self._fails_later(items, start):
            return Heard(True, f"|| {' '.join(words[:2])}".rstrip())
        return Heard(None, f"|| {words[0] if words else '…'} follows")

    def _words(self, item: int) -> tuple[str, ...]:
        """The words of a command; of a group, those that settle what it comes to."""
        if item >= 0:
            return self.commands[item].words
        items = self.groups[~item].items
        if (
            not items
            or any(inner < 0 for inner in items)
            or any(self._of(inner).after not in ("", "&&") for inner in items)
        ):
            return ()
        inner = [self.commands[each].words for each in items]
        if all(words[:1] and words[0] in _TALK for words in inner):
            return next((words for words in inner if words[0] in ("exit", "return")), inner[-1])
        return inner[-1] if _fails(inner[-1]) else ()

    def _fails_later(self, items: tuple[int, ...], start: int) -> bool:
        return any(_fails(self._words(each)) for each in items[start + 1 :])

    def _and_list(self, items: tuple[int, ...], at: int, group: int) -> Heard:
        """The first parts of an && list do not end the script; their failure counts only when the list is the last."""
        at = self.ends[items[at]]
        if self._of(items[at]).after == "||":
            return self._alternative(items, at + 1)
        if at + 1 >= len(items):
            return _HEARD
        return Heard(None, "it is not the last of an && list, and the script goes on after it")


def _goes_on(tested: bool) -> str:
    return "its group is followed by && or ||: the script goes on" if tested else "set +e: the script goes on"


_SET = regex(r"[-+][A-Za-z]*e")


def _options(words: tuple[str, ...], errexit: bool, pipefail: bool) -> tuple[bool, bool]:
    for word in words[1:]:
        if _SET.match(word) or (word == "errexit" and "-o" in words):
            errexit = not word.startswith("+")
    if "pipefail" in words:
        pipefail = not any(word.startswith("+") for word in words)
    return errexit, pipefail


def _fails(words: tuple[str, ...]) -> bool:
    return words[:1] == ("false",) or (words[:1] in (("exit",), ("return",)) and words[1:2] not in (("0",), ()))
