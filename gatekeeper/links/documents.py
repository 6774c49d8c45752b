"""Where the links of a document lead, as GitHub shows it, with allowance for generators of sites."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import unquote

from gatekeeper.discover import Unreadable
from gatekeeper.models.docs import Document, Link
from gatekeeper.node import regex
from gatekeeper.project import Project

_ESCAPED = regex(r"\\([!-/:-@\[-`{-~])")
_ELSEWHERE = regex(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_FILLED_IN = regex(r"\{\{|\{%|\$\{|\{<|<%|%\(|\$\(|@site|^[~@$%]|^<")
_LINE = regex(r"l\d+(?:c\d+)?(?:-l?\d+(?:c\d+)?)?\Z|top\Z|readme(?:-ov-file)?\Z|:~:text=", re.IGNORECASE)
# Generators of sites, by the file that configures one: they resolve links in their own ways.
_SITE_HERE = frozenset({
    "_config.yml", "_config.yaml", "conf.py", "book.toml", "antora.yml", "_index.md", "SUMMARY.md", "mint.json",
    "docs.json", "_sidebar.md",
})  # fmt: skip
_SITE_BELOW = frozenset({
    "hugo.toml", "hugo.yaml", "hugo.yml", "config.toml", "docusaurus.config.js",
    "docusaurus.config.ts", "sidebars.js", "sidebars.ts", "astro.config.mjs", "astro.config.ts", "zensical.toml",
    "nuxt.config.ts", "config.mts",
})  # fmt: skip
_SITE_FOLDERS = ("docs", "content", "blog", "src")


class Target(NamedTuple):
    """What a link within the repository names: a path, an anchor in it, and what of that does not exist."""

    path: str
    anchor: str = ""
    missing: str = ""


def target_of(link: Link, document: Document, project: Project) -> Target | None:
    """Where a link leads in this repository; None when it leads elsewhere or a generator decides."""
    written = _ESCAPED.sub(r"\1", link.target.strip())
    if not is_local(written):
        return None
    address, _, anchor = written.partition("#")
    address = unquote(address.partition("?")[0])
    site = is_site(document, project)
    if not address:
        return _anchored(document.path, anchor, project, site)
    path = _below_root(address, document)
    if path is None or _not_ours(path, project):
        return None
    found = _existing(path, project)
    if found is not None:
        return _anchored(found, anchor, project, site)
    if _made_later(address, path, link, project, site):
        return None
    return Target(path, anchor, f"{path} does not exist")


def dead_links(document: Document, project: Project) -> frozenset[str]:
    """The targets of links, as written, that lead nowhere in this repository."""
    found = ((link.target, target_of(link, document, project)) for link in document.links)
    return frozenset(target for target, seen in found if seen is not None and seen.missing)


def is_local(target: str) -> bool:
    """Whether a link's target is a path or an anchor, written out."""
    return bool(target) and not _ELSEWHERE.match(target) and not _FILLED_IN.search(target)


def is_site(document: Document, project: Project) -> bool:
    """Whether a generator makes a site of the folder that the document lies in, or of one above it."""
    sites = project.once("folders of sites", _sites)
    folder = document.path
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in sites:
            return True
    return False


def _sites(project: Project) -> frozenset[str]:
    found: set[str] = set()
    for path in project.tree.paths:
        folder, _, name = path.rpartition("/")
        if name in _SITE_HERE:
            found.add(folder)
        elif name in _SITE_BELOW or (name.startswith("mkdocs.") and name.endswith((".yml", ".yaml"))):
            found.update(f"{folder}/{below}".lstrip("/") for below in _SITE_FOLDERS)
    found.update(folder.rpartition("/")[0] for folder in project.tree.folders if folder.endswith("/.vitepress"))
    return frozenset(found)


def _below_root(address: str, document: Document) -> str | None:
    """The path that an address names; None above the root, where GitHub has its issues, releases and wiki."""
    base = "" if address.startswith("/") else posixpath.dirname(document.path)
    path = posixpath.normpath(posixpath.join(base, address.lstrip("/") or "."))
    return None if path.startswith("..") else path


def _not_ours(path: str, project: Project) -> bool:
    """Whether the path lies in a submodule or below a link, whose files are not listed here."""
    submodules = project.once("submodules", _submodules)
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts))]
    return path in submodules or any(folder in submodules or folder in project.tree for folder in above)


def _made_later(address: str, path: str, link: Link, project: Project, site: bool) -> bool:
    """Whether what does not exist here may still be shown: a site's generator makes it, or a build that git ignores."""
    if site or (address.startswith("/") and path.partition("/")[0] not in project.tree.folders):
        return True  # below the root of a site, not of the repository
    if link.is_html and "." not in posixpath.basename(path):
        return True
    patterns = project.once("ignored by git", _ignored)
    parts = path.split("/")
    return any(
        fnmatchcase("/".join(parts[:count]), pattern) or ("/" not in pattern and fnmatchcase(parts[count - 1], pattern))
        for count in range(1, len(parts) + 1)
        for pattern in patterns
    )


def _ignored(project: Project) -> list[str]:
    lines = (line.strip() for line in _text(".gitignore", project).splitlines()[:2000])
    return [line.strip("/") for line in lines if line.strip("/*") and line[0] not in "#!" and len(line) < 200]


def _submodules(project: Project) -> frozenset[str]:
    text = _text(".gitmodules", project)
    return frozenset(re.findall(r"^[ \t]*path[ \t]*=[ \t]*(\S.*?)[ \t]*$", text, re.MULTILINE))


def _text(path: str, project: Project) -> str:
    try:
        return project.tree.source(path).text if path in project.tree else ""
    except Unreadable:
        return ""


def _existing(path: str, project: Project) -> str | None:
    """The path, or the file that a site shows under it; None when there is none."""
    if project.tree.exists(path):
        return path
    bare = path.removesuffix(".html").removesuffix(".htm")
    names = (f"{bare}{ending}" for ending in (".md", ".markdown", ".mdx", ".rst", ".adoc", "/index.md", "/_index.md"))
    return next((name for name in names if name in project.tree), None)


def _anchored(path: str, anchor: str, project: Project, site: bool) -> Target:
    documents = project.by(Document, "path").get(path)
    wanted = unquote(anchor).lower().removeprefix("user-content-")
    if site or not wanted or not documents or _LINE.match(wanted) or is_site(documents[0], project):
        return Target(path, anchor)
    anchors = documents[0].anchors
    if wanted in anchors or _bare(wanted) in {_bare(known) for known in anchors}:
        return Target(path, anchor)
    return Target(path, anchor, f"no heading #{anchor} in {path}")


def _bare(anchor: str) -> str:
    """An anchor without what renderers disagree about: doubled and outer hyphens, an emoji's variation selector."""
    return re.sub(r"-{2,}", "-", anchor.replace("\ufe0f", "")).strip("-")
