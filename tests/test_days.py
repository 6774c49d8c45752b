"""A day is written in one way."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.days import day
from gatekeeper.models.waivers import suppressions
from gatekeeper.node import Source


@given(st.dates())
def test_every_day_reads_back(date: datetime.date) -> None:
    assert day(date.isoformat()) == date


@given(st.text("0123456789-W T:Z.\n٣", max_size=12) | st.dates().map(lambda date: date.strftime("%G-W%V-%u")))
def test_nothing_else_is_a_day(text: str) -> None:
    found = day(text)
    assert found is None or found.isoformat() == text


@pytest.mark.parametrize(
    "text", ["20270131", "2027-W05-7", "2027W057", "2027-1-5", "2027-02-30", "2027-01-31 ", "2027-01-31\n", ""]
)
def test_a_comment_ends_on_a_day_as_it_is_documented(text: str) -> None:
    assert day(text) is None
    [comment] = suppressions(
        Source("Dockerfile", f"# gatekeeper: ignore[docker-nonroot] until={text.strip()} -- why\n")
    )
    assert comment.end == (datetime.date(2027, 1, 31) if text.strip() == "2027-01-31" else None)
