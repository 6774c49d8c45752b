"""Everything the repository declares, by type: what a rule sees beside its subject."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from gatekeeper.discover import UNREAD, Skip, Tree
from gatekeeper.models import Subject, absence
from gatekeeper.models.files import File, Repository
from gatekeeper.node import Fault
from gatekeeper.settings import Settings

S = TypeVar("S", bound=Subject)
T = TypeVar("T")


class Project:
    """All subjects of one audit, their indexes, and the day it is made on.

    `tree` knows every path of the repository, also those that are not judged.
    """

    def __init__(
        self,
        tree: Tree,
        subjects: Iterable[Subject],
        *,
        skipped: Sequence[Skip] = (),
        settings: Settings | None = None,
        today: datetime.date | None = None,
    ) -> None:
        self.tree = tree
        self.settings = settings or Settings()
        self.today = today or datetime.date.today()
        self.skipped = tuple(skipped)
        self.repository = Repository()
        self._by_type: dict[type[Subject], list[Any]] = defaultdict(list)
        for subject in (self.repository, *subjects):
            for kind in type(subject).__mro__:
                if issubclass(kind, Subject):
                    self._by_type[kind].append(subject)
        self._made: dict[Hashable, Any] = {}

    def joined_by(self, more: Iterable[Subject]) -> Project:
        """The same project with more subjects; its indexes are made anew."""
        mine = (subject for subject in self.all(Subject) if subject is not self.repository)
        return Project(self.tree, [*mine, *more], skipped=self.skipped, settings=self.settings, today=self.today)

    def all(self, kind: type[S]) -> list[S]:
        """Every subject of that type or a subtype, in the order of the files."""
        return self._by_type.get(kind, [])

    def by(self, kind: type[S], key: str) -> dict[Any, list[S]]:
        """The subjects of a type by one of their attributes; made once."""

        def index(project: Project) -> dict[Any, list[S]]:
            table: dict[Any, list[S]] = {}
            for subject in project.all(kind):
                table.setdefault(getattr(subject, key), []).append(subject)
            return table

        return self.once((kind, key), index)

    def once(self, name: Hashable, make: Callable[[Project], T]) -> T:
        """`make(self)`, the first time; the same result after that. For indexes and links that many rules share."""
        if name not in self._made:
            self._made[name] = make(self)
        made: T = self._made[name]
        return made

    @property
    def files(self) -> list[File]:
        return self.all(File)

    @property
    def faults(self) -> list[Fault]:
        """Everything that could not be read."""
        return [fault for file in self.files for fault in file.faults]

    def none_of(self, technologies: Sequence[str]) -> str:
        """In words, that no file which may be judged holds any of these: how many were looked at and left out."""
        left_out = sum(1 for skip in self.skipped if skip.reason != UNREAD)
        return absence(technologies, len(self.tree.paths) - left_out, left_out)

    def technologies(self) -> set[str]:
        """The technologies that this repository has subjects of, or files that look like theirs and cannot be read."""
        found = {kind.technology for kind, subjects in self._by_type.items() if subjects}
        return found | {technology for file in self.files for technology in file.technologies}
