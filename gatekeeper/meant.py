"""What a person perhaps meant by a word that nothing is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def meant(
    word: str, among: Iterable[str], otherwise: str = "", *, most: int = 1, shown: Callable[[str], str] = str
) -> str:
    """`did you mean X?`, or `X or Y` where up to `most` names come near; `otherwise` when none does."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(dict.fromkeys(among)), n=most)
    return f"did you mean {' or '.join(map(shown, near))}?" if near else otherwise
