"""Checks of settings of one subject: Redis, proxies, Kafka, SMTP servers and senders, secrets."""

import ipaddress
import re
import string
from collections.abc import Mapping
from urllib.parse import urlsplit

from booking_rush.booking.kafka.connection import uses_sasl, uses_tls
from booking_rush.booking.saga.retention import days_of
from booking_rush.lua.client.connection import url_error

MAIL_FROM = re.compile(r"""[^\s@,;:<>()\[\]"\\]+@[a-zA-Z0-9._-]+""", re.ASCII)


def is_network(text: str) -> bool:
    """Return whether a text is an IP address, or a network without bits beyond its prefix."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_smtp_url(url: str) -> bool:
    """Return whether a URL names an SMTP server and has no part that we would ignore."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port != 0
    except ValueError:
        return False
    plain = not (parts.path.strip("/") or parts.query or parts.fragment)
    return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and plain and port_is_good


def mail_errors(url: str, sender: str) -> list[str]:
    """Return what is wrong in the settings of mail; the URL is secret and not repeated."""
    if not url:
        return []
    wrong: list[str] = []
    if not is_smtp_url(url):
        wrong.append("RUSH_SMTP_URL wants smtp://user:password@host:port, or smtps://…")
    if not sender:
        wrong.append("RUSH_MAIL_FROM is not set: RUSH_SMTP_URL wants it, tickets@example.org")
    elif not MAIL_FROM.fullmatch(sender):
        wrong.append("RUSH_MAIL_FROM wants one plain address, name@host")
    return wrong


def kafka_errors(security: str, user: Mapping[str, str], files: Mapping[str, str]) -> list[str]:
    """Return what is missing for RUSH_KAFKA_SECURITY, and what is set but ignored.

    `user` and `files` are settings by their names behind RUSH_KAFKA_.
    """
    sasl, tls = uses_sasl(security), uses_tls(security)
    nothing: Mapping[str, str] = {}
    required = user if sasl else nothing
    unused = {**(nothing if sasl else user), **(nothing if tls else files)}
    why = f"RUSH_KAFKA_SECURITY is {security}"
    return [f"RUSH_KAFKA_{name} is not set: {why}" for name in required if not required[name]] + [
        f"RUSH_KAFKA_{name} is set, but {why}" for name in unused if unused[name]
    ]


def retention_errors(text: str) -> list[str]:
    """Return what is wrong with the ages at which rows are deleted."""
    try:
        days_of(text)
    except ValueError as error:
        return [f"RUSH_RETENTION_DAYS: {error}"]
    return []


def missing_of_stripe(key: str, webhook_secrets: str) -> list[str]:
    """Return which settings of Stripe are not set: none, one or both."""
    given = {"RUSH_STRIPE_KEY": key, "RUSH_STRIPE_WEBHOOK_SECRETS": webhook_secrets}
    return [
        f"{name} is not set: Stripe is not asked without it"
        for name, value in given.items()
        if not value.strip(" ,")
    ]


def redis_errors(url: str) -> list[str]:
    """Return what is wrong with the URL of Redis; it is not repeated, as it has a password."""
    why = url_error(url) if url else ""
    return [f"RUSH_REDIS_URL cannot be used: {why}"] if why else []


def why_weak(secret: str, characters_min: int) -> str:
    """Return what a secret should be that is short, or one character throughout; else nothing."""
    is_weak = len(secret) < characters_min or len(set(secret)) == 1
    return f"{characters_min} characters or more, not all the same" if is_weak else ""


def why_weak_password(password: str, name: str) -> str:
    """Return what the password of an operator should be that can be guessed; else nothing.

    One that is common, or the operator's name, may have digits and signs around it, and capitals:
    `Password1234!`.
    """
    if why := why_weak(password, PASSWORD_CHARACTERS_MIN):
        return why
    typed = password.casefold()
    tried_first = COMMON_PASSWORDS | {name.casefold()}
    if tried_first.isdisjoint((typed, typed.strip(AROUND))):
        return ""
    return "a password that is not among the first that are tried"


PASSWORD_CHARACTERS_MIN = 8
AROUND = string.digits + string.punctuation + " "
# Those that lists of leaked passwords begin with, most without what people put around them.
COMMON = """
a abc abcd abcdefgh admin administrator asdf asdfgh asdfghjk asdfghjkl azerty baseball
booking bookingrush changeme charlie computer default dragon football guest hello
iloveyou jennifer jordan letmein liverpool login lovely manager master michael michelle
monkey nothing operator passw0rd password passwort p@ssword p@ssw0rd pa$$word princess q
qazwsx qwer qwert qwerty qwertyui qwertyuiop qwertz root secret shadow starwars summer
sunshine superman test tester testing thomas ticket tickets trustno user welcome whatever
winter zxcvbnm 1q2w3e4r5t 1q2w3e4r 1qaz2wsx q1w2e3r4 a1b2c3d4 zaq12wsx
01234567 12345678 0123456789 123456789 1234567890 87654321 987654321 9876543210 0987654321
11223344 1122334455 12341234 123123123 12344321 147258369 123654789 10203040 102030405
12121212 13131313 11112222 69696969
"""
COMMON_PASSWORDS = frozenset(COMMON.split())
