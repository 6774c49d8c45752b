"""What is written into a repository that is not trusted stays in it, whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gatekeeper.cli import main
from gatekeeper.discover import Unwritable, write_below

PATH = ".gatekeeper/evidence/junit-1/junit.xml"
STEPS = PATH.split("/")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "victim").mkdir()
    return tmp_path / "root"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("replace", [True, False])
def test_it_is_written_with_its_folders_as_other_files_are(root: Path, replace: bool) -> None:
    write_below(root, PATH, b"\0\r\n", replace=replace)
    (root / "usual").touch()
    assert files(root) == {PATH: b"\0\r\n", "usual": b""}
    assert stat.S_IMODE((root / PATH).stat().st_mode) == stat.S_IMODE((root / "usual").stat().st_mode)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("end", range(1, len(STEPS) + 1))
@pytest.mark.parametrize("target", ["../victim", "../nowhere", "inside"])
def test_nothing_is_written_through_a_link(root: Path, end: int, target: str, replace: bool) -> None:
    (root / "inside").mkdir()
    link = root.joinpath(*STEPS[:end])
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(root / target)
    with pytest.raises(Unwritable) as raised:
        write_below(root, PATH, b"x", replace=replace)
    assert str(raised.value) == f"{link}: is a link; nothing is written through it"
    assert link.is_symlink()
    assert files(root.parent) == {}
    assert not (root.parent / "nowhere").exists()


def test_a_hard_link_is_replaced_and_not_written_through(root: Path) -> None:
    victim = root.parent / "victim" / "file"
    victim.write_bytes(b"old")
    (root / "a").hardlink_to(victim)
    write_below(root, "a", b"new", replace=True)
    assert (victim.read_bytes(), (root / "a").read_bytes()) == (b"old", b"new")


def test_what_is_there_is_replaced_only_when_asked(root: Path) -> None:
    write_below(root, PATH, b"old", replace=False)
    with pytest.raises(Unwritable, match="exists already"):
        write_below(root, PATH, b"new", replace=False)
    assert files(root) == {PATH: b"old"}
    write_below(root, PATH, b"new", replace=True)
    assert files(root) == {PATH: b"new"}


@pytest.mark.parametrize("path", ["../victim/x", "a/../../victim/x", "/etc/x", "a//x", "./x", "", "a/"])
def test_a_path_that_is_none_below_the_root(root: Path, path: str) -> None:
    with pytest.raises(Unwritable, match="is no path below"):
        write_below(root, path, b"x", replace=True)
    assert files(root.parent) == {}


def test_the_root_itself_may_be_a_link(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    write_below(root.parent / "link", "a", b"x", replace=True)
    assert files(root) == {"a": b"x"}


@pytest.mark.parametrize(
    ("there", "words"),
    [("a", r"/a: is no folder"), ("a/b/", r"/a/b: cannot be written: is a directory")],
)
def test_what_stands_in_the_way_is_named(root: Path, there: str, words: str) -> None:
    if there.endswith("/"):
        (root / there).mkdir(parents=True)
    else:
        (root / there).write_bytes(b"old")
    before = files(root)
    with pytest.raises(Unwritable, match=words):
        write_below(root, "a/b", b"x", replace=True)
    assert files(root) == before


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_disk_that_is_full_or_an_interruption_leaves_nothing_half_written(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, replace: bool
) -> None:
    if replace:
        write_below(root, PATH, b"old", replace=True)
    before = files(root)
    opened = os.fdopen

    def failing(handle: int, mode: str) -> object:
        opened(handle, mode).close()
        raise error

    monkeypatch.setattr(os, "fdopen", failing)
    with pytest.raises((Unwritable, KeyboardInterrupt), match=r"cannot be written: no space left|^$"):
        write_below(root, PATH, b"new", replace=replace)
    assert files(root) == before


def test_init_writes_through_no_link(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "gatekeeper.yaml").symlink_to(root.parent / "victim" / "x")
    assert main(["init", str(root)]) == 2
    assert "gatekeeper.yaml: is a link; nothing is written through it" in capsys.readouterr().err
    assert files(root.parent) == {}
