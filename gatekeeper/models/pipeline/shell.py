"""The commands of a shell script: what runs, on which line, and whether its failure is heard.

A splitter, not a shell: quotes, operators, here-documents, comments and control words are understood, expansions are
kept as written. GitHub's `${{ }}` is masked first, so that what stands inside decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gatekeeper.models.pipeline.expressions import found
from gatekeeper.node import regex

EXPRESSION = "\ue000"  # stands in a word where an expression or a command substitution stood

_RUN = regex(r"[^\s'\"\\`$&|;()<>]+")  # characters of a word that mean themselves
_OPERATORS = ("&&", "||", ";;", "|&", "<<-", "<<<", "<<", ">>", ">&", "<&", "&>", "|", "&", ";", "(", ")", "<", ">")
_REDIRECTS = frozenset({"<<<", ">>", ">&", "<&", "&>", "<", ">"})
_OPENERS = {"if": "fi", "for": "done", "while": "done", "until": "done", "case": "esac"}
_LEADING = frozenset({"then", "do", "else", "!", "{", "time"})
_NESTING = 3  # substitutions within substitutions that are looked into
_SIZE = 200_000  # characters of one script that are looked at


class Command(NamedTuple):
    """One simple command. `before` and `after` are the operators around it; `line` counts from 0 in the script.

    `condition`: it stands between `if` and `then`, so its failure chooses a branch; `branch`: whether it runs at all
    depends on such a choice. `assigned` are the variables set before it, `inputs` the files read by `<`. `inner`: it
    stands in a substitution, so its output is what is wanted.
    """

    words: tuple[str, ...]
    line: int
    before: str = ""
    after: str = ""
    condition: bool = False
    branch: bool = False
    assigned: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    inner: bool = False


class _Token(NamedTuple):
    text: str
    line: int
    operator: bool
    inner: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def commands(script: str) -> tuple[Command, ...]:
    """The commands of a script in their order. Never raises."""
    return tuple(_read(_masked(script[:_SIZE]), 0))


def _masked(script: str) -> str:
    """The script with each `${{ }}` as one character, its line breaks kept."""
    parts: list[str] = []
    at = 0
    for start, end, _ in found(script):
        parts += [script[at:start], EXPRESSION, "\n" * script.count("\n", start, end)]
        at = end
    return "".join((*parts, script[at:]))


def _read(script: str, depth: int) -> list[Command]:
    return _grouped(_tokens(script), depth)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    pending: list[str] = []  # here-documents whose bodies start on the next line
    at = line = 0
    size = len(text)
    while at < size:
        char = text[at]
        if char == "\n":
            tokens.append(_Token("\n", line, True))
            at, line = at + 1, line + 1
            while pending:
                at, line = _skip_document(text, at, line, pending.pop(0))
        elif char in " \t\r":
            at += 1
        elif text.startswith("\\\n", at):
            at, line = at + 2, line + 1
        elif text.startswith("\\\r\n", at):
            at, line = at + 3, line + 1
        elif char == "#":
            at = _end_of_line(text, at)
        else:
            operator = next((o for o in _OPERATORS if text.startswith(o, at)), "") if char in "&|;()<>" else ""
            if operator in ("<<", "<<-"):
                word, at, line, _ = _word(text, _past_blanks(text, at + len(operator)), line)
                pending.append(word)
            elif operator and not (operator in "<>" and text.startswith("(", at + 1)):
                tokens.append(_Token(operator, line, True))
                at += len(operator)
            else:
                start = line
                word, at, line, inner = _word(text, at, line)
                tokens.append(_Token(word, start, False, inner))
    return tokens


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _skip_document(text: str, at: int, line: int, word: str) -> tuple[int, int]:
    while at < len(text):
        end = _end_of_line(text, at)
        body = text[at:end].strip()
        at, line = min(end + 1, len(text)), line + 1
        if body == word:
            break
    return at, line


def _word(text: str, at: int, line: int) -> tuple[str, int, int, tuple[str, ...]]:
    """One word from `at`, unquoted, and what stands in its substitutions, which the word holds as `EXPRESSION`."""
    parts: list[str] = []
    inner: list[str] = []
    size = len(text)
    start = at
    while at < size:
        char = text[at]
        if char in " \t\r\n" or (char in "&|;()<>" and at > start):
            break
        if char == "'":
            end = text.find("'", at + 1)
            end = size if end < 0 else end
            parts.append(text[at + 1 : end])
            at = end + 1
        elif char == '"':
            quoted, at = _double_quoted(text, at + 1, inner)
            parts.append(quoted)
        elif char == "\\":
            if not text.startswith("\\\n", at):
                parts.append(text[at + 1 : at + 2])
            at += 2
        elif char == "`" or text.startswith(("$(", "<(", ">("), at):
            at = _past_substitution(text, at, inner)
            parts.append(EXPRESSION)
        elif text.startswith("${", at):
            end = text.find("}", at)
            end = size if end < 0 else end + 1
            parts.append(text[at:end])
            at = end
        else:
            run = _RUN.match(text, at)
            parts.append(run[0] if run else char)
            at = run.end() if run else at + 1
    at = max(at, start + 1)
    return "".join(parts), at, line + text.count("\n", start, min(at, size)), tuple(inner)


def _double_quoted(text: str, at: int, inner: list[str]) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and at + 1 < len(text):
            if text[at + 1] != "\n":
                parts.append(text[at + 1])
            at += 2
        elif text[at] == "`" or text.startswith("$(", at):
            at = _past_substitution(text, at, inner)
            parts.append(EXPRESSION)
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts), at + 1


def _past_substitution(text: str, at: int, inner: list[str]) -> int:
    """The character after a `$( )` or backtick substitution; quotes inside are honoured."""
    if text[at] == "`":
        end = text.find("`", at + 1)
        end = len(text) if end < 0 else end
        inner.append(text[at + 1 : end])
        return end + 1
    depth = 0
    quote = ""
    at = begin = text.index("(", at)
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                inner.append(text[begin + 1 : at])
                return at + 1
        at += 1
    return len(text)


class _Reader:
    """Tokens to commands, with the control words that stand around them."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.found: list[Command] = []
        self.words: list[_Token] = []
        self.inputs: list[str] = []
        self.before = ""
        self.blocks: list[str] = []
        self.condition = 0

    def finish(self, operator: str) -> None:
        words = self._without_control()
        assigned: list[str] = []
        while words and _ASSIGNMENT.match(words[0].text):
            assigned.append(words.pop(0).text)
        if words or assigned:
            line = words[0].line if words else self.words[0].line
            for token in self.words:
                for script in token.inner if self.depth < _NESTING else ():
                    self.found += [c._replace(line=token.line, inner=True) for c in _read(script, self.depth + 1)]
            self.found.append(
                Command(
                    tuple(word.text for word in words), line, self.before, operator, self.condition > 0,
                    self.optional(), tuple(assigned), tuple(self.inputs),
                )
            )  # fmt: skip
            self.before = operator
        elif operator not in ("\n", ""):
            self.before = operator
        elif operator == "\n" and self.before not in ("&&", "||", "|"):
            self.before = "\n"
        self.words = []
        self.inputs = []

    def optional(self) -> bool:
        choices = sum(1 for block in self.blocks if block in ("fi", "esac"))
        return choices > (1 if self.condition else 0)

    def _without_control(self) -> list[_Token]:
        words = list(self.words)
        while words:
            word = words[0].text
            if word in ("then", "do"):
                self.condition = max(self.condition - 1, 0)
                words.pop(0)
            elif word in ("if", "while", "until", "elif"):
                if word != "elif":
                    self.blocks.append(_OPENERS[word])
                self.condition += 1
                words.pop(0)
            elif word in ("for", "case", "select", "function"):
                self.blocks.append({"for": "done", "select": "done", "case": "esac"}.get(word, ""))
                return []
            elif word in ("fi", "done", "esac"):
                if word in self.blocks:
                    while self.blocks.pop() != word:
                        pass
                words.pop(0)
            elif word in _LEADING or word == "}":
                words.pop(0)
            else:
                break
        return words


