"""Dockerfiles: their stages, what each inherits, and the stage that ships."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models import Subject, shell
from gatekeeper.models.base_images import UNKNOWN, BaseUser, user_of
from gatekeeper.models.image import ImageReference
from gatekeeper.node import Expression, Fault, Node, Source, Span, regex
from gatekeeper.parsers import dockerfile as parser
from gatekeeper.parsers.dockerfile import Instruction, parse

STAGES = 1_000  # more are no Dockerfile that somebody wrote, and every stage may inherit from all before it
LENGTH = 10_000  # of an expanded value: `ENV A=$A$A`, repeated, doubles it each time
DEPTH = 20  # of `${A:-${B:-...}}`

UNSET = "is not set in this file"  # why a variable's value is not known: the base image may set it

_TEMPLATE = regex(r"\{\{|\{%|<%|@@\w")
_TEMPLATE_NAME = regex(r"\.(j2|jinja2?|tmpl|tpl|template|erb|in|mustache|gotmpl)\Z", re.IGNORECASE)
_OTHER_NAME = regex(
    r"\.(dockerignore|md|txt|rst|adoc|sh|py|go|js|mjs|ts|tsx|rb|rs|java|kt|cs|php|lua|json|ya?ml|toml|xml|html|snap|lock|"
    r"vim|tmlanguage|png|svg|bak|orig|patch|diff)\Z",
    re.IGNORECASE,
)
_WINDOWS = regex(r"windows|nanoserver|servercore")
_HEREDOC_MARK = regex(r"\d*<<-?(?:\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|[^\s<>|&;()\"']{1,200})")
_VARIABLE = regex(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_PORTS = regex(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(\w+))?\Z")
_UID_OPTION = regex(r"(?:--uid=|-[A-Za-z]*u)(\d{1,10})\Z")


class User(NamedTuple):
    """What USER says, expanded. `uid` and `gid` are the numbers where numbers are written.

    `known` is False when it depends on something that only the build knows; `name` is then ''.
    """

    node: Node
    text: str
    name: str
    uid: int | None
    group: str
    gid: int | None
    known: bool

    @property
    def is_root(self) -> bool:
        """Root, or Windows' administrator. Says nothing when it is not known."""
        return self.uid == 0 or self.name == "root" or self.name.lower() == "containeradministrator"


class RunsAs(NamedTuple):
    """Whom a stage's image runs as, everything taken together: USER, the stages below, the base image.

    `kind` is `root`, `nonroot` or `unknown`; `uid` is None where only a name is known; `numeric` says whether the image
    names the user by number, which is all that Kubernetes' runAsNonRoot can verify (None when that is not known).
    """

    kind: str
    uid: int | None
    name: str
    numeric: bool | None
    at: Node
    why: str = ""


class Port(NamedTuple):
    """One EXPOSE: a port, or a range of them. A value that only the build knows is not `known`."""

    node: Node
    first: int
    last: int
    protocol: str
    known: bool = True


class Copy(NamedTuple):
    """A COPY or ADD: what it takes (no heredocs), expanded and as written, and the stage or image it takes it from."""

    instruction: Instruction
    sources: tuple[Node, ...]
    written: tuple[Node, ...]
    origin: Node | None


class Script(NamedTuple):
    """What a RUN or a HEALTHCHECK hands to the shell, and where any part of it stands."""

    instruction: Instruction
    parsed: shell.Script
    part: Callable[[int, int], Node]

    @property
    def node(self) -> Node:
        return self.part(0, len(self.parsed.text))


