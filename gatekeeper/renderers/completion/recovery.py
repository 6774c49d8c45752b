"""Section 8: what is backed up by declaration, what documents promise, and whether the one can keep the other."""

from __future__ import annotations

import re
from collections import Counter

from gatekeeper.links.objectives import Promise, promises, seconds
from gatekeeper.links.resources import terraform_resources
from gatekeeper.links.stores import DAY, HOUR, MINUTE, Backup, Store, stores
from gatekeeper.models.docs import Runbook
from gatekeeper.node import regex
from gatekeeper.renderers.completion.sheet import Sheet, section, slot, table
from gatekeeper.renderers.sanitise import markdown_code, markdown_text

_DATABASE = regex(r"\b(?:databases?|db|postgres(?:ql)?|mysql|mariadb|rds|aurora|data store)\b", re.IGNORECASE)
_CACHE = regex(r"\b(?:cache|redis|valkey|memcached)\b", re.IGNORECASE)
_CODE = regex(r"\b(?:infrastructure|terraform|iac)\b", re.IGNORECASE)
_RESTORE = regex(r"restor|recover", re.IGNORECASE)


def recovery(sheet: Sheet) -> str:
    found = [each for each in stores(sheet.project) if not each.spare]
    promised = promises(sheet.project)
    used: set[int] = set()
    groups = Counter(each.group for each in found)
    rows = [  # a promise is about one component: of several it is not known which
        _component(each, promised if groups[each.group] == 1 and each.group != "Schedule" else [], used, sheet)
        for each in found
    ]
    rows += [_code(promised, used, sheet), _runbooks(sheet)]
    rows += [_promised(each, sheet) for each in promised if id(each.component) not in used]
    header = "DR Component | Status | RTO (stated) | RPO (promised) | RPO feasible by the schedule | Where"
    schedule = "Resource | Frequency | Retention | Tested | Point in time | Where"
    return section(
        "### 8. Disaster Recovery",
        table(header, rows),
        "#### Backup Schedule",
        table(schedule, [_schedule(each, sheet) for each in found], _nothing(sheet)),
    )


def _nothing(sheet: Sheet) -> str:
    where = sheet.report.settings.elsewhere.get("backups")
    if where:
        return slot(f"not-owned-here: it is at {markdown_text(where.where)}, by gatekeeper.yaml")
    looked = f"no data store with a backup that can be read, in {len(sheet.project.tree.paths)} files"
    return slot(f"not-owned-here: {looked}; say where with `owns` or `elsewhere`")


def _component(store: Store, promised: list[Promise], used: set[int], sheet: Sheet) -> tuple[str, ...]:
    pattern = _CACHE if store.group == "Cache" else _DATABASE
    promise = _only(promised, pattern, used)
    name = f"{store.group}: {markdown_code(store.name)}"
    stated = _stated(promise, sheet)
    return name, _status(store.backup), *stated, _feasible(store.backup, promise), sheet.at(store.at)


def _only(promised: list[Promise], pattern: re.Pattern[str], used: set[int]) -> Promise | None:
    """The one promise about such a component; none when several could be meant."""
    about = [each for each in promised if pattern.search(each.component.text)]
    if len(about) != 1:
        return None
    used.add(id(about[0].component))
    return about[0]


def _status(backup: Backup) -> str:
    if backup.on is None:
        return slot("unresolved")
    return "declared" if backup.on else "**no backup declared**"


def _stated(promise: Promise | None, sheet: Sheet) -> tuple[str, str]:
    if promise is None:
        return slot("no document states one"), slot("no document promises one")
    shown = [f"{sheet.words(node, 60)} ({sheet.at(node)})" if node else slot("not written") for node in promise[1:]]
    return shown[0], shown[1]


def _feasible(backup: Backup, promise: Promise | None) -> str:
    wanted = seconds(promise.rpo.text) if promise and promise.rpo is not None else None
    if wanted is None:
        return slot("no promise that can be read")
    if backup.on is False:
        return "**no**: nothing is backed up"
    if backup.on is None or backup.loss is None:
        return slot("unresolved: how often is not known")
    return f"yes ({_span(backup.loss)})" if backup.loss <= wanted else f"**no** ({_span(backup.loss)})"


def _span(length: int) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if length % unit == 0:
            return f"at most {length // unit} {name}"
    return f"at most {length} s"


def _code(promised: list[Promise], used: set[int], sheet: Sheet) -> tuple[str, ...]:
    found = terraform_resources(sheet.project)
    promise = _only(promised, _CODE, used)
    status = sheet.none_of("terraform", what="resources")
    if found:
        status = f"declared: {len(found)} {'resource' if len(found) == 1 else 'resources'}"
    return "Infrastructure code", status, *_stated(promise, sheet), "-", sheet.places(found[:1])


def _runbooks(sheet: Sheet) -> tuple[str, ...]:
    every = sheet.project.all(Runbook)
    about = [each for each in every if _RESTORE.search(f"{each.title} {each.stem}")]
    status = (
        f"{len(about)} of {len(every)} runbooks are about restoring"
        if about
        else f"**none** of {len(every)} is about restoring"
    )
    return "Runbook documented", status, "-", "-", "-", sheet.places(about)


def _promised(promise: Promise, sheet: Sheet) -> tuple[str, ...]:
    """A promise about what is not declared here, or about more than one thing that is."""
    name = sheet.words(promise.component, 60)
    return (
        name,
        slot("no declared resource is told to be it"),
        *_stated(promise, sheet),
        slot("unresolved"),
        sheet.at(promise.component),
    )


def _schedule(store: Store, sheet: Sheet) -> tuple[str, ...]:
    backup = store.backup
    name = f"{markdown_code(store.type)} {markdown_code(store.name)}"
    if backup.on is False:
        return name, "**none**", "**none**", "-", "no", sheet.at(store.at)
    in_time = slot("unresolved") if backup.point_in_time is None else "yes" if backup.point_in_time else "no"
    return (
        name,
        markdown_text(backup.frequency) or slot("unresolved"),
        markdown_text(backup.retention) or slot("not said"),
        sheet.answer("restore-tested"),
        in_time,
        sheet.at(store.at),
    )
