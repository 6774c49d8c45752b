"""A folder of rules to rules: one loader for the catalogue, for a plugin's, and for a user's own data rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from gatekeeper.meant import meant
from gatekeeper.rule import Rule

if TYPE_CHECKING:
    from gatekeeper.models.technologies import Known

_PACKAGED = Path(__file__).with_name("rules")
_CHECKOUT = Path(__file__).parent.parent / "rules"


def home() -> Path:
    """Where the catalogue lies: inside the package when installed, beside it in a checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


class Broken(ValueError):
    """A rule file that cannot be loaded: which, and why."""


class Catalogue:
    """The rules of some folders, each folder's subfolder named after a technology. Loads what is asked for, once."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = list(folders)
        self._loaded: dict[Path, list[Rule]] = {}

    def technologies(self) -> list[str]:
        return sorted(
            {f.name for folder in self.folders for f in folder.iterdir() if f.is_dir() and f.name[0] not in "._"}
        )

    def rules(self, technologies: Iterable[str] | None = None) -> list[Rule]:
        """The rules of the technologies named (all when None), sorted by id. Raises `Broken`."""
        wanted = sorted(set(self.technologies() if technologies is None else technologies))
        found = [rule for folder in self.folders for name in wanted for rule in self._load(folder / name)]
        known: dict[str, Rule] = {}
        for rule in found:
            if rule.id in known:
                raise Broken(f"two rules have the id {rule.id}: {known[rule.id].origin} and {rule.origin}")
            known[rule.id] = rule
        return sorted(found, key=lambda rule: rule.id)

    def _load(self, folder: Path) -> list[Rule]:
        if folder not in self._loaded:
            self._loaded[folder] = list(load(folder)) if folder.is_dir() else []
        return self._loaded[folder]


def load(folder: Path, *, code: bool = True) -> Iterator[Rule]:
    """The rules of one folder and those below: `.py` files when `code` may be loaded from it, and `.yaml` files, of
    which those beside code are trusted to be well-formed until they are needed."""
    with os.scandir(folder) as found:  # which asks for no more than the names: there are a thousand
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir():
            if entry.name[0] not in "._":
                yield from load(path, code=code)
        elif entry.name.endswith(".py") and code and entry.name != "__init__.py":
            yield from _python(path)
        elif entry.name.endswith((".yaml", ".yml")):
            from gatekeeper.declarative import glimpse, read

            try:
                yield glimpse(path) if code else read(path)
            except ValueError as error:
                raise Broken(str(error)) from error


def _python(path: Path) -> Iterator[Rule]:
    name = f"gatekeeper_rules.{path.parent.name}.{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        SourceFileLoader(name, str(path)).exec_module(module)
    except Exception as error:  # a plugin's mistake: said with the path of its file
        raise Broken(f"{path}: {type(error).__name__}: {error}") from error
    rules = [value for value in vars(module).values() if isinstance(value, Rule)]
    if len(rules) != 1:
        raise Broken(f"{path}: one file, one rule; this one has {len(rules)}")
    from msgspec.structs import replace

    yield replace(rules[0], origin=str(path))


class NoSuchRule(ValueError):
    """A selector that matches no rule: an error, since it would silently judge nothing."""


def select(rules: Sequence[Rule], selected: Sequence[str], ignored: Sequence[str] = ()) -> list[Rule]:
    """The rules that selectors name: ids, other tools' ids, gates, technologies, or globs of any of these.

    With nothing selected, every rule that is not off by default. Raises `NoSuchRule`, with what was perhaps meant.
    """
    chosen = {id(rule) for name in selected for rule in _matching(rules, name)}
    dropped = {id(rule) for name in ignored for rule in _matching(rules, name)}
    if not selected:
        chosen = {id(rule) for rule in rules if rule.severity != "off"}
    return [rule for rule in rules if id(rule) in chosen - dropped]


def _matching(rules: Sequence[Rule], selector: str) -> list[Rule]:
    from fnmatch import fnmatchcase

    found = [rule for rule in rules if any(fnmatchcase(name, selector) for name in names(rule))]
    if not found:
        every = sorted({name for rule in rules for name in names(rule)})
        hint = meant(selector, every, "see `gatekeeper rules`", most=3)
        raise NoSuchRule(f"{selector!r} matches no rule, alias or gate; {hint}")
    return found


def names(rule: Rule) -> tuple[str, ...]:
    """Everything a selector may call it."""
    return (rule.id, *rule.aliases, rule.gate, rule.technology)


def judging(known: Known, rules: Iterable[Rule]) -> list[Rule]:
    """The rules that judge a technology, as its row of the table says: by folder, by id, by Terraform's types."""
    from gatekeeper.models.technologies import Globs

    said = known.rules
    ids, types, without = Globs(said.ids), Globs(said.types), Globs(said.without)
    return [
        rule
        for rule in rules
        if (
            _folder(rule) in said.folders
            or rule.technology in said.technologies
            or ids.match(rule.id)
            or any(map(types.match, rule.types))
        )
        and not without.match(rule.id)
        and not _of_another_front_end(rule, said.folders)
    ]


def _folder(rule: Rule) -> str:
    """The folder of the catalogue that a rule lies in: `terraform/aws`."""
    return Path(rule.origin).parent.as_posix().rpartition("/rules/")[2]


def _of_another_front_end(rule: Rule, folders: Sequence[str]) -> bool:
    """Whether a rule about pipelines is about those of one tool alone, and not of this one."""
    home, _, rest = rule.subject.__module__.partition(".pipeline.")
    tool = rest.partition(".")[0]
    return bool(home and rest) and tool in _FRONT_ENDS and f"pipeline/{tool}" not in folders


_FRONT_ENDS = frozenset({"github", "gitlab", "jenkins"})
