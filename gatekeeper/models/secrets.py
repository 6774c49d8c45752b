"""Secrets that are known by their form, wherever they stand: private keys, keys of clouds, tokens of services.

A file is searched in two steps. Plain searches for what every form must hold rule out nearly all files at the speed of
reading them; only where one holds, the form's expression is tried. Every expression is linear: its repetitions are
bounded or of characters that what follows them cannot start with.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, pairwise
from typing import Literal, NamedTuple

from gatekeeper.node import regex

Grade = Literal["low", "medium", "high", "critical"]


class Secret(NamedTuple):
    """A secret in a text: what it is in words, and between which characters it stands. Its value stays there."""

    kind: str
    start: int
    end: int
    grade: Grade = "critical"


class _Form(NamedTuple):
    """How one kind of secret looks. One of `holds` is in every text that has it; `is_real` sorts out examples.

    The expression starts with it, unless it stands `inside`. With `word` it begins a long run of letters, digits, `_`
    and `-`: those are looked through by themselves. `made` by anybody who wants one, and not handed out.
    """

    kind: str
    holds: tuple[str, ...]
    pattern: re.Pattern[str]
    grade: Grade = "critical"
    word: bool = True
    is_real: Callable[[str], bool] | None = None
    inside: bool = False
    made: bool = False


def _token(
    kind: str, holds: str, pattern: str, grade: Grade = "critical", *, word: bool = True, inside: bool = False
) -> _Form:
    """A token of a service: nothing that belongs to a word stands before or behind it."""
    whole = regex(rf"(?<![A-Za-z0-9_-])(?P<value>{pattern})(?![A-Za-z0-9_-])")
    return _Form(kind, tuple(holds.split()), whole, grade, word, inside=inside)


_PEM = regex(
    r"-----BEGIN (?P<type>(?:[A-Z0-9]{2,12} ){0,3})PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<body>(?:[A-Za-z0-9+/=:,. \t\r\n\"'`|>#*()]|-(?!----)|\\[nrt]|\\\\n){64,12000})-----END"
)
_BASE64 = regex(r"[A-Za-z0-9+/]{32,}={0,2}")
_AWS_SECRET = regex(
    r"(?i:ecret[_.-]?(?:access[_.-]?)?key)[\"'`]?\s{0,4}(?:[:=]|=>|,)\s{0,4}[\"'`]?"
    r"(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
_AUTHS = regex(r"\"auth\"\s{0,10}:\s{0,10}\"(?P<value>[A-Za-z0-9+/]{8,4000}={0,2})\"")
_ENCODED_AUTHS = regex(r"dockerconfigjson\"?\s{0,4}:\s{0,4}[\"']?(?P<value>[A-Za-z0-9+/]{40,40000}={0,2})")
_ENCODED_KEY = regex(r"client-key-data\"?\s{0,4}:\s{0,4}[\"']?(?P<value>[A-Za-z0-9+/]{40,20000}={0,2})")
_NPMRC = regex(r":_auth(?:Token)?[ \t]{0,4}=[ \t]{0,4}[\"']?(?P<value>[A-Za-z0-9+/=_.-]{16,400})")
_JWT = regex(
    r"(?<![A-Za-z0-9_.-])(?P<value>eyJ[A-Za-z0-9_-]{10,600}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000})"
)
_SCHEME = regex(r"[a-z][a-z0-9+.-]{1,30}\Z")
_USER_AND_HOST = regex(
    r"://[^\s:/@\"'`<>(){}|\\,]{0,100}:(?P<password>[^\s/@\"'`<>\\,]{1,200})@(?P<host>[^\s/\"'`<>\\,@?;)\]}]{0,200})"
)
_NETRC = regex(
    r"\bmachine[ \t\n]{1,20}\S{1,200}[ \t\n]{1,20}login[ \t\n]{1,20}\S{1,200}[ \t\n]{1,20}"
    r"password[ \t\n]{1,20}(?P<value>\S{1,200})"
)
_HTPASSWD = regex(
    r"^[\w.@-]{1,100}:(?P<value>\$(?:apr1|2[aby]|5|6)\$[\w./$]{20,200}|\{SHA\}[\w+/=]{20,40})$", re.MULTILINE
)


def _decoded(text: str) -> str:
    """What base64 (also that of URLs) stands for, as Latin-1; '' when it is none."""
    clean = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _is_user_and_password(value: str) -> bool:
    user, colon, password = _decoded(value).partition(":")
    return bool(colon and password and user.isascii() and password.isascii() and user.isprintable()) and not is_sample(
        password
    )


def _is_encoded_config(value: str) -> bool:
    return any(_is_user_and_password(found["value"]) for found in _AUTHS.finditer(_decoded(value)))


def _is_encoded_key(value: str) -> bool:
    return "PRIVATE KEY-----" in _decoded(value)


def _is_jwt(value: str) -> bool:
    """It names an algorithm that signs, and is not the example of every page about it."""
    head, body, _ = value.split(".")
    return '"alg"' in _decoded(head) and not any(
        words in _decoded(body) for words in ("John Doe", "1234567890", "example", "test", '"anon"')
    )


_FORMS = (
    _Form(
        "an AWS secret access key",
        ("ecret", "ECRET"),
        _AWS_SECRET,
        word=False,
    ),
    _Form(
        "an AWS access key",
        ("AKIA",),
        regex(r"(?<![A-Za-z0-9+/_])(?P<value>AKIA[A-Z2-7]{16})(?![A-Za-z0-9+/_])"),
        "high",
    ),
    _Form(
        "a key of an Azure storage account",
        ("AccountKey=",),
        regex(r"AccountKey=(?P<value>[A-Za-z0-9+/]{86}==)"),
        word=False,
    ),
    _Form(
        "an Azure shared access key",
        ("SharedAccessKey=",),
        regex(r"SharedAccessKey=(?P<value>[A-Za-z0-9+/]{43}=)"),
        word=False,
    ),
    _token("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36}"),
    _token("a GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _token(
        "a GitLab token",
        "glpat- gldt- glrt- glptt- glcbt- glsoat- glagent-",
        r"gl(?:pat|dt|rt|ptt|cbt|soat|agent)-[A-Za-z0-9_-]{20,64}(?:\.[a-z0-9.]{9,20})?",
    ),
    _token(
        "a Slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe", r"xox(?:[bpars]|e(?:\.xox[bp])?)-[A-Za-z0-9-]{20,250}"
    ),
    _token("a Slack token", "xapp-", r"xapp-\d-[A-Z0-9]{8,20}-\d{8,20}-[a-f0-9]{60,70}"),
    _token(
        "a Slack webhook",
        "hooks.slack.com/services/",
        r"hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{23,26}",
        "high",
        word=False,
    ),
    _token("a Stripe key", "sk_live_ rk_live_", r"[rs]k_live_[A-Za-z0-9]{20,247}"),
    _token("a Stripe webhook secret", "whsec_", r"whsec_[A-Za-z0-9+/]{32,64}", "high"),
    _token("a SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", word=False),
    _Form(
        "a Twilio auth token",
        ("wilio", "WILIO"),
        regex(
            r"(?i:wilio[\w.-]{0,20}auth[\w.-]{0,2}token)[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<value>[0-9a-f]{32})(?![0-9a-f])"
        ),
        word=False,
    ),
    _token("an npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _token("a PyPI token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,400}"),
    _token("a Docker Hub token", "dckr_pat_ dckr_oat_", r"dckr_[po]at_[A-Za-z0-9_-]{27,32}"),
    _token("a RubyGems key", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    _token("a DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _token("a Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}", "medium"),
    _token("a Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}", "high"),
    _token("an OpenAI key", "sk-", r"sk-[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}"),
    _token("an Anthropic key", "sk-", r"sk-ant-[a-z]{2,8}[0-9]{2}-[A-Za-z0-9_-]{80,120}"),
    _token("a HashiCorp Vault token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{24,200}", word=False),
    _token(
        "a Terraform Cloud token",
        ".atlasv1.",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
        word=False,
        inside=True,
    ),
    _token(
        "a Doppler token",
        "dp.",
        r"dp\.(?:st\.(?:[a-z0-9_-]{2,35}\.)?|pt\.|sa\.)[A-Za-z0-9]{40,44}",
        word=False,
    ),
    _token("a Hugging Face token", "hf_", r"hf_[A-Za-z]{34}"),
    _token("a Shopify token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[0-9a-f]{32}"),
    _token("a Databricks token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _token("a Grafana token", "glsa_", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    _token("a Linear key", "lin_api_", r"lin_api_[A-Za-z0-9]{40}"),
    _token("a Postman key", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    _token("an Atlassian token", "ATATT3", r"ATATT3[A-Za-z0-9_=-]{100,250}"),
    _token("a New Relic key", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    _token("a Sentry token", "sntrys_ sntryu_", r"sntry(?:s_eyJ[A-Za-z0-9_=+/]{60,400}|u_[0-9a-f]{64})"),
    _token("a PlanetScale token", "pscale_tkn_ pscale_pw_", r"pscale_(?:tkn|pw)_[A-Za-z0-9_.-]{32,64}"),
    _token("a Tailscale key", "tskey-", r"tskey-(?:auth|api|client)-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{24,40}"),
    _token("a Pulumi token", "pul-", r"pul-[0-9a-f]{40}"),
    _token("an age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    _Form(
        "a registry's user and password",
        ('"auth"',),
        _AUTHS,
        word=False,
        is_real=_is_user_and_password,
        made=True,
    ),
    _Form(
        "a registry's user and password",
        ("dockerconfigjson",),
        _ENCODED_AUTHS,
        word=False,
        is_real=_is_encoded_config,
        made=True,
    ),
    _Form(
        "a private key of a kubeconfig",
        ("client-key-data",),
        _ENCODED_KEY,
        word=False,
        is_real=_is_encoded_key,
        made=True,
    ),
    _Form(
        "a private key in base64",
        ("LS0tLS1CRUdJTi",),
        regex(r"(?P<value>LS0tLS1CRUdJTi[A-Za-z0-9+/]{60,20000}={0,2})"),
        word=False,
        is_real=_is_encoded_key,
        made=True,
    ),
    _Form("a token of a package registry", (":_auth",), _NPMRC, word=False),
    _Form("a signed token (JWT)", ("eyJ",), _JWT, "low", is_real=_is_jwt, made=True),
)

_SHORTEST = b"a" * 20  # the shortest word that is a token, as `_IN_WORDS` shows it
_BEGINNINGS = regex("|".join(sorted({part for form in _FORMS if form.word for part in form.holds})))
_IN_WORDS = bytes(97 if (chr(byte).isalnum() and byte < 128) or byte in b"_-" else 32 for byte in range(256))
_CONFIGURATION = regex(
    r"(?:.*\.(?:ya?ml|json|toml|ini|cfg|conf|config|properties|env|xml|tf|tfvars|hcl|sh|bash|service|props|settings)"
    r"|(?:.*/)?(?:\.env[\w.-]{0,40}|Dockerfile[\w.-]{0,40}|[\w.-]{0,40}\.Dockerfile|\.npmrc|\.pypirc|pip\.conf|\.gitconfig"
    r"|\.git-credentials|Procfile|Jenkinsfile))\Z",
    re.IGNORECASE,
)
_TRIAL_FOLDER = regex(
    r"(?:test|testing|e2e|examples?|samples?|demos?|specs?|benchmarks?|fixtures?|[\w-]{1,40}[_-]tests?|tests?[_-]?[\w-]{0,40})\Z"
)
_TRIAL_FILE = regex(
    r"(?:[^/]{1,100}[._-](?:test|tests|spec|e2e|example|sample|template|dist)(?:\.[a-z]{1,6})?|test[^/]{1,100}"
    r"|[^/]{1,100}(?:Test|Tests|IT|Spec)\.(?:java|kt|cs|scala|groovy|swift)|conftest\.py|[^/]{0,100}(?:fixture|mock|example|sample)[^/]{0,100})\Z"
)
_TRIAL_NAME = regex(r"test|fake|example|sample|dummy|mock", re.IGNORECASE)
_SAMPLE = regex(
    r"(?:.*(?:EXAMPLE|example|Example|placeholder|your[-_]|redacted|REDACTED|dummy|DUMMY|changeme|xxxx|XXXX|\.\.\.|\*\*\*"
    r"|1234567890|0123456789|abcdefgh|ABCDEFGH|qwerty|deadbeef))",
    re.DOTALL,
)
_LOCAL = regex(
    r"(?:localhost|127\.[0-9.]{3,12}|0\.0\.0\.0|\[::1\]|::1|.*example\.(?:com|org|net|test)|example|host|hostname|.*\.(?:test|invalid|localhost))(?::\w{0,12})?\Z",
    re.IGNORECASE,
)
_STAND_IN = regex(r"(?:<.*|[$%{@#].*|.*[$#%]?[{(].*|\*+|x+|\.+|\[.*|:.*)\Z", re.IGNORECASE | re.DOTALL)
_ANYBODYS = frozenset("pass passwd password pwd pw user username secret token p pw1 key".split())  # what pages write
_NO_PASSWORD = frozenset({"pkg", "urn", "npm", "docker", "oci"})


def secrets_in(text: str, path: str = "") -> Iterator[Secret]:
    """Every secret in a text that its form gives away. `path` says what kind of file it stands in."""
    end = 0
    for secret in sorted(_found(text, path), key=lambda each: (each.start, -each.end)):
        if secret.start >= end:
            end = secret.end
            yield secret


def is_trial(path: str) -> bool:
    """Whether a path is that of a test, an example or a template: what is made for it opens nothing of value."""
    *folders, name = path.split("/")
    if folders[-1:] == ["ci"] and name.endswith("values.yaml"):
        return True  # what a chart is tested with
    return _TRIAL_FILE.match(name) is not None or any(_TRIAL_FOLDER.match(folder) for folder in folders)


_WITHIN_A_NAME = regex(r"(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA)[A-Za-z0-9_-]{16,255}")


def without_secrets(text: str) -> str:
    """A text to be shown, with what a secret is in place of each that its form gives away."""
    if not any(map(text.__contains__, _signs())):  # nearly always: every line of a report is asked
        return text
    for secret in reversed([*secrets_in(text)]):
        text = f"{text[: secret.start]}({secret.kind}, not shown){text[secret.end :]}"
    return _WITHIN_A_NAME.sub("(a token, not shown)", text)


@cache
def _signs() -> tuple[str, ...]:
    """One of these is in every text that holds a secret, also within a name."""
    return ("-----BEGIN ", *sorted({part for form in _FORMS for part in form.holds}))


def has_known_format(text: str) -> bool:
    """Whether a value is, or holds, a secret whose form leaves no doubt."""
    return any(secret.grade in ("critical", "high", "medium") for secret in _known(text))


def password_in_url(text: str) -> Iterator[str]:
    """The passwords of the addresses in a text."""
    yield from (address.password for address in _addresses(text))


def _found(text: str, path: str) -> Iterator[Secret]:
    own: Grade | None = "low" if is_trial(path) else None  # what a test made for itself opens nothing of value
    yield from _known(text, own)
    if _CONFIGURATION.match(path):
        for address in _addresses(text):
            if address.opens_something:
                yield Secret("an address with its password", *address.span, own or "high")
    if own is None and _DOTENV.match(path):
        yield from _settings(text, path)
    special = _special(path)
    if special:
        kind, pattern, grade = special
        for found in pattern.finditer(text):
            if not is_sample(found["value"]) and (pattern is _HTPASSWD or not _STAND_IN.match(found["value"])):
                yield Secret(kind, *found.span("value"), own or grade)


_DOTENV = regex(r"(?:.*/)?(?:\.env(?:\.[\w.-]{1,40})?|[\w.-]{1,80}\.env)\Z", re.IGNORECASE)
_SETTING = regex(
    r"^[ \t]{0,8}(?:export[ \t]{1,8})?(?P<name>[A-Za-z_][\w.]{0,80})[ \t]{0,4}=[ \t]{0,4}[\"']?"
    r"(?P<value>[^\"'\s#][^\"'\r\n#]{0,299})",
    re.MULTILINE,
)


def _settings(text: str, path: str) -> Iterator[Secret]:
    """The credentials that a .env file sets, by their names. What nobody would choose is more than a local password."""
    from gatekeeper.models.credentials import is_credential, looks_random

    for found in _SETTING.finditer(text):
        value = found["value"].rstrip()
        if is_credential(found["name"], value):
            start = found.start("value")
            grave = looks_random(value) or "prod" in path.lower()
            yield Secret("a credential in a .env file", start, start + len(value), "high" if grave else "medium")


def _special(path: str) -> tuple[str, re.Pattern[str], Grade] | None:
    name = path.rpartition("/")[2]
    if name in (".netrc", "_netrc"):
        return "a password of .netrc", _NETRC, "critical"
    if name.lower().endswith("htpasswd"):
        return "the hash of a password", _HTPASSWD, "medium"
    return None


def _known(text: str, own: Grade | None = None) -> Iterator[Secret]:
    """The secrets of every form. `own` is how grave those are that anybody can make, as a private key for a test."""
    yield from _private_keys(text, own)
    for form, found in chain(_in_words(text), _in_text(text)):
        value = found["value"]
        if form.is_real(value) if form.is_real else not is_sample(value):
            yield Secret(form.kind, *found.span("value"), (own if form.made else None) or form.grade)


def _in_text(text: str) -> Iterator[tuple[_Form, re.Match[str]]]:
    for form in _FORMS:
        if form.inside and any(part in text for part in form.holds):
            yield from ((form, found) for found in form.pattern.finditer(text))
        elif not form.word:
            yield from _matched((form,), text, _starts(text, form.holds))


def _in_words(text: str) -> Iterator[tuple[_Form, re.Match[str]]]:
    """What long words hold: runs of letters, digits, `_` and `-`, of which there are few."""
    # Latin-1 keeps one byte a character, so that words are found where they stand.
    shape = text.encode("latin-1", "replace").translate(_IN_WORDS)
    forms = _by_beginning()
    at = shape.find(_SHORTEST)
    while at >= 0:
        end = shape.find(b" ", at)
        end = len(shape) if end < 0 else end
        for begun in _BEGINNINGS.finditer(text, at, end):
            yield from _matched(forms[begun[0]], text, (begun.start(),))
        at = shape.find(_SHORTEST, end)


@cache
def _by_beginning() -> dict[str, tuple[_Form, ...]]:
    words = [form for form in _FORMS if form.word]
    return {part: tuple(each for each in words if part in each.holds) for form in words for part in form.holds}


def _matched(forms: Iterable[_Form], text: str, starts: Iterable[int]) -> Iterator[tuple[_Form, re.Match[str]]]:
    for start in starts:
        for form in forms:
            found = form.pattern.match(text, start)
            if found:
                yield form, found


def _starts(text: str, parts: Iterable[str]) -> Iterator[int]:
    for part in parts:
        at = text.find(part)
        while at >= 0:
            yield at
            at = text.find(part, at + len(part))


def _private_keys(text: str, own: Grade | None) -> Iterator[Secret]:
    for start in _starts(text, ("-----BEGIN ",)):
        found = _PEM.match(text, start)
        if not found:
            continue
        body = found["body"].replace("\\n", "\n").replace("\\r", "")
        encoded = sum(len(line) for line in _BASE64.findall(body))
        if encoded < 64 or _SAMPLE.match(body):
            continue
        locked = "ENCRYPTED" in found["type"] or "ENCRYPTED" in body
        account = '"client_email"' in text[max(start - 200, 0) : start] + text[found.end() : found.end() + 100]
        kind = "a Google service account's private key" if account else "a private key"
        tried = "low" if _TRIAL_NAME.search(text, text.rfind("\n", 0, start) + 1, start) else own
        span = found.start(), found.end()
        if locked:
            yield Secret(f"{kind} (behind a passphrase)", *span, tried or "medium")
        else:
            yield Secret(kind, *span, "critical" if account else tried or "critical")


class _Address(NamedTuple):
    scheme: str
    password: str
    host: str
    span: tuple[int, int]  # of the password

    @property
    def opens_something(self) -> bool:
        """Whether it is a password at all, and of a place that others can reach."""
        if _STAND_IN.match(self.password) or _STAND_IN.match(self.host) or _LOCAL.match(self.host) or not self.host:
            return False
        word = self.password.lower()
        return not (word in _ANYBODYS or word.isdigit() or self.scheme in _NO_PASSWORD or is_sample(self.password))


def _addresses(text: str) -> Iterator[_Address]:
    for start in _starts(text, ("://",)):
        found = _USER_AND_HOST.match(text, start)
        scheme = _SCHEME.search(text, max(start - 31, 0), start) if found else None
        if found and scheme:
            yield _Address(scheme[0], found["password"], found["host"], found.span("password"))


def is_sample(value: str) -> bool:
    """What pages and tests write for a secret: the well-known examples, one character over and over, a row of them."""
    if _SAMPLE.match(value):
        return True
    tail = [character for character in value[-20:] if character.isalnum()]
    return len(set(tail)) <= 4 or _is_row(tail)


def _is_row(characters: list[str]) -> bool:
    steps = sum(1 for one, other in pairwise(characters) if ord(other) - ord(one) == 1)
    return steps * 2 > len(characters)
