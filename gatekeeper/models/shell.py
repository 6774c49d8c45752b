"""Shell scripts to the simple commands in them: which program runs with which words, and how they hang together.

`tree-sitter-bash` reads the script; nothing is run. Which commands a pipe joins is told from the order of the
operators, not from the tree: its grammar lets a redirection, and a pipe behind it, cover the whole `&&` list before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.node import regex

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

SIZE = 100_000  # characters of a script
DEPTH = 100  # of groups and substitutions within one another
NESTED = 3  # of scripts within scripts: `sh -c "sh -c ..."`
_MOST = {"|": 300, "(": 2_000, "<<": 300}  # more of them cost the parser a time that grows with their square

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})

_GROUPS = frozenset(
    {
        "subshell", "compound_statement", "if_statement", "while_statement", "for_statement", "c_style_for_statement",
        "case_statement", "function_definition",
    }
)  # fmt: skip
_THROUGH = frozenset(
    {
        "program", "list", "pipeline", "redirected_statement", "negated_command", "do_group", "elif_clause",
        "else_clause", "case_item", "variable_assignments", "ERROR",
    }
)  # fmt: skip
_COMMANDS = frozenset({"command", "declaration_command", "unset_command", "test_command", "variable_assignment"})
_JOINS = frozenset({"&&", "||"})
_TEST_PROGRAMS = (("[",), ("[[",), ("test",))
_ENDS = frozenset({";", "&", ";;", ";&", ";;&", "\n", "then", "do", "else", "elif", "in"})
_PIPES = frozenset({"|", "|&"})
_ASKS = frozenset({"if", "while", "until"})
_ANSWERS = frozenset({"then", "do"})
_PLAIN = frozenset({"word", "number", "raw_string", "test_operator"})  # nothing runs inside
_REDIRECTS = frozenset({"file_redirect", "herestring_redirect"})
_TESTS = frozenset({"binary_expression", "unary_expression", "parenthesized_expression", "negated_expression"})
_EXPANSIONS = frozenset(
    {
        "simple_expansion", "expansion", "command_substitution", "process_substitution", "arithmetic_expansion",
        "brace_expression",
    }
)  # fmt: skip
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_PARTS = frozenset({"command_name", "concatenation", "variable_assignment"})
_NOT_ASCII = regex(r"[^\x00-\x7f]")
_IN_QUOTES = regex(r"\\([$`\"\\\n])")
_ESCAPED = regex(r"\\(.)", 16)  # DOTALL
_JOINED_LINE = regex(r"\\\r?\n")
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=")
_SHELL_OPTION = regex(r"-[A-Za-z]*c\Z")
_SETS_O = regex(r"-[A-Za-z]*o\Z")

# Programs that run another: the options of theirs that take a value, and how many words of their own come before it.
WRAPPERS: dict[str, tuple[str, int]] = {
    "sudo": ("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --chroot", 0),
    "doas": ("-u -C", 0),
    "env": ("-u -C --unset --chdir", 0),
    "exec": ("-a", 0),
    "command": ("", 0),
    "builtin": ("", 0),
    "nohup": ("", 0),
    "time": ("-f -o", 0),
    "nice": ("-n --adjustment", 0),
    "ionice": ("-c -n", 0),
    "timeout": ("-s -k --signal --kill-after", 1),
    "stdbuf": ("-i -o -e", 0),
    "eatmydata": ("", 0),
    "fakeroot": ("", 0),
    "gosu": ("", 1),
    "su-exec": ("", 1),
    "xargs": ("-I -n -P -L -s -d -a -E --max-args --max-procs --delimiter --arg-file", 0),
}


class Word(NamedTuple):
    """A word without its quotes, and its place in the script. `literal`: the shell puts nothing into it."""

    text: str
    start: int
    end: int
    literal: bool


class Redirect(NamedTuple):
    """Where output goes, or input comes from: `>` `>>` `<` `<<` `<<<` `>&`, and the target as a word."""

    operator: str
    target: str
    literal: bool
    body: str = ""  # of a here-document


class Command(NamedTuple):
    """One simple command. `words` are without quotes, redirections and the assignments before it, which are `env`.

    `start` and `end` are its place in the script, from the program on: programs that run another (`sudo`, `env`,
    `exec`) are taken off and stand in `wrappers`. `within` is the number of the command whose words hold it in a
    substitution or as a script (-1: none); `before` and `after` are the operators that join it to what stands around
    it: `&&` `||` `|` `|&` `&`. `line` counts from 0. `condition`: its failure chooses a branch; `branch`: whether it
    runs depends on such a choice. `group` is the number of the group that it stands in.
    """

    words: tuple[str, ...]
    env: tuple[str, ...]
    start: int
    end: int
    parts: tuple[Word, ...] = ()
    wrappers: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    before: str = ""
    within: int = -1
    inline: bool = False  # in a substitution: its output becomes words
    after: str = ""
    line: int = 0
    condition: bool = False
    branch: bool = False
    negated: bool = False
    group: int = 0

    @property
    def inner(self) -> bool:
        """Whether it stands in words, of another command or of a loop, that its output becomes."""
        return self.within >= 0 or self.inline

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files it is given to read by `<`."""
        return tuple(each.target for each in self.redirects if each.operator == "<")

    @property
    def program(self) -> str:
        """Its first word without the folder."""
        return self.words[0].rpartition("/")[2] if self.words else ""


