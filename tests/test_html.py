"""The page holds what the report says, and nothing in a repository is markup, script or a way out of it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatekeeper.audit import Presentation, Report, Request, audit
from gatekeeper.commands.arguments import settings_of
from gatekeeper.discover import Skip, Tree
from gatekeeper.gates import Criterion, Gate, Status
from gatekeeper.git import Commit
from gatekeeper.models import Subject
from gatekeeper.models.attestations import Attestation
from gatekeeper.models.evidence import Evidence, Origin, Trouble
from gatekeeper.models.files import File
from gatekeeper.models.waivers import Waiver
from gatekeeper.node import START, Fault, Node, Source, Span
from gatekeeper.plugins import manager
from gatekeeper.project import Project
from gatekeeper.renderers import html as page_of
from gatekeeper.renderers.html import render
from gatekeeper.renderers.sanitise import printed, visible
from gatekeeper.rule import Answer, Finding, Fix, Measure, Note, Place, Rule, build
from gatekeeper.settings import Service, Settings
from gatekeeper.testing import COMMIT, TODAY
from gatekeeper.waivers import Reported

ROOT = Path(__file__).parent.parent
FOLDER = Path(page_of.__file__).parent / "page"
STYLE, SCRIPT = ((FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js"))
VOID = {"meta", "input"}
ROOTS = {"title", "style", "script", "body"}
HOSTILE = "</script><script>alert(1)</script>]]><!-- \"onload='x' &lt; \x1b[31m\u202e\x00 ##[error]\n::set-output"


class Page(HTMLParser):
    """A page as a browser would read it. Raises AssertionError where tags do not match.

    `within` is the text inside each element that has an id, white space folded.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, str]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert not self.open
        self.text = "".join(self.words["body"])
        self.within = {id: " ".join("".join(words).split()) for id, words in self.words.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("id") or (tag if tag in ROOTS else "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for id in {id for _, id in self.open if id} - ({"body"} if self.open[-1:] == [("script", "script")] else set()):
            self.words.setdefault(id, []).append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def values(self, name: str) -> list[str]:
        return [value or "" for _, attributes in self.elements for key, value in attributes.items() if key == name]

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


def sound(text: str) -> Page:
    """The page, when it is well formed, loads nothing, runs only our script and can be found one's way in."""
    page = Page(text)
    allowed = {"accept-charset", "charset", "class", "content", "href", "http-equiv", "id", "lang", "name", "rel"}
    allowed |= {"open", "hidden", "checked", "type", "value", "placeholder", "role", "scope", "colspan", "datetime"}
    allowed |= {"x", "y", "width", "height", "viewbox", "preserveaspectratio", "aria-hidden", "aria-label"}
    allowed |= {"data-label", "data-severity", "data-status"}
    assert {key for _, attributes in page.elements for key in attributes} <= allowed
    for _, attributes in page.elements:
        target = attributes.get("href")
        assert target is None or target.startswith("#") or attributes.get("rel") == "noopener noreferrer"
        assert target is None or target.startswith(("#", "https://", "http://"))
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    assert {target[1:] for target in page.values("href") if target.startswith("#")} <= set(ids)
    assert ("".join(page.words["script"]), "".join(page.words["style"])) == (SCRIPT, STYLE)
    assert [tag for tag, _ in page.elements if tag in ("script", "style")] == ["style", "script"]
    [policy] = [value for value in page.values("content") if "default-src" in value]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest(STYLE)}'; script-src 'sha256-{digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.values("lang") == ["en"]
    assert page.words["title"] and {"header", "nav", "main"} <= page.tags()
    return page


def digest(block: str) -> str:
    return base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()


# a report made by hand, with everything in it that a page can show


class Thing(Subject):
    technology = "sample"


def check(thing: Thing) -> Iterator[Answer]:
    yield from ()


def rule(id: str, gate: str = "cost", severity: str = "high") -> Rule:
    return build(id=id, title=f"{id} holds", severity=severity, gate=gate, subject=Thing, check=check, document="x.\n")


def reported(source: Source, words: str, number: int, id: str = "r-x", severity: str = "high") -> Reported:
    spot = Place(source, Span(2, 1, 2, 4))
    finding = Finding(spot, words, (Note(spot, words),), Fix(words))
    return Reported(rule(id), Thing(Node({}, source, spot.span)), finding, severity, f"f-{number}")


def attestation(words: str, links: tuple[str, ...] = ("https://example.com/OPS-1",)) -> Attestation:
    source = Source(".gatekeeper/attestations/a.yaml", "x")

    def node(value: object) -> Node:
        if isinstance(value, dict):
            value = {key: node(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            value = [node(each) for each in value]
        return Node(value, source, START)

    said = {"criterion": "restored", "statement": words, "result": "met", "on": "2026-10-30", "expires": "2027-01-28"}
    return Attestation(node({**said, "by": {"name": words, "email": "a@example.com"}, "links": links, "ticket": words}))


def waiver(words: str) -> Waiver:
    return Waiver(
        Node(None, Source("gatekeeper.yaml", ""), START), rule="", criterion="waived", reason=words, by=words,
        approved_by=words, on=TODAY, until=TODAY + datetime.timedelta(9), ticket="javascript:alert(1)",
    )  # fmt: skip


def report(words: str, line: str = "abcdef", findings: tuple[Reported, ...] = ()) -> Report:
    source = Source(words, re.sub(r"[\r\n]", "", line) + "\nsecond\nthird")
    spot = Place(source, Span(1, 2, 1, 4))
    signed, excuse = attestation(words), waiver(words)
    made = datetime.datetime(2026, 11, 20, 8, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    evidence = Evidence(source, words, Origin("manifest", words, True, made), trouble=Trouble("stale", words))
    gate_of = {
        "r-x": Criterion("r-x", words, Status.FAIL, "2 of 3 fail", "", (spot,), 1, words, 3, 2),
        "measured": Criterion("measured", words, Status.PASS, "412 run", basis="evidence",
                              measures=(Measure(spot, words, 412, made, "signed"),)),
        "attested": Criterion("attested", words, Status.ATTESTED, words, attested=signed, until="2027-01-28",
                              beneath=Status.UNKNOWN),
        "waived": Criterion("waived", words, Status.WAIVED, words, waiver=excuse, beneath=Status.FAIL),
        "open": Criterion("open", words, Status.UNKNOWN, words, "needs-human", next_step=words, basis="nothing"),
        "broken": Criterion("broken", words, Status.ERROR, "the rule crashed", words),
        "none": Criterion("none", words, Status.NOT_APPLICABLE, words, words),
    }  # fmt: skip
    gates = tuple(
        Gate(id, f"{id} {words}", words, each.status, each.result, (each,), required=True)
        for id, each in gate_of.items()
    )
    files = [File(source, ["sample"]), File(source, [], [Fault(source, START, words)])]
    return Report(
        version="0.1.0",
        root=".",
        profile="release",
        settings=Settings(service=Service(name=words, owner=words)),
        commit=Commit("9c1f2ab0d4e5f60718293a4b5c6d7e8f90a1b2c3", dirty=True),
        project=Project(
            Tree(Path("."), [words], {}), [*files, signed, excuse, evidence], skipped=[Skip(words, words)], today=TODAY
        ),
        rules=(rule("r-x"),),
        outcomes=(),
        findings=findings or tuple(reported(source, words, n, id) for n, id in enumerate(("r-x", "r-x", "loose"))),
        gates=gates,
        secrets=(),
        left_out=("left-out",),
        exit_code=1,
        not_asked=("not-asked",),
    )  # fmt: skip


_hostile = st.lists(
    st.sampled_from(["<script>", "</pre>", "]]>", "<!--", "&amp;", "&", '"', "'", "\x1b", "\u202e", "\n", "##[", "`"])
    | st.characters(),
    min_size=1,
    max_size=12,
).map("".join)


TAME = Page(render(report("tame")))


@settings(max_examples=60, deadline=None)
@given(_hostile, _hostile)
def test_whatever_a_repository_holds_is_text_on_the_page(words: str, line: str) -> None:
    page = sound(render(report(words, line)))
    assert page.tags() == TAME.tags()
    assert page.values("id") == TAME.values("id")
    assert printed(page.text).count(printed(visible(words))) >= 30


@pytest.mark.parametrize("words", [HOSTILE, "javascript:alert(1)", '" onmouseover="x', "a" * 5_000])
def test_hostile_text_stays_text(words: str) -> None:
    text = render(report(words, words))
    page = sound(text)
    assert page.tags() == TAME.tags()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]|##\[", text)
    assert visible(words[:500]) in page.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//x", "https://x\x1b", "HTTPS:x", "file:///"]
)
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    known = report("tame")
    signed = attestation("tame", (url, "http://example.com/a?b=1&c='2'"))
    criterion = Criterion("attested", "s", Status.ATTESTED, "r", attested=signed, beneath=Status.UNKNOWN)
    page = sound(render(replace(known, gates=(replace(known.gates[0], criteria=(criterion,)),))))
    outward = [target for target in page.values("href") if not target.startswith("#")]
    assert outward == ["http://example.com/a?b=1&c='2'"]
    assert visible(url) in page.text


def test_every_criterion_shows_what_it_rests_on() -> None:
    said = {id.partition(".")[2]: words for id, words in sound(render(report("tame"))).within.items() if "." in id}
    assert "3 judged, 2 at fault, 1 advisory" in said["r-x"]
    assert "tame tame:1:2 made 2026-11-20 06:05 UTC, bound to its commit by a signed manifest" in said["measured"]
    for words in (
        "the word of tame <a@example.com>",
        "Made on2026-10-30",
        "Holds until2027-01-28",
        "https://example.com/OPS-1",
        "UNKNOWN is what it would be without the attestation",
    ):
        assert words in said["attested"]
    for words in (
        "FAIL is what it would be without the waiver",
        "Reasontame",
        "Approved bytame",
        "Until2026-12-02 (9 days left)",
        "javascript:alert(1)",
    ):
        assert words in said["waived"]
    assert "Reasonneeds-humanNext steptameRests onnothing: no file shows it" in said["open"]
    assert set(TAME.values("data-status")) == {status.value for status in Status}


def test_advisories_are_told_from_what_blocks() -> None:
    source = Source("a.yaml", "a\nb\nc")
    found = [reported(source, f"m{n}", n, severity=grave) for n, grave in enumerate(["high", "high", "low"])]
    found += [replace(reported(source, "m3", 3), waiver=waiver("later"))]
    said = Page(render(report("tame", findings=tuple(found)))).within["r-x.r-x"]
    assert re.findall(r"a\.yaml:2:1 (blocks|advisory|waived)", said) == ["blocks", "blocks", "advisory", "waived"]
    assert "waived until 2026-12-02: later" in said
    passing = report("tame", findings=tuple(found[:1]))
    criterion = replace(passing.gates[0].criteria[0], status=Status.PASS, advisories=1)
    gates = (replace(passing.gates[0], criteria=(criterion,)),)
    assert "a.yaml:2:1 advisory" in Page(render(replace(passing, gates=gates))).within["r-x.r-x"]


def test_the_source_is_shown_with_the_place_marked() -> None:
    lines = [f"line {number}" for number in range(1, 10)]
    lines[4] = "\tpassword: <b>x</b> & more"
    source = Source("a.yaml", "\n".join(lines))
    other = Source("b.yaml", "one\n" + "y" * 600 + "needle" + "z" * 600)
    begin = lines[4].index("<b>") + 1
    finding = Finding(
        Place(source, Span(5, begin, 5, begin + 8)), "m", (Note(Place(other, Span(2, 601, 2, 607)), "n"),), Fix("do it")
    )
    each = Reported(rule("r-x"), Thing(Node({}, source, START)), finding, "high", "f-1")
    text = render(report("tame", findings=(each,)))
    assert "<mark>&lt;b&gt;x&lt;/b&gt;</mark> &amp; more" in text
    assert "<mark>needle</mark>" in text
    said = sound(text).within["r-x.r-x"]
    assert "2 line 2 3 line 3 4 line 4 5 password: <b>x</b> & more 6 line 6 7 line 7 8 line 8" in said
    assert "line 1" not in said and "line 9" not in said
    assert "b.yaml:2:601 n" in said and "do it" in said and "f-1" in said
    assert len(max(said.split(), key=len)) < 300


# what one audit says of files on disk

CREDENTIALS = ("dGlnZXI0Mg", "hunter2hunter2", "s3cr3t-and-long-0815", "AKIAQ3EGRDNTXWPLKJHG", "uQz7pLm2Xc9RtvBnAqWs4")
FILES = {
    "k8s/secret.yaml": f"""\
apiVersion: v1
kind: Secret
metadata: {{name: db}}
data:
  password: {CREDENTIALS[0]}==
stringData:
  api_token: {CREDENTIALS[1]}
  other_password: {CREDENTIALS[2]}
""",
    "k8s/deploy.yaml": f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop}}
spec:
  template:
    spec:
      containers:
        - name: shop
          image: shop:latest
          env:
            - name: DB_PASSWORD
              value: {CREDENTIALS[1]}
            - name: UNNAMED
              value: {CREDENTIALS[2]}
""",
    "infra/main.tf": f"""\
provider "aws" {{
  access_key = "{CREDENTIALS[3]}"
  token_that_no_rule_knows = "{CREDENTIALS[4]}"
}}
""",
    "terraform.tfstate": f'{{"version": 4,\n "resources": [\n "{CREDENTIALS[4]}"]}}\n',
    "Dockerfile": f"FROM node:latest\nENV API_TOKEN={CREDENTIALS[2]}\nRUN echo {CREDENTIALS[4]}\n",
}


def audited(root: Path, **asked: Any) -> Report:
    given, _ = settings_of(root, isolated=False)
    return audit(Request(root=root, settings=given, today=TODAY, commit=COMMIT, **asked), manager().hook)


@pytest.mark.parametrize("select", [(), ("k8s-memory-limit", "docker-nonroot", "tf-provider-pinned")])
def test_no_line_near_a_secret_is_shown(tmp_path: Path, select: tuple[str, ...]) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    made = audited(tmp_path, select=select)
    text = render(made)
    assert {"k8s/deploy.yaml", "Dockerfile"} <= {each.at.source.path for each in made.findings}
    assert "<mark>" in text
    assert [each for each in CREDENTIALS if each in text] == []


def test_what_a_scanner_for_secrets_found_is_not_shown(tmp_path: Path) -> None:
    secret = "zz9-plural-z-alpha-42"
    (tmp_path / "Dockerfile").write_text(f"FROM debian:12\nRUN echo {secret}\n", "utf-8")
    region = {"startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 31, "snippet": {"text": secret}}
    places = [{"artifactLocation": {"uri": uri}, "region": region} for uri in ("Dockerfile", "gone.txt")]
    found = [
        {"ruleId": "generic-api-key", "message": {"text": "a key"}, "locations": [{"physicalLocation": each}]}
        for each in places
    ]
    run = {"tool": {"driver": {"name": "gitleaks"}}, "results": found}
    run["invocations"] = [{"executionSuccessful": True, "endTimeUtc": f"{TODAY}T00:00:00Z"}]
    folder = tmp_path / ".gatekeeper" / "evidence"
    folder.mkdir(parents=True)
    (folder / "gitleaks.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [run]}), "utf-8")
    made = audited(tmp_path, profile="pull-request")
    assert sum(each.rule.id == "scan-results" for each in made.findings) == 2
    text = render(made)
    assert "generic-api-key" in text and "FROM debian:12" in text
    assert secret not in text and "executionSuccessful" not in text and "physicalLocation" not in text


def test_a_service_with_its_proofs(tmp_path: Path) -> None:
    for layer in ("repos", "proof"):
        shutil.copytree(ROOT / "fixtures" / layer / "order-service-ready", tmp_path, dirs_exist_ok=True)
    made = audited(tmp_path)
    text = render(made)
    page = sound(text)
    assert text == render(audited(tmp_path))
    assert made.verdict in page.text and COMMIT.id in page.text
    for gate in made.gates:
        assert f"{gate.title}{gate.statement}{gate.result}{gate.status.value}".replace(" ", "") in page.within[
            gate.id
        ].replace(" ", "")
        for criterion in gate.criteria:
            said = page.within[f"{gate.id}.{criterion.id}"]
            assert said.startswith(f"{criterion.status.value} {criterion.statement} {criterion.id}")
            assert all(measure.words in said for measure in criterion.measures)
            assert not criterion.attested or criterion.attested.statement in said
            assert not criterion.next_step or criterion.next_step in said
    assert all(each.path in page.within["evidence"] for each in made.project.all(Evidence))


def test_what_is_not_judged_is_said() -> None:
    page = sound(render(report("tame")))
    assert "UNKNOWN tametame, needs-humannext: tame" in page.within["not-proven"].replace("tame tame", "tametame")
    assert "ERROR" in page.within["not-proven"]
    assert "not-asked" in page.within["left-out"] and "left-out" in page.within["left-out"]
    assert "1 not readable" in page.within["files"] and "1 skipped" in page.within["files"]
    assert "stale: tame" in page.within["evidence"] and "2026-11-20 06:05 UTC" in page.within["evidence"]
    assert "(9 days left)" in page.within["waivers"]
    assert "loose" in page.within["findings"]


def test_what_was_not_asked_for_is_left_out() -> None:
    known = report("tame")
    quiet = sound(render(replace(known, shown=Presentation(quiet=True))))
    assert {"gates", "findings"} & set(quiet.values("id")) == {"gates"}
    assert "m0" not in quiet.text
    files = sound(render(replace(known, shown=Presentation(table=False, files=True))))
    assert "NOT READY" not in files.text and "2 judged" in files.within["files"]
    assert "f-1" in files.within["findings"] and "gates" not in files.values("id")


def test_many_findings_stay_small_and_none_is_silently_left_out() -> None:
    source = Source("folder/deployment.yaml", "\n".join(f"key{n}: {'value ' * 30}" for n in range(60)))
    rules = [f"rule-{n}" for n in range(40)]
    found = tuple(reported(source, f"message {n} " + "x" * 150, n, rules[n % 40]) for n in range(4_000))
    text = render(report("tame", findings=found))
    page = sound(text)
    assert len(text.encode()) < 5_000_000
    assert len(page.values("data-severity")) == 4_000
    assert text.count("<article") == 300
    assert "more findings without source lines" in page.text
    many = sound(render(report("tame", findings=found * 2)))
    counts = re.findall(r"(\d+) further findings? not on this page", many.text.replace(",", ""))
    assert sum(map(int, counts)) + len(many.values("data-severity")) == 8_000


# the style and the script


def test_the_script_finds_what_it_looks_for() -> None:
    ids = set(re.findall(r'getElementById\("([\w-]+)"\)', SCRIPT))
    assert ids and ids <= set(TAME.values("id"))
    classes = {word for value in TAME.values("class") for word in value.split()}
    assert set(re.findall(r'"\.([\w-]+)', SCRIPT)) <= classes
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function|fetch|XMLHttp|import", SCRIPT
    )
    assert not re.search(r"@import|url\(|expression", STYLE)


PAPERS = [("ink", "page"), ("ink", "surface"), ("ink", "sunk"), ("ink", "meant"), ("muted", "page"), ("muted", "meant"),
          ("muted", "surface"), ("muted", "sunk"), ("link", "page"), ("link", "surface"), ("mark-ink", "mark"),
          ("surface", "FAIL-ink"), ("FAIL-ink", "page"), ("UNKNOWN-ink", "page"), ("PASS-ink", "page")]  # fmt: skip


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_word_can_be_read(scheme: int) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[scheme]))
    words = [name.removesuffix("-paper") for name in colours if name.endswith("-paper")]
    assert len(words) == len(Status)
    for ink, paper in [*PAPERS, *((f"{word}-ink", f"{word}-paper") for word in words)]:
        light, dark = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("      TOKEN: ghp_0123456789abcdefghijklmnopqrstuvwxyz", False),
        ("      DATABASE_URL: postgresql://shop:hunter2@db/shop", False),
        ("      PASSWORD: hunter2", False),
        ("      key: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab", False),
        ("      GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}", True),
        ("      uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683", True),
    ],
)
def test_a_line_beside_a_finding_that_may_hold_a_secret_is_not_shown(line: str, shown: bool, tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n"
        f"    - uses: actions/cache@v4\n      with:\n  {line}\n      if: always()\n"
    )
    made = audit(Request(tmp_path, Settings(), select=("pipeline-unpinned-action",), today=TODAY), manager().hook)
    assert made.findings
    assert (escape(line.strip()) in render(made)) is shown
