"""Other analysers, run as programs: the real ones where they are installed, and programs that behave badly."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from textwrap import indent
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekeeper import analysers
from gatekeeper.analysers import Analysis, cache, hadolint, sandbox
from gatekeeper.analysers.workspace import Workspace, is_configuration
from gatekeeper.discover import Tree, discover, sort_out
from gatekeeper.models.evidence.facts import Problem, Scan
from gatekeeper.settings import ANALYSERS

if os.name != "posix":
    pytest.skip("the programs of these tests are scripts", allow_module_level=True)

HERE = Path(__file__).parent.parent
SECRET = "sup3rs3cretValue99"


def _program(name: str) -> str:
    candidates = (
        str(HERE / ".venv-tools" / name / "bin" / name),
        os.environ.get(f"GATEKEEPER_{name.upper()}", ""),
        name,
    )
    return next((found for each in candidates if each and (found := shutil.which(each))), "")


PROGRAMS = {name: _program(name) for name in analysers.NAMES}


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not PROGRAMS[name], reason=f"{name} is not installed: make test puts it in .venv-tools")


@pytest.fixture(autouse=True)
def _of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program, cache or home of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("GATEKEEPER_", "TRIVY_", "PIPX_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def _tree(root: Path, files: Mapping[str, str | bytes]) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    return discover(root)


def _run(name: str, tree: Tree, program: str | Path = "") -> Analysis:
    with pytest.MonkeyPatch.context() as environment:
        if program:
            environment.setenv(f"GATEKEEPER_{name.upper()}", str(program))
        return analysers.start([name], tree, sort_out(tree)[0])()[0]


def _scan(analysis: Analysis) -> Scan:
    assert analysis.scan is not None, analysis
    return analysis.scan


def _found(analysis: Analysis) -> set[tuple[str, str, int]]:
    return {(problem.id, problem.path, problem.line) for problem in _scan(analysis).problems}


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Make a program of a few lines of Python; it also answers --version."""

    def made(body: str) -> Path:
        path = tmp_path / "bin" / "tool"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!{sys.executable}\nimport json, os, sys, time\n"
            f"if '--version' in sys.argv:\n    sys.exit(print('tool 9.8.7'))\n"
            f"TREE = next((w.partition('=')[2] for w in sys.argv if w.startswith('--directory=')), '')\n{body}\n"
        )
        path.chmod(0o755)
        return path

    return made


WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  annotations: {checkov.io/skip1: CKV_K8S_20=it is fine}
spec:
  template:
    spec:
      containers:
        - name: api
          image: shop/api:1.4.2
          env:
            - {name: DB_PASSWORD, value: sup3rs3cretValue99}
