"""For people with a browser: one page that needs nothing else, with every gate, its criteria, and their findings.

The style and the script are constants of ours; a policy in the page admits those two by their digests and nothing
else. Without the script all is still there, except for the filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gatekeeper.audit import Report
from gatekeeper.renderers.page import appendix, gates
from gatekeeper.renderers.page.filter import controls
from gatekeeper.renderers.page.findings import Findings, orphans
from gatekeeper.renderers.page.header import header, title
from gatekeeper.renderers.page.markup import Markup, Section, element, text, void
from gatekeeper.renderers.sanitise import printed

_HERE = Path(__file__).parent / "page"


def render(report: Report) -> str:
    style, script = (Markup((_HERE / name).read_text("utf-8")) for name in ("page.css", "page.js"))
    sections = [section for section in _sections(report) if section.content]
    body = element(
        "body",
        element("a", text("Skip to the gates"), href="#main", class_="skip"),
        header(report),
        _contents(sections),
        element("main", controls(report), *map(_section, sections), id="main"),
        element("script", script),
    )
    page = element("html", _head(report, style, script), Markup("\n"), body, lang="en")
    return printed(f"<!DOCTYPE html>\n{page}\n")


def _sections(report: Report) -> Iterator[Section]:
    """The parts of the page, as the person who asked wants to see it."""
    findings = Findings(report)
    if report.shown.table:
        yield gates.section(report, findings)
    if not report.shown.quiet:
        yield orphans(findings, report)
        if report.shown.table:
            yield gates.open_questions(report)
        yield from appendix.sections(report)


def _contents(sections: Sequence[Section]) -> Markup:
    links = (element("a", text(each.title), href=f"#{each.id}") for each in sections)
    return element("nav", *links, aria_label="Contents")


def _section(section: Section) -> Markup:
    return element("section", element("h2", text(section.title)), section.content, id=section.id)


def _head(report: Report, style: Markup, script: Markup) -> Markup:
    verdict = f"{report.verdict}: " if report.shown.table else ""
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        element("title", text(f"{verdict}{title(report)} - gatekeeper")),
        element("style", style),
    )


def _digest(block: Markup) -> str:
    """What a content security policy knows an inline block by (CSP level 3, hash-source)."""
    from base64 import b64encode
    from hashlib import sha256

    return f"sha256-{b64encode(sha256(block.encode()).digest()).decode()}"
