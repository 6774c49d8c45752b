"""Dockerfiles, against BuildKit's own parser; places, stages and users; texts that nobody meant well."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatekeeper.discover import Tree
from gatekeeper.models.base_images import lacks, user_of
from gatekeeper.models.docker import Dockerfile, Stage, expand, read
from gatekeeper.models.image import ImageReference
from gatekeeper.node import Expression, Fault, Source
from gatekeeper.parsers.dockerfile import KINDS, parse

buildkit = pytest.importorskip("dockerfile")

LINES = (
    "FROM alpine:3.22 AS build", "from scratch", "ARG A=1", "arg B", "RUN echo a \\", "RUN echo a \\  ", "RUN echo `",
    "RUN echo \\\\", "RUN <<EOF", "RUN <<-EOF cat", "COPY <<A <<'EOF' /x", 'ADD <<"EOF" /x', "RUN cat <<<EOF",
    "RUN cat<<EOF", "ONBUILD RUN <<EOF", 'RUN ["a", "<<EOF"]', "EOF", "\tEOF", " EOF", "A", "USER root",
    "  USER app", "\tuser\tapp", "# comment", "  # comment", "", "   ", "# escape=`", "# syntax=docker/dockerfile:1",
    "#escape = \\", "COPY --link --from=build --chown=1:1 a b", "ENV A=b \\", "  c=d", '  "e f"=g \\', "ENV A b c",
    'CMD ["a", "b"]', "CMD a b", "HEALTHCHECK --interval=3s CMD x || exit 1", "HEALTHCHECK NONE", "EXPOSE 80 443/udp",
    "\\", " \\", "&& b \\", "UNHEARD of", "LABEL a='b c' d=\"e\"", "WORKDIR C:\\", "SHELL [\"a\"]", "é ü \\", "USER ü",
)  # fmt: skip
texts = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""),
    st.lists(st.sampled_from(LINES), max_size=14),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


def _first_written(text: str, line: int) -> int:
    """BuildKit counts an instruction from a continuation mark that stands alone before it; its word comes later."""
    rows = text.split("\n")
    while line < len(rows) and rows[line - 1].strip().strip("\\`").strip()[:1] in ("", "#"):
        line += 1
    return line


def _agrees(text: str) -> None:
    ours = parse(Source("Dockerfile", text))
    try:
        theirs = [each for each in buildkit.parse_string(text) if each.cmd]  # none: only continuation marks
    except (buildkit.GoParseError, ValueError):
        return  # it reads nothing of a file with one fault in it; we read the rest
    known = [each for each in theirs if each.cmd.upper() in KINDS]
    assert [(each.kind, each.node.span.line) for each in ours.instructions] == [
        (each.cmd.upper(), _first_written(text, each.start_line)) for each in known
    ]
    assert len(theirs) - len(known) == sum("is not a Dockerfile instruction" in f.message for f in ours.faults)
    for mine, other in zip(ours.instructions, known, strict=True):
        if mine.kind not in ("ONBUILD", "HEALTHCHECK"):  # of which BuildKit's tree is of another shape
            assert mine.is_json == other.json, mine
            if mine.is_json:
                assert tuple(word.text for word in mine.words) == other.value
        bodies = [heredoc.body.text.replace("\r", "") for heredoc in mine.heredocs]
        if mine.kind != "ONBUILD":
            assert bodies == [heredoc.content.replace("\r", "").removesuffix("\n") for heredoc in other.heredocs]
        flags = [f"--{flag.name}={flag.value.text}".removesuffix("=") for flag in mine.flags]
        assert flags == [flag.removesuffix("=") for flag in other.flags]


@settings(max_examples=600, deadline=None)
@given(texts)
@example("\ufeffFROM a\nUSER b\n")
@example("FROM a\nRUN <<EOF\nEOF\nUSER b")
@example("FROM a\nRUN a \\\n\n# b\n c\nUSER b")
@example("FR\\\nOM a\nUS\\\n  # x\nER b")
@example("FROM a\nRUN x \\")
def test_the_same_instructions_as_buildkit(text: str) -> None:
    _agrees(text)


def test_the_same_instructions_as_buildkit_in_real_files() -> None:
    corpus = os.environ.get("GATEKEEPER_CORPUS")
    if not corpus:
        pytest.skip("GATEKEEPER_CORPUS names no folder with repositories")
    other = {".template", ".dockerignore", ".md", ".go", ".py", ".js", ".ts", ".json", ".yaml", ".yml", ".j2", ".tmpl"}
    found = [
        path
        for name in ("*ockerfile*", "*ontainerfile*")
        for path in Path(corpus).rglob(name)
        if path.is_file() and path.suffix not in other
    ]
    assert found
    for path in found:
        _agrees(path.read_text("utf-8"))


@given(st.text(alphabet="FROMUSERN abx=\\`\"'$<-{}[],#\n\r\t\0\ufeff\u2028é", max_size=200))
def test_nothing_raises_and_every_place_holds_its_text(text: str) -> None:
    source = Source("Dockerfile", text)
    ours = parse(source)
    for each in ours.instructions:
        assert each.node.key
        word = source.slice(each.node.key).replace("\\", "").replace("`", "").replace("\n", "")
        assert each.kind in word.upper().replace(" ", "").replace("\r", "") or "#" in word
        for node in (*each.words, *(flag.value for flag in each.flags)):
            if node.span.line == node.span.end_line and not each.is_json:
                assert source.slice(node.span) == node.text
    for subject in read(source, Tree(Path("."), [])):
        if isinstance(subject, Stage):
            assert subject.runs_as.kind in ("root", "nonroot", "unknown")
            assert None not in (subject.exposed, subject.env, subject.commands, subject.copies)
            assert subject.healthcheck is None or subject.healthcheck.kind == "HEALTHCHECK"
            assert subject.cmd is None or subject.cmd.kind == "CMD"


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN " + "x \\\n" * 100_000,
        "FROM a\n" + "ENV A=1 B=$A\n" * 10_000,
        "FROM a\nENV A=xxxx\n" + "ENV A=$A$A\n" * 200 + "USER $A\n",
        "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\nENV A=$B\n" for n in range(900)),
        "FROM a\n" * 10_000,
        "FROM a\nUSER " + "${a:-" * 20_000 + "}" * 20_000,
        "FROM a\nCMD " + "[" * 100_000,
        "FROM a\nRUN " + "<<E " * 10_000,
        "FROM a\nRUN " + '"a' * 50_000,
        "FROM a\nRUN " + "\\ " * 50_000 + "x",
        "FROM a\nCOPY " + "*a" * 5_000 + " /x\n",
        "FROM",
        "FROM \\",
        "\\",
        "\0\0\0",
        "FROM a\nCOPY <<EOF /x\nUSER b",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_hostile_texts_take_no_long_time(text: str) -> None:
    begin = time.perf_counter()
    for subject in read(Source("Dockerfile", text), Tree(Path("."), [])):
        if isinstance(subject, Stage) and subject.ships:
            assert subject.runs_as.kind in ("root", "unknown")
            assert None not in (subject.env, subject.commands)
            assert subject.manifest("package.json") is None
            assert subject.creates_user("x") is None
    assert time.perf_counter() - begin < 10


def _stages(text: str) -> list[Stage]:
    return [each for each in read(Source("Dockerfile", text), Tree(Path("."), [])) if isinstance(each, Stage)]


def test_faults_stand_where_they_are_and_cost_nothing_else() -> None:
    text = "RUN early\nFROM a\nUNHEARD of\nUSER app\nFROM x y\nONBUILD\nCOPY <<EOF /x\nUSER root\n"
    found = list(read(Source("Dockerfile", text), Tree(Path("."), [])))
    assert [(f.span.line, f.technology) for f in found if isinstance(f, Fault)] == [
        (7, "docker"), (3, "docker"), (5, "docker"), (6, "docker"), (1, "docker"),
    ]  # fmt: skip
    dockerfile = next(each for each in found if isinstance(each, Dockerfile))
    assert [stage.user.name if stage.user else None for stage in dockerfile.stages] == ["app", None]
    assert [f.message for f in read(Source("Dockerfile", ""), Tree(Path("."), [])) if isinstance(f, Fault)] == [
        "no FROM: this builds no image"
    ]


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("Dockerfile.j2", "FROM alpine:{{ version }}\n", "template-unrendered"),
        ("{{cookiecutter.name}}/Dockerfile", "FROM alpine:3\n{% if x %}\nUSER a\n{% endif %}\n", "template-unrendered"),
        ("Dockerfile", "FROM alpine:3\nRUN docker inspect -f '{{ .Id }}' x\n", None),
        ("Dockerfile.go", "# a comment\nFROM golang:1.25\n", None),
        ("dockerfile.go", "package dockerfile\n", ""),
        ("Dockerfile.dockerignore", "*\n", ""),
    ],
)
def test_which_files_are_dockerfiles(path: str, text: str, reason: str | None) -> None:
    found = list(read(Source(path, text), Tree(Path("."), [])))
    if reason is None:
        assert isinstance(found[0], Dockerfile)
    else:
        assert [each.reason for each in found if isinstance(each, Fault)] == ([reason] if reason else [])
        assert not any(isinstance(each, Stage) for each in found)


def test_lineage_final_and_target() -> None:
    text = "ARG B=base\nFROM node:20 AS base\nUSER 1000:0\nFROM golang:1.25 AS x\nUSER root\nFROM $B AS Final\nCMD a\n"
    base, tools, final = _stages(text)
    assert final.lineage == (final, base)
    assert final.base is base
    assert (final.ships, tools.ships) == (True, False)
    assert final.user
    assert (final.user.uid, final.user.gid, final.runs_as.kind, final.runs_as.numeric) == (1000, 0, "nonroot", True)
    assert (final.name, final.dockerfile.target("final"), final.dockerfile.target("1")) == (
        "Dockerfile:Final",
        final,
        tools,
    )


@pytest.mark.parametrize(
    ("body", "kind", "uid"),
    [
        ("FROM debian", "root", 0),
        ("FROM scratch", "root", 0),
        ("FROM scratch\nUSER 65532", "nonroot", 65532),
        ("FROM gcr.io/distroless/base-debian12:debug-nonroot", "nonroot", 65532),
        ("FROM gcr.io/distroless/base-debian12", "root", 0),
        ("FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled", "nonroot", None),
        ("FROM corp.example.com/debian", "unknown", None),
        ("FROM alpine\nRUN adduser -S web -u 1001\nUSER web", "nonroot", 1001),
        ("FROM alpine\nARG U=1001\nRUN useradd --uid=$U web\nUSER web", "nonroot", 1001),
        ("FROM alpine\nRUN <<EOF\nset -e\nuseradd -rmu 1002 web\nEOF\nUSER web:web", "nonroot", 1002),
        ("FROM alpine\nENV U=0\nARG U=5\nUSER ${U}", "root", 0),
        ("FROM alpine\nARG U\nUSER ${U:-1001}", "nonroot", 1001),
        ("FROM alpine\nARG U\nUSER $U", "unknown", None),
        ("ARG U=7\nFROM alpine\nUSER $U", "unknown", None),
        ("ARG U=7\nFROM alpine\nARG U\nUSER $U", "nonroot", 7),
        ("FROM alpine\nUSER 'root'", "root", 0),
        ("FROM alpine\nARG U=10001 G\nUSER ${U:-0}:${G}", "nonroot", 10001),
        ("FROM alpine\nARG U=0:0\nUSER $U", "root", 0),
        ("FROM alpine\nUSER 0:1000", "root", 0),
        ("FROM alpine\nONBUILD USER app", "root", 0),
    ],
)
def test_whom_it_runs_as(body: str, kind: str, uid: int | None) -> None:
    runs = _stages(body)[-1].runs_as
    assert (runs.kind, runs.uid) == (kind, uid)


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("node", "docker.io", "library/node", "", ""),
        ("node:20-alpine", "docker.io", "library/node", "20-alpine", ""),
        ("grafana/grafana:1", "docker.io", "grafana/grafana", "1", ""),
        ("registry:5000/app", "registry:5000", "app", "", ""),
        ("localhost/app", "localhost", "app", "", ""),
        ("gcr.io/a/b:c@sha256:00", "gcr.io", "a/b", "c", "sha256:00"),
        ("index.docker.io/node@sha256:00", "docker.io", "library/node", "", "sha256:00"),
        ("", "docker.io", "library/", "", ""),
    ],
)
def test_image_references(text: str, registry: str, repository: str, tag: str, digest: str) -> None:
    assert ImageReference.parse(text)[:4] == (registry, repository, tag, digest)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a$A", "a1"), ("${A}b", "1b"), ("'$A'", "$A"), ('"$A"', "1"), ("\\$A", "$A"), ("${N:-x$A}", "x1"),
        ("${E:-d}", "d"), ("${E-d}", ""), ("${A:+y}", "y"), ("${N:-${N:-z}}", "z"), ("$", "$"), ("a b", "a b"),
        ("$N", None), ("${A%1}", None), ("${A", None), ('"\\a"', "\\a"),
    ],
)  # fmt: skip
def test_expansion(word: str, value: str | None) -> None:
    got = expand(word, {"A": "1", "E": ""}.get)
    assert isinstance(got, Expression) if value is None else got == value


HARD = """\
# escape=\\
arg TAG=20-alpine
from --platform=$BUILDPLATFORM node:${TAG} as Build
run <<EOF
set -e
sudo npm ci
EOF
user 1001
RUN <<'ONE' cat > /a && <<-"TWO" sh
USER root
\tONE
ONE
\tsudo true
\tTWO
COPY <<A <<B /etc/
USER root
HEALTHCHECK CMD a
A
FROM x
B
WORKDIR /srv
ONBUILD USER root
FROM Build
EXPOSE 20-25 80/udp
"""


def test_hard_shapes_in_one_file() -> None:
    first, second = _stages(HARD)
    assert [each.kind for each in first.body] == ["RUN", "USER", "RUN", "COPY", "WORKDIR", "ONBUILD"]
    assert [each.kind for each in second.body] == ["EXPOSE"]
    assert (first.image.text, first.platform and first.platform.text) == ("node:20-alpine", "$BUILDPLATFORM")
    assert (second.base, second.runs_as.uid, second.healthcheck) == (first, 1001, None)
    assert [(port.first, port.last, port.protocol) for port in second.exposed] == [(20, 25, "tcp"), (80, 80, "udp")]
    assert [command.words for command in first.commands if "sudo" in command.wrappers] == [("npm", "ci")]
    assert [heredoc.quoted for heredoc in first.body[2].heredocs] == [True, True]
    assert [heredoc.name for heredoc in first.body[3].heredocs] == ["A", "B"]
    source = first.node.source
    for command in first.commands:
        assert source.slice(command.at(0).span) == command.words[0]


def test_a_folded_command_stands_on_its_lines() -> None:
    text = "FROM a\nRUN apt-get update && \\\n    # why\n    apt-get \\\n install cu\\\nrl\n"
    install = _stages(text)[0].commands[1]
    assert install.words == ("apt-get", "install", "curl")
    assert [install.at(number).span[:2] for number in range(3)] == [(4, 5), (5, 2), (5, 10)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('FROM a\nSHELL ["powershell", "-Command"]\nRUN sudo x', "powershell"),
        ("# escape=`\nFROM a\nRUN sudo x", "cmd"),
        ("FROM mcr.microsoft.com/windows/servercore:ltsc2025\nRUN sudo x", "cmd"),
        ("FROM a\nRUN if sudo x", "cannot be read"),
        ("FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nsudo()\nEOF", "another program"),
        ('FROM a AS b\nSHELL ["pwsh"]\nFROM b\nRUN sudo x', "pwsh"),
    ],
)
def test_scripts_that_no_shell_of_ours_reads_are_known_to_be_unread(text: str, why: str) -> None:
    stage = _stages(text)[-1]
    assert stage.commands == []
    assert [why in reason for _, reason in stage.unread("sudo")] == [True]
    assert list(stage.unread("curl")) == []


def test_a_heredoc_that_goes_into_a_shell_is_a_script() -> None:
    piped, data = _stages(
        "FROM a\nRUN cat <<EOF | sh -e\nsudo x\nEOF\nFROM a\nRUN cat <<EOF > x && sh y\nsudo x\nEOF\n"
    )
    assert [command.words for command in piped.commands] == [("cat",), ("sh", "-e"), ("x",)]
    assert [command.words for command in data.commands] == [("cat",), ("sh", "y")]


def test_the_shell_that_is_in_force() -> None:
    text = 'FROM a AS b\nRUN a | b\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN c | d\nFROM b\nRUN e | f\n'
    first, second = _stages(text)
    assert [pipe.pipefail for each in (first, second) for script in each.scripts for pipe in script.parsed.pipes] == [
        False, True, True,
    ]  # fmt: skip


def test_commands_of_a_healthcheck() -> None:
    shell_form, json_form = _stages(
        "FROM a\nHEALTHCHECK --interval=5s cmd curl -f http://localhost/ || exit 1\n"
        'FROM a\nHEALTHCHECK CMD [ "wget", "-q", "u" ]\n'
    )
    assert [command.words for command in shell_form.health_commands] == [
        ("curl", "-f", "http://localhost/"),
        ("exit", "1"),
    ]
    assert [command.words for command in json_form.health_commands] == [("wget", "-q", "u")]
    assert shell_form.health_commands[0].at(2).span[:2] == (2, 39)


@pytest.mark.parametrize(
    ("image", "user", "curl", "wget"),
    [
        ("debian:13", "root", True, True),
        ("python:3.13-slim-trixie", "root", True, True),
        ("node:20-alpine3.22", "root", True, False),
        ("node:20", "root", False, False),
        ("gcr.io/distroless/static-debian12:nonroot", "nonroot", True, True),
        ("gcr.io/distroless/base:debug", "root", None, None),
        ("haproxy:3.2", "nonroot", None, None),
        ("haproxy:1.8", "unknown", None, None),
        ("golang:1.25-nanoserver", "unknown", None, None),
        ("example.com/a", "unknown", None, None),
    ],
)
def test_what_is_known_of_base_images(image: str, user: str, curl: bool | None, wget: bool | None) -> None:
    reference = ImageReference.parse(image)
    assert (user_of(reference).kind, lacks(reference, "curl"), lacks(reference, "wget")) == (user, curl, wget)