"""
BUCKET = """\
resource "aws_s3_bucket" "b" {
  # checkov:skip=CKV_AWS_18:it is fine
  bucket = "sup3rs3cretValue99"
}
"""
BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
CANARY = "import os\nopen(os.environ.get('CANARY', {path!r}), 'w').close()\n"


# the real programs


@needs("checkov")
def test_checkov_judges_and_is_asked_once() -> None:
    root = HERE / "fixtures" / "repos" / "order-service"
    tree = discover(root)
    first = _run("checkov", tree, PROGRAMS["checkov"])
    assert ("CKV_K8S_9", "k8s/worker.yaml", 1) in _found(first)
    scan = _scan(first)
    assert (first.version, first.files, scan.incomplete) == (scan.version, 6, ())
    assert {"Dockerfile", "k8s/deployment.yaml", ".github/workflows/ci-cd.yml"} <= set(scan.targets) <= set(tree.paths)
    for problem in scan.problems:
        assert 1 <= problem.line <= len(tree.source(problem.path).lines)
        assert problem.message and problem.where
    again = _run("checkov", discover(root), PROGRAMS["checkov"])
    assert (first.cached, again.cached) == (False, True)
    assert msgspec.structs.replace(_scan(again), made=None) == msgspec.structs.replace(scan, made=None)


@needs("checkov")
def test_checkov_runs_nothing_of_a_hostile_repository_and_passes_nothing_it_did_not_read(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    plant = CANARY.format(path=str(canary))
    root = tmp_path / "repo"
    tree = _tree(
        root,
        {
            ".checkov.yaml": "external-checks-dir: [checks]\nframework: [terraform]\nskip-check: [CKV_K8S_9]\n",
            "checks/__init__.py": plant,
            "checks/planted.py": plant,
            "sitecustomize.py": plant,
            "k8s/api.yaml": WORKLOAD,
            "k8s/.checkov.yml": "external-checks-dir: [../checks]\n",
            "k8s/broken.yaml": "apiVersion: v1\nkind: Pod\nspec: [\n  a: b",
            "k8s/templated.yaml": WORKLOAD.replace("name: api", "name: {{ app }}"),
            "k8s/laughs.yaml": f"apiVersion: v1\nkind: Pod\na0: &a0 [x]\n{BOMB}",
            ".hidden/pod.yaml": WORKLOAD,
            "infra/main.tf": BUCKET,
            "infra/broken.tf": BUCKET.replace("}", ""),
            "Dockerfile": f"FROM debian:12\nENV PASSWORD={SECRET}\nRUN echo {SECRET}\n",
            "Dockerfile.blob": b"\x00\x01",
            "chart/Chart.yaml": "name: a\n",
            "chart/templates/pod.yaml": WORKLOAD.replace("shop/api", "{{ .Values.image }}"),
        },
    )
    (root / "infra" / "outside.tf").symlink_to("/etc/passwd")
    (root / "k8s" / "outside.yaml").symlink_to("/etc")
    tree = discover(root)
    analysis = _run("checkov", tree, PROGRAMS["checkov"])
    assert not canary.exists()
    scan = _scan(analysis)
    assert scan.targets == (".hidden/pod.yaml", "Dockerfile", "infra/main.tf", "k8s/api.yaml")
    assert ("CKV_K8S_9", "k8s/api.yaml", 1) in _found(analysis)  # the configuration would skip it
    silenced = {problem.id for problem in scan.problems if problem.suppressed}
    assert silenced == {"CKV_K8S_20", "CKV_AWS_18"}
    missed = "\n".join(scan.incomplete)
    for words in (
        "infra/broken.tf: checkov could not parse it",
        "infra/outside.tf: a link",
        "k8s/broken.yaml: not valid YAML",
        "k8s/templated.yaml: checkov says nothing about it",
        "k8s/laughs.yaml: expands to more than",
        "Dockerfile.blob: binary",
        "chart: a Helm chart",
    ):
        assert words in missed
    said = msgspec.json.encode(analysis)
    assert SECRET.encode() not in said
    assert b"root:" not in said


@needs("zizmor")
def test_zizmor_reads_workflows_without_the_repository_s_configuration(tmp_path: Path) -> None:
    workflow = f"""\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    container:
      image: shop/api:1
      credentials: {{username: u, password: {SECRET}}}
    steps:
      - uses: actions/checkout@v4 # zizmor: ignore[unpinned-uses]
      - run: echo ${{{{ github.event.issue.title }}}} {SECRET}
