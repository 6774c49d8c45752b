"""What runbooks consist of, as data: the parts people look for, and the headings under which they stand.

Headings are known by what they say, not by one template's words: of 108 published runbooks none has the headings of one
common template, 103 have the same parts under other names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gatekeeper.node import regex


class Part(NamedTuple):
    """One part: its name here, the words of headings that mean it, what it tells, and whether it cannot be spared."""

    name: str
    words: re.Pattern[str]
    tells: str
    needed: bool = False
    heading: str = ""  # how to say what such a section may be called, behind a backtick


def _part(name: str, words: str, tells: str = "", needed: bool = False, heading: str = "") -> Part:
    return Part(name, regex(words, re.IGNORECASE), tells, needed, heading)


_ROLLBACK = r"roll(?:ing)?[ -]?back|back(?:ing)?[ -]?out|\brevert|\bundo\b|downgrad"

# In the order in which they are tried: the first whose words a heading has names its section.
INCIDENT = (
    _part("rollback", _ROLLBACK),
    _part(
        "escalation", r"escalat|on[ -]?call|\bcontacts?\b|who to (?:call|ask|contact)|\bsupport\b|\bowners?\b",
        "who to call next",
    ),
    _part(
        "follow-up", r"post[ -]?(?:incident|mortem)|follow[ -]?up|prevent|lessons|after the (?:incident|outage)",
        "what is done afterwards",
    ),
    _part("verification", r"post[ -]?deploy|\bverif(?:y|ication)|smoke[ -]?test|\bvalidat"),
    _part(
        "diagnosis", r"diagnos|investigat|troubleshoot|\bdebug|triage|root[ -]?cause|\bcauses?\b|\banalys|\bchecks?\b"
        r"|how to (?:find|identify|detect|check)|first steps|initial (?:steps|response|actions)",
        "how to find the cause", True, "Diagnosis` (or Investigation, Troubleshooting, Triage)",
    ),
    _part(
        "resolution", r"resolution|\bresolv|mitigat|remediat|\bfix|recover|\brepair|workaround|solution|what to do"
        r"|\bactions?\b|how to (?:fix|resolve|solve|respond)|\bsteps\b|procedure|\bresponse\b|\bcorrect",
        "how to end it", True, "Resolution` (or Mitigation, Remediation, Recovery)",
    ),
    _part("impact", r"impact|\beffects?\b|consequence|blast radius|affected", "who is affected"),
    _part("severity", r"\bseverity\b|\bpriority\b|\burgency\b", "how urgent it is"),
    _part(
        "symptoms", r"symptom|meaning|overview|summary|description|\balerts?\b|trigger|what (?:does|is|happen)"
        r"|\bproblem\b|\bdetection\b|\bcontext\b|\babout\b|background|introduction",
        "how the incident shows",
    ),
)  # fmt: skip
DEPLOYMENT = (
    _part("rollback", _ROLLBACK, "how to go back"),
    _part(
        "post-deployment", r"post[ -]?(?:deploy|release|roll)|after (?:the |a |each |every )?(?:deploy|release|rollout)"
        r"|follow[ -]?up|clean[ -]?up|\bmonitoring\b",
        "what is watched afterwards", False, "Post-deployment`",
    ),
    _part(
        "verification", r"\bverif(?:y|ying|ication)\b|smoke|\bvalidat|\bhealth|\bconfirm|\btest(?:s|ing)?\b",
        "how to see that it went well", True, "Verification` (or Smoke tests, Health checks)",
    ),
    _part(
        "pre-deployment", r"pre[ -]?(?:deploy|flight|release|requisite|check)|before (?:you |the |each |every |a )?\w"
        r"|\bprepar|checklist|\brequire(?:d|ments)\b|readiness|\bapproval",
        "what must hold before", False, "Pre-deployment`",
    ),
    _part(
        "steps", r"\bsteps?\b|procedure|deploy|releas|roll[ -]?out|\binstall|\bapply|\bpromot|how to|process"
        r"|instruction|\bproduction\b|\bstaging\b|\bworkflow\b|\bpipeline\b|\bupgrad",
        "what to do", True, "Steps`",
    ),
    _part("escalation", r"escalat|on[ -]?call|\bcontacts?\b|who to (?:call|ask|contact)"),
)  # fmt: skip


def part_of(heading: str, parts: tuple[Part, ...]) -> str:
    """The name of the part that a section is, by its heading; '' when none fits."""
    return next((part.name for part in parts if part.words.search(heading)), "")
