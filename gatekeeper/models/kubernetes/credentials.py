"""What a credential looks like, by its name and by its value. Either alone misleads: SECRETS_DIR holds a path."""

from __future__ import annotations

import re

from gatekeeper.node import regex

_WORD = regex(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_CREDENTIAL = frozenset(
    "password passwd passwords passphrase pwd pass secret secrets token apikey privatekey secretkey accesskey "
    "credentials credential bearer".split()
)
_KEY_OF = frozenset(
    "api access secret private encryption signing master auth account storage license service ssh".split()
)
# What such a word is a property of, and not the thing itself.
_ABOUT = frozenset(
    "file files dir directory path paths name names url uri endpoint host port enabled enable disabled disable expiry "
    "expires expiration ttl timeout length size header type types algorithm ref arn version rotation interval issuer "
    "audience username user policy min max count limit prefix field param provider backend manager store engine mount "
    "role namespace region class public id hash required allowed validity duration seconds minutes days age lifetime "
    "format method mode location source scope scopes server service refresh cookie".split()
)
_PROSE = regex(
    r"(?:<[^<>]{1,100}>|\$[({].*|(?-i:\$[A-Z_][A-Z0-9_]{2,})|\{\{.*|%[A-Z_]+%|@[A-Z_]+@|x{3,}|\*{3,}|\.{3}|TODO.*|FIXME.*|REPLACE.{0,40}|"
    r"your[-_ ].{0,60}|insert[-_ ].{0,60}|placeholder.{0,40}|redacted|ENC\[.*|none|null|nil|n/a|true|false|yes|no|"
    r"on|off)\Z",
    re.IGNORECASE | re.DOTALL,
)
# Where a real value is to be fetched from: a path, an address, a reference into a store.
_REFERENCE = regex(
    r"(?:[.~]?/[\w.$(){}-]*(?:/[\w.$(){}-]*)*|[a-z][a-z0-9+.-]{1,40}://[^@\s]*)\Z"
    r"|vault:|ssm:|arn:|kms:|awssm:|gcp:|azkv:|secretref\+|ref\+|file:|projects/[^/]{1,80}/secrets/"
)
_CERTAIN = regex(
    r"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|"
    r"\bgithub_pat_[A-Za-z0-9_]{60,}|\bxox[abprs]-[A-Za-z0-9-]{20,}|\b[sr]k_live_[A-Za-z0-9]{20,}|"
    r"\bAIza[A-Za-z0-9_-]{35}\b|\bglpat-[A-Za-z0-9_-]{20}\b"
)
_IN_URL = regex(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,100}:([^\s/@]{1,200})@")
_DIGITS = regex(r"[0-9.]{1,40}(?:ms|s|m|h|d)?\Z")


def named_like_a_credential(name: str) -> bool:
    """Whether a variable or key of that name holds a credential: DB_PASSWORD and apiToken do, TOKEN_TTL does not."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _ABOUT or (words[-1] == "pwd" and len(words) == 1):
        return False
    if words[0] in ("public", "allow", "enable", "disable", "use", "is", "has", "max", "min", "num"):
        return False
    if any(word in _CREDENTIAL for word in words):
        return True
    return words[-1] in ("key", "keys") and len(words) > 1 and words[-2] in _KEY_OF


def is_credential(name: str, value: str) -> bool:
    """Whether the value, under that name, is a credential that is written out."""
    text = value.strip()
    if _CERTAIN.search(text) or holds_url_password(text):
        return True
    if not text or not named_like_a_credential(name) or _PROSE.match(text) or _REFERENCE.match(text):
        return False
    if text.isupper() and "_" in text and name.upper() in text:  # GOOGLE_API_KEY_VAL: a script puts the value there
        return False
    return not _DIGITS.match(text) or _means_password(name)


def holds_url_password(text: str) -> bool:
    """Whether an address in the text carries a password (`postgres://app:s3cret@db/app`)."""
    found = _IN_URL.search(text)
    return found is not None and not _PROSE.match(found[1])


def _means_password(name: str) -> bool:
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint({"password", "passwd", "pwd", "passphrase", "pass"})
