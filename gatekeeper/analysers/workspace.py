"""The files that an analyser is given: a clean copy of those that are judged.

Only text of regular files below the root is copied, through the tree. No link is, so none leads out, and no file by
which an analyser is configured.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from gatekeeper.discover import Tree, Unreadable
from gatekeeper.models.evidence.reported import path as well_formed
from gatekeeper.models.evidence.reported import some, words

_CONFIGURATION = re.compile(
    r"\.?(checkov|bridgecrew|hadolint|zizmor|actionlint|trivy|tfsec|trivyignore)\.(ya?ml|json|toml|baseline)|\.trivyignore",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s'\"`,;()]{8,}")


class Workspace:
    """`texts` by path; `unread` are those that were to be judged and are not, with the reason.

    Only `add` asks the tree, so only the thread that the tree belongs to may call it.
    """

    def __init__(self, tree: Tree, paths: Iterable[str] = ()) -> None:
        self.root = tree.root
        self._tree = tree
        self.texts: dict[str, str] = {}
        self.unread: dict[str, str] = {}
        self.notes: list[str] = []  # what else the tool will not have judged
        self.damaged = False  # whether the copy lacks something
        self._folder = ""
        for path in paths:
            self.add(path)

    def add(self, path: str) -> str:
        """Take in a file; its text, empty when it cannot be had."""
        if is_configuration(path):
            return ""
        if well_formed(path) != path or not _is_text(path):
            self.unread[path] = "has a name that may mislead a program"
            return ""
        try:
            self.texts[path] = self._tree.source(path).text
        except Unreadable as error:
            self.unread[path] = str(error)
        return self.texts.get(path, "")

    def withhold(self, path: str, why: str) -> None:
        """Take a file out again: it is not judged."""
        self.unread[path] = why
        del self.texts[path]

    def hashes(self) -> Iterator[tuple[str, str]]:
        for path in sorted(self.texts):
            yield path, sha256(self.texts[path].encode("utf-8", "surrogatepass")).hexdigest()

    def write(self, folder: Path) -> None:
        """Make the copy in an empty folder. What the file system will not take is not judged."""
        self._folder = str(folder)
        for path, text in list(self.texts.items()):
            try:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                with open(folder / path, "xb") as file:
                    file.write(text.encode())
            except (OSError, ValueError) as error:
                self.damaged = True
                self.withhold(path, (getattr(error, "strerror", "") or "cannot be copied").lower())

    def path_of(self, written: str | None) -> str:
        """The judged file that a tool means by a path of the copy, absolute or below it; '' when it is none."""
        below = (written or "").removeprefix(self._folder).lstrip("/").removeprefix("./")
        return below if below in self.texts else ""

    def incomplete(self, most: int = 20) -> tuple[str, ...]:
        """What cannot have been judged, whatever the tool says."""
        return some([*(f"{words(path)}: {why}" for path, why in sorted(self.unread.items())), *self.notes], most)

    def quiet(self, message: str | None, path: str) -> str:
        """A tool's words on one line. What they quote of the file is left out where it could be a secret."""
        text = self.texts.get(path, "")

        def shown(word: re.Match[str]) -> str:
            return "…" if _could_be_secret(word[0]) and word[0] in text else word[0]

        return _WORD.sub(shown, words(message))


def is_configuration(path: str) -> bool:
    """Whether a file configures one of the analysers: it may silence them, or make them run code."""
    return bool(_CONFIGURATION.fullmatch(os.path.basename(path)))


def _could_be_secret(word: str) -> bool:
    return any(letter.isdigit() for letter in word) and any(letter.isalpha() for letter in word)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