"""
    tree = _tree(
        tmp_path / "repo",
        {
            ".github/zizmor.yml": "rules: {template-injection: {disable: true}}\n",
            "zizmor.yml": "rules: {template-injection: {disable: true}}\n",
            ".github/workflows/ci.yml": workflow,
            ".github/workflows/broken.yml": "on: [\njobs: x",
        },
    )
    analysis = _run("zizmor", tree, PROGRAMS["zizmor"])
    scan = _scan(analysis)
    assert scan.targets == (".github/workflows/ci.yml",)
    assert ("template-injection", ".github/workflows/ci.yml", 10) in _found(analysis)
    assert [problem.id for problem in scan.problems if problem.suppressed] == ["unpinned-uses"]
    assert {problem.severity for problem in scan.problems} <= {"low", "medium", "high"}
    assert any(words.startswith(".github/workflows/broken.yml: ") for words in scan.incomplete)
    assert SECRET.encode() not in msgspec.json.encode(analysis)
    nothing = _run("zizmor", _tree(tmp_path / "other", {".github/workflows/a.yml": "on: ["}), PROGRAMS["zizmor"])
    assert (nothing.scan, nothing.reason) == (None, "empty")


@needs("shellcheck")
def test_shellcheck_reads_scripts_and_what_run_hands_to_the_shell(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path / "repo",
        {
            "deploy": "#!/usr/bin/env bash\necho $1\n",
            "notes": "no script: echo $1\n",
            "quiet.sh": "#!/bin/sh\n# shellcheck disable=SC2086\necho $1\n",
            "broken.sh": "#!/bin/sh\nif true; then\n",
            ".shellcheckrc": "disable=all\n",
            "Dockerfile": f"FROM debian\nRUN true && \\\n  echo {SECRET} $FOO\nRUN <<END\nls *\nEND\n",
        },
    )
    scan = _scan(_run("shellcheck", tree, PROGRAMS["shellcheck"]))
    found = {(each.id, each.path, each.line, bool(each.suppressed)) for each in scan.problems}
    assert {
        ("SC2086", "deploy", 2, False),
        ("SC2086", "quiet.sh", 3, True),
        ("SC2086", "Dockerfile", 2, False),
        ("SC2035", "Dockerfile", 5, False),
    } <= found
    assert scan.targets == ("Dockerfile", "deploy", "quiet.sh")
    assert scan.incomplete == ("broken.sh: shellcheck could not parse all of it",)
    assert SECRET not in str(scan)


@needs("hadolint")
def test_hadolint_is_not_silenced_by_what_it_judges(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path / "repo",
        {
            ".hadolint.yaml": "ignored: [DL3006, DL3008]\n",
            "Dockerfile": f"FROM debian\n# hadolint ignore=DL3008\nRUN apt-get install -y curl && echo {SECRET}\n",
            "api/Containerfile": f"FROM debian:12\nENV PASSWORD={SECRET}\n",
            "broken.Dockerfile": f"FROM debian:12\nNONSENSE {SECRET}\n",
            "docs/dockerfile.md": "how it is built\n",
        },
    )
    analysis = _run("hadolint", tree, PROGRAMS["hadolint"])
    scan = _scan(analysis)
    assert scan.targets == ("Dockerfile", "api/Containerfile")
    assert ("DL3006", "Dockerfile", 1) in _found(analysis)
    assert [problem.id for problem in scan.problems if problem.suppressed] == ["DL3008"]
    assert scan.incomplete == ("broken.Dockerfile: hadolint could not parse it",)
    assert SECRET.encode() not in msgspec.json.encode(analysis)


# programs that behave badly

POD = {"k8s/pod.yaml": WORKLOAD}
LYING = {
    "crashes": ("sys.exit(2)", "tool-error"),
    "is killed": ("os.kill(os.getpid(), 9)", "tool-error"),
    "takes all memory": ("bytearray(8 << 30); print('{}')", "tool-error"),
    "prints rubbish": ("print('Error: no module named checkov')", "tool-error"),
    "prints nothing": ("", "tool-error"),
    "prints half a report": ('print(\'[{"check_type": "kubernetes"\')', "tool-error"),
    "prints what is no report": ("print('[1, 2]')", "tool-error"),
    "nests deeply": ("print('[' * 100_000)", "tool-error"),
    "checked nothing": (
        "print(json.dumps({'passed': 0, 'failed': 0, 'skipped': 0, 'parsing_errors': 0, 'checkov_version': '1'}))",
        "empty",
    ),
    "checked other files": (
        "check = {'check_id': 'A', 'file_abs_path': '/etc/passwd'}\n"
        "print(json.dumps({'check_type': 'kubernetes', 'results': {'failed_checks': [check]}}))",
        "empty",
    ),
    "hangs": ("time.sleep(600)", "tool-error"),
}


@pytest.mark.parametrize(("body", "reason"), LYING.values(), ids=LYING)
def test_a_tool_that_does_wrong_proves_nothing(
    body: str, reason: str, tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in body:
        monkeypatch.setattr(sandbox, "SECONDS", 1.0)
    analysis = _run("checkov", _tree(tmp_path / "repo", POD), script(body))
    assert (analysis.scan, analysis.reason) == (None, reason)
    assert analysis.message and "Traceback" not in analysis.message
    assert not list((tmp_path / "cache").rglob("*.json"))


HONEST = (
    "check = {'check_id': 'A_1', 'check_name': 'said', 'file_abs_path': TREE + '/k8s/pod.yaml',"
    " 'file_line_range': [0, 12], 'severity': 'HIGH'}\n"
    "lost = {**check, 'file_abs_path': TREE + '/../../etc/passwd'}\n"
    "print(json.dumps([{'check_type': 'kubernetes', 'results': {'failed_checks': [check, lost]}}]))\n"
)


def test_results_about_what_was_not_given_are_dropped_and_counted(
    tmp_path: Path, script: Callable[[str], Path]
) -> None:
    scan = _scan(_run("checkov", _tree(tmp_path / "repo", POD), script(HONEST)))
    assert (scan.tool, scan.version) == ("checkov", "9.8.7")
    assert scan.problems == (Problem("A_1", "high", "said", path="k8s/pod.yaml", line=1, end_line=12),)
    assert scan.incomplete == ("1 results name no file that was given to checkov",)


def test_a_tool_sees_nothing_that_is_ours(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repo"
    tree = _tree(root, POD)
    (root / "bin").mkdir()
    monkeypatch.setenv("PATH", f".:{root}/bin::/usr/bin:/bin")
    monkeypatch.setenv("BC_API_KEY", SECRET)
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    monkeypatch.setenv("PYTHONPATH", str(root))
    seen = tmp_path / "seen.json"
    _run(
        "checkov",
        tree,
        script(
            f"files = sorted(os.path.relpath(os.path.join(at, f), TREE) for at, _, fs in os.walk(TREE) for f in fs)\n"
            f"home = os.listdir(os.environ['HOME'])\n"
            f"about = dict(files=files, home=home, here=os.listdir(), at=os.getcwd(), environment=dict(os.environ))\n"
            f"json.dump(about, open({str(seen)!r}, 'w'))"
        ),
    )
    about = json.loads(seen.read_text())
    assert (about["files"], about["home"], about["here"]) == (["k8s/pod.yaml"], [], [])
    assert about["environment"]["PATH"] == "/usr/bin:/bin"
    assert not {"BC_API_KEY", "GITHUB_TOKEN", "PYTHONPATH"} & about["environment"].keys()
    assert SECRET not in json.dumps(about)
    assert str(root) not in json.dumps(about)
    assert not Path(about["at"]).exists()  # gone with all that was copied


def test_what_a_tool_started_is_ended_with_it(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(sandbox, "SECONDS", 1.0)
    held = tmp_path / "held"
    body = (
        f"import fcntl\nfile = open({str(held)!r}, 'w')\nfcntl.flock(file, fcntl.LOCK_EX)\nos.fork()\ntime.sleep(600)"
    )
    _run("checkov", _tree(tmp_path / "repo", POD), script(body))
    with open(held, "a") as file:
        for _ in range(500):  # the lock is let go when the last of them has ended
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.02)
    pytest.fail("a process that the tool started lives on")


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="nothing here tells that a process has ended without reaping it")
@pytest.mark.parametrize("body", ["", "time.sleep(600)"])
def test_a_group_is_killed_only_while_its_number_is_its_own(
    body: str, tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 1.0)
    killed: list[int] = []
    kill = os.killpg

    def killpg(group: int, number: int) -> None:
        os.waitid(os.P_PID, group, os.WEXITED | os.WNOWAIT | os.WNOHANG)  # raises when it has been reaped
        killed.append(group)
        kill(group, number)

    monkeypatch.setattr(os, "killpg", killpg)
    _run("checkov", _tree(tmp_path / "repo", POD), script(body))
    assert len(killed) == len(set(killed)) == 2  # asked for its version, then run
    for group in killed:
        with pytest.raises(ChildProcessError):  # none is left behind
            os.waitid(os.P_PID, group, os.WEXITED | os.WNOWAIT | os.WNOHANG)


# which program


def _plant(path: Path, canary: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {canary}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("way", ["PATH", "variable", "link to it", "link in it"])
def test_a_program_of_the_repository_is_refused(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, canary = tmp_path / "repo", tmp_path / "canary"
    tree = _tree(root, POD)
    planted = root / "checkov"
    _plant(planted, canary)
    program: Path | str = ""
    if way == "PATH":
        monkeypatch.chdir(root)
        monkeypatch.setenv("PATH", ".:/usr/bin:/bin")
    elif way == "variable":
        program = planted
    elif way == "link to it":
        (tmp_path / "checkov").symlink_to(planted)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    else:
        (root / "alias").symlink_to("/bin/sh")
        program = root / "alias"
    analysis = _run("checkov", tree, program)
    assert (analysis.scan, analysis.reason) == (None, "tool-error")
    assert "part of the repository" in analysis.message
    assert not canary.exists()


def test_a_program_is_found_where_pipx_and_uv_put_it(tmp_path: Path, script: Callable[[str], Path]) -> None:
    tree = _tree(tmp_path / "repo", POD)
    absent = _run("checkov", tree)
    assert (absent.scan, absent.reason) == (None, "tool-error")
    assert "pipx install checkov" in absent.message
    assert "GATEKEEPER_CHECKOV" in absent.message
    for folder in (".local/share/pipx/venvs", ".local/share/uv/tools"):
        environment = tmp_path / "home" / folder / "checkov"
        (environment / "bin").mkdir(parents=True)
        shutil.copy(script(HONEST), environment / "bin" / "checkov")
        (environment / "lib/python3.11/site-packages/checkov-4.5.6.dist-info").mkdir(parents=True)
        assert _run("checkov", tree).version == "4.5.6"
        shutil.rmtree(environment)


def test_what_is_not_there_to_be_judged_needs_no_program(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "repo", {"README.md": "nothing\n"})
    said = analysers.start([*analysers.NAMES, "semgrep"], tree, tree.paths)()
    assert [each.tool for each in said] == [*analysers.NAMES, "semgrep"]
    assert [each.reason for each in said] == ["empty"] * len(analysers.NAMES) + ["unsupported-tool"]
    assert all(each.scan is None and each.files == 0 for each in said)
    chart = {"chart/Chart.yaml": "name: a\n", "chart/templates/pod.yaml": WORKLOAD}
    assert _run("checkov", _tree(tmp_path / "chart", chart)).reason == "template-unrendered"
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "Dockerfile").symlink_to("/etc/passwd")
    assert _run("hadolint", discover(tmp_path / "link")).reason == "unreadable"


def test_the_settings_know_every_analyser() -> None:
    assert analysers.NAMES == ANALYSERS


# several at once


class _Guarded(Tree):
    """A tree that only the thread which made it may ask, and only until it is closed."""

    def __init__(self, root: Path) -> None:
        self.closed = False
        self.thread = threading.get_ident()
        super().__init__(root, discover(root).paths)

    def __getattribute__(self, name: str) -> Any:
        if name not in ("closed", "thread", "__class__"):
            assert not self.closed and self.thread == threading.get_ident(), name
        return super().__getattribute__(name)


def test_the_tree_is_asked_before_the_programs_run_and_by_no_other_thread(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repo"
    _tree(root, {**POD, "package-lock.json": "{}", "k8s/bomb.yaml": WORKLOAD + "a: [\n"})
    (root / "outside.tf").symlink_to("/etc/passwd")
    _database(tmp_path / "cache" / "trivy")
    either = f"if sys.argv[1] == 'filesystem':\n{indent(TRIVY, '    ')}else:\n{indent(HONEST, '    ')}"
    monkeypatch.setenv("GATEKEEPER_CHECKOV", str(script(either)))
    monkeypatch.setenv("GATEKEEPER_TRIVY", str(script(either)))
    for cached in (False, True):
        tree = _Guarded(root)
        answers = analysers.start(["trivy", "checkov", "trivy"], tree, tree.paths)
        tree.closed = True
        said = answers()
        assert [(each.tool, _scan(each).targets) for each in said] == [
            ("trivy", ("package-lock.json",)), ("checkov", ("k8s/pod.yaml",)), ("trivy", ("package-lock.json",))
        ]  # fmt: skip
        assert {words.partition(":")[0] for words in _scan(said[1]).incomplete} >= {"outside.tf", "k8s/bomb.yaml"}
        assert said[1].cached is cached


def test_a_tool_for_which_nothing_can_be_chosen_costs_its_answer_alone(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(tree: Tree, paths: Sequence[str]) -> Workspace:
        raise RecursionError("of the repository's making")

    monkeypatch.setattr(hadolint, "TOOL", hadolint.TOOL._replace(choose=choose))
    monkeypatch.setenv("GATEKEEPER_CHECKOV", str(script(HONEST)))
    tree = _tree(tmp_path / "repo", POD)
    broken, honest = analysers.start(["hadolint", "checkov"], tree, tree.paths)()
    assert (broken.scan, broken.reason) == (None, "tool-error")
    assert "RecursionError" in broken.message
    assert _scan(honest).targets == ("k8s/pod.yaml",)


# the cache


def _entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "gatekeeper").glob("*.json"))


def test_an_answer_is_kept_by_content_for_its_user_alone(tmp_path: Path, script: Callable[[str], Path]) -> None:
    root = tmp_path / "repo"
    program = script(HONEST)
    first = _run("checkov", _tree(root, POD), program)
    [entry] = _entries(tmp_path)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700
    program.write_text(program.read_text().replace("'said'", "'said otherwise'"))
    (root / "more.tf").symlink_to("/etc/passwd")
    (root / "bomb.yaml").write_text(WORKLOAD + "a: [\n")
    kept = _run("checkov", discover(root), program)
    assert kept.cached
    assert _scan(kept).problems == _scan(first).problems
    assert {words.partition(":")[0] for words in _scan(kept).incomplete} >= {"more.tf", "bomb.yaml"}  # of this run
    for changed in ({"k8s/pod.yaml": WORKLOAD + "# more\n"}, {"k8s/other.yaml": WORKLOAD}):
        again = _run("checkov", _tree(root, changed), program)
        assert not again.cached
        assert _scan(again).problems[0].message == "said otherwise"


@pytest.mark.parametrize(
    "module",
    [
        "analysers/hadolint.py",
        "models/evidence/artifact.py",
        "models/evidence/facts.py",
        "models/evidence/json_text.py",
        "models/evidence/readers/trivy.py",
        "models/evidence/reported.py",
        "models/kubernetes/kustomize.py",
        "parsers/yaml.py",
    ],
)
def test_an_answer_is_made_again_when_the_code_that_made_it_changes(
    module: str, tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "gatekeeper"
    shutil.copytree(cache.PACKAGE, code, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "PACKAGE", code)
    program, tree = script(HONEST), _tree(tmp_path / "repo", POD)
    assert [_run("checkov", tree, program).cached for _ in range(2)] == [False, True]
    with open(code / module, "a") as file:
        file.write("# changed\n")
    assert not _run("checkov", tree, program).cached


@pytest.mark.parametrize("harm", ["rubbish", "of another key", "of another shape", "a link", "writable by others"])
def test_an_entry_that_is_not_ours_is_made_again(harm: str, tmp_path: Path, script: Callable[[str], Path]) -> None:
    program = script(HONEST)
    tree = _tree(tmp_path / "repo", POD)
    first = _scan(_run("checkov", tree, program))
    [entry] = _entries(tmp_path)
    kept = json.loads(entry.read_text())
    kept["scan"]["problems"] = []
    if harm == "rubbish":
        entry.write_bytes(b"\x80\x04.")
    elif harm == "of another key":
        entry.write_text(json.dumps({**kept, "key": "0" * 64}))
    elif harm == "of another shape":
        entry.write_text(json.dumps({**kept, "code": "import os"}))
    elif harm == "a link":
        (tmp_path / "elsewhere").write_text(json.dumps(kept))
        entry.unlink()
        entry.symlink_to(tmp_path / "elsewhere")
    else:
        entry.write_text(json.dumps(kept))
        entry.chmod(0o666)
    again = _run("checkov", tree, program)
    assert not again.cached
    assert _scan(again).problems == first.problems
    assert _run("checkov", tree, program).cached


def test_the_oldest_entries_go_and_none_is_kept_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    monkeypatch.setattr(cache, "ENTRIES", 3)
    kept = cache.Cache(root)
    for number in range(5):
        kept.put(f"{number:064}", Scan(kind="lint", targets=(str(number),)))
        os.utime(tmp_path / "cache" / "gatekeeper" / f"{number:064}.json", (number, number))
    assert [int(entry.stem) for entry in _entries(tmp_path)] == [2, 3, 4]
    assert kept.get(f"{4:064}") == Scan(kind="lint", targets=("4",))
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / ".cache"))
    inside = cache.Cache(root)
    inside.put("a", Scan(kind="lint"))
    assert inside.get("a") is None
    assert list(root.iterdir()) == []


# what is copied

_NAMES = st.text(st.characters(codec=None, exclude_characters="/\0"), min_size=1, max_size=8)
_PATHS = st.lists(
    _NAMES | st.sampled_from(["..", ".", "", ".trivyignore", "\n::error::", "-rf"]), min_size=1, max_size=4
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(_PATHS.map("/".join), st.text(max_size=20) | st.binary(max_size=20), max_size=4))
def test_a_copy_holds_what_was_read_and_nothing_leaves_its_folder(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, str | bytes]
) -> None:
    top = tmp_path_factory.mktemp("copy")
    folder = top / "a" / "b" / "c" / "d" / "tree"
    folder.mkdir(parents=True)
    workspace = Workspace(Tree(Path("."), contents, contents), contents)
    workspace.write(folder)
    written = {path.relative_to(top) for path in top.rglob("*") if not path.is_dir()}
    assert written == {(folder / path).relative_to(top) for path in workspace.texts}
    for path, text in workspace.texts.items():
        assert (folder / path).read_bytes().decode() == text
        assert workspace.path_of(f"{folder}/{path}") == path
        assert path.isprintable() or not any(ord(letter) < 32 for letter in path)
    configured = {path for path in contents if is_configuration(path)}
    assert workspace.texts.keys() | workspace.unread.keys() == contents.keys() - configured


@pytest.mark.parametrize(
    "path", [".checkov.yaml", "a/.checkov.yml", ".hadolint.yaml", "zizmor.yml", ".github/zizmor.yaml", "trivy.yaml"]
)
def test_configuration_is_never_copied(path: str) -> None:
    assert is_configuration(path)
    assert not is_configuration(str(PurePosixPath(path).with_name("values.yaml")))


# trivy, whose program cannot be had from a package index

TRIVY = """\
report = {"SchemaVersion": 2, "ArtifactName": sys.argv[-1], "ArtifactType": "filesystem", "Results": [
    {"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [
        {"VulnerabilityID": "CVE-2026-1", "PkgName": "left-pad", "InstalledVersion": "1.0.0", "Severity": "HIGH"}]}]}
