"""A person's statement holds while it is well formed, in time, signed by whom it names, and about what is here."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import engine, gates, git, signatures
from gatekeeper.catalogue import Catalogue, home
from gatekeeper.cli import main
from gatekeeper.discover import Tree, discover
from gatekeeper.gates import Asked, Attested, Definition, Status
from gatekeeper.links.attested import Standing, attested
from gatekeeper.models.attestations import FOLDER, Attestation, read
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.signed import verifier
from gatekeeper.node import Fault, Source
from gatekeeper.project import Project
from gatekeeper.rule import Finding
from gatekeeper.testing import TODAY

WRITTEN = """\
criterion: restore-tested
statement: Restored the snapshot of 2026-10-29, row counts compared, 41 min
result: met
by: {name: A. Dba, email: dba@example.com, role: dba}
on: 2026-10-30
expires: 2027-01-28
links: ["https://example.com/OPS-411"]
ticket: OPS-411
"""
PATH = f"{FOLDER}/restore.yaml"
RULES = {rule.id: rule for rule in Catalogue([home()]).rules({"attestations"})}

keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


def subjects(text: str, path: str = PATH) -> list[Attestation | Fault]:
    found = list(read(Source(path, text), Tree(Path("."), [], {})))
    known = [each for each in found if isinstance(each, (Attestation, Fault))]
    assert len(known) == len(found)
    return known


def one(text: str) -> Attestation:
    [found] = subjects(text)
    assert isinstance(found, Attestation)
    return found


def project_in(root: Path, today: datetime.date = TODAY) -> Project:
    """The attestations of a folder on disk, as an audit sees them."""
    tree = discover(root)
    paths = [path for path in tree.paths if path.startswith(f"{FOLDER}/") and path.endswith(".yaml")]
    found = (each for path in paths for each in read(tree.source(path), tree) if not isinstance(each, Fault))
    return Project(tree, found, today=today, commit=git.commit_of(root))


def standing(project: Project, days: int = 90, *, this_commit: bool = False) -> Standing:
    return attested("restore-tested", project, days, this_commit=this_commit)[0]


# what is written


def test_what_a_person_states() -> None:
    attestation = one(WRITTEN)
    assert attestation.problem == ""
    assert (attestation.criterion, attestation.met, attestation.result) == ("restore-tested", True, "met")
    assert (attestation.by, attestation.email, attestation.role) == ("A. Dba", "dba@example.com", "dba")
    assert (attestation.on, attestation.expires) == (datetime.date(2026, 10, 30), datetime.date(2027, 1, 28))
    assert attestation.links == ("https://example.com/OPS-411",)
    assert attestation.last_day(30) == datetime.date(2026, 11, 29)
    assert attestation.last_day(365) == attestation.expires
    assert one(WRITTEN.replace("name: A. Dba, ", "")).by == "dba@example.com"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("criterion: restore-tested\n", "", "line 1: needs 'criterion'"),
        ("criterion: restore-tested", "criterion: [restore-tested]", "line 1: criterion: expected a text"),
        ("result: met", "result: yes", "line 3: result: no 'yes' here; expected met or not-met"),
        ("{name: A. Dba, email: dba@example.com, role: dba}", "A. Dba", "line 4: by: expected who: {name"),
        ("name: A. Dba, email: dba@example.com, ", "", "line 4: by: needs a name or an email"),
        ("dba@example.com", "nobody", "line 4: by: 'nobody' is no email address"),
        ("name: A. Dba", "name: TODO", "line 4: by: 'TODO' stands for what is yet to be written"),
        ("role: dba", "rôle: dba", "line 4: by: no field 'rôle' here; did you mean 'role'?"),
        ("on: 2026-10-30", "on: 20261030", "line 5: on: '20261030' is no date; write YYYY-MM-DD"),
        ("on: 2026-10-30", "on: 2026-02-30", "line 5: on: '2026-02-30' is no date"),
        ("expires: 2027-01-28\n", "", "needs 'expires'"),
        ("expires: 2027-01-28", "expires: 2026-10-29", "line 6: expires: 2026-10-29 is before 2026-10-30"),
        ("ticket:", "tickets:", "line 8: no field 'tickets' here; did you mean 'ticket'?"),
        ('"https://example.com/OPS-411"', "javascript:alert(1)", "line 7: links: expected a URL"),
        ("ticket: OPS-411", "covers: [infra/]", "line 8: covers: needs at_commit"),
        ("ticket: OPS-411", "covers: [../infra]\nat_commit: 9c1f2ab", "line 8: covers: '../infra' is no path below"),
        ("ticket: OPS-411", "covers: [/etc]\nat_commit: 9c1f2ab", "is no path below the root"),
        ("ticket: OPS-411", "covers: infra\nat_commit: 9c1f2ab", "line 8: covers: expected a list"),
        ("ticket: OPS-411", "at_commit: main", "line 8: at_commit: expected the id of a commit"),
        ("ticket: OPS-411", "at_commit: 9c1f2", "line 8: at_commit: expected the id of a commit"),
    ],
)
def test_what_is_malformed_is_named_with_its_line_and_never_holds(old: str, new: str, words: str) -> None:
    assert old in WRITTEN
    attestation = one(WRITTEN.replace(old, new))
    assert words in attestation.problem
    project = Project(Tree(Path("."), [PATH], {PATH: ""}), [attestation], today=TODAY)
    assert not any(each.holds for each in attested(attestation.criterion, project, 90))


@pytest.mark.parametrize("written", ["0123456", "1234e56", "1234567", "9C1F2AB", "'9c1f2ab'"])
def test_a_commit_of_digits_is_no_number(written: str) -> None:
    attestation = one(f"{WRITTEN}at_commit: {written}\n")
    assert (attestation.problem, attestation.at_commit) == ("", written.strip("'").lower())


def test_what_is_no_attestation_is_a_fault() -> None:
    for text in ("", "# later\n", "criterion: [\n"):
        [fault] = subjects(text)
        assert isinstance(fault, Fault)
        assert fault.technology == "attestations"
    assert "expected a mapping" in one("- met\n").problem


fields = [*(line.partition(":")[0] for line in WRITTEN.splitlines()), "at_commit", "covers", "name", "resutl"]
scalars = st.one_of(
    st.sampled_from("met not-met 2026-10-30 9999-12-31 9c1f2ab infra/** dba@example.com .. \0".split(" ")),
    st.text(max_size=5), st.integers(), st.floats(), st.booleans(), st.none(), st.dates(),
)  # fmt: skip
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3))


@given(st.dictionaries(st.sampled_from(fields), values) | values, st.integers(min_value=0, max_value=10**6))
def test_whatever_is_written_is_read_and_only_what_is_whole_is_well_formed(written: object, days: int) -> None:
    for each in subjects(
        yaml.safe_dump({**yaml.safe_load(WRITTEN), **written} if isinstance(written, dict) else written)
    ):
        if isinstance(each, Fault):
            continue
        last = each.last_day(days)
        project = Project(Tree(Path("."), [], {}), [each], today=TODAY)
        [found] = attested(each.criterion, project, days)
        if found.holds:
            assert not each.problem
            assert each.criterion and each.statement and each.by and each.result in ("met", "not-met")
            assert each.on and each.expires
            assert each.on <= TODAY + datetime.timedelta(1)
            assert TODAY <= last <= each.expires
            assert not each.at_commit


# in time

dates = st.dates(datetime.date(2026, 9, 1), datetime.date(2027, 3, 1))


@given(dates, dates, st.integers(min_value=1, max_value=120))
def test_it_holds_from_its_day_to_its_end_or_the_last_day_that_is_accepted(
    on: datetime.date, expires: datetime.date, days: int
) -> None:
    text = WRITTEN.replace("2026-10-30", str(on)).replace("2027-01-28", str(expires))
    found = standing(Project(Tree(Path("."), [], {}), [one(text)], today=TODAY), days)
    begun = on <= TODAY + datetime.timedelta(1)
    over = expires < TODAY or (TODAY - on).days > days
    assert found.holds == (on <= expires and begun and not over)
    if on <= expires and begun and over:
        assert found.reason == "attestation-expired"
        assert ("longer none is accepted" in found.words) == (on + datetime.timedelta(days) < expires)


def test_what_holds_comes_first_then_the_most_recent() -> None:
    days = [("2026-11-20", "2026-11-21"), ("2026-11-01", "2026-12-01"), ("2026-11-10", "2026-12-01")]
    texts = [WRITTEN.replace("2026-10-30", on).replace("2027-01-28", expires) for on, expires in days]
    project = Project(Tree(Path("."), [], {}), map(one, texts), today=TODAY)
    found = attested("restore-tested", project, 90)
    assert [str(each.attestation.on) for each in found] == ["2026-11-10", "2026-11-01", "2026-11-20"]
    assert [each.holds for each in found] == [True, True, False]


# about what is here


def in_git(root: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *identity, *words), cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(root: Path, files: dict[str, str]) -> str:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    in_git(root, "add", "-A")
    in_git(root, "commit", "-qm", "more")
    return in_git(root, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """`service/` is judged; beside it lies what belongs to others."""
    root = tmp_path / "shop"
    root.mkdir()
    in_git(root, "init", "-q", "-b", "main")
    commit(root, {"service/infra/rds.tf": "a = 1\n", "service/README.md": "# Shop\n", "common/lib.py": "a = 1\n"})
    return root / "service"


def attest(root: Path, more: str = "", text: str = WRITTEN) -> Path:
    path = root / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + more)
    return path


def covering(root: Path, *globs: str, at: str = "") -> None:
    attest(root, f"at_commit: {at or in_git(root, 'rev-parse', 'HEAD')}\ncovers: [{', '.join(globs)}]\n")


def test_it_ends_with_the_first_change_to_what_it_covers(repository: Path) -> None:
    covering(repository, "infra/*.tf")
    assert standing(project_in(repository)).holds
    commit(repository, {"README.md": "# The shop\n", "../common/lib.py": "a = 2\n"})
    assert standing(project_in(repository)).holds
    commit(repository, {"infra/rds.tf": "a = 2\n"})
    found = standing(project_in(repository))
    assert (found.holds, found.reason, found.tampered) == (False, "wrong-subject", False)
    assert "covers infra/rds.tf, which has changed since commit" in found.words
    commit(repository, {"infra/rds.tf": "a = 1\n"})
    assert standing(project_in(repository)).holds


@pytest.mark.parametrize("stage", [True, False])
def test_what_is_not_committed_counts_as_changed(repository: Path, stage: bool) -> None:
    covering(repository, "infra/")
    (repository / "README.md").write_text("changed\n")
    assert standing(project_in(repository)).holds
    (repository / "infra" / "rds.tf").write_text("a = 2\n")
    if stage:
        in_git(repository, "add", "-A")
    assert "covers infra/rds.tf, which differs from what is committed" in standing(project_in(repository)).words
    in_git(repository, "checkout", "-q", "HEAD", "--", ".")
    assert standing(project_in(repository)).holds
    (repository / "infra" / "new.tf").write_text("b = 1\n")
    assert "covers infra/new.tf" in standing(project_in(repository)).words


def test_comparing_runs_nothing_that_the_repository_configures(repository: Path, tmp_path: Path) -> None:
    covering(repository, "infra/")
    commit(repository, {".gitattributes": "* filter=evil diff=evil\n"})
    ran = tmp_path / "ran"
    for key in ("filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.evil.command", "diff.external"):
        in_git(repository, "config", key, f"sh -c 'touch {ran}'")
    (repository / "README.md").write_text("# Shop!\n")
    assert standing(project_in(repository)).holds
    assert not ran.exists()


def test_a_typing_error_protects_nothing(repository: Path) -> None:
    covering(repository, "infra/rds.tf", "infra/rsd.tf")
    assert "covers nothing that exists: infra/rsd.tf" in standing(project_in(repository)).words


def test_a_commit_that_is_not_here_proves_nothing(repository: Path, tmp_path: Path) -> None:
    covering(repository, "infra/", at="0123456789abcdef0123456789abcdef01234567")
    assert "fetch-depth: 0" in standing(project_in(repository)).words
    covering(repository, "infra/")
    commit(repository, {"README.md": "# The shop\n"})
    in_git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository.parent}", "shallow")
    found = standing(project_in(tmp_path / "shallow" / "service"))
    assert (found.holds, found.reason) == (False, "wrong-subject")
    assert "is not in this clone: fetch the whole history (fetch-depth: 0)" in found.words


def test_a_tag_is_no_commit(repository: Path) -> None:
    first = in_git(repository, "rev-parse", "HEAD")
    covering(repository, "infra/", at=first[:10])
    assert standing(project_in(repository)).holds
    commit(repository, {"infra/rds.tf": "a = 2\n"})
    in_git(repository, "tag", first[:10])  # names what is checked out as the commit attested
    assert not standing(project_in(repository)).holds
    in_git(repository, "tag", "-d", first[:10])
    in_git(repository, "replace", "-f", first, "HEAD")
    assert not standing(project_in(repository)).holds


def test_outside_git_nothing_can_be_held_against_a_commit(tmp_path: Path) -> None:
    attest(tmp_path, "at_commit: 9c1f2ab\n")
    assert standing(project_in(tmp_path)).reason == "wrong-subject"
    attest(tmp_path)
    assert standing(project_in(tmp_path)).holds


def test_of_this_commit(repository: Path) -> None:
    attest(repository)
    assert "names no at_commit" in standing(project_in(repository), this_commit=True).words
    attest(repository, f"at_commit: {in_git(repository, 'rev-parse', '--short=7', 'HEAD')}\n")
    assert standing(project_in(repository), this_commit=True).holds
    commit(repository, {})  # the attestation itself, and nothing else
    assert standing(project_in(repository), this_commit=True).holds
    (repository / "README.md").write_text("changed\n")
    assert "working copy differs: service/README.md" in standing(project_in(repository), this_commit=True).words
    in_git(repository, "checkout", "-q", "HEAD", "--", ".")
    commit(repository, {"../common/lib.py": "a = 2\n"})
    found = standing(project_in(repository), this_commit=True)
    assert (found.holds, found.reason) == (False, "wrong-subject")
    assert "which changes common/lib.py" in found.words
    assert standing(project_in(repository)).holds


# signed


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """`dba` and `ops` may sign; `eve` may not."""
    for name in ("dba", "ops", "eve"):
        command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", tmp_path / name)
        subprocess.run(command, check=True)
    return tmp_path


def allow(root: Path, keys: Path, *lines: str) -> None:
    text = "".join(f"{who} {(keys / f'{key}.pub').read_text()}" for key, who in (line.split("=", 1) for line in lines))
    (root / signatures.ALLOWED).write_text(text)


def sign(path: Path, key: Path, namespace: str = "gatekeeper") -> None:
    path.with_name(f"{path.name}.sig").unlink(missing_ok=True)
    command = ("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key, path)
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def signed(tmp_path: Path, keys: Path) -> Path:
    root = tmp_path / "shop"
    path = attest(root)
    allow(root, keys, "dba=dba@example.com", "ops=ops@example.com")
    sign(path, keys / "dba")
    return root


@keygen
def test_a_signed_one_holds(signed: Path) -> None:
    assert standing(project_in(signed))[1:] == (True, "", "", False, False)


@keygen
def test_one_key_may_have_several_names(signed: Path, keys: Path) -> None:
    for who in ("boss@example.com,dba@example.com", "*@example.com"):
        allow(signed, keys, f"dba={who}")
        assert standing(project_in(signed)).holds


@keygen
@pytest.mark.parametrize("lie", ["text", "signature", "signer", "namespace", "rubbish"])
def test_what_was_changed_or_signed_by_nobody_allowed_is_forged(signed: Path, keys: Path, lie: str) -> None:
    path = signed / PATH
    if lie == "text":
        path.write_text(WRITTEN.replace("2027-01-28", "2027-01-29"))
    elif lie == "signature":
        other = signed / "other"
        other.write_text("something else\n")
        sign(other, keys / "dba")
        path.with_name("restore.yaml.sig").write_text((signed / "other.sig").read_text())
    elif lie == "rubbish":
        path.with_name("restore.yaml.sig").write_bytes(b"\xff\0")
    else:
        sign(path, keys / ("eve" if lie == "signer" else "dba"), "git" if lie == "namespace" else "gatekeeper")
    project = project_in(signed)
    found = standing(project)
    assert (found.holds, found.tampered) == (False, True)
    assert found.words.startswith("restore.yaml is signed, but ")
    [fault] = [finding for _, finding in engine.run([RULES["attestation-valid"]], project)[0].findings()]
    assert fault.severity == "critical"
    assert judged(project).status is Status.FAIL


@keygen
def test_one_may_not_sign_for_another(signed: Path, keys: Path) -> None:
    sign(signed / PATH, keys / "ops")
    found = standing(project_in(signed))
    assert (found.holds, found.tampered) == (False, False)
    assert "is signed by ops@example.com, not by dba@example.com" in found.words


@keygen
def test_a_signature_that_nobody_can_verify_is_neither_right_nor_wrong(
    signed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (signed / signatures.ALLOWED).rename(signed / "allowed")
    found = standing(project_in(signed))
    assert (found.holds, found.reason, found.tampered) == (False, "unreadable", False)
    assert "no .gatekeeper/allowed_signers to verify against" in found.words
    (signed / signatures.ALLOWED).symlink_to("../allowed")
    assert standing(project_in(signed)).reason == "unreadable"
    (signed / signatures.ALLOWED).unlink()
    (signed / "allowed").rename(signed / signatures.ALLOWED)
    project = project_in(signed)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    found = standing(project)
    assert (found.holds, found.reason, found.tampered) == (False, "tool-error", False)
    assert judged(project).status is Status.UNKNOWN


@keygen
def test_what_is_over_is_not_asked_for_its_signature(signed: Path, keys: Path) -> None:
    allow(signed, keys, "ops=ops@example.com")  # the dba has left
    found = standing(project_in(signed, datetime.date(2027, 6, 1)))
    assert (found.reason, found.tampered) == ("attestation-expired", False)


@keygen
def test_who_signed_evidence(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verify = verifier(discover(signed))
    assert verify
    data, signature = (signed / PATH).read_bytes(), (signed / f"{PATH}.sig").read_bytes()
    assert verify(data, signature) == "dba@example.com"
    with pytest.raises(Unusable, match=r"is not what dba@example\.com signed") as wrong:
        verify(data + b"\n", signature)
    assert wrong.value.reason == "wrong-subject"
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unusable) as missing:
        verify(data, signature)
    assert missing.value.reason == "tool-error"
    (signed / signatures.ALLOWED).unlink()
    assert verifier(discover(signed)) is None


# what it comes to


def judged(project: Project, *, this_commit: bool = False) -> gates.Criterion:
    asked = Asked("restore-tested", "restored", applies="always", attest=Attested(90, this_commit), next="restore it")
    definitions = [Definition("g", "G", "", "", criteria=[asked])]
    [gate] = gates.judge(gates.scope(definitions, "release", "B"), [], [], project, "release")
    return gate.criteria[0]


@pytest.mark.parametrize(
    ("texts", "status", "words"),
    [
        ([WRITTEN], Status.ATTESTED, "attested 2026-10-30 by A. Dba, until 2027-01-28"),
        ([WRITTEN, WRITTEN.replace("met", "not-met")], Status.FAIL, "attested as not met by A. Dba"),
        ([WRITTEN.replace("2027-01-28", "2026-11-22")], Status.UNKNOWN, "does not hold"),
        ([WRITTEN.replace("restore-tested", "handoff-accepted")], Status.UNKNOWN, "nobody attests it"),
        ([], Status.UNKNOWN, "nobody attests it"),
    ],
)
def test_the_criterion(texts: list[str], status: Status, words: str) -> None:
    project = Project(Tree(Path("."), [], {}), map(one, texts), today=TODAY)
    criterion = judged(project)
    assert criterion.status is status
    assert words in criterion.result


def findings(rule: str, texts: Iterable[str], **verdicts: str) -> list[Finding]:
    project = Project(Tree(Path("."), [], {}), map(one, texts), today=TODAY)
    project.criteria = frozenset(["restore-tested", "qa-sign-off"])
    project.verdicts = {name.replace("_", "-"): verdict for name, verdict in verdicts.items()}
    [outcome] = engine.run([RULES[rule]], project)
    assert not outcome.error
    return [finding for _, finding in outcome.findings()]


def test_a_statement_that_what_was_judged_contradicts_is_said() -> None:
    [finding] = findings("attestation-contradicted", [WRITTEN], restore_tested="FAIL")
    assert "A. Dba says that restore-tested is met" in finding.message
    assert not findings("attestation-contradicted", [WRITTEN], restore_tested="UNKNOWN", qa_sign_off="FAIL")
    assert not findings("attestation-contradicted", [WRITTEN.replace("met", "not-met")], restore_tested="FAIL")
    assert not findings(
        "attestation-contradicted", [WRITTEN.replace("2027-01-28", "2026-11-01")], restore_tested="FAIL"
    )


def test_a_statement_about_nothing_is_said_and_one_that_is_replaced_may_go() -> None:
    [strange] = findings("attestation-valid", [WRITTEN.replace("restore-tested", "restored-tested")])
    assert "no criterion is called restored-tested; did you mean restore-tested?" in strange.message
    old = WRITTEN.replace("2026-10-30", "2026-07-01").replace("2027-01-28", "2026-09-01")
    [expired] = findings("attestation-valid", [old])
    assert (expired.message, expired.severity) == ("restore.yaml expired on 2026-09-01", None)
    [replaced] = findings("attestation-valid", [old, WRITTEN])
    assert replaced.message.endswith("a newer one holds: remove this")
    assert replaced.severity == "low"


# the command

NOW = datetime.date.today()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    in_git(tmp_path, "init", "-q")
    in_git(tmp_path, "config", "user.name", "A. Dba")
    in_git(tmp_path, "config", "user.email", "dba@example.com")
    commit(tmp_path, {"infra/rds.tf": "a = 1\n"})
    return tmp_path


def test_it_says_what_is_asked_and_writes_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attest", "restore-tested", str(shop)]) == 2
    said = capsys.readouterr().out
    assert "a person's statement, for 90 days at most" in said
    assert f"would write  {FOLDER}/restore-tested-{NOW}.yaml" in said
    assert "by: {name: A. Dba, email: dba@example.com}" in said
    assert not (shop / ".gatekeeper").exists()


def test_what_it_writes_holds_and_is_never_overwritten(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["attest", "restore-tested", str(shop), "--statement", "Restored: 41 min\nall rows", "--covers", "infra"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "not committed yet; not signed (--sign KEY)" in said
    assert "does not hold" not in said
    project = project_in(shop, NOW)
    found = standing(project)
    assert found.holds
    assert (found.attestation.statement, found.attestation.covers) == ("Restored: 41 min\nall rows", ("infra",))
    assert found.attestation.at_commit == in_git(shop, "rev-parse", "HEAD")
    assert found.attestation.expires == NOW + datetime.timedelta(90)
    path = shop / found.attestation.path
    before = path.read_bytes()
    assert main([*words, "--not-met"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_it_says_what_still_keeps_it_from_holding(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "infra" / "rds.tf").write_text("a = 2\n")
    far = str(NOW + datetime.timedelta(1000))
    words = ["attest", "restore-tested", str(shop), "--statement", "Restored", "--covers", "infra", "--expires", far]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert f"--expires {far} is cut: restore-tested accepts 90 days at most" in said
    assert "it does not hold: " in said
    assert "covers infra/rds.tf, which differs from what is committed" in said


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["restore-testd"], "no criterion 'restore-testd'; did you mean restore-tested?"),
        (["tests-ran"], "tests-ran is proven by evidence (junit"),
        (["docker-nonroot"], "docker-nonroot is judged by what the files say"),
        (["restore-tested", "--covers", "../x"], "is no path below the root"),
        (["restore-tested", "--covers", "infra", "nfra"], "--covers nfra: nothing here is called so"),
        (["restore-tested", "--link", "ftp://x"], "expected a URL"),
        (["restore-tested", "--on", "yesterday"], "--on yesterday: no date; write YYYY-MM-DD"),
        (["restore-tested", "--on", "2020-01-01"], "it would have expired on 2020-03-31"),
        (["restore-tested", "--on", "9000-01-01"], "that day is yet to come"),
        (["restore-tested", "--expires", "2020-01-01"], "is before"),
        (["restore-tested", "--at-commit", "v9"], "--at-commit v9: no commit here is called so"),
        (["restore-tested", "--at-commit=--all"], "no commit here is called so"),
        (["restore-tested", "--by", "B. Ops <nobody>"], "is no email address"),
    ],
)
def test_what_could_never_hold_is_not_written(
    shop: Path, capsys: pytest.CaptureFixture[str], words: list[str], error: str
) -> None:
    assert main(["attest", *words[:1], str(shop), "--statement", "x", *words[1:]]) == 2
    assert error in capsys.readouterr().err
    assert not (shop / ".gatekeeper").exists()


def test_it_writes_through_no_link(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (shop / ".gatekeeper").symlink_to(outside)
    assert main(["attest", "restore-tested", str(shop), "--statement", "x"]) == 2
    assert not list(outside.iterdir())


@keygen
def test_it_signs(shop: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / ".gatekeeper").mkdir()
    allow(shop, keys, "dba=dba@example.com")
    words = ["attest", "restore-tested", str(shop), "--statement", "x", "--sign", str(keys / "dba")]
    assert main(words) == 0
    assert "not signed" not in capsys.readouterr().out
    assert standing(project_in(shop, NOW)).holds
    [path] = (shop / FOLDER).glob("*.yaml")
    path.write_text(path.read_text().replace("result: met", "result: not-met"))
    assert standing(project_in(shop, NOW)).tampered
    day = str(NOW - datetime.timedelta(1))
    assert main([*words[:-1], str(keys / "nobody"), "--on", day]) == 2
    assert "written, and not signed" in capsys.readouterr().err
