"""What a credential looks like, by its name and by its value. Either alone misleads: SECRETS_DIR holds a path."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator
from math import log2

from gatekeeper.models.secrets import has_known_format, password_in_url
from gatekeeper.node import regex

_WORD = regex(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_PASSWORD = frozenset("password passwords passwd passphrase pwd pass".split())
_CREDENTIAL = _PASSWORD | frozenset(
    "secret secrets token apikey privatekey secretkey accesskey credentials credential bearer".split()
)
_ENDINGS = ("password", "passwd", "passphrase", "secret", "token", "apikey")  # PGPASSWORD
_KEY_OF = frozenset(
    "api access secret private encryption signing master auth account storage license service ssh deploy app".split()
)
# What makes of a vague word a clear one: a client secret and a session secret are values, `secret` may be a name.
_WHOSE = frozenset("client session app jwt cookie signing webhook shared hmac auth access api bearer".split())
_CLEAR_KEY_OF = frozenset("api secret private encryption signing master".split())
# What such a word is a property of, and not the thing itself.
_ABOUT = frozenset(
    """
    address age algorithm algorithms allowed arn aud audience backend bytes cache class client cookie count days digest
    dir directory disable disabled domain dummy duration email enable enabled endpoint engine exists expiration expire
    expires expiry field fields file files format hash header helper host hours id ids interval issuer iterations key
    kind label lifespan lifetime limit list location manager max method min minutes mode mount ms name names namespace
    number param path paths pattern policy port prefix provider rate realm ref refresh regex region required reset
    role rotation rounds scope scopes seconds server service size source sql store strategy suffix threshold timeout ttl
    type types uri url user username validity version window
    """.split()
)
_NEGATED = frozenset("public allow enable disable use is has max min num no skip".split())
_PLACEHOLDER = regex(
    r"(?:<[^<>]{1,100}>|(?-i:\$[A-Z_][A-Z0-9_]{2,})|%[A-Z_]{1,60}%|@[A-Z_]{1,60}@|__[A-Z_]{1,60}__|x{3,}|\*{3,}|\.{3}"
    r"|(?-i:TODO|FIXME|REPLACE|CHANGE_?ME_).*|replace[-_ ].{0,40}|your[-_ ].{0,60}|insert[-_ ].{0,60}"
    r"|(?-i:[Yy]our[A-Z]\w{0,60})"
    r"|my[-_](?:password|secret|token|key)|\[[\w -]{1,60}\]|placeholder.{0,40}|redacted|dummy.{0,20}|ENC\[.*|none"
    r"|null|nil|undefined|n/?a|tbd|true|false|yes|no|on|off|unused|disabled|invalid)\Z",
    re.IGNORECASE | re.DOTALL,
)
_FILLED_IN = regex(r"\$[({]|\{\{|<%|%\(|#\{")  # ${VAR}, $(VAR), {{ .Values }}, <%= %>, %(name)s, #{name}
# Where a real value is to be fetched from: a path, an address, a reference into a store.
_REFERENCE = regex(
    r"(?:[.~]?/[\w.$(){}-]*(?:/[\w.$(){}-]*)*|[a-z][a-z0-9+.-]{1,40}://[^@\s]*)\Z"
    r"|vault:|ssm:|arn:|kms:|awssm:|gcp:|azkv:|op:|env:|secretref\+|ref\+|file:|projects/[^/]{1,80}/secrets/"
    r"|\$[a-z]\w{0,80}(?:[-.:]\w{1,80}){1,9}\Z|@Microsoft\.KeyVault\("
    r"|![A-Za-z][\w-]{0,30}[ \t]+\S"  # a tag of YAML: `!env_var API_KEY`, `!secret api_key`
)
_NAMED_AFTER = regex(r"[a-z]{2,10}[-_][A-Z]{4,20}\Z")  # nvapi-NVKEY: the service's prefix, and a word
_SETTING = regex(
    r"^[ \t]*(?:export[ \t]+|-[ \t]+)?[\"']?([\w.-]{1,80})[\"']?[ \t]*[:=][ \t]*[\"']?([^\"'\s#][^\"'\n]{0,299})",
    re.MULTILINE,
)
_PAIR = regex(r"\"([\w.-]{1,80})\"[ \t]{0,4}:[ \t]{0,4}\"([^\"\n]{1,299})\"")  # of JSON, wherever in a line
# Of a connection string (`Server=db;Password=...`) or the query of an address.
_PART = regex(r"(?<=[^\s;])[;?&][ ]?(?:password|passwd|pwd)[ ]?=[ ]?([^;&\s\"'$({<%][^;&\s\"'(]{2,200})", re.IGNORECASE)
_LONGEST = 200_000  # characters of a value that are looked through
_DIGITS = regex(r"[0-9.]{1,40}(?:ms|s|m|h|d)?\Z")
_PLAIN_WORDS = regex(r"[a-z]+(?:[-_./: ][a-z]+)*\Z", re.IGNORECASE)


def named_like_a_credential(name: str) -> bool:
    """Whether a variable or key of that name holds a credential: DB_PASSWORD and apiToken do, TOKEN_TTL does not."""
    words = _words(name)
    if not words or words[0] in _NEGATED or "public" in words or words == ["pwd"]:
        return False
    last = max((at for at in range(len(words)) if _is_credential(words, at)), default=None)
    return last is not None and not any(
        word in _ABOUT and not (word == "key" and words[at - 1] in ("secret", "access"))
        for at, word in enumerate(words[last + 1 :], last + 1)
    )


def _is_credential(words: list[str], at: int) -> bool:
    word = words[at]
    if word in ("key", "keys"):
        return at > 0 and words[at - 1] in _KEY_OF
    return word in _CREDENTIAL or word.endswith(_ENDINGS)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name[:200])]


def means_password(name: str) -> bool:
    """Whether the name says password: any word may be one, `postgres` too."""
    return any(word in _PASSWORD or word.endswith(_ENDINGS[:3]) for word in _words(name))


def is_clear(name: str) -> bool:
    """Whether the name leaves no doubt that the value itself is meant. `TLS_SECRET` may hold the name of a Secret."""
    words = _words(name)
    if means_password(name):
        return True
    for at, word in enumerate(words):
        if word in ("apikey", "secretkey", "privatekey") or word.endswith("apikey"):
            return True
        before = words[at - 1] if at else ""
        if word == "key" and words[max(at - 2, 0) : at] == ["secret", "access"]:
            return True
        if (word in ("secret", "token") and before in _WHOSE) or (word == "key" and before in _CLEAR_KEY_OF):
            return True
    return False


def is_placeholder(value: str) -> bool:
    """Whether the text stands for a value and is none: `<password>`, `${VAR}`, `your-key`, a path, a reference."""
    text = value.strip()
    return (
        not text
        or _PLACEHOLDER.match(text) is not None
        or _FILLED_IN.search(text) is not None
        or _REFERENCE.match(text) is not None
    )


def looks_random(value: str) -> bool:
    """Whether no person would choose the text: long, of mixed characters, and hardly one twice as often as another."""
    text = value.strip().rstrip("=")
    if len(text) < 12 or any(character.isspace() for character in text) or _PLAIN_WORDS.match(text):
        return False
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    if not letters or digits < 2:
        return len(text) >= 24 and text.isalnum() and not text.isdigit() and entropy(text) > 3.5
    return entropy(text) > 2.8 and digits * 20 >= len(text)


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    return -sum(n / len(text) * log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def is_credential(name: str, value: str, *, meant: bool = False) -> bool:
    """Whether the value, under that name, is a credential that is written out. `meant` where only values are kept."""
    text = value.strip()
    if has_known_format(text) or holds_url_password(text) or _holds_part(text):
        return True
    if "PRIVATE KEY-----" in text:  # a header and dots, which show where the key goes
        return False
    if is_placeholder(text) or text in ("0", "1") or not named_like_a_credential(name):  # MYSQL_ALLOW_EMPTY_PASSWORD: 1
        return False
    if text.isupper() and "_" in text and name.upper() in text:  # GOOGLE_API_KEY_VAL: a script puts the value there
        return False
    if means_password(name):
        return True
    said = _letters(text)
    if _DIGITS.match(text) or (said and _letters(name).endswith(said)):  # `api_token: token` names it
        return False
    if _NAMED_AFTER.match(text):
        return False
    return meant or is_clear(name) or looks_random(text)


def settings_in(text: str) -> Iterator[tuple[str, str]]:
    """The settings that a configuration file, script or page of JSON gives line by line: name and value."""
    if len(text) <= _LONGEST:
        for found in _SETTING.finditer(text):
            yield found[1], found[2].strip().rstrip(",").rstrip("\"'")
        for found in _PAIR.finditer(text):
            yield found[1], found[2]


def credential_in(name: str, text: str, *, meant: bool = False) -> bool:
    """Whether a value is a credential, or a file that holds one: a private key, an ini file with a password."""
    if is_credential(name, text, meant=meant):
        return True
    if name.endswith("nsswitch.conf"):  # `passwd: files` says where users are looked up
        return False
    several = "\n" in text or text.lstrip().startswith(("{", "["))
    return several and any(is_credential(*setting) for setting in settings_in(text))


def decoded(text: str) -> str:
    """What base64 stands for; '' where it is none (a placeholder, which the API would refuse) or holds no text."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def is_about(name: str) -> bool:
    """Whether the name is that of something beside a credential: a user, an address, a file."""
    words = _words(name)
    return bool(words) and words[-1] in _ABOUT


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def holds_url_password(text: str) -> bool:
    """Whether an address in the text carries a password (`postgres://app:s3cret@db/app`)."""
    return any(not is_placeholder(password) for password in password_in_url(text))


def _holds_part(text: str) -> bool:
    """Whether a connection string or an address carries a password as one of its parts."""
    short = len(text) <= _LONGEST and "\n" not in text
    return short and any(not is_placeholder(found[1]) for found in _PART.finditer(text))