class Command(NamedTuple):
    """A simple command of a RUN, and where it stands. Without `script` it is of the JSON form: no shell sees it."""

    words: tuple[str, ...]
    env: tuple[str, ...]
    node: Node
    instruction: Instruction
    script: Script | None = None
    number: int = 0

    @property
    def program(self) -> str:
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def simple(self) -> shell.Command | None:
        """What else the shell sees of it: wrappers, redirections, what joins it to others."""
        return self.script.parsed.commands[self.number] if self.script else None

    @property
    def wrappers(self) -> tuple[str, ...]:
        return self.simple.wrappers if self.simple else ()

    def has(self, *options: str) -> bool:
        """Whether one of the options is given: `--name`, `--name=value`, or a letter among others (`-qy`)."""
        letters = {option[1] for option in options if len(option) == 2 and option[0] == "-"}
        for word in self.words[1:]:
            if word == "--":
                return False
            if word.partition("=")[0] in options:
                return True
            if word[:1] == "-" and word[1:2] not in ("", "-") and letters & set(word[1:]):
                return True
        return False

    @property
    def plain(self) -> list[str]:
        """Its words that are no options, without the program."""
        return [word for word in self.words[1:] if not word.startswith("-")]

    def at(self, number: int) -> Node:
        """The word of that number, with its place where that is known."""
        simple = self.simple
        if simple is None or self.script is None or number >= len(simple.parts):
            return self.node
        return self.script.part(simple.parts[number].start, simple.parts[number].end)


class Dockerfile(Subject):
    """A Dockerfile with at least one stage."""

    technology = "docker"
    example_path = "Dockerfile"

    def __init__(self, source: Source, instructions: list[Instruction], escape: str, tree: Tree) -> None:
        super().__init__(next(each for each in instructions if each.kind == "FROM").node)
        self.source = source
        self.instructions = instructions
        self.escape = escape
        self.tree = tree
        self.globals, self.stages = _stages(self, instructions)

    @property
    def final(self) -> Stage:
        """The stage that ships when nobody names a target: the last."""
        return self.stages[-1]

    def target(self, name: str) -> Stage | None:
        """The stage that `--target name` builds: by alias, or by number."""
        return _find(self.stages, name) or next((s for s in self.stages if str(s.index) == name), None)

    @property
    def ignore_file(self) -> str | None:
        """The path of the ignore file that a build with it may use: beside its context, wherever that begins."""
        own = f"{self.path}.dockerignore"
        return own if own in self.tree else self.near(".dockerignore")

    @property
    def folder(self) -> str:
        """The folder it lies in, '' for the root."""
        return self.path.rpartition("/")[0]

    def near(self, name: str) -> str | None:
        """The path of the file `name` in its folder, or in the nearest folder above: where its build context may be."""
        folder = self.folder
        while True:
            path = posixpath.normpath(posixpath.join(folder, name))
            if path in self.tree:
                return path
            if not folder:
                return None
            folder = folder.rpartition("/")[0]

    def text_of(self, path: str) -> str | None:
        """The text of another file of the repository; None when it cannot be read."""
        try:
            return self.tree.source(path).text if path in self.tree else None
        except Unreadable:
            return None


