"""The commands of a shell script, how they hang together, and what a hostile script costs."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatekeeper.models.shell import SIZE, commands, parse


def _words(script: str) -> list[str]:
    return [" ".join(command.words) for command in commands(script)]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a 'b c' \"d e\" f\\ g", ["a b c d e f g"]),
        ("apt-get install -y \\\n  curl \\\n  vim", ["apt-get install -y curl vim"]),
        ("if [ -f a ]; then b; elif c; then d; else e; fi", ["[ -f a ]", "b", "c", "d", "e"]),
        ("for x in $(seq 1 2); do echo $x; done", ["seq 1 2", "echo $x"]),
        ("case $x in a|b) c;; *) d | e;; esac", ["c", "d", "e"]),
        ("f() { a; }; function g { b; }; (c; d) &", ["a", "b", "c", "d"]),
        ("while read -r l; do x $l; done < file", ["read -r l", "x $l"]),
        ("echo 'sudo a' \"sudo b\" # sudo c", ["echo sudo a sudo b"]),
        ("cat <<EOF > /x\nsudo a\nEOF\nb", ["cat", "b"]),
        ("cat <<'EOF' | tee y\nsudo $(q)\nEOF\nb", ["cat", "tee y", "b"]),
        ("a $(b \"$(c)\") `d`", ['a $(b "$(c)") `d`', 'b $(c)', "c", "d"]),
        ("eval 'a | b'", ["eval a | b", "a", "b"]),
        ("sh -c 'a && b'", ["sh -c a && b", "a", "b"]),
        ("su - x -c \"npm ci | tee y\"", ["su - x -c npm ci | tee y", "npm ci", "tee y"]),
        ("bash <(curl x)", ["bash <(curl x)", "curl x"]),
        ("export A=b && C=d e", ["export A=b", "e"]),
        ("[[ $a =~ ^b$ ]] && x", ["[[ $a =~ ^b$ ]]", "x"]),
        ("! a || b", ["a", "b"]),
        ("x=(1 2) y=$(a)", ["", "", "a"]),
        ("", []),
        ("# nothing", []),
    ],
)  # fmt: skip
def test_which_commands_a_script_has(script: str, words: list[str]) -> None:
    assert sorted(_words(script)) == sorted(words)


@pytest.mark.parametrize(
    ("script", "wrappers", "words", "env"),
    [
        ("sudo -E -u app A=1 npm ci", ("sudo",), ("npm", "ci"), ("A=1",)),
        ("A=1 env -u B C=2 exec nohup x -y", ("env", "exec", "nohup"), ("x", "-y"), ("A=1", "C=2")),
        ("timeout -s KILL 30 curl -f u", ("timeout",), ("curl", "-f", "u"), ()),
        ("xargs -0 -n 1 rm -f", ("xargs",), ("rm", "-f"), ()),
        ("gosu app sh", ("gosu",), ("sh",), ()),
        ("command -v sudo", (), ("command", "-v", "sudo"), ()),
        ("sudo", (), ("sudo",), ()),
        ("/usr/bin/sudo -- a", ("sudo",), ("a",), ()),
    ],
)
def test_programs_that_run_another(
    script: str, wrappers: tuple[str, ...], words: tuple[str, ...], env: tuple[str, ...]
) -> None:
    command = next(commands(script))
    assert (command.wrappers, command.words, command.env) == (wrappers, words, env)


@pytest.mark.parametrize(
    ("script", "pipes"),
    [
        ("a && b 2>&1 | c || d", [(["b"], ["c"])]),
        ("a; b > x | c", [(["b"], ["c"])]),
        ("a && b | c && d", [(["b"], ["c"])]),
        ("a | (b; c) |& d", [(["a"], ["b", "c"], ["d"])]),
        ("{ a; b | c; } | d", [(["b"], ["c"]), (["a", "b", "c"], ["d"])]),
        ("cat <<E | sh -x\nsudo\nE\nb", [(["cat"], ["sh"])]),
        ("x $(a | b) | c", [(["a"], ["b"]), (["x"], ["c"])]),
        ("a || b; c & d", []),
        ("if a | b; then c; fi | d", [(["a"], ["b"]), (["a", "b", "c"], ["d"])]),
    ],
)
def test_which_commands_a_pipe_joins(script: str, pipes: list[tuple[list[str], ...]]) -> None:
    read = parse(script)
    found = [tuple([read.commands[number].program for number in part] for part in pipe.parts) for pipe in read.pipes]
    assert found == pipes


@pytest.mark.parametrize(
    ("script", "before", "in_force"),
    [
        ("a | b", False, [False]),
        ("a | b", True, [True]),
        ("set -o pipefail; a | b", False, [True]),
        ("set -euxo pipefail && a | b", False, [True]),
        ("set -e; a | b; set -o pipefail; c | d; set +o pipefail; e | f", False, [False, True, False]),
        ("bash -eo pipefail -c 'a | b'", False, [True]),
        ("sh -c 'a | b'", True, [False]),
    ],
)
def test_whether_pipefail_is_in_force(script: str, before: bool, in_force: list[bool]) -> None:
    assert [pipe.pipefail for pipe in parse(script, before).pipes] == in_force


def test_where_words_and_redirections_stand() -> None:
    script = "é | sudo curl -o 'a b' \"ü $x\" >> /log 2>&1"
    command = parse(script).commands[1]
    assert [script[word.start : word.end] for word in command.parts] == ["curl", "-o", "'a b'", '"ü $x"']
    assert [word.literal for word in command.parts] == [True, True, True, False]
    assert script[command.start : command.end] == "curl -o 'a b' \"ü $x\""
    assert [(each.operator, each.target) for each in command.redirects] == [(">>", "/log"), (">&", "1")]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("cat > x y z", ["cat y z"]),
        ("a | b > x\nc d", ["a", "b", "c d"]),
        ("a | a | a\nb && c", ["a", "a", "a", "b", "c"]),
        ("a | b \\\n c\nd", ["a", "b c", "d"]),
        ("> x a b", ["a b"]),
        ("cat <<E > x\nE\na", ["cat", "a"]),
    ],
)
def test_words_behind_a_redirection_and_on_the_next_line(script: str, words: list[str]) -> None:
    assert _words(script) == words


def test_a_redirection_belongs_to_its_own_command() -> None:
    outer, inner = parse("a $(b) > x").commands
    assert ([each.target for each in outer.redirects], inner.redirects) == (["x"], ())
    assert (inner.within, inner.inline) == (0, True)


@pytest.mark.parametrize("script", ["if a; then", "a 'b", '"$(', "a )", "a && ", "<<<", "a | | b"])
def test_what_cannot_be_read_has_no_commands_and_says_why(script: str) -> None:
    read = parse(script)
    assert (read.commands, bool(read.why)) == ((), True)


@pytest.mark.parametrize(
    "script",
    [
        "a|" * 30_000, "x=(" * 20_000, "<<A\n" * 8_000, "(" * 60_000, '"$(' * 20_000, "`" * 60_001, "${a:-" * 20_000,
        "if " * 20_000, "a && " * 12_000 + "b", "a; " * 20_000, "{ " * 30_000, "$((1+" * 12_000, "case x in " * 6_000,
        "(" * 1_000 + "a" + ")" * 1_000, "echo " + "$(" * 900 + "a" + ")" * 900, "[ " + "! " * 20_000 + "a ]",
        "a " * (SIZE // 2 + 1), "sh -c 'sh -c \"sh -c a\"'", "\0\ud800é",
        "[[ " + "(" * 1_500 + "a" + ")" * 1_500 + " ]]",
        "é" * 50_000, "a\\\n" * 30_000,
    ],
    ids=lambda script: repr(script[:12]),
)  # fmt: skip
def test_hostile_scripts_take_no_long_time(script: str) -> None:
    begin = time.perf_counter()
    read = parse(script)
    assert not (read.why and read.commands)
    assert time.perf_counter() - begin < 10


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="ab \\\"'$#;&|<>(){}[]`\n\t=-é\ud800\0!", max_size=80))
@example("a $(b 'c') é | d")
def test_nothing_raises_and_every_word_stands_where_it_says(script: str) -> None:
    read = parse(script)
    for number, command in enumerate(read.commands):
        assert 0 <= command.start <= command.end <= len(script)
        assert len(command.parts) == len(command.words)
        assert command.within < len(read.commands)
        assert command.within != number
        for word in command.parts:
            assert command.start <= word.start <= word.end <= command.end
            if word.literal and not set("\\'\"$") & set(script[word.start : word.end]):
                assert script[word.start : word.end] == word.text
    for pipe in read.pipes:
        assert len(pipe.parts) > 1
        assert all(0 <= number < len(read.commands) for part in pipe.parts for number in part)


@given(st.lists(st.sampled_from(["a", "b c", "'d'", "e > f", "g > h i"]), min_size=1, max_size=12), st.data())
def test_simple_lists_come_back_as_they_were_joined(parts: list[str], data: st.DataObject) -> None:
    joins = [data.draw(st.sampled_from([" && ", " || ", "; ", "\n", " | "])) for _ in parts[1:]]
    script = parts[0] + "".join(join + part for join, part in zip(joins, parts[1:], strict=True))
    read = parse(script)
    assert [" ".join(command.words) for command in read.commands] == [
        part.strip("'").replace(" > f", "").replace("> h ", "") for part in parts
    ]
    runs = "".join("|" if join == " | " else "." for join in joins).split(".")
    assert sum(len(pipe.parts) - 1 for pipe in read.pipes) == sum(len(run) for run in runs)
