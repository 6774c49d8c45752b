"""A word that nothing is called: what comes near is offered, and nothing else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.commands import VERBS
from gatekeeper.meant import meant


@given(st.sampled_from(sorted(VERBS)), st.data())
def test_a_letter_left_out_is_guessed(verb: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(verb) - 1))
    word = verb[:at] + verb[at + 1 :]
    assert meant(word, VERBS, "nothing") == f"did you mean {verb}?"


def test_words() -> None:
    assert meant("xyz", ["audit"], "see `x`") == "see `x`"
    assert meant("xyz", ["audit"]) == ""
    assert meant("owned", ["owns", "alerts"], "x", shown=repr) == "did you mean 'owns'?"
    assert meant("rule-0", ["rule-1", "rule-2", "other"], most=3) in (
        "did you mean rule-1 or rule-2?",
        "did you mean rule-2 or rule-1?",
    )