_ASSIGNMENT = regex(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


def _grouped(tokens: Sequence[_Token], depth: int) -> list[Command]:
    reader = _Reader(depth)
    skip = ""
    for token in tokens:
        if skip:
            if not token.operator and skip == "<":
                reader.inputs.append(token.text)
            skip = ""
            if not token.operator:
                continue
        if not token.operator:
            reader.words.append(token)
        elif token.text in _REDIRECTS:
            if reader.words and reader.words[-1].text.isdigit() and len(reader.words) > 1:
                reader.words.pop()
            skip = token.text
        elif token.text in ("(", ")") and len(reader.words) == 1 and token.text == "(":
            reader.words = []  # a function's name
        else:
            reader.finish("\n" if token.text in ("(", ")") else token.text)
    reader.finish("")
    return reader.found


class Heard(NamedTuple):
    """Whether the failure of a command goes unheard, and why. None: it depends on what the files do not say."""

    lost: bool | None
    why: str = ""


_HEARD = Heard(False)


def heard(script: Sequence[Command], errexit: bool, pipefail: bool) -> list[Heard]:
    """For each command of a script, whether its failure fails the script."""
    looked_at = [False] * (len(script) + 1)  # whether a later command may look at the exit status
    for index in range(len(script) - 1, -1, -1):
        words = script[index].words
        looked_at[index] = looked_at[index + 1] or _fails(words) or any("$" in word for word in words)
    found: list[Heard] = []
    for index, command in enumerate(script):
        found.append(_one(script, index, errexit, pipefail, looked_at))
        if command.words[:1] == ("set",):
            errexit, pipefail = _options(command.words, errexit, pipefail)
    return found


def _one(script: Sequence[Command], index: int, errexit: bool, pipefail: bool, looked_at: list[bool]) -> Heard:
    command = script[index]
    if command.inner:
        return Heard(None, "its output is what is used")
    if command.condition:
        return Heard(None, "its exit status chooses a branch")
    if command.after == "&":
        return Heard(True, "it runs in the background")
    end = index
    if command.after in ("|", "|&"):
        if not pipefail:
            return Heard(True, "it is piped on, and without pipefail only the last command of a pipe counts")
        while end + 1 < len(script) and script[end].after in ("|", "|&"):
            end += 1
    if script[end].after == "||":
        return _alternative(script, end + 1)
    if script[end].after == "&&":
        return _and_list(script, end)
    if errexit or end + 1 >= len(script):
        return _HEARD
    if looked_at[end + 1]:
        return Heard(None, "set +e: the script goes on and may look at its exit status")
    return Heard(True, "set +e: the script goes on after it fails")


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


def _alternative(script: Sequence[Command], start: int) -> Heard:
    """What follows `||`: only what ends with a failure of its own hands the failure on."""
    if start >= len(script):
        return Heard(None, "what follows || cannot be read")
    first = script[start]
    if _fails(first.words):
        return _HEARD
    if first.words and first.words[0] in ("true", ":", "echo", "printf", "exit", "return") and first.after != ";":
        return Heard(True, f"|| {' '.join(first.words[:2])}".rstrip())
    return Heard(None, f"|| {first.words[0] if first.words else '…'} follows")


def _and_list(script: Sequence[Command], index: int) -> Heard:
    """The first parts of an && list do not end the script; their failure counts only when the list is the last."""
    end = index
    while end < len(script) and script[end].after in ("&&", "|"):
        end += 1
    if end < len(script) and script[end].after == "||":
        return _alternative(script, end + 1)
    if end + 1 >= len(script):
        return _HEARD
    return Heard(None, "it is not the last of an && list, and the script goes on after it")
