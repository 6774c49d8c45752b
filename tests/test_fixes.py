"""Fixes: only the characters of an edit change, and nothing is written that does not hold."""

from __future__ import annotations

import datetime
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from gatekeeper import fixes
from gatekeeper.audit import Request, audit
from gatekeeper.cli import main
from gatekeeper.plugins import manager
from gatekeeper.settings import Settings

DOCKERFILE = "# The shop.\nFROM debian:12\n\nUSER 1001   # not root\nCMD   node   main.js\n"
FIXED = DOCKERFILE.replace("CMD   node   main.js", 'CMD   ["node", "main.js"]')
SELECT = ("--select", "docker-exec-form", "--isolated")


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_bytes(DOCKERFILE.encode())
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def gatekeeper(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> Done:
        try:
            code = main(words)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return Done(code, *capsys.readouterr())

    return run


def test_a_fix_changes_its_characters_alone(file: Path, gatekeeper: Run) -> None:
    file.chmod(0o640)
    done = gatekeeper("check", "--fix", *SELECT)
    assert file.read_text() == FIXED
    assert "1 of 1 findings fixed in 1 file" in done.err
    assert "docker-exec-form" not in done.out.splitlines()[0]
    assert done.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(file.parent) == ["Dockerfile"]


def test_a_diff_writes_nothing(file: Path, gatekeeper: Run) -> None:
    done = gatekeeper("check", "--diff", "--fail-on", "medium", *SELECT)
    assert file.read_text() == DOCKERFILE
    assert done.code == 1
    assert "--- a/Dockerfile" in done.out
    assert '\n-CMD   node   main.js\n+CMD   ["node", "main.js"]\n' in done.out


@pytest.mark.parametrize(
    "data",
    [DOCKERFILE.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + DOCKERFILE.encode(), DOCKERFILE.strip().encode()],
    ids=["CRLF", "BOM", "no line end"],
)
def test_what_surrounds_it_is_kept(file: Path, gatekeeper: Run, data: bytes) -> None:
    file.write_bytes(data)
    gatekeeper("audit", "--fix", *SELECT)
    assert file.read_bytes() == data.replace(b"CMD   node   main.js", b'CMD   ["node", "main.js"]')


def test_what_is_waived_is_not_fixed(file: Path, gatekeeper: Run) -> None:
    soon = datetime.date.today() + datetime.timedelta(days=30)
    comment = f"# gatekeeper: ignore[docker-exec-form] until={soon} by=ann -- the shell is meant\n"
    excused = DOCKERFILE.replace("CMD ", f"{comment}CMD ")
    file.write_text(excused)
    done = gatekeeper("check", "--fix", *SELECT)
    assert file.read_text() == excused
    assert "0 of 1 findings fixed" in done.err


def test_nothing_is_written_through_a_link(file: Path, gatekeeper: Run) -> None:
    real = file.with_name("real.txt")
    file.rename(real)
    file.symlink_to(real)
    gatekeeper("check", "--fix", *SELECT)
    assert real.read_text() == DOCKERFILE


def test_a_fix_that_changes_what_the_file_does_is_asked_for(file: Path, gatekeeper: Run) -> None:
    file.write_text("FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl\nUSER 1\n")
    text = file.read_text().replace(" --no-install-recommends", "")
    file.write_text(text)
    select = ("--select", "docker-no-install-recommends", "--isolated")
    done = gatekeeper("check", "--fix", *select)
    assert file.read_text() == text
    assert "1 more would change what the files do: --unsafe-fixes" in done.err
    gatekeeper("check", "--fix", "--unsafe-fixes", *select)
    assert "apt-get install --no-install-recommends" in file.read_text() or (
        "apt-get install -y --no-install-recommends" in file.read_text()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fix", "--diff"), "leave out one of them"),
        (("--fix", "--staged"), "what is staged is not written to"),
        (("--unsafe-fixes",), "add --diff"),
    ],
)
def test_options_that_do_not_go_together(file: Path, gatekeeper: Run, words: tuple[str, ...], said: str) -> None:
    done = gatekeeper("check", *words)
    assert done.code == 2
    assert said in done.err


def test_a_diff_shows_no_secret_that_a_fix_leaves_where_it_is(file: Path, gatekeeper: Run) -> None:
    (file.parent / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n"
        "  - {name: shop, image: 'shop:1', env: [{name: DB_PASSWORD, value: tr0ub4dor-3}]}\n"
        "  - {name: side, image: 'side:1', args: [--password=correct-horse]}\n"
        "  - {name: last, image: 'last:1'}\n"
    )
    done = gatekeeper("audit", "--diff", "--unsafe-fixes", "--isolated", "--select", "k8s-privilege-escalation")
    assert "+  - {securityContext: {allowPrivilegeEscalation: false}, name: last" in done.out
    assert "tr0ub4dor-3" not in done.out + done.err


def test_what_could_not_be_written_is_not_called_fixed(file: Path, gatekeeper: Run) -> None:
    file.write_bytes(DOCKERFILE.encode("utf-16"))
    done = gatekeeper("audit", "--fix", *SELECT)
    assert "0 of 1 findings fixed" in done.err
    assert "UTF-16" in done.err


def test_a_file_that_was_changed_meanwhile_is_left_alone(file: Path) -> None:
    request, hooks = Request(root=file.parent, settings=Settings(), select=("docker-exec-form",)), manager().hook
    report = audit(request, hooks)
    result = fixes.fixed(report, request, hooks, unsafe=False)
    file.write_text("FROM debian:13\n")
    assert [each.path for each in fixes.write(result, report.project.tree)] == ["Dockerfile"]
    assert file.read_text() == "FROM debian:13\n"
