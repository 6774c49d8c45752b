"""Every format recognises its own artifacts, and nobody else's."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.readers import FORMATS, module_of
from gatekeeper.node import Source

EVIDENCE = Path(__file__).parent / "evidence"
FILES = sorted(
    str(path.relative_to(EVIDENCE))
    for format in FORMATS
    for path in (EVIDENCE / format).rglob("*")
    if path.is_file() and not path.name.startswith(".")
)


def claimants(name: str, data: bytes) -> list[str]:
    artifact = Artifact(Source(name, ""), data)
    return [format for format in FORMATS if import_module(module_of(format)).recognises(artifact)]


@pytest.mark.parametrize("path", FILES)
def test_exactly_the_format_of_its_folder_recognises_a_file(path: str) -> None:
    format = path.partition("/")[0]
    assert claimants(path, (EVIDENCE / path).read_bytes()) == [format]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_an_artifact_to_be_tested_with(format: str) -> None:
    assert any(path.startswith(f"{format}/") for path in FILES)


@pytest.mark.parametrize(
    "data", [b"", b" ", b"{}", b"[]", b"[{}]", b"null", b"{", b"\xef\xbb\xbf", b"\xff\xfe{\x00", b"\0" * 5000]
)
def test_what_says_nothing_is_nobodys(data: bytes) -> None:
    assert claimants("evidence.json", data) == []


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_was_cut_is_not_taken_for_another_format(path: str) -> None:
    format, data = path.partition("/")[0], (EVIDENCE / path).read_bytes()
    for end in range(0, min(len(data), 4200), 97):
        assert set(claimants(path, data[:end])) <= {format}, end