class Pipe(NamedTuple):
    """A pipe: the numbers of the commands of each part, and whether a failure before the last part counts."""

    parts: tuple[tuple[int, ...], ...]
    pipefail: bool


class Group(NamedTuple):
    """What stands between braces, in a loop, a branch or a function: its statements, and what it is itself part of.

    `items` are numbers of commands, and `~number` of the groups within. Number 0 is the script.
    """

    kind: str
    parent: int
    first: int  # the number of its first command
    name: str = ""  # of the function
    items: tuple[int, ...] = ()
    after: str = ""
    condition: bool = False
    negated: bool = False


class Script(NamedTuple):
    """A script that was read. `why` it could not be is '' when it could; then it has no commands."""

    text: str
    commands: tuple[Command, ...]
    pipes: tuple[Pipe, ...]
    why: str = ""
    pipefail: bool = False  # in force at its end
    groups: tuple[Group, ...] = ()


def commands(script: str) -> Iterator[Command]:
    """The simple commands of a script, in order, also those inside `$( )` and of `sh -c '...'`."""
    return iter(parse(script).commands)


def parse(script: str, pipefail: bool = False) -> Script:
    """A script's commands and pipes. Never raises; `pipefail` when the shell that runs it has it set."""
    return _parsed(script, _Reader(script, pipefail))


def outline(script: str, hole: str) -> Script:
    """The same, as far as it can be read: `why` it cannot be in whole may be set beside commands.

    Substitutions stand as `hole` in the words; programs that run another stay in them, and scripts that another shell
    is given are not read.
    """
    return _plain(script) or _parsed(script, _Reader(script, False, hole))


_PLAIN_SCRIPT = regex(r"[\w./:@,+%=\x1a \t\n-]+\Z")
_KEYWORDS = frozenset("if then else elif fi for while until do done case esac function select coproc in time".split())


def _plain(script: str) -> Script | None:
    """A script of words alone, as most are; None where there is more for the parser to see."""
    if len(script) > SIZE or not _PLAIN_SCRIPT.match(script):
        return None
    found: list[Command] = []
    start = 0
    for number, line in enumerate(script.split("\n")):
        words = tuple(line.split())
        if words:
            if "=" in words[0] or words[0] in _KEYWORDS:
                return None
            found.append(Command(words, (), start, start + len(line), line=number))
        start += len(line) + 1
    return Script(script, tuple(found), (), "", False, (Group("", -1, 0, "", tuple(range(len(found)))),))


def _parsed(script: str, reader: _Reader) -> Script:
    why = _too_much(script) or reader.read(0, len(script), 0)
    if why and why is not _BROKEN:
        return Script(script, (), (), why)
    return Script(script, tuple(reader.commands), tuple(reader.pipes), why, reader.pipefail, tuple(reader.groups))


_BROKEN = "a part of the script cannot be read as shell"


def _too_much(script: str) -> str:
    if len(script) > SIZE:
        return "the script is too long to be read"
    return next(
        (f"more than {most} {mark} in one script" for mark, most in _MOST.items() if script.count(mark) > most), ""
    )


_parser: list[Parser] = []


def _tree(text: bytes) -> Node:
    if not _parser:
        import tree_sitter
        import tree_sitter_bash

        _parser.append(tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language())))
    return _parser[0].parse(text).root_node


