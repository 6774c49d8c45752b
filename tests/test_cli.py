"""The program as people run it: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gatekeeper.commands import VERBS
from gatekeeper.plugins import FORMATS

ROOT = Path(__file__).parent.parent
REPOS = ROOT / "fixtures" / "repos"
GOOD = 'FROM debian:12\nUSER 1001\nHEALTHCHECK CMD ["true"]\nCMD ["true"]\n'


class Done:
    def __init__(self, words: tuple[object, ...], cwd: Path | None, variables: dict[str, str]) -> None:
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("GITHUB_", "GIT_", "CI_", "NO_COLOR", "FORCE_COLOR"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "gatekeeper", *map(str, words)],
            cwd=cwd, env={**kept, **variables}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        assert "Traceback" not in self.out + self.err, self.err


def gatekeeper(*words: object, cwd: Path | None = None, **variables: str) -> Done:
    return Done(words, cwd, variables)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM debian:12\n")
    return tmp_path


def test_version_imports_nothing() -> None:
    code = "import sys; from gatekeeper.cli import main; main(['--version']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    version, modules = done.stdout.splitlines()
    assert version.startswith("gatekeeper ")
    assert not {"argparse", "msgspec", "pluggy", "yaml", "typing"} & set(modules.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("adit",), "did you mean `gatekeeper audit`?"),
        (("audit", "nowhere"), "nowhere: no such folder"),
        (("audit", "Dockerfile"), "gatekeeper check Dockerfile"),
        (("audit", "--selct", "x"), "did you mean --select?"),
        (("audit", "--select", "docker-nonrot"), "did you mean docker-nonroot"),
        (("audit", "--ignore", "no-such-rule"), "matches no rule"),
        (("audit", "--output", "jsn"), "did you mean json?"),
        (("audit", "--output", "json=/dev/null/x"), "/dev/null"),
        (("audit", "--plugin", "nothing"), "no plugin 'nothing'"),
        (("check", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("explain", "docker-nonrot"), "did you mean docker-nonroot"),
        (("init", "nowhere"), "no such folder"),
    ],
)  # fmt: skip
def test_wrong_use_is_explained(shop: Path, words: tuple[str, ...], said: str) -> None:
    done = gatekeeper(*words, cwd=shop)
    assert done.code == 2
    assert said in done.err
    assert not done.out


def test_bad_settings_name_their_line_and_isolated_goes_without(shop: Path) -> None:
    (shop / "gatekeeper.yaml").write_text("service: {name: shop}\nowned: [alerts]\n")
    done = gatekeeper("audit", shop)
    assert done.code == 2
    assert "gatekeeper.yaml:2: no setting 'owned' here; did you mean 'owns'?" in done.err
    assert gatekeeper("audit", shop, "--isolated").code == 1


def test_exit_codes(shop: Path, tmp_path: Path) -> None:
    assert gatekeeper("audit", shop, "--select", "docker-nonroot").code == 1
    assert gatekeeper("audit", shop, "--select", "docker-nonroot", "--exit-zero").code == 0
    (shop / "Dockerfile").write_text(GOOD)
    assert gatekeeper("audit", shop, "--select", "docker-nonroot").code == 0
    (shop / "Dockerfile").write_text("FROM registry.example.com/base:1\n")
    assert gatekeeper("audit", shop, "--select", "docker-nonroot", "--exit-zero").code == 3
    (shop / "Dockerfile").unlink()
    assert gatekeeper("audit", shop).code == 3


def test_the_same_exit_code_for_every_format(shop: Path) -> None:
    for name in FORMATS:
        done = gatekeeper("audit", shop, "--output", name)
        assert done.code == 1, name
        assert done.out


def test_outputs_can_be_several(shop: Path) -> None:
    done = gatekeeper("audit", shop, "--output", "text", "--output", f"json={shop}/out/report.json")
    assert "NOT READY" in done.out
    report = json.loads((shop / "out" / "report.json").read_text())
    assert report["schema"] == "gatekeeper/report/v1"
    assert report["exit_code"] == done.code


def test_selectors_take_ids_aliases_gates_and_globs(shop: Path) -> None:
    def rules(*selectors: str) -> set[str]:
        done = gatekeeper("audit", shop, "--output", "json", *(word for s in selectors for word in ("--select", s)))
        return set(json.loads(done.out)["rules"])

    assert rules("docker-nonroot") == {"docker-nonroot"}
    assert rules("DS-0002") == {"docker-nonroot"}
    assert rules("DS-0002,docker-healthch*k") == {"docker-nonroot", "docker-healthcheck"}
    assert "docker-nonroot" in rules("container-hardening")


def test_verdicts_list_every_subject_judged(shop: Path) -> None:
    (shop / "Dockerfile").write_text(GOOD)
    (shop / "api").mkdir()
    (shop / "api" / "Dockerfile").write_text("FROM debian:12 AS build\nFROM registry.example.com/base:1 AS run\n")
    (shop / "web").mkdir()
    (shop / "web" / "Dockerfile").write_text("FROM debian:12 AS run\n")
    done = gatekeeper("audit", shop, "--select", "docker-nonroot", "--output", "json", "--verdicts")
    listed = {(row["subject"]["path"], row["verdict"]) for row in json.loads(done.out)["verdicts"]}
    assert listed == {("Dockerfile", "pass"), ("api/Dockerfile", "unknown"), ("web/Dockerfile", "fail")}


def test_a_secret_is_shown_by_no_format_even_when_its_rule_is_not_selected(shop: Path) -> None:
    (shop / "Dockerfile").write_text("FROM debian:12\nENV DB_PASSWORD=Tr0ub4dor-and-3\n")
    for output in FORMATS:
        for words in ((), ("--ignore", "secrets"), ("--select", "docker-*"), ("--verdicts",)):
            assert "Tr0ub4dor" not in gatekeeper("audit", shop, "--output", output, *words).out


def test_a_named_path_is_judged_wherever_it_lies(shop: Path) -> None:
    subprocess.run(["git", "init", "-q", shop], check=True)
    (shop / "tests").mkdir()
    (shop / "Dockerfile").rename(shop / "tests" / "Dockerfile")
    assert gatekeeper("audit", shop).code == 3
    assert gatekeeper("audit", shop / "tests", "--select", "docker-nonroot").code == 1
    done = gatekeeper("check", shop / "tests" / "Dockerfile", "--output", "json", "--select", "docker-nonroot")
    assert [finding["rule"] for finding in json.loads(done.out)["findings"]] == ["docker-nonroot"]
    forced = gatekeeper("check", shop / "tests" / "Dockerfile", "--force-exclude", "--output", "json")
    assert not json.loads(forced.out)["findings"]


def test_a_hook_passes_files_that_no_rule_judges_and_a_person_is_told(shop: Path) -> None:
    (shop / "package.json").write_text("{}")
    assert gatekeeper("check", shop / "package.json").code == 3
    assert gatekeeper("check", shop / "package.json", "--force-exclude").code == 0


def test_every_file_is_accounted_for(shop: Path) -> None:
    (shop / "photo.jpg").write_bytes(b"\xff\xd8\0")
    (shop / "tests").mkdir()
    (shop / "tests" / "a.yaml").write_text("")
    (shop / "broken.yaml").write_text("a: [\n")
    done = gatekeeper("audit", shop, "--show-files", "--output", "text", "--output", f"json={shop}/../report.json")
    files = json.loads((shop / ".." / "report.json").read_text())["files"]
    assert {skip["path"]: skip["reason"] for skip in files["skipped"]} == {
        "photo.jpg": "no rule reads this kind of file",
        "tests/a.yaml": "test data",
    }
    assert [each["path"] for each in files["unreadable"]] == ["broken.yaml"]
    assert files["judged"] == 2
    for path in ("Dockerfile", "photo.jpg", "tests/a.yaml", "broken.yaml"):
        assert path in done.out


@pytest.mark.parametrize("name", sorted(path.name for path in (REPOS / "broken").iterdir()))
def test_broken_input_is_named_and_hides_nothing(name: str) -> None:
    done = gatekeeper("audit", REPOS / "broken" / name, "--output", "json", "--verdicts")
    assert done.code in (1, 3)
    report = json.loads(done.out)
    if name not in ("empty-yaml", "unprintable"):  # an empty file holds nothing; odd characters can be read
        assert report["files"]["unreadable"], "what could not be read is not named"
    assert [row for row in report["verdicts"] if row["rule"] != "file-unreadable"], "the other files were not judged"


def test_a_file_is_never_coloured(shop: Path) -> None:
    gatekeeper("audit", shop, "--color", "always", "--output", f"text={shop}/out.txt")
    assert "NOT READY" in (shop / "out.txt").read_text()
    assert "\x1b[" not in (shop / "out.txt").read_text()


def test_colour_is_never_sent_to_a_pipe_unless_asked(shop: Path) -> None:
    assert "\x1b[" not in gatekeeper("audit", shop).out
    assert "\x1b[" in gatekeeper("audit", shop, "--color", "always").out
    assert "\x1b[" in gatekeeper("audit", shop, FORCE_COLOR="1").out
    assert "\x1b[" not in gatekeeper("audit", shop, NO_COLOR="1").out


def test_under_github_actions(shop: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = gatekeeper("audit", shop, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary), GITHUB_EVENT_NAME="push")
    assert "::error file=Dockerfile,title=docker-nonroot (high),line=1" in done.out
    assert "| Gate |" in summary.read_text()
    quiet = gatekeeper("audit", shop, "--output", "json", GITHUB_ACTIONS="true")
    json.loads(quiet.out)


def test_the_profile_follows_the_event(shop: Path) -> None:
    def profile(*words: str, event: str = "push") -> str:
        done = gatekeeper("audit", shop, "--output", "json", *words, GITHUB_EVENT_NAME=event)
        return str(json.loads(done.out)["profile"])

    assert profile() == "release"
    assert profile(event="pull_request") == "pull-request"
    assert profile("--profile", "pre-commit", event="pull_request") == "pre-commit"


def test_init_writes_what_audit_accepts_and_never_overwrites(shop: Path) -> None:
    assert gatekeeper("init", shop).code == 0
    text = (shop / "gatekeeper.yaml").read_text()
    assert "docker" in text
    assert gatekeeper("audit", shop).code == 1
    again = gatekeeper("init", shop)
    assert (again.code, (shop / "gatekeeper.yaml").read_text()) == (2, text)


def test_explain_every_rule_and_gate() -> None:
    rules = json.loads(gatekeeper("rules", "--output", "json").out)["rules"]
    for name in (rules[0]["id"], rules[-1]["id"], "secrets", "DS-0002"):
        done = gatekeeper("explain", name)
        assert done.code == 0
        assert "severity" in done.out or "Criteria" in done.out


def test_explain_a_criterion_that_no_rule_judges() -> None:
    done = gatekeeper("explain", "restore-tested")
    assert done.code == 0
    assert "gate: backup-dr" in done.out and "attestation: holds 90 days at most" in done.out
    assert "evidence: junit" in gatekeeper("explain", "tests-ran").out


def test_hostile_names_and_links_end_nothing(tmp_path: Path) -> None:
    for name in ("a\n::error::x.yaml", "b\x1b[31m.yaml", "c\u202e.yaml", "-d.yaml", "e'\"<&>.yaml"):
        (tmp_path / name).write_text("a: [\n")
    with open(os.fsencode(tmp_path) + b"/f\xff.yaml", "w") as file:
        file.write("a: [\n")
    (tmp_path / "link.yaml").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.yaml")
    for output in FORMATS:
        done = gatekeeper("audit", tmp_path, "--output", output, "--show-files", GITHUB_ACTIONS="true")
        assert done.code in (1, 3)
        assert "\n::error::x" not in done.out
        assert "\x1b[31m" not in done.out
        assert "root:x:0" not in done.out


def test_a_mistake_of_ours_is_no_traceback_and_proves_nothing(shop: Path) -> None:
    code = (
        "import sys, gatekeeper.gates as gates\n"
        "def wrong(*_, **__): raise KeyError('x')\n"
        "gates.judge = wrong\n"
        f"sys.argv = ['gatekeeper', 'audit', {str(shop)!r}]\n"
        "from gatekeeper.cli import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "internal error" in done.stderr
    assert "Traceback" not in done.stderr


def test_long_work_says_how_far_it_is_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from gatekeeper.commands import emit

    clock = iter([0.0, 0.2, 0.4, 0.45, 0.6])
    monkeypatch.setattr(emit, "monotonic", lambda: next(clock))
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    progress = emit.Progress()
    for done in range(4):
        progress("reading", done, 4)
    progress.end()
    assert shown.getvalue().split("\r\x1b[K") == ["", "reading 1 of 4 files", "reading 3 of 4 files", ""]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_verb(shell: str) -> None:
    done = gatekeeper("completion", shell)
    assert done.code == 0
    assert VERBS.keys() <= set(re.findall(r"[\w-]+", done.out))


def test_a_rule_that_is_off_runs_where_it_is_asked_for(shop: Path) -> None:
    (shop / "Dockerfile").write_text("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n")

    def found(*words: str) -> list[tuple[str, str]]:
        done = gatekeeper("audit", shop, "--output", "json", *words)
        return [(each["rule"], each["severity"]) for each in json.loads(done.out)["findings"]]

    assert "docker-pin-apt" not in dict(found())
    assert found("--select", "docker-pin-apt") == [("docker-pin-apt", "low")]
    (shop / "gatekeeper.yaml").write_text("rules: {docker-pin-apt: {severity: medium}}\n")
    assert ("docker-pin-apt", "medium") in found()