assert "--skip-db-update" in sys.argv and "--offline-scan" in sys.argv
print(json.dumps(report))
"""


def _database(folder: Path) -> None:
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "metadata.json").write_text(json.dumps({"Version": 2, "UpdatedAt": "2026-11-01T06:00:00.5Z"}))


def test_trivy_speaks_of_the_day_of_its_database(
    tmp_path: Path, script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repo"
    tree = _tree(root, {"package-lock.json": "{}", "api/go.mod": "module a\n", "trivy.yaml": "severity: LOW\n"})
    program = script(TRIVY)
    without = _run("trivy", tree, program)
    assert (without.scan, without.reason) == (None, "tool-error")
    assert "no vulnerability database" in without.message
    _database(tmp_path / "cache" / "trivy")
    scan = _scan(_run("trivy", tree, program))
    assert (scan.kind, str(scan.made)[:10]) == ("vulnerabilities", "2026-11-01")
    assert [(each.id, each.severity, each.path) for each in scan.problems] == [
        ("CVE-2026-1", "high", "package-lock.json")
    ]
    assert scan.incomplete == ("api/go.mod: trivy says nothing about it",)
    _database(root / ".trivycache")
    monkeypatch.setenv("TRIVY_CACHE_DIR", str(root / ".trivycache"))
    assert "keep it outside" in _run("trivy", tree, program).message


def test_a_check_that_contradicts_the_checklist_has_no_effect() -> None:
    assert "from the environment by reference" in analysers.set_aside("checkov", "CKV_K8S_35")
    assert analysers.set_aside("checkov", "CKV_K8S_9") == ""
    assert analysers.set_aside("trivy", "CKV_K8S_35") == ""