class _Level:
    """Commands between an opening and its close: the part of a pipe that is being read, and the pipe so far."""

    __slots__ = ("all", "branch", "condition", "group", "guarded", "items", "join", "negated", "outer", "part", "pipe")

    def __init__(self, group: int, condition: bool = False, branch: bool = False) -> None:
        self.part: list[int] = []
        self.pipe: list[tuple[int, ...]] = []
        self.all: list[int] = []
        self.join = ""
        self.group = group
        self.items: list[int] = []
        self.outer = condition  # it stands in a condition as a whole
        self.condition = condition
        self.branch = branch
        self.negated = False
        self.guarded = False  # `[ -f x ] &&` stands before it


class _Reader:
    """One walk through the tree of a script, in the order of its text."""

    def __init__(self, script: str, pipefail: bool, hole: str = "") -> None:
        self.script = script
        self.pipefail = pipefail
        self.hole = hole
        self.commands: list[Command] = []
        self.pipes: list[Pipe] = []
        self.groups: list[Group] = []
        self.base = 0
        self.line = 0

    def read(self, start: int, end: int, nested: int, within: int = -1) -> str:
        """Read a stretch of the text as a script of its own; why it cannot be read."""
        text = self.script[start:end]
        self.base = start
        self.line = self.script.count("\n", 0, start)
        root = _tree(_one_byte_each(text))
        if root.has_error and not self.hole:
            return "the script cannot be read as shell"
        first = len(self.commands)
        why = self._level(root, 0, within, False)
        if not why and not self.hole and nested < NESTED:
            why = self._inner_scripts(first, nested)
        return why or (_BROKEN if root.has_error else "")

    def _inner_scripts(self, first: int, nested: int) -> str:
        """Scripts that a shell is given by `-c`, where they are quoted so that their text is what the shell reads."""
        for number in range(first, len(self.commands)):
            command = self.commands[number]
            at = _script_word(command)
            if at is None:
                continue
            word = command.parts[at]
            inside = self.script[word.start + 1 : word.end - 1]
            if self.script[word.start] not in "'\"" or inside != word.text:
                continue
            outer, self.pipefail = self.pipefail, _has_pipefail(command.words[:at])
            if self.read(word.start + 1, word.end - 1, nested + 1, number):
                return "a script within the script cannot be read as shell"
            self.pipefail = outer
        return ""

    def _text(self, node: Node) -> str:
        return self.script[self.base + node.start_byte : self.base + node.end_byte]

    # structure

    def _level(self, top: Node, depth: int, within: int, inline: bool) -> str:
        """Everything below a node that holds statements."""
        if depth > DEPTH:
            return "the script is nested too deep"
        self.groups.append(Group("", -1, len(self.commands)))
        levels = [_Level(len(self.groups) - 1)]
        stack: list[Node | None] = list(reversed(top.children))
        while stack:
            node = stack.pop()
            if node is None:
                self._close(levels)
                continue
            kind = node.type
            if kind in _COMMANDS:
                why = self._command(node, levels[-1], depth, within, inline)
                if why:
                    return why
            elif kind in _GROUPS:
                if len(levels) > DEPTH:
                    return "the script is nested too deep"
                stack.append(None)
                levels.append(self._opened(node, kind, levels[-1]))
                stack.extend(reversed(node.children))
            elif kind in _THROUGH:
                if kind == "case_item":
                    self._end(levels[-1])
                    stack.extend(reversed([each for each in node.children if each.type != "|"]))
                else:
                    stack.extend(reversed(node.children))
            else:
                why = self._leaf(node, kind, levels[-1], stack, depth, within, inline)
                if why:
                    return why
        self._close(levels)
        return ""

    def _opened(self, node: Node, kind: str, outer: _Level) -> _Level:
        named = node.child_by_field_name("name") if kind == "function_definition" else None
        name = self._text(named) if named else ""
        first, condition = len(self.commands), outer.condition
        self.groups.append(Group(kind, outer.group, first, name, (), "", condition, outer.negated))
        outer.negated = False
        branch = outer.branch or outer.guarded or kind == "case_statement"
        return _Level(len(self.groups) - 1, condition, branch)

    def _leaf(
        self, node: Node, kind: str, level: _Level, stack: list[Node | None], depth: int, within: int, inline: bool
    ) -> str:
        if kind in _JOINS:
            self._end(level, kind)
            self._followed_by(level, kind)
            last = self.commands[level.items[-1]] if level.items and level.items[-1] >= 0 else None
            level.guarded = level.guarded or (last is not None and last.words[:1] in _TEST_PROGRAMS)
        elif kind in _PIPES:
            level.pipe.append(tuple(level.part))
            level.part, level.join = [], kind
            self._followed_by(level, kind)
        elif kind in _ENDS:
            self._end(level, ";")
            level.guarded = False
            if kind == "&":
                self._followed_by(level, kind)
            elif kind in _ANSWERS:
                level.condition = level.outer
                level.branch = level.branch or kind == "then"
            elif kind == "elif":
                level.condition = True
        elif kind in _ASKS:
            level.condition = True
        elif kind == "!":
            level.negated = True
        elif kind in _REDIRECTS:
            return self._redirect(node, level, depth, within, inline)
        elif kind == "heredoc_redirect":
            return self._heredoc(node, level.all[-1] if level.all else -1, stack, depth)
        elif node.is_named and kind != "comment":
            return self._substitutions(node, within, depth)
        return ""

    def _followed_by(self, level: _Level, operator: str) -> None:
        last = level.items[-1] if level.items else None
        if last is not None and last >= 0:
            self.commands[last] = self.commands[last]._replace(after=operator)
        elif last is not None:
            self.groups[~last] = self.groups[~last]._replace(after=operator)

    def _end(self, level: _Level, join: str = "") -> None:
        """The end of a pipe, which most often has one part."""
        if level.pipe:
            self.pipes.append(Pipe((*level.pipe, tuple(level.part)), self.pipefail))
        level.part, level.pipe, level.join = [], [], join

    def _close(self, levels: list[_Level]) -> None:
        done = levels.pop()
        self._end(done)
        self.groups[done.group] = self.groups[done.group]._replace(items=tuple(done.items))
        if levels:
            levels[-1].items.append(~done.group)
            levels[-1].part += done.all
            levels[-1].all += done.all
            levels[-1].join = ""

    # commands

    def _command(self, node: Node, level: _Level, depth: int, within: int, inline: bool) -> str:
        if node.type == "variable_assignment":
            number = self._made([], [self._word(node).text], node, level, within, inline)
            return self._substitutions(node, number, depth)
        nodes = _arguments(node) if node.type == "test_command" else node.children
        for line in self._lines(nodes):
            words, env, more = self._words(line, node.type == "command")
            number = self._made(words, env, line[0], level, within, inline)
            for child in more:
                redirects = child.type in _REDIRECTS
                why = (
                    self._redirect(child, level, depth, within, inline)
                    if redirects
                    else self._substitutions(child, number, depth)
                )
                if why:
                    return why
        return ""

    def _words(self, nodes: list[Node], assigns: bool) -> tuple[list[Word], list[str], list[Node]]:
        """The words of a command, its assignments, and the nodes in which there may be more: commands, redirections."""
        words: list[Word] = []
        env: list[str] = []
        more: list[Node] = []
        base, script = self.base, self.script
        for child in nodes:
            kind = child.type
            if kind == "command_name" and child.child_count == 1:
                child = child.children[0]
                kind = child.type
            if kind not in _PLAIN:
                more.append(child)
            if kind == "variable_assignment" and assigns and not words:
                env.append(self._word(child).text)
                continue
            start, end = base + child.start_byte, base + child.end_byte
            if kind in _REDIRECTS or start == end:
                continue
            text, literal = script[start:end], True
            if kind not in _PLAIN or "\\" in text or text[0] == "'":
                text, literal = self._bare(child)
            if words and words[-1].end == start:  # the grammar parts `$A/b/$B` in two
                last = words.pop()
                text, start, literal = last.text + text, last.start, literal and last.literal
            words.append(Word(text, start, end, literal))
        return words, env, more

    def _lines(self, nodes: list[Node]) -> list[list[Node]]:
        """The nodes by the lines that they stand on: behind a pipe the grammar takes the next line's words along."""
        if nodes and nodes[0].end_point[0] == nodes[-1].start_point[0]:
            return [nodes]
        found: list[list[Node]] = []
        for node in nodes:
            if found and "\n" not in self._gap(found[-1][-1], node):
                found[-1].append(node)
            else:
                found.append([node])
        return found

    def _gap(self, before: Node, after: Node) -> str:
        """What stands between two nodes, without the line breaks that a backslash takes away."""
        if before.end_point[0] == after.start_point[0]:
            return ""
        return _JOINED_LINE.sub("", self.script[self.base + before.end_byte : self.base + after.start_byte])

    def _made(self, words: list[Word], env: list[str], node: Node, level: _Level, within: int, inline: bool) -> int:
        """Add a command; its number."""
        number = len(self.commands)
        if level.part and not level.join:
            self._end(level)
            level.guarded = False
        wrappers = () if self.hole else _unwrap(words, env)
        start = words[0].start if words else self.base + node.start_byte
        end = words[-1].end if words else self.base + node.end_byte
        texts = tuple([word.text for word in words])
        line = self.line + node.start_point[0]
        if env or wrappers:
            line = self.script.count("\n", 0, start)
        self.commands.append(
            Command(
                texts, tuple(env), start, end, tuple(words), wrappers, (), level.join, within, inline,
                "", line, level.condition, level.branch or level.guarded, level.negated, level.group,
            )
        )  # fmt: skip
        level.negated = False
        level.items.append(number)
        if texts[:1] == ("set",):
            self._set(texts)
        level.part.append(number)
        level.all.append(number)
        level.join = ""
        return number

    def _set(self, words: tuple[str, ...]) -> None:
        for option, name in pairwise(words):
            if name == "pipefail":
                self.pipefail = bool(_SETS_O.match(option)) if option[:1] == "-" else False

    def _redirect(self, node: Node, level: _Level, depth: int, within: int, inline: bool) -> str:
        """`> file`. The grammar takes the words behind the file along; they are the command's, or the next line's."""
        number = level.all[-1] if level.all else -1
        children = [child for child in node.children if child.type != "file_descriptor"]
        operator = children[0].type if children else ""
        lines = self._lines(children[1:])
        targets = lines[0] if lines else []
        target = self._word(targets[0]) if targets else Word("", 0, 0, True)
        self._redirected(number, Redirect(operator, target.text, target.literal))
        for child in targets:
            why = self._substitutions(child, number, depth)
            if why:
                return why
        self._extended(number, [self._word(child) for child in targets[1:]])
        for line in lines[1:]:
            made = self._made([self._word(child) for child in line], [], line[0], level, within, inline)
            for child in line:
                why = self._substitutions(child, made, depth)
                if why:
                    return why
        return ""

    def _extended(self, number: int, words: list[Word]) -> None:
        if words and 0 <= number < len(self.commands):
            command = self.commands[number]
            parts = (*command.parts, *words)
            texts = tuple(word.text for word in parts)
            end = max(command.end, words[-1].end)
            self.commands[number] = command._replace(words=texts, parts=parts, end=end)

    def _redirected(self, number: int, redirect: Redirect) -> None:
        if 0 <= number < len(self.commands):
            command = self.commands[number]
            self.commands[number] = command._replace(redirects=(*command.redirects, redirect))

    def _heredoc(self, node: Node, number: int, stack: list[Node | None], depth: int) -> str:
        """`<<EOF`: what else stands on its line belongs to the statement, its body may hold substitutions."""
        start = next((child for child in node.children if child.type == "heredoc_start"), None)
        body = next((self._text(child) for child in node.children if child.type == "heredoc_body"), "")
        self._redirected(number, Redirect("<<", self._text(start) if start else "", True, body))
        if number >= 0 and self.script[self.commands[number].end : self.base + node.start_byte].strip() == "-":
            at = self.base + node.start_byte - 2  # `kubectl apply -f - <<EOF`: the grammar leaves it out
            self._extended(number, [Word("-", at, at + 1, True)])
        rest: list[Node] = []
        for child in node.children:
            if child.type == "heredoc_body":
                why = self._substitutions(child, number, depth)
                if why:
                    return why
            elif child.type in ("<<", "<<-", "heredoc_start", "heredoc_end"):
                continue
            elif child.is_named and child.type not in _THROUGH | _GROUPS | _COMMANDS | _REDIRECTS:
                self._extended(number, [self._word(child)])  # `cat <<EOF - file`
            else:
                rest.append(child)
        stack.extend(reversed(rest))
        return ""

    def _substitutions(self, node: Node, number: int, depth: int) -> str:
        """The commands inside `$( )` and `<( )` of a node's words."""
        if "(" not in (text := self._text(node)) and "`" not in text:
            return ""
        stack = [node]
        while stack:
            each = stack.pop()
            if each.type in _SUBSTITUTIONS:
                why = self._level(each, depth + 1, number, each.type == "command_substitution")
                if why:
                    return why
            elif each.type != "raw_string":
                stack.extend(reversed(each.children))
        return ""

    # words

    def _word(self, node: Node) -> Word:
        text, literal = self._bare(node)
        return Word(text, self.base + node.start_byte, self.base + node.end_byte, literal)

    def _bare(self, node: Node) -> tuple[str, bool]:
        kind = node.type
        if kind in _PARTS:
            return self._joined(node)
        if self.hole and kind in _SUBSTITUTIONS:
            return self.hole, False
        text = self._text(node)
        if kind == "raw_string":
            return text[1:-1], True
        if kind == "word":
            return (_ESCAPED.sub(_unescaped, text) if "\\" in text else text), True
        if kind == "string":
            if self.hole and ("$(" in text or "`" in text):
                return self._quoted(node), False
            return _IN_QUOTES.sub(_unescaped, text[1:-1]), not _expands(node)
        if kind in ("ansi_c_string", "translated_string"):
            return text[2:-1], "\\" not in text and not _expands(node)
        if kind in _EXPANSIONS:
            return text, False
        return _ESCAPED.sub(_unescaped, text), True

    def _quoted(self, node: Node) -> str:
        """The text of a string with its substitutions left out."""
        pieces: list[str] = []
        at = node.start_byte + 1
        for child in node.children:
            if child.type in _SUBSTITUTIONS:
                pieces += (self.script[self.base + at : self.base + child.start_byte], self.hole)
                at = child.end_byte
        pieces.append(self.script[self.base + at : self.base + node.end_byte - 1])
        return _IN_QUOTES.sub(_unescaped, "".join(pieces))

    def _joined(self, node: Node) -> tuple[str, bool]:
        """The pieces of a word, with what the grammar leaves out between them."""
        if node.child_count == 1 and (only := node.children[0]).start_byte == node.start_byte:
            return self._bare(only)
        pieces: list[str] = []
        literal = True
        at = node.start_byte
        for child in node.children:
            if child.start_byte > at:
                pieces.append(self.script[self.base + at : self.base + child.start_byte])
            text, plain = self._bare(child)
            pieces.append(text)
            literal = literal and plain
            at = child.end_byte
        if not node.children:
            pieces.append(self._text(node))
        return "".join(pieces), literal


