"""What a rule is: one generator of findings about one type of subject, and the page and tests it carries with it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import msgspec

from gatekeeper.models import Place as Place
from gatekeeper.models import Spot as Spot
from gatekeeper.models import Subject
from gatekeeper.models import place as place
from gatekeeper.node import regex

if TYPE_CHECKING:
    from gatekeeper.project import Project
    from gatekeeper.settings import Owned

Severity = Literal["low", "medium", "high", "critical", "off"]
SEVERITIES: tuple[str, ...] = ("low", "medium", "high", "critical")


class Reason(StrEnum):
    """Why something is UNKNOWN: a closed list, printed as it stands."""

    NO_EVIDENCE = "no-evidence"
    STALE = "stale"
    WRONG_SUBJECT = "wrong-subject"
    UNBOUND = "unbound"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    TOOL_ERROR = "tool-error"
    SEVERITY_UNKNOWN = "severity-unknown"
    TEMPLATE_UNRENDERED = "template-unrendered"
    UNRESOLVED = "unresolved"
    NEEDS_API = "needs-api"
    NEEDS_HUMAN = "needs-human"
    ATTESTATION_EXPIRED = "attestation-expired"
    NOT_OWNED_HERE = "not-owned-here"
    UNSUPPORTED_TOOL = "unsupported-tool"


class Note(NamedTuple):
    """A second place that belongs to a finding, often in another file, and what is to be seen there."""

    at: Spot
    message: str


class Edit(NamedTuple):
    """New text for the characters at `at`; an empty span inserts."""

    at: Place
    text: str


class Fix(NamedTuple):
    """What to do about a finding, in words; with edits where they are certain. `safe` when behaviour is kept."""

    description: str
    edits: tuple[Edit, ...] = ()
    safe: bool = True


class Finding(NamedTuple):
    """One fault, at its place. The message names what is wrong here, not what the rule wants.

    `severity` is this fault's own where a rule reports what others graded (a scanner's results); else the rule's.
    """

    at: Spot
    message: str
    see: tuple[Note, ...] = ()
    fix: Fix | None = None
    severity: Severity | None = None


class Unknown(NamedTuple):
    """The rule cannot decide about this subject: why (of the closed list), and what would settle it."""

    at: Spot
    message: str
    reason: Reason = Reason.UNRESOLVED


class Measure(NamedTuple):
    """What was counted, in words for the Result column: `412 run, 0 failed`. `total` is of how many; 0 proves nothing.

    `made` is when the evidence was made, `binding` how it is bound to this commit.
    """

    at: Spot
    words: str
    total: int
    made: datetime.datetime | None = None
    binding: str = ""


Answer = Finding | Unknown | Measure


def absent(project: Project, what: Owned, words: str) -> Answer:
    """The answer for what this repository does not hold: `what` it owns and lacks is a fault; else nobody can tell.

    Absence here is not absence in reality: unless `owns` in the settings names it, it may well stand elsewhere.
    """
    if what in project.settings.owns:
        return Finding(project.repository, f"{words}; gatekeeper.yaml says that {what} belong here")
    where = project.settings.elsewhere.get(what)
    said = f"it is elsewhere ({where.where}): attest it" if where else f"say where: `owns` or `elsewhere`, {what}"
    return Unknown(project.repository, f"{words}; {said}", Reason.NOT_OWNED_HERE)


Check = Callable[..., Iterable[Answer] | None]
Where = Callable[..., bool]


class Example(NamedTuple):
    """A small repository that a rule must find fault with (`bad`), nothing in (`good`), or not know (`unknown`)."""

    verdict: str
    case: str
    files: tuple[tuple[str, str], ...]  # path, text


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A criterion and how it is judged. Stateless: all it knows of the repository comes in as arguments.

    `check(subject[, project])` yields findings and unknowns; `where(subject[, project])` says which subjects it means
    at all, so that the engine can count them; `types` are what their `type` is one of, where that is so: then no other
    is looked at. `aliases` are ids of other tools' checks that mean the same.
    """

    id: str
    title: str
    severity: Severity
    gate: str
    subject: type[Subject]
    check: Check
    where: Where | None = None
    types: frozenset[str] = frozenset()
    seed: str = ""
    aliases: tuple[str, ...] = ()
    fixable: bool = False
    document: str | Callable[[], str] = ""
    origin: str = ""

    @property
    def technology(self) -> str:
        return self.subject.technology

    @property
    def page(self) -> str:
        """Its docstring without the indentation. Made when asked for: an audit prints no pages."""
        from textwrap import dedent  # inspect.cleandoc would cost its import

        document = self.document() if callable(self.document) else self.document
        first, _, rest = document.partition("\n")
        return f"{first.strip()}\n{dedent(rest).rstrip()}\n"

    @property
    def why(self) -> str:
        """What its page says between the title and the first example."""
        _, _, rest = self.page.partition("\n")
        return re.split(r"^(?:Bad|Good|Unknown)\b.*:", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()

    @property
    def per_file(self) -> bool:
        """Whether it can judge by its subject alone: neither its check nor its `where` must have the project."""
        functions = [function for function in (self.check, self.where) if function]
        return not any(takes_project(function) and not function.__defaults__ for function in functions)

    def examples(self) -> list[Example]:
        return list(read_examples(self.page, self.subject.example_path))


def takes_project(function: Callable[..., object]) -> bool:
    """Whether it wants the project as its second argument."""
    return int(function.__code__.co_argcount) > 1


_ID = regex(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def rule(
    id: str,
    *,
    gate: str,
    severity: Severity,
    seed: str = "",
    aliases: Iterable[str] = (),
    where: Where | None = None,
    types: Iterable[str] = (),
    fixable: bool = False,
) -> Callable[[Check], Rule]:
    """Make a rule of a generator. Its first parameter's annotation is the subject; its docstring is its page.

    The docstring's first line is the title, in the positive ("The image runs as a user other than root."); then why it
    matters; then examples (see `read_examples`).
    """

    def make(check: Check) -> Rule:
        document = check.__doc__ or ""
        title = document.partition("\n")[0]
        return build(
            id=id, title=title.strip().rstrip("."), severity=severity, gate=gate, subject=_subject_of(check),
            check=check, where=where, types=frozenset(types), seed=seed, aliases=tuple(aliases), fixable=fixable,
            document=document,
        )  # fmt: skip

    return make


def build(**fields: Any) -> Rule:
    """A rule from its fields. Raises ValueError, naming the rule, when one of them cannot be right."""
    made = Rule(**fields)
    if not _ID.match(made.id):
        raise ValueError(f"rule id {made.id!r}: lower-case words joined by '-'")
    if made.severity not in get_args(Severity):
        raise ValueError(f"rule {made.id}: severity {made.severity!r} is none of {', '.join(get_args(Severity))}")
    if not made.title:
        raise ValueError(f"rule {made.id}: a page starts with its title")
    return made


def _subject_of(check: Check) -> type[Subject]:
    from typing import get_type_hints

    names = check.__code__.co_varnames[: check.__code__.co_argcount]
    hint = check.__annotations__.get(names[0])
    if isinstance(hint, str):
        home = check.__globals__
        hint = home[hint] if hint in home else get_type_hints(check).get(names[0])
    if not (isinstance(hint, type) and issubclass(hint, Subject)):
        raise TypeError(f"{check.__name__}: annotate the first parameter with the subject it judges")
    return hint


_EXAMPLE = regex(r"(Bad|Good|Unknown)\b[ ]?([^:\n]*):[ ]*(.*)\Z")
_FENCE = regex(r"(`{3,})(\w+)?(?:[ ]+(\S+))?[ ]*\Z")
_DEFAULT_PATHS = {"dockerfile": "Dockerfile", "groovy": "Jenkinsfile", "hcl": "main.tf"}


def read_examples(page: str, default_path: str) -> Iterator[Example]:
    """The examples of a page.

    `Bad:`, `Good:` or `Unknown:` opens one (`Bad, a patch:` names it); the fences below it, up to the next, are its
    files. A fence may name its path (```` ```yaml k8s/deploy.yaml ````). In a bad example the comment
    `# expect: words` above a line (or behind it) says that a finding stands there whose message holds the words; for a
    finding about the whole repository it stands behind the heading's colon.
    """
    verdict = case = ""
    files: list[tuple[str, str]] = []
    lines = iter(page.splitlines())
    for line in lines:
        opened = _EXAMPLE.match(line)
        if opened:
            if files:
                yield Example(verdict, case, tuple(files))
            verdict, files = opened[1].lower(), []
            case = f"{opened[2].lstrip(', ')} {opened[3]}".strip()
            continue
        fence = _FENCE.match(line) if verdict else None
        if fence:
            body = []
            for inner in lines:
                if inner.strip() == fence[1]:
                    break
                body.append(inner)
            path = fence[3] or _DEFAULT_PATHS.get(fence[2] or "", default_path)
            files.append((path, "\n".join(body) + "\n"))
    if files:
        yield Example(verdict, case, tuple(files))
