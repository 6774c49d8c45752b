"""What `evidence` keeps: inside the repository, every file of it, of the commit that was judged, as old as it is."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatekeeper.cli import main
from gatekeeper.models.evidence import FOLDER
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.manifest import Predicate, read
from gatekeeper.node import Source

JUNIT = '<testsuite><testcase classname="a" name="b"/></testsuite>'
LCOV = "SF:{}\nDA:1,1\nend_of_record\n"
YEAR = 365 * 86400


def git(root: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / ".gitignore").write_text("/.gatekeeper/evidence/\n*.xml\n*.info\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "1")
    monkeypatch.chdir(root)
    return root


def manifests(root: Path) -> list[Predicate]:
    paths = sorted((root / FOLDER).glob("*.json"))
    return [read(Artifact(Source(path.name, ""), path.read_bytes())).predicate for path in paths]


def kept(root: Path) -> list[bytes]:
    return sorted((root / FOLDER / piece.path).read_bytes() for each in manifests(root) for piece in each.files)


def lcov(*folders: str) -> None:
    for folder in folders:
        Path(folder).mkdir()
        Path(folder, "lcov.info").write_text(LCOV.format(folder))


def expected(*folders: str) -> list[bytes]:
    return sorted(LCOV.format(folder).encode() for folder in folders)


@pytest.mark.parametrize("link", [".gatekeeper", FOLDER, "folder", "copy", "manifest"])
def test_nothing_is_kept_through_a_link(shop: Path, link: str, capsys: pytest.CaptureFixture[str]) -> None:
    lcov("a")
    words = ["evidence", "add", "a/lcov.info"]
    assert main(words) == 0  # the names can be told beforehand
    [manifest] = (shop / FOLDER).glob("*.json")
    folder = manifest.with_suffix("")
    place = {"folder": folder, "copy": folder / "lcov.info", "manifest": manifest}.get(link, shop / link)
    place.rename(shop.parent / "moved")
    victim = shop.parent / "victim"
    victim.mkdir() if (shop.parent / "moved").is_dir() else victim.write_text("precious")
    place.symlink_to(victim)
    capsys.readouterr()
    assert main(words) == 2
    assert f"{place.relative_to(shop)}: is a link; nothing is written through it" in capsys.readouterr().err
    assert not list(victim.iterdir()) if victim.is_dir() else victim.read_text() == "precious"


def test_files_of_one_name_are_all_kept(shop: Path) -> None:
    lcov("a", "b", "c")
    assert main(["evidence", "add", "a/lcov.info", "b/lcov.info", "a/lcov.info"]) == 0
    assert kept(shop) == expected("a", "b")
    assert main(["evidence", "add", "c/lcov.info"]) == 0
    assert main(["evidence", "add", "b/lcov.info"]) == 0
    assert main(["evidence", "add", "b/lcov.info"]) == 0
    assert kept(shop) == expected("a", "b", "b", "c")


def test_one_command_in_two_folders_leaves_two_pieces_and_run_again_no_more(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lcov("a", "b")
    for _ in range(2):
        for folder in ("a", "b"):
            monkeypatch.chdir(shop / folder)
            for words in (["--file", "lcov.info", "--", "touch"], ["--capture", "--", "cat"]):
                assert main(["evidence", "run", "--root", "..", *words, "lcov.info"]) == 0
    assert kept(shop) == expected("a", "a", "b", "b")


def test_a_copy_can_be_kept_in_its_own_place(shop: Path) -> None:
    lcov("a")
    assert main(["evidence", "add", "a/lcov.info"]) == 0
    [copy] = (shop / FOLDER).rglob("lcov.info")
    shutil.rmtree("a")
    Path("a").symlink_to(copy.parent)
    assert main(["evidence", "add", "a/lcov.info"]) == 0
    assert kept(shop) == expected("a")


def test_names_that_are_no_text_are_kept(shop: Path) -> None:
    names = [os.fsdecode(name) for name in (b"\xff.xml", b"\xfe.xml")]
    for name in names:
        Path(name).write_text(JUNIT)
    assert main(["evidence", "add", "--about", os.fsdecode(b"\xff"), *names]) == 0
    assert main(["evidence", "run", "--file", names[0], "--", "touch", *names]) == 0
    assert kept(shop) == [JUNIT.encode()] * 3


@pytest.mark.parametrize(
    ("ages", "stated", "oldest"),
    [((1, 3), 0, 3), ((3, 1), 0, 3), ((0, 0), 2, 2), ((5, 1), 2, 5), ((-2, -1), 0, 0), ((0, -1), -3, 0)],
)
def test_added_files_are_as_old_as_the_oldest_is_or_says(
    shop: Path, ages: tuple[int, int], stated: int, oldest: int
) -> None:
    now = time.time()
    made = datetime.datetime.fromtimestamp(now - stated * YEAR, datetime.timezone(datetime.timedelta(hours=5)))
    texts = (JUNIT, JUNIT.replace("<testsuite", f'<testsuite timestamp="{made.isoformat()}"'))
    for name, age, text in zip("ab", ages, texts, strict=True):
        Path(f"{name}.xml").write_text(text)
        os.utime(f"{name}.xml", (now, now - age * YEAR))
    assert main(["evidence", "add", "a.xml", "b.xml"]) == 0
    [predicate] = manifests(shop)
    assert now - predicate.finished_at.timestamp() == pytest.approx(oldest * YEAR, abs=60)


@pytest.mark.parametrize("written", [-1e11, -1, 1e11])
def test_a_file_that_was_written_at_no_time_that_can_be(shop: Path, written: float) -> None:
    Path("a.xml").write_text(JUNIT)
    os.utime("a.xml", (0, written))
    assert main(["evidence", "add", "a.xml"]) == 0
    assert manifests(shop)[0].finished_at <= datetime.datetime.now(datetime.UTC)


def run(commands: str) -> int:
    return main(["evidence", "run", "--file", "junit.xml", "--", sys.executable, "-c", commands])


WRITES = f"import subprocess as s; open('junit.xml', 'w').write('''{JUNIT}''')"
COMMITS = "s.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', '2'])"


def test_a_commit_that_changes_during_the_run_is_not_proven(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = git(shop, "rev-parse", "HEAD")
    assert run(WRITES) == 0
    assert manifests(shop)[0].dirty is False
    assert "changed" not in capsys.readouterr().err
    for path in (shop / FOLDER).glob("*.json"):
        path.unlink()
    assert run(f"{WRITES}; {COMMITS}; raise SystemExit(7)") == 7
    second = git(shop, "rev-parse", "HEAD")
    said = capsys.readouterr().err
    assert f"the commit that is checked out changed during the run: from {first[:7]} to {second[:7]}" in said
    assert "(dirty: it proves nothing about the commit)" in said
    [manifest] = manifests(shop)
    assert manifest.dirty is True
    assert manifest.exit_code == 7
