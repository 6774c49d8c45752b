"""What a manifest or a Dockerfile says does not depend on how it is written down: the findings stay the same."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from gatekeeper import engine, waivers
from gatekeeper.node import Source
from gatekeeper.parsers.yaml import twice
from gatekeeper.rule import Example
from gatekeeper.testing import Case, project_of, rule_cases

ROOT = Path(__file__).parent.parent
Files = tuple[tuple[str, str], ...]
Rewrite = Callable[[Files], Files]


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml")) and "values" not in path and "chart" not in path.lower()


def _each_manifest(change: Callable[[str], str]) -> Rewrite:
    return lambda files: tuple((path, change(text) if _is_yaml(path) else text) for path, text in files)


def _dumped(text: str, *, sort_keys: bool, flow: bool) -> str:
    """The same documents, written by another program; none would write a template, or a key twice."""
    if "{{" in text or twice(Source("a.yaml", text)):
        return text
    documents = yaml.safe_load_all(text)
    return yaml.safe_dump_all(documents, allow_unicode=True, width=10_000, sort_keys=sort_keys, default_flow_style=flow)


def _with_comments(text: str) -> str:
    return "# what this is\n" + re.sub(r"^(?=[A-Za-z]+:)", "# a comment\n", text, flags=re.MULTILINE)


def _split(files: Files) -> Files:
    """A file with several documents as one file for each."""

    def pieces(path: str, text: str) -> Iterator[tuple[str, str]]:
        stem, end = posixpath.splitext(path)
        for number, document in enumerate(re.split(r"^---[ ]*\n", text, flags=re.MULTILINE)):
            yield (f"{stem}-{number}{end}" if number else path), document

    return tuple(piece for path, text in files for piece in (pieces(path, text) if _is_yaml(path) else [(path, text)]))


def _crlf(files: Files) -> Files:
    return tuple((path, text.replace("\n", "\r\n")) for path, text in files)


ABOUT_ONE_FILE = {"k8s-duplicate-object", "k8s-selector-overlap"}  # what stands together is what they ask

MANIFESTS: dict[str, Rewrite] = {
    "keys in another order": _each_manifest(lambda text: _dumped(text, sort_keys=True, flow=False)),
    "flow style": _each_manifest(lambda text: _dumped(text, sort_keys=False, flow=True)),
    "comments": _each_manifest(_with_comments),
    "CRLF": _crlf,
}


def _lower_case(files: Files) -> Files:
    return tuple((path, re.sub(r"^(FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|USER|ENV|ARG|EXPOSE|LABEL|WORKDIR) ",
                               lambda found: found[0].lower(), text, flags=re.MULTILINE)
                  if "dockerfile" in path.lower() and "<<" not in text else text) for path, text in files)  # fmt: skip


def _docker_comments(files: Files) -> Files:
    return tuple(
        (path, re.sub(r"^(?=(?:FROM|RUN|COPY|ADD|CMD|USER|ENV) )", "# a comment\n", text, flags=re.MULTILINE)
         if "dockerfile" in path.lower() and "<<" not in text and "\\\n" not in text else text)
        for path, text in files
    )  # fmt: skip


DOCKERFILES: dict[str, Rewrite] = {"lower case": _lower_case, "comments": _docker_comments, "CRLF": _crlf}


def _cases(technology: str) -> list[Case]:
    return [case for case in rule_cases(ROOT / "rules") if case.rule.technology == technology]


def _found(case: Case, files: Files) -> Counter[str]:
    outcome = engine.run([case.rule], project_of(files))[0]
    assert not outcome.error, outcome.error
    return Counter(_gist(finding.message) for _, finding in waivers.once_each(outcome))


def _gist(message: str) -> str:
    """A message without what it quotes of the text: `1.10` may be written 1.1, and `yes` true."""
    return re.sub(r"[\d.]+", "#", message).split(", ")[0]


def _compare(case: Case, rewrite: Rewrite) -> None:
    files = case.example.files
    rewritten = rewrite(_without_expectations(case.example))
    if rewritten != files:
        assert _found(case, rewritten) == _found(case, files)


def _without_expectations(example: Example) -> Files:
    return tuple(
        (path, "\n".join(line for line in text.split("\n") if not re.match(r"\s*# expect:", line)))
        for path, text in example.files
    )


@pytest.mark.parametrize("case", _cases("kubernetes"), ids=str)
@pytest.mark.parametrize("how", MANIFESTS)
def test_manifest(case: Case, how: str) -> None:
    _compare(case, MANIFESTS[how])


@pytest.mark.parametrize("case", [c for c in _cases("kubernetes") if c.rule.id not in ABOUT_ONE_FILE], ids=str)
def test_manifest_split_into_files(case: Case) -> None:
    _compare(case, _split)


@pytest.mark.parametrize("how", DOCKERFILES)
@pytest.mark.parametrize("case", _cases("docker"), ids=str)
def test_dockerfile(case: Case, how: str) -> None:
    _compare(case, DOCKERFILES[how])
