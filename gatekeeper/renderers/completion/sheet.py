"""What every section needs: the criteria by id, and cells that say a fact with its place or that something is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from gatekeeper.audit import Report
from gatekeeper.gates import Criterion, Gate, Status, worst
from gatekeeper.links import remotely_made
from gatekeeper.models import Subject
from gatekeeper.node import Fault, Node
from gatekeeper.project import Project
from gatekeeper.renderers.places import is_repository
from gatekeeper.renderers.sanitise import markdown_code, markdown_text
from gatekeeper.rule import Place, Spot, place

LONGEST = 160  # characters of a value that is shown
MOST_ROWS = 60  # of a table
_MOST_PLACES = 3  # in a cell

NOT_WRITTEN = "not written"


class Sheet:
    """A report, asked for cells. Whatever comes from the repository leaves it as harmless Markdown."""

    def __init__(self, report: Report) -> None:
        self.report = report

    @property
    def project(self) -> Project:
        return self.report.project

    @cached_property
    def criteria(self) -> dict[str, tuple[Gate, Criterion]]:
        return {each.id: (gate, each) for gate in self.report.gates for each in gate.criteria}

    # criteria

    def criterion(self, id: str) -> Criterion | None:
        found = self.criteria.get(id)
        return found[1] if found else None

    def answer(self, id: str) -> str:
        """What a criterion that people answer comes to; what fills the cell when it is open."""
        found = self.criterion(id)
        if found is None:
            return self._not_asked(id)
        if found.status is Status.UNKNOWN:
            return self._open(found)
        return f"{found.status.value}: {markdown_text(found.result)}{self.proof(found)}"

    def _open(self, criterion: Criterion) -> str:
        if criterion.reason == "needs-human":
            return slot(f"attest {criterion.id}")
        if not criterion.proof:
            return slot(f"{criterion.reason}: attest {criterion.id}")
        why = markdown_text(shortened(criterion.next_step))  # an attestation that does not hold
        return f"{slot(f'{criterion.reason}: attest {criterion.id}; {why}')}{self.proof(criterion)}"

    def _not_asked(self, id: str) -> str:
        if id in self.report.left_out:
            return slot(f"{id} is not asked in profile {self.report.profile}")
        if id in self.report.not_asked:
            return slot(f"{id} is not asked of level {self.report.settings.service.level}")
        return slot("needs-human")

    def proof(self, criterion: Criterion) -> str:
        shown = self.places(criterion.proof)
        return f" ({shown})" if shown else ""

    def together(self, criteria: Sequence[Criterion]) -> Status:
        return worst(each.status for each in criteria)

    def came_to(self, names: Sequence[str]) -> str:
        """What criteria and gates come to together, and which they are."""
        gates = {gate.id: gate.status for gate in self.report.gates}
        known = {name: gates.get(name) or (found.status if (found := self.criterion(name)) else None) for name in names}
        named = ", ".join(map(markdown_code, names))
        unasked = next((name for name, status in known.items() if status is None), None)
        if unasked is not None:
            return f"{self._not_asked(unasked)}: {named}"
        return f"{worst(status for status in known.values() if status).value}: {named}"

    # values

    def value(self, node: Node | None, longest: int = LONGEST) -> str:
        """A value as written, in a code span; what it waits for when it is not known; nothing of a secret."""
        return self._shown(node, longest, markdown_code)

    def words(self, node: Node | None, longest: int = LONGEST) -> str:
        """A value in running text."""
        return self._shown(node, longest, markdown_text)

    def _shown(self, node: Node | None, longest: int, form: Callable[[str], str]) -> str:
        if node is None:
            return NOT_WRITTEN
        if self.withheld(Place(node.source, node.span)):
            return "withheld: a secret stands here"
        expression = node.expression
        text = shortened(expression.text if expression else node.text, longest)
        if not text:
            return NOT_WRITTEN
        return f"{form(text)}{' (unresolved)' if expression else ''}"

    def withheld(self, at: Place) -> bool:
        """Whether a secret stands on one of its lines."""
        return any(
            first <= at.span.end_line and at.span.line <= last for first, last in self._secrets.get(at.source.path, ())
        )

    @cached_property
    def _secrets(self) -> dict[str, list[tuple[int, int]]]:
        found: dict[str, list[tuple[int, int]]] = {}
        for each in self.report.secrets:
            found.setdefault(each.source.path, []).append((each.span.line, each.span.end_line))
        return found

    # places

    def at(self, spot: Spot) -> str:
        """Where something stands: path:line."""
        return where(place(spot))

    def places(self, spots: Iterable[Spot], most: int = _MOST_PLACES) -> str:
        found = list(dict.fromkeys(where(place(spot)) for spot in spots if not is_repository(place(spot))))
        return listed(found, most)

    def none_of(self, *technologies: str, what: str, kind: str = "") -> str:
        """That the files hold nothing of it, with the number that was looked at; open where a file could not be read,
        or where more of the `kind` of subject is made than the files show."""
        unread = next((fault for fault in self.project.faults if fault.technology in technologies), None)
        if unread:
            return f"{slot(f'{unread.reason}: {markdown_text(unread.message)}')} ({where(_at(unread))})"
        subject = Subject.registry.get(kind)
        remote = remotely_made(subject, self.project) if subject else ""
        if remote:
            return slot(f"unresolved: {markdown_text(remote)}")
        if self.project.technologies().isdisjoint(technologies):
            return f"N/A: {markdown_text(self.project.none_of(technologies))}"
        return f"none: 0 {what} in {len(self.project.tree.paths)} files"


def _at(fault: Fault) -> Place:
    return Place(fault.source, fault.span)


def where(at: Place) -> str:
    return "repository" if is_repository(at) else markdown_code(f"{at.source.path}:{max(at.span.line, 1)}")


def slot(words: str) -> str:
    """An open cell: what would fill it."""
    return f"UNKNOWN ({words})"


def shortened(text: str, longest: int = LONGEST) -> str:
    """In one line, of at most so many characters."""
    line = " ".join(text[: longest * 20].split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def listed(words: Sequence[str], most: int) -> str:
    """The first of them, and how many more there are."""
    more = len(words) - most
    return ", ".join([*words[:most], *([f"{more} more"] if more > 0 else [])])


def table(header: str, rows: Sequence[Sequence[str]], empty: str = "", most: int = MOST_ROWS) -> str:
    """A table under a header (`A | B`). Without rows, one that says `empty`; beyond `most`, how many are not shown."""
    columns = header.split(" | ")
    kept = [*rows[:most]] or [(empty, *[""] * (len(columns) - 1))]
    lines = [f"| {header} |", f"|{'|'.join('---' for _ in columns)}|"]
    lines += [f"| {' | '.join(row)} |" for row in kept]
    more = len(rows) - most
    return "\n".join([*lines, *([f"\n{more} more are not shown here."] if more > 0 else [])])


def section(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
