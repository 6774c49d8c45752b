"""A day as people write it in files and options: YYYY-MM-DD (RFC 3339, full-date), and no other way."""

from __future__ import annotations

import datetime


def day(text: str) -> datetime.date | None:
    """The day that a text names; None when it names none, or writes it otherwise (`20270131`, `2027-W05-7`)."""
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None
