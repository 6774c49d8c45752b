"""What documents promise about recovery: how long it takes (RTO) and how much may be lost (RPO)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.links.in_force import holds, set_aside
from gatekeeper.links.judged import documents
from gatekeeper.links.stores import SAYS_NOTHING, Store, holding
from gatekeeper.models.docs import Document
from gatekeeper.node import Node, regex
from gatekeeper.parsers.markdown import Table
from gatekeeper.project import Project

_RTO = regex(r"\brto\b|recovery time objective", re.IGNORECASE)
_RPO = regex(r"\brpo\b|recovery point objective", re.IGNORECASE)
_DURATION = regex(r"(?:<|<=|≤|~|max\.?|at most|up to|under)?\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]*)\.?\Z", re.IGNORECASE)
_UNITS = {
    unit: seconds
    for units, seconds in (
        ("s sec secs second seconds", 1), ("m min mins minute minutes", 60), ("h hr hrs hour hours", 3_600),
        ("d day days", 86_400), ("w week weeks", 604_800),
    )
    for unit in units.split()
}  # fmt: skip


# A line of its own: `- **RPO (Recovery Point Objective):** 15 minutes`.
_LINE = regex(
    r"\W{0,6}(RTO|RPO|recovery (?:time|point) objective)\b[^:\n]{0,60}:[\s*_`<≤~]{0,8}(\d[\d.]{0,8}\s{0,2}[a-z]{1,8})?",
    re.IGNORECASE,
)
_DATABASE = regex(
    r"\b(?:databases?|db|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|rds|aurora|cloud ?sql|dynamodb|data stores?)\b",
    re.IGNORECASE,
)
_DATA = regex(r"\b(?:data|storage|volumes?|persistent|backups?|files?|pvcs?|buckets?|objectives?)\b", re.IGNORECASE)


class Promise(NamedTuple):
    """What is promised of one component: the cells as written, None where there is no such column. `component` may be
    the heading that the promise stands below."""

    component: Node
    rto: Node | None
    rpo: Node | None


def promises(project: Project) -> list[Promise]:
    """The rows of tables with an RTO or RPO column, in the order of the documents; of those that hold."""
    return project.once("recovery promises", lambda project: list(_promises(project)))


def _promises(project: Project) -> Iterator[Promise]:
    for document in documents(project):
        text = document.source.text
        if (_RTO.search(text) or _RPO.search(text)) and holds(document):
            yield from (each for each in _of_document(document) if not _taken_back(document, each))


def _taken_back(document: Document, promise: Promise) -> bool:
    """Whether a promise is only an example, or was struck out."""
    cells = [each for each in promise if each is not None]
    return set_aside(document, promise.component) or any("~~" in document.source.line(c.span.line) for c in cells)


def _of_document(document: Document) -> Iterator[Promise]:
    for table in document.parts.tables:
        rto, rpo = _column(table.header, _RTO), _column(table.header, _RPO)
        for row in table.rows if rto is not None or rpo is not None else ():
            if row and row[0].text:
                yield Promise(row[0], _cell(row, rto), _cell(row, rpo))
        if rto is None and rpo is None:
            yield from _lying(table, document)
    yield from _in_lines(document)


def _lying(table: Table, document: Document) -> Iterator[Promise]:
    """The promises of a table with a row for each time: of what its columns name, of all where only one has times."""
    named = {"rto": _row(table, _RTO), "rpo": _row(table, _RPO)}
    if not any(named.values()):
        return
    columns = [at for at in range(1, len(table.header)) if any(_time(row, at) for row in named.values() if row)]
    for at in columns:
        rto, rpo = (row[at] if row and _time(row, at) else None for row in named.values())
        above = [each for each in document.parts.sections if each.holds(table.node)]
        whole = len(columns) == 1 and above
        yield Promise(above[-1].heading.node if whole else table.header[at], rto, rpo)


def _row(table: Table, pattern: re.Pattern[str]) -> list[Node] | None:
    return next((row for row in table.rows if row and pattern.search(row[0].text)), None)


def _time(row: list[Node], at: int) -> bool:
    return at < len(row) and seconds(row[at].text) is not None


def _in_lines(document: Document) -> Iterator[Promise]:
    """The promises that stand in lines of a list or paragraph, of one section together."""
    found: dict[int, tuple[Node, dict[str, Node]]] = {}
    for text in document.parts.texts:
        for number, line in enumerate(text.node.text.splitlines()):
            match = _LINE.match(line)
            if not match or not match[2]:
                continue
            below = [each for each in document.parts.sections if each.holds(text.node)]
            heading = below[-1].heading.node if below else text.node
            at = text.node.span._replace(line=text.node.span.line + number, end_line=text.node.span.line + number)
            kind = "rto" if match[1].lower() in ("rto", "recovery time objective") else "rpo"
            _, said = found.setdefault(heading.span.line, (heading, {}))
            said.setdefault(kind, Node(match[2], text.node.source, at))
    for heading, said in found.values():
        yield Promise(heading, said.get("rto"), said.get("rpo"))


class Joined(NamedTuple):
    """A promise and the store that it is surely about; None where that cannot be told."""

    promise: Promise
    store: Store | None


def joined(project: Project) -> list[Joined]:
    """The promises about data, each with its store: the one that it names, else the only one of its kind where no
    other promise may mean it. What is made anew of code, a service or a configuration, is not about data."""
    return project.once("promises and stores", _joined)


def _joined(project: Project) -> list[Joined]:
    stores = holding(project)
    about = [each for each in promises(project) if _about_data(each.component.text, stores)]
    general = {each.component.text.lower() for each in about if not _names(each.component.text, stores)}
    found = []
    for each in about:
        meant = _meant(each.component.text, project)
        sure = len(meant) == 1 and (len(general) < 2 or bool(_names(each.component.text, stores)))
        found.append(Joined(each, meant[0] if sure else None))
    return found


def one_of(component: str, project: Project) -> Store | None:
    """The store that words are surely about: the one that they name, else the only one of its kind here."""
    found = _meant(component, project) if _about_data(component, holding(project)) else []
    return found[0] if len(found) == 1 else None


def _meant(component: str, project: Project) -> list[Store]:
    """The stores that words may be about: those that they name, else, where they name nothing else, those of the kind
    that they speak of."""
    stores = holding(project)
    if _NOT_PRODUCTION.search(component):
        return []
    named = _names(component, stores)
    if named or _strange(component, project):
        return named
    kind = [each for each in stores if each.group == "Database"] if _DATABASE.search(component) else stores
    return [each for each in kind if _fits(component.lower(), each)]


# Of whatever is more in the name of a component nobody can tell that it is the one which is declared here.
_GENERAL = frozenset(
    """
    a all an and any application app aws azure amazon backend backup backups business cluster clusters cloud component
    components core customer critical data database databases db dbs disaster disk disks dr file files for gcp google
    goals goal in instance instances main managed metrics of on only our persistent plan point policy postgres
    postgresql primary prod production pvc pvcs rds recovery relational requirements restore rpo rto service services
    sla slo sql storage store stores strategy summary system tables targets target the time transactional user users
    volume volumes mysql mariadb mongo mongodb dynamodb aurora multi az objective objectives redshift docdb documentdb
    """.split()
)
_WORD = regex(r"[a-z]{2,40}(?:-[a-z]{2,12}-\d)?")
_REGION = regex(r"[a-z]{2,40}-[a-z]{2,12}-\d")
_NOT_PRODUCTION = regex(
    r"\b(?:staging|dev|development|test(?:ing)?|qa|uat|sandbox|preview|demo|non-?prod\w*)\b", re.IGNORECASE
)


def _strange(component: str, project: Project) -> bool:
    """Whether words name something that is neither a kind of store nor this service."""
    own = set(_WORD.findall(f"{project.tree.root.name} {project.settings.service.name or ''}".lower()))
    words = {word for word in _WORD.findall(component.lower()) if not _REGION.fullmatch(word)}
    return not words <= _GENERAL | own


_ENGINES = (
    ("postgres", "postgres"), ("mysql", "mysql"), ("mariadb", "mysql"), ("mongo", "mongo"), ("dynamodb", "dynamodb"),
    ("redshift", "redshift"), ("documentdb", "mongo"), ("docdb", "mongo"),
)  # fmt: skip
_SERVICES = (
    ("rds", ("aws_db_instance", "aws_rds_cluster")), ("aurora", ("aws_rds_cluster",)),
    ("cloud sql", ("google_sql_database_instance",)),
)  # fmt: skip
_OF_A_SERVICE = frozenset({"postgres", "mysql"})  # what a service whose engine is not written may run


def _fits(words: str, store: Store) -> bool:
    """Whether a store may be of the engine and the service that words speak of."""
    engines = {engine for word, engine in _ENGINES if word in words}
    kinds = [kinds for word, kinds in _SERVICES if _holds(words, word)]
    if kinds and not any(store.type in each for each in kinds):
        return False
    return not engines or (store.engine in engines if store.engine else not engines.isdisjoint(_OF_A_SERVICE))


def _about_data(component: str, stores: list[Store]) -> bool:
    return bool(_DATABASE.search(component) or _DATA.search(component) or _names(component, stores))


def _names(component: str, stores: list[Store]) -> list[Store]:
    """The stores that words name."""
    words = component.lower()
    return [each for each in stores if any(_holds(words, name) for name in each.names - SAYS_NOTHING)]


def _holds(words: str, name: str) -> bool:
    before, found, after = words.partition(name)
    return bool(found) and not (before[-1:].isalnum() or after[:1].isalnum())


def _column(header: list[Node], pattern: re.Pattern[str]) -> int | None:
    return next((at for at, cell in enumerate(header) if at and pattern.search(cell.text)), None)


def _cell(row: list[Node], at: int | None) -> Node | None:
    return row[at] if at is not None and at < len(row) and row[at].text.strip(" -–—") else None


def seconds(text: str) -> float | None:
    """A duration in seconds (`15 min`, `< 1 hour`, `0`); None for what is none."""
    found = _DURATION.match(text.strip())
    if not found:
        return None
    number = float(found[1])
    if not found[2]:
        return 0.0 if number == 0 else None
    unit = _UNITS.get(found[2].lower())
    return number * unit if unit else None