def _unescaped(match: re.Match[str]) -> str:
    inner = match[1]
    return "" if inner == "\n" else inner


def _one_byte_each(text: str) -> bytes:
    """The text with a byte for each character, so that places in one are places in the other."""
    return (text if text.isascii() else _NOT_ASCII.sub("_", text)).encode()


def _arguments(node: Node) -> list[Node]:
    """The operators and operands of a test."""
    found: list[Node] = []
    stack = list(reversed(node.children))
    while stack:
        each = stack.pop()
        if each.type in _TESTS:
            stack.extend(reversed(each.children))
        else:
            found.append(each)
    return found


def _expands(node: Node) -> bool:
    return any(child.type in _EXPANSIONS for child in node.children)


def _unwrap(words: list[Word], env: list[str]) -> tuple[str, ...]:
    """Take the programs that run another off the front."""
    found: list[str] = []
    while words:
        name = words[0].text.rpartition("/")[2]
        rule = WRAPPERS.get(name)
        at = _past_options(words, rule, env) if rule else 0
        if not at or at >= len(words):
            break
        found.append(name)
        del words[:at]
    return tuple(found)


def _past_options(words: list[Word], rule: tuple[str, int], env: list[str]) -> int:
    """Where the program begins that is run; 0 when the wrapper does something else (`command -v`)."""
    takes_value = rule[0].split()
    own = rule[1]
    set_here: list[str] = []
    at = 1
    while at < len(words):
        text = words[at].text
        if words[0].text == "command" and text in ("-v", "-V"):
            return 0
        if text == "--":
            at += 1
        elif text.startswith("-") and len(text) > 1:
            at += 2 if text in takes_value else 1
        elif _ASSIGNMENT.match(text) and words[0].text.rpartition("/")[2] in ("env", "sudo"):
            set_here.append(text)
            at += 1
        elif own:
            own -= 1
            at += 1
        else:
            break
    if at < len(words):
        env += set_here
    return at


def _script_word(command: Command) -> int | None:
    """Which word of `sh -c 'script'`, or of `eval 'script'`, is the script."""
    if command.program == "eval":
        return 1 if len(command.words) == 2 else None
    if command.program not in SHELLS and command.program not in ("su", "runuser"):
        return None
    options = enumerate(command.words)
    at = next((number + 1 for number, word in options if number and _SHELL_OPTION.match(word)), len(command.words))
    return at if at < len(command.words) else None


def _has_pipefail(words: tuple[str, ...]) -> bool:
    return any(_SETS_O.match(option) and name == "pipefail" for option, name in pairwise(words))