class Stage(Subject):
    """One stage: a FROM and what follows it. Inherits from the stage it is built from."""

    technology = "docker"
    example_path = "Dockerfile"

    def __init__(self, dockerfile: Dockerfile, index: int, begin: Instruction) -> None:
        super().__init__(begin.node)
        self.dockerfile = dockerfile
        self.index = index
        self.begin = begin
        self.body: list[Instruction] = []
        words = begin.words
        self.alias = words[2].text if len(words) > 2 and words[1].text.upper() == "AS" else ""

    @property
    def name(self) -> str:
        return f"{self.path}:{self.alias or self.index}"

    @property
    def ships(self) -> bool:
        return self.dockerfile.final is self

    @property
    def previous(self) -> list[Stage]:
        """The stages before it: what it may be built or copy from."""
        return self.dockerfile.stages[: self.index]

    @cached_property
    def image(self) -> Node:
        """What stands after FROM, expanded; not known when it depends on an ARG without a default."""
        if not self.begin.words:
            return Node(Expression("FROM", "names no image"), self.begin.node.source, self.begin.node.span)
        word = self.begin.words[0]
        return _expanded(word, self.dockerfile.globals.value, self.dockerfile.escape)

    @cached_property
    def base(self) -> Stage | ImageReference | Expression:
        """The stage of this file or the image that it is built from."""
        expression = self.image.expression
        if expression:
            return expression
        return _find(self.previous, self.image.text) or ImageReference.parse(self.image.text)

    @cached_property
    def lineage(self) -> tuple[Stage, ...]:
        """The stage itself and those it inherits from, nearest first."""
        found = [self]
        while isinstance(base := found[-1].base, Stage):
            found.append(base)
        return tuple(found)

    @property
    def root_image(self) -> ImageReference | Expression:
        """The image at the bottom of its lineage."""
        base = self.lineage[-1].base
        assert not isinstance(base, Stage)
        return base

    @property
    def pulls(self) -> bool:
        """It is built from an image, not from a stage of this file or from nothing."""
        base = self.base
        return not isinstance(base, Stage) and not (isinstance(base, ImageReference) and base.is_scratch)

    @property
    def platform(self) -> Node | None:
        return self.begin.flag("platform")

    def instructions(self, kind: str = "") -> list[Instruction]:
        """Its own instructions in order, those of one kind or all; without FROM."""
        return [each for each in self.body if not kind or each.kind == kind]

    def last(self, kind: str) -> tuple[Stage, Instruction] | None:
        """The last instruction of a kind in its lineage, its own first, and the stage that holds it."""
        for stage in self.lineage:
            for each in reversed(stage.body):
                if each.kind == kind:
                    return stage, each
        return None

    # values

    @cached_property
    def _variables(self) -> _Variables:
        variables = _Variables()
        for stage in reversed(self.lineage[1:]):
            stage._variables  # noqa: B018  # from the bottom up: a long lineage must not become a deep recursion
        self.__dict__["_variables"] = variables  # an ENV may refer to the one before it
        for position, each in enumerate(self.body):
            if each.kind in ("ENV", "ARG"):
                for pair in each.pairs:
                    value = self._assigned(each, pair.name, pair.value, position)
                    variables.set(position, pair.name, value, env=each.kind == "ENV")
        return variables

    def _assigned(self, instruction: Instruction, name: str, value: Node | None, position: int) -> str | Expression:
        if value is not None:
            return expand(value.text, lambda other: self._value(other, position), self.dockerfile.escape)
        known = self.dockerfile.globals.value(name)
        return Expression(f"${{{name}}}", "has no default") if known is None else known

    def _value(self, name: str, position: int) -> str | Expression | None:
        found = self._variables.get(name, position)
        for stage in self.lineage[1:]:
            if found is not None:
                break
            found = stage._variables.get(name, len(stage.body))
        return found

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {id(each): position for position, each in enumerate(self.body)}

    def expanded(self, node: Node, instruction: Instruction) -> Node:
        """A value of one of its instructions with ARG defaults and ENV put in, and without quotes."""
        position = self._positions.get(id(instruction), len(self.body))
        return _expanded(node, lambda name: self._value(name, position), self.dockerfile.escape)

    def variable(self, name: str, instruction: Instruction) -> str | Expression | None:
        """What an ARG or ENV holds at one of its instructions; None when nothing in this file sets it."""
        return self._value(name, self._positions.get(id(instruction), len(self.body)))

    @cached_property
    def env(self) -> dict[str, Node]:
        """What ENV sets in it and in the stages it inherits from, expanded."""
        found: dict[str, Node] = {}
        for stage in reversed(self.lineage):
            for each in stage.instructions("ENV"):
                for pair in each.pairs:
                    if pair.value is not None:
                        found[pair.name] = stage.expanded(pair.value, each)
        return found

    @property
    def args(self) -> dict[str, Node | None]:
        """Its own ARGs and their defaults as written."""
        return {pair.name: pair.value for each in self.instructions("ARG") for pair in each.pairs}

    # whom it runs as

    @cached_property
    def user(self) -> User | None:
        """The last USER of the lineage; None when there is none."""
        found = self.last("USER")
        if not found:
            return None
        stage, instruction = found
        written = instruction.arguments
        end = _before_colon(written.text)
        group_node = stage.expanded(instruction.part(end + 1, len(written.text)), instruction)
        group = group_node.text if group_node.known and end < len(written.text) else ""
        node = stage.expanded(written if end == len(written.text) else instruction.part(0, end), instruction)
        if not node.known:
            return User(node, written.text, "", None, group, _id(group), False)
        name, _, inner = node.text.partition(":")  # a variable may hold both
        group = group or inner
        node = Node(node.text, written.source, written.span)
        return User(node, f"{name}:{group}" if group else name, name, _id(name), group, _id(group), bool(name))

    @property
    def base_user(self) -> BaseUser:
        """The configured user of the image at the bottom, where that is known."""
        image = self.root_image
        return UNKNOWN if isinstance(image, Expression) else user_of(image)

    @cached_property
    def runs_as(self) -> RunsAs:
        """Whom its image runs as."""
        user = self.user
        if user is None:
            return self._inherited()
        if not user.known:
            expression = user.node.expression
            return RunsAs("unknown", None, "", None, user.node, str(expression.reason if expression else "is empty"))
        uid = user.uid if user.uid is not None else self.creates_user(user.name)
        if user.is_root or uid == 0:
            return RunsAs("root", 0, user.name, user.uid is not None, user.node, f"USER {user.text}")
        return RunsAs("nonroot", uid, user.name, user.uid is not None, user.node, f"USER {user.text}")

    def _inherited(self) -> RunsAs:
        base = self.base_user
        bottom = self.lineage[-1]
        if base.kind == "unknown":
            return RunsAs("unknown", None, "", None, bottom.image, "no USER, and the base image's is not known")
        numeric = None if base.name else True
        return RunsAs(base.kind, base.uid, base.name, numeric, bottom.image, "no USER")

    def creates_user(self, name: str) -> int | None:
        """The uid that a `useradd` or `adduser` of its lineage gives to `name`; None when none says."""
        for stage in self.lineage:
            for command in reversed(stage.commands):
                if command.program in ("useradd", "adduser", "usermod"):
                    words = stage._words(command)
                    uid = _uid_option(words[1:]) if name in words[1:] else None
                    if uid is not None:
                        return uid
        return None

    def _words(self, command: Command) -> list[str]:
        """The words of a command; those that hold a variable expanded where that is known."""
        words: list[str] = []
        for word in command.words:
            if "$" in word:
                node = self.expanded(Node(word, command.node.source, command.node.span), command.instruction)
                word = node.text if node.known else word
            words.append(word)
        return words

    # what it does

    @cached_property
    def scripts(self) -> list[Script]:
        """What its own RUN instructions hand to a shell; one that cannot be read says why."""
        found: list[Script] = []
        for each in self.body:
            if each.kind == "RUN":
                why, pipefail = self._shell_of(each)
                found.extend(_scripts(each, why, pipefail))
        return found

    def _shell_of(self, instruction: Instruction) -> tuple[str, bool]:
        """Why the shell form of an instruction is no script for a POSIX shell ('' when it is), and its pipefail."""
        words = self._shell_words(instruction)
        if words is None:
            return ("the shell of a Windows image is cmd", False) if self.windows else ("", False)
        name = re.split(r"[/\\]", words[0].lower())[-1].removesuffix(".exe") if words else ""
        if name in shell.SHELLS:
            return "", any(word == "pipefail" or word.endswith("o=pipefail") for word in words)
        return f"the shell of this instruction is {name[:20] or 'not known'}", False

    def _shell_words(self, instruction: Instruction) -> tuple[str, ...] | None:
        position = self._positions.get(id(instruction), len(self.body))
        own = [each for each in self.body[:position] if each.kind == "SHELL"]
        if own:
            return tuple(word.text for word in own[-1].strings or ())
        for stage in self.lineage[1:]:
            inherited = stage.instructions("SHELL")
            if inherited:
                return tuple(word.text for word in inherited[-1].strings or ())
        return None

    @cached_property
    def windows(self) -> bool:
        """Whether it is built upon an image of Windows, by the image's name."""
        image = self.root_image
        text = image.text if isinstance(image, ImageReference) else ""
        return bool(_WINDOWS.search(text)) or self.dockerfile.escape == "`"

    def unread(self, *words: str) -> Iterator[tuple[Node, str]]:
        """The scripts that hold one of the words and cannot be read, and why: a rule about the words cannot judge."""
        for script in self.scripts:
            if script.parsed.why and any(word in script.parsed.text for word in words):
                yield script.instruction.node, script.parsed.why

    @cached_property
    def commands(self) -> list[Command]:
        """The simple commands of its own RUN instructions."""
        return [command for each in self.instructions("RUN") for command in self._by_run[id(each)]]

    @cached_property
    def _by_run(self) -> dict[int, list[Command]]:
        found = {id(each): [*_json_command(each)] for each in self.instructions("RUN")}
        for script in self.scripts:
            found[id(script.instruction)] += _commands([script])
        return found

    def commands_of(self, run: Instruction) -> list[Command]:
        """The simple commands of one of its RUN instructions."""
        return self._by_run.get(id(run), [])

    @cached_property
    def health_commands(self) -> list[Command]:
        """The commands of the HEALTHCHECK in force; none where its script cannot be read."""
        found = self.last("HEALTHCHECK")
        if not found or self.healthcheck is None:
            return []
        stage, instruction = found
        words = instruction.arguments.text.split(None, 1)
        if len(words) < 2 or words[0].upper() != "CMD":
            return []
        start = instruction.arguments.text.index(words[1])
        inner = instruction.inner(start)
        if inner.strings is not None:
            return list(_json_command(inner))
        why, _ = stage._shell_of(instruction)
        return list(_commands(_scripts(inner, why, False)))

    @cached_property
    def copies(self) -> list[Copy]:
        """Its own COPY and ADD instructions."""
        found: list[Copy] = []
        for each in self.body:
            if each.kind in ("COPY", "ADD"):
                words = [word for word in each.words[:-1] if not (each.heredocs and word.text.startswith("<<"))]
                sources = tuple(self.expanded(word, each) for word in words)
                found.append(Copy(each, sources, tuple(words), each.flag("from")))
        return found

    def manifest(self, name: str) -> str | None:
        """The path of the file `name` (`package.json`) that it copies in, as far as the build context can be told."""
        for stage in self.lineage:
            for copy in stage.copies:
                for source in copy.sources:
                    if copy.origin is None and source.known and fnmatchcase(name, posixpath.basename(source.text)):
                        found = self.dockerfile.near(posixpath.join(posixpath.dirname(source.text).lstrip("/"), name))
                        if found:
                            return found
        return self.dockerfile.near(name)

    @cached_property
    def healthcheck(self) -> Instruction | None:
        """The HEALTHCHECK in force; None when there is none, or the last says NONE."""
        found = self.last("HEALTHCHECK")
        return None if not found or found[1].arguments.text.upper() == "NONE" else found[1]

    @property
    def entrypoint(self) -> Instruction | None:
        found = self.last("ENTRYPOINT")
        return found[1] if found else None

    @property
    def cmd(self) -> Instruction | None:
        """The CMD in force: an ENTRYPOINT clears the one that was inherited."""
        for stage in self.lineage:
            own = stage.instructions("CMD")
            if own:
                return own[-1]
            if stage.instructions("ENTRYPOINT"):
                return None
        return None

    @cached_property
    def own_ports(self) -> tuple[Port, ...]:
        """The ports of its own EXPOSE instructions."""
        exposes = self.instructions("EXPOSE")
        return tuple(port for each in exposes for word in each.words for port in _ports(self.expanded(word, each)))

    @cached_property
    def exposed(self) -> tuple[Port, ...]:
        """The ports of EXPOSE in its lineage."""
        return tuple(port for stage in reversed(self.lineage) for port in stage.own_ports)


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The Dockerfile and its stages. Files that only have the word in their name are left alone."""
    if _OTHER_NAME.search(source.path) and not re.match(
        r"\s*(#[^\n]*\n\s*)*(FROM|ARG)\s", source.text[:2000], re.IGNORECASE
    ):
        return
    read = source.once(parse)
    template = _template(source, read)
    if template:
        yield Fault(source, template, "a template: what it becomes is not known", "template-unrendered", "docker")
        return
    yield from read.faults
    stages = sum(1 for each in read.instructions if each.kind == "FROM")
    if stages > STAGES:
        yield Fault(source, source.line_span(1), f"more than {STAGES} stages", technology="docker")
    elif stages:
        dockerfile = Dockerfile(source, read.instructions, read.escape, tree)
        yield dockerfile
        yield from dockerfile.stages


def _template(source: Source, read: parser.Dockerfile) -> Span | None:
    """Where it shows that something else makes the Dockerfile of this text; None when it is one."""
    if _TEMPLATE_NAME.search(source.path) and _TEMPLATE.search(source.text):
        return source.line_span(1)
    for each in read.instructions:
        if each.kind == "FROM" and _TEMPLATE.search(each.node.text):
            return each.node.span
    marks = (fault.span for fault in read.faults if _TEMPLATE.match(source.line(fault.span.line).lstrip()))
    return next(marks, None)


def _stages(dockerfile: Dockerfile, instructions: list[Instruction]) -> tuple[_Variables, list[Stage]]:
    variables = _Variables()
    stages: list[Stage] = []
    for each in instructions:
        if each.kind == "FROM":
            stages.append(Stage(dockerfile, len(stages), each))
        elif stages:
            stages[-1].body.append(each)
        elif each.kind == "ARG":
            for pair in each.pairs:
                value: str | Expression = Expression(f"${{{pair.name}}}", "has no default")
                if pair.value is not None:
                    value = expand(pair.value.text, variables.value, dockerfile.escape)
                variables.set(0, pair.name, value, env=False)
    return variables, stages


def _find(stages: list[Stage], alias: str) -> Stage | None:
    wanted = alias.lower()
    return next((stage for stage in reversed(stages) if stage.alias and stage.alias.lower() == wanted), None)


def _before_colon(text: str) -> int:
    """Where the name ends in `name:group`; a colon inside `${A:-b}` does not end it."""
    depth = 0
    for at, char in enumerate(text):
        if char == ":" and not depth:
            return at
        depth += (char == "{") - (char == "}")
    return len(text)


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _uid_option(words: list[str]) -> int | None:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        match = _UID_OPTION.match(word)
        if match:
            return int(match[1])
        if word == "--uid" or re.fullmatch(r"-[A-Za-z]*u", word):
            return _id(following)
    return None


def _ports(node: Node) -> Iterator[Port]:
    if not node.known:
        yield Port(node, 0, 0, "", False)
        return
    match = _PORTS.match(node.text)
    if match:
        yield Port(node, int(match[1]), int(match[2] or match[1]), (match[3] or "tcp").lower())


def _scripts(run: Instruction, why: str, pipefail: bool) -> Iterator[Script]:
    """What an instruction hands to a shell: its text, the string of `["sh", "-c", "..."]`, the body of a heredoc."""
    strings = run.strings
    if strings is not None:
        words = [each.text for each in strings]
        if len(words) > 2 and words[0].rpartition("/")[2] in shell.SHELLS and words[1].endswith("c"):
            whole = strings[2]
            yield Script(run, shell.parse(whole.text), lambda start, end: whole)
        return
    text = _HEREDOC_MARK.sub(_blank, run.arguments.text) if run.heredocs else run.arguments.text
    outer = Script(run, _parsed(text, why, pipefail), run.part)
    first = next((command.program for command in outer.parsed.commands if command.words), "")
    if text.strip():
        yield outer
    fed = _feeds_a_shell(outer.parsed)
    for heredoc in run.heredocs:
        if first in shell.SHELLS or not first or fed:
            body = heredoc.body.text
            other = body.startswith("#!") and not re.match(r"#!\S*(/|env )\w*sh\b", body)
            because = why or ("the script is for another program" if other else "")
            yield Script(run, _parsed(body, because, pipefail and not first), heredoc.part)


def _feeds_a_shell(script: shell.Script) -> bool:
    """Whether what its first command reads goes through a pipe into a shell: `cat <<EOF | sh`."""
    return any(
        0 in pipe.parts[0] and any(script.commands[number].program in shell.SHELLS for number in pipe.parts[-1])
        for pipe in script.pipes
    )


def _parsed(text: str, why: str, pipefail: bool) -> shell.Script:
    return shell.Script(text, (), (), why) if why else shell.parse(text, pipefail)


def _blank(mark: re.Match[str]) -> str:
    return " " * len(mark[0])


def _json_command(run: Instruction) -> Iterator[Command]:
    words = tuple(each.text for each in run.strings or ())
    if words and not (len(words) > 2 and words[0].rpartition("/")[2] in shell.SHELLS and words[1].endswith("c")):
        yield Command(words, (), run.arguments, run)


def _commands(scripts: Iterable[Script]) -> Iterator[Command]:
    for script in scripts:
        for number, command in enumerate(script.parsed.commands):
            if command.words:
                place = script.part(command.start, command.end)
                yield Command(command.words, command.env, place, script.instruction, script, number)


class _Variables:
    """The ARGs and ENVs of a stage, each with the position from which it holds. ENV wins over ARG."""

    def __init__(self) -> None:
        self._env: dict[str, tuple[list[int], list[str | Expression]]] = {}
        self._arg: dict[str, tuple[list[int], list[str | Expression]]] = {}

    def set(self, position: int, name: str, value: str | Expression, *, env: bool) -> None:
        positions, values = (self._env if env else self._arg).setdefault(name, ([], []))
        positions.append(position)
        values.append(value)

    def get(self, name: str, position: int) -> str | Expression | None:
        for table in (self._env, self._arg):
            if name in table:
                positions, values = table[name]
                index = bisect_left(positions, position)
                if index:
                    return values[index - 1]
        return None

    def value(self, name: str) -> str | Expression | None:
        """The last value, wherever it was set."""
        return self.get(name, 1 << 60)


Lookup = Callable[[str], "str | Expression | None"]


def _expanded(node: Node, lookup: Lookup, escape: str) -> Node:
    text = node.text
    if not any(char in text for char in "$\"'" + escape):
        return node
    return Node(expand(text, lookup, escape), node.source, node.span, node.key)


def expand(text: str, lookup: Lookup, escape: str = "\\", depth: int = 0) -> str | Expression:
    """A word as BuildKit reads it: without quotes and escapes, variables put in; an Expression when it cannot be told.

    `lookup` answers None for a variable that nothing declares here: the base image may set it.
    """
    out: list[str] = []
    size = 0
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        piece: str | Expression = char
        step = 1
        if quote == "'":
            if char == "'":
                quote, piece = "", ""
        elif char == escape and at + 1 < len(text):
            piece, step = _escaped(text[at + 1], quote, escape), 2
        elif char == quote:
            quote, piece = "", ""
        elif char in "\"'" and not quote:
            quote, piece = char, ""
        elif char == "$":
            piece, step = _variable(text, at, lookup, escape, depth)
        if isinstance(piece, Expression):
            return piece
        out.append(piece)
        size += len(piece)
        if size > LENGTH:
            return Expression(text[:40], "becomes too long")
        at += step
    return "".join(out)


def _escaped(char: str, quote: str, escape: str) -> str:
    return char if not quote or char in ('"', "$", escape) else escape + char


def _variable(text: str, at: int, lookup: Lookup, escape: str, depth: int) -> tuple[str | Expression, int]:
    """The value of the variable at `at`, and how many characters name it."""
    braced = text.startswith("{", at + 1)
    match = _VARIABLE.match(text, at + 2 if braced else at + 1)
    if not match:
        return "$", 1
    if not braced:
        return _plain(match[0], lookup), match.end() - at
    end = _closing(text, match.end())
    if end < 0 or depth >= DEPTH:
        return Expression(text[at : at + 40], "cannot be read"), len(text) - at
    modifier = text[match.end() : end]
    return _modified(match[0], modifier, lookup, escape, depth), end + 1 - at


def _plain(name: str, lookup: Lookup) -> str | Expression:
    value = lookup(name)
    return Expression(f"${{{name}}}", UNSET) if value is None else value


def _modified(name: str, modifier: str, lookup: Lookup, escape: str, depth: int) -> str | Expression:
    if not modifier:
        return _plain(name, lookup)
    value = lookup(name)
    operator = modifier[: 2 if modifier[0] == ":" else 1]
    if operator in (":-", "-"):
        unset = value is None or (isinstance(value, Expression) and value.reason == "has no default")
        if unset or (operator == ":-" and value == ""):
            return expand(modifier[len(operator) :], lookup, escape, depth + 1)
        assert value is not None
        return value
    if operator in (":+", "+") and isinstance(value, str):
        return expand(modifier[len(operator) :], lookup, escape, depth + 1) if value or operator == "+" else ""
    return Expression(f"${{{name}{modifier}}}", "is known only at run time")


def _closing(text: str, at: int) -> int:
    """Where the brace closes that was opened before `at`; -1 when it does not."""
    depth = 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "{" and text[at - 1] == "$":
            depth += 1
        elif char == "}":
            depth -= 1
            if not depth:
                return at
        at += 1
    return -1
