"""Everything the repository declares, by type: what a rule sees beside its subject."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from gatekeeper.discover import UNREAD, Skip, Tree
from gatekeeper.git import Commit
from gatekeeper.models import Subject, absence
from gatekeeper.models.files import File, Repository
from gatekeeper.node import Fault
from gatekeeper.settings import Settings

S = TypeVar("S", bound=Subject)
T = TypeVar("T")


class Project:
    """All subjects of one audit, their indexes, and the day it is made on.

    `tree` knows every path of the repository, also those that are not judged. `commit` is what is checked out, None
    where that cannot be told. `criteria` are the ids of every rule and criterion there is, asked here or not.
    `excluded` gives the technologies of which the settings leave out a file, and that file: they are not proven to be
    absent.

    Rules about late subjects are told what came before them: `verdicts` is what each criterion came to ("PASS",
    "UNKNOWN", ...), `gates` what each gate did, `passed` the rule for every name it goes by and path in which it found
    nothing, `found` the names, path and line of every finding. All are empty before that.
    """

    def __init__(
        self,
        tree: Tree,
        subjects: Iterable[Subject],
        *,
        skipped: Sequence[Skip] = (),
        settings: Settings | None = None,
        today: datetime.date | None = None,
        commit: Commit | None = None,
        profile: str = "release",
    ) -> None:
        self.tree = tree
        self.settings = settings or Settings()
        self.today = today or datetime.date.today()
        self.commit = commit
        self.profile = profile
        self.excluded: dict[str, str] = {}
        self.verdicts: dict[str, str] = {}
        self.gates: dict[str, str] = {}
        self.criteria: frozenset[str] = frozenset()
        self.passed: dict[tuple[str, str], str] = {}
        self.found: list[tuple[frozenset[str], str, int]] = []
        self.skipped = tuple(skipped)
        self.repository = Repository()
        self._by_type: dict[type[Subject], list[Any]] = defaultdict(list)
        self._made: dict[Hashable, Any] = {}
        self.add((self.repository, *subjects))

    def add(self, more: Iterable[Subject]) -> None:
        """Take in subjects that no file of the repository declares: evidence, what other tools or plugins bring.

        What was made once before is made anew where it is asked for again.
        """
        for subject in more:
            for kind in type(subject).__mro__:
                if issubclass(kind, Subject):
                    self._by_type[kind].append(subject)
        self._made.clear()

    def without(self, unwanted: Callable[[Subject], bool]) -> None:
        """Let go of subjects that something better takes the place of."""
        for kind, subjects in self._by_type.items():
            self._by_type[kind] = [subject for subject in subjects if not unwanted(subject)]
        self._made.clear()

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
        found = self.once("technologies", lambda _: {type(each).technology for each in self.all(Subject)})
        return found | {technology for file in self.files for technology in file.technologies}
