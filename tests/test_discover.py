"""What is found, what is read, and what a hostile repository cannot make us do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gatekeeper.discover import SIZE_LIMIT, Unreadable, decode, discover, is_test_data, read_text, sort_out
from gatekeeper.git import commit_of


def git(root: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *identity, *words), cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "new.tf").write_text("")
    (tmp_path / "ignored.log").write_text("")
    (tmp_path / ".gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "Dockerfile", ".gitignore")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_git_files_are_those_tracked_or_about_to_be(repository: Path) -> None:
    assert discover(repository).paths == [".gitignore", "Dockerfile", "new.tf"]


def test_a_folder_that_its_repository_ignores_is_judged_when_it_is_named(repository: Path) -> None:
    (repository / "out.log").mkdir()
    (repository / "out.log" / "Dockerfile").write_text("FROM scratch\n")
    assert discover(repository / "out.log").paths == ["Dockerfile"]


def test_staged_is_what_the_index_holds(repository: Path) -> None:
    (repository / "Dockerfile").write_text("FROM debian\n")
    git(repository, "add", "Dockerfile")
    (repository / "Dockerfile").write_text("FROM alpine\n")
    tree = discover(repository, staged=True)
    assert tree.paths == [".gitignore", "Dockerfile"]
    assert tree.source("Dockerfile").text == "FROM debian\n"


def test_staged_outside_git_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="git repository"):
        discover(tmp_path, staged=True)


def test_commit_and_whether_it_is_what_is_on_disk(repository: Path) -> None:
    commit = commit_of(repository)
    assert commit
    assert (commit.id, commit.dirty) == (git(repository, "rev-parse", "HEAD"), False)
    (repository / "Dockerfile").write_text("FROM alpine\n")
    changed = commit_of(repository)
    assert changed
    assert changed.dirty


def test_nothing_that_the_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    run = f"touch {canary}; cat"
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "diff.evil.command", "diff.external"):
        git(repository, "config", key, f"sh -c '{run}'")
    git(repository, "config", "filter.evil.required", "true")
    (repository / "Dockerfile").write_text("FROM alpine\n")
    discover(repository)
    commit_of(repository)
    discover(repository, staged=True)
    assert not canary.exists()


def test_links_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.tf").write_text("out of the root")
    (root / "out.tf").symlink_to(tmp_path / "secret.tf")
    (root / "zero.tf").symlink_to("/dev/zero")
    (root / "folder").symlink_to(tmp_path)
    (root / "dangling.tf").symlink_to("nowhere")
    os.mkfifo(root / "pipe.tf")
    (root / "Dockerfile").mkdir()
    for path in ("out.tf", "zero.tf", "folder/secret.tf", "dangling.tf", "pipe.tf", "Dockerfile"):
        with pytest.raises(Unreadable):
            read_text(root, path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "big.yaml", "wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    with pytest.raises(Unreadable, match="larger"):
        read_text(tmp_path, "big.yaml")


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"\xef\xbb\xbfa", "a"), ("a\u00e4".encode("utf-16"), "a\u00e4"), (b"a\r\nb", "a\r\nb"), (b"", "")],
)
def test_encodings(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("data", [b"a\0b", "\u00e4".encode("latin-1"), b"\xff\xfea"])
def test_what_is_no_text_is_said(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)


def test_test_data_is_recognised_below_the_root_only(tmp_path: Path) -> None:
    for path in ("app/Dockerfile", "tests/data/Dockerfile", "vendor/x/main.tf", "testing.tf"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    judged, skipped = sort_out(discover(tmp_path))
    assert judged == ["app/Dockerfile", "testing.tf"]
    assert {skip.path: skip.reason for skip in skipped} == {
        "tests/data/Dockerfile": "test data",
        "vendor/x/main.tf": "vendored",
    }
    judged, _ = sort_out(discover(tmp_path / "tests"))
    assert judged == ["data/Dockerfile"]
    assert not is_test_data("tests/data/Dockerfile", "tests")
