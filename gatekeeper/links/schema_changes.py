"""How a change of the schema goes back: what its tool can undo, and whether the migrations here say how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import judged
from gatekeeper.node import Source, regex
from gatekeeper.project import Project

_MOST = 400  # the last migrations of a tool that are looked at


class Undo(NamedTuple):
    """Whether the migrations of a tool can be undone: yes, no, or unknown where none lie here; and the last one."""

    word: str
    why: str
    last: Source | None = None


# Where a tool keeps its migrations, and what of one says how it is undone; None: a function `downgrade` that does it.
_KEPT: tuple[tuple[frozenset[str], re.Pattern[str], re.Pattern[str] | None], ...] = (
    (
        frozenset({"alembic", "flask"}),
        regex(r"(?:.*/)?(?:versions|migrations)/[^/]+\.py\Z"),
        None,
    ),
    (frozenset({"goose"}), regex(r".*\.sql\Z"), regex(r"^--[ ]*\+goose Down\b", re.M | re.I)),
    (frozenset({"dbmate"}), regex(r"(?:.*/)?migrations/.*\.sql\Z"), regex(r"^--[ ]*migrate:down\b", re.M | re.I)),
    (
        frozenset({"knex", "sequelize", "sequelize-cli", "typeorm"}),
        regex(r"(?:.*/)?migrations?/[^/]+\.[cm]?[jt]s\Z"),
        regex(r"\bdown\b[^{\n]{0,120}\{\s*(?:(?://[^\n]{0,200}|/\*[^*]{0,200}\*/)\s*)?(?!\}|throw\b|//|/\*)\S"),
    ),
)
_PAIRED = {  # tools whose way back is a file of its own: the file forward, the name of the one back
    "migrate": (regex(r".*\.up\.sql\Z"), (lambda path: f"{path.removesuffix('.up.sql')}.down.sql")),
    "sqlx": (regex(r".*\.up\.sql\Z"), (lambda path: f"{path.removesuffix('.up.sql')}.down.sql")),
    "diesel": (regex(r".*/up\.sql\Z"), (lambda path: f"{path.removesuffix('up.sql')}down.sql")),
}
_FORWARD_ONLY = {
    "prisma": "Prisma keeps no way back of a migration",
    "drizzle-kit": "Drizzle keeps no way back of a migration",
    "flyway": "Flyway undoes only with files of its own (U1__...) in a paid edition",
    "supabase": "Supabase keeps no way back of a migration",
}


def undo_of(tool: str, project: Project) -> Undo:
    """How the migrations of a tool go back; made once."""
    return project.once(("undo", tool), lambda project: _undo(tool, project))


def _undo(tool: str, project: Project) -> Undo:
    if tool in _FORWARD_ONLY:
        return Undo("no", _FORWARD_ONLY[tool])
    if tool in _PAIRED:
        return _paired(*_PAIRED[tool], project)
    for tools, pattern, says in _KEPT:
        if tool in tools:
            return _within(pattern, says, project)
    return Undo("unknown", f"whether {tool} can undo them is not known")


def _paired(forward: re.Pattern[str], back: Callable[[str], str], project: Project) -> Undo:
    paths = sorted(path for path in judged(project) if forward.match(path))[-_MOST:]
    if not paths:
        return Undo("unknown", "the migrations are not here")
    last = paths[-1]
    if back(last) in project.tree:
        return Undo("yes", back(last))
    return Undo("no", f"{last} has no file that goes back", project.tree.source(last))


def _within(pattern: re.Pattern[str], says: re.Pattern[str] | None, project: Project) -> Undo:
    """By the last migration in the order of names: what is rolled back is what came last."""
    last = next(_last(pattern, project), None)
    if last is None:
        return Undo("unknown", "the migrations are not here")
    text = last.text[:200_000]
    if says.search(text) if says else _downgrades(text):
        return Undo("yes", last.path)
    return Undo("no", f"{last.path} does not say how it is undone", last)


def _downgrades(text: str) -> bool:
    """Whether the function `downgrade` of a migration of Alembic does something."""
    _, found, body = text.partition("def downgrade(")
    quoted = False
    for line in body.split("\n")[1:] if found else ():
        if line.strip() and not line[0].isspace():
            return False
        said = line.strip()
        if said.startswith(('"""', "'''")):
            quoted = not quoted and said.count(said[:3]) == 1
        elif not quoted and said and not said.startswith(("#", "pass", "...", "raise")):
            return True
    return False


def _last(pattern: re.Pattern[str], project: Project) -> Iterator[Source]:
    paths = (path for path in judged(project) if pattern.match(path) and not path.endswith("__init__.py"))
    for path in sorted(paths, reverse=True)[:_MOST]:
        source = project.tree.source(path)
        try:
            if source.text.strip():
                yield source
        except Unreadable:
            continue
