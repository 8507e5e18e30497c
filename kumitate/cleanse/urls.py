"""Web addresses: scheme and host in lower case and ASCII; path, query and what tracks in them stay as they are."""

from __future__ import annotations

import re
from functools import partial

from kumitate.cleanse.columns import Shortcut, Way
from kumitate.errors import RecordError
from kumitate.readings.domains import ascii_domain, is_domain
from kumitate.readings.reading import NOTHING, Reading, Step, stepped
from kumitate.readings.text import nfkc, without_controls

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^/?#@\s]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#:@\s\[\]]+)"
    r"(?P<port>:\d{1,5})?(?P<rest>[/?#]\S*)?"
)
_FULL_WIDTH_START = re.compile("[Ａ-Ｚａ-ｚ]+[:：]")
_NO_SCHEME = re.compile(r"[^\s/?#@:]+\.[^\s/?#@:.]+(?::\d{1,5})?(?:[/?#]\S*)?")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_LAST_PORT = 65_535
_WEB = frozenset({"http", "https", "ftp"})


def _stripped(value: str) -> str:
    return value.strip()


def _in_half_width(value: str) -> str:
    """Of an address typed in full width from its start; otherwise full-width letters in a path are other letters."""
    return nfkc(value) if _FULL_WIDTH_START.match(value) else value


def _with_scheme(value: str) -> str:
    """`www.example.com/a` was meant to be opened by a browser."""
    if not _NO_SCHEME.fullmatch(value):
        return value
    host = re.split(r"[/?#:]", value, maxsplit=1)[0]
    return f"https://{value}" if is_domain(ascii_domain(host)) else value


def _with_lower_start(value: str) -> str:
    found = _URL.fullmatch(value)
    if found is None:
        return value
    scheme = found["scheme"].lower()
    return _rebuilt(found, scheme, _lower_ascii(found["host"]) if scheme in _WEB else found["host"])


def _lower_ascii(value: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in value)


def _with_ascii_host(value: str) -> str:
    found = _URL.fullmatch(value)
    if found is None or found["host"].isascii() or found["scheme"] not in _WEB:
        return value
    return _rebuilt(found, found["scheme"], ascii_domain(found["host"]))


def _rebuilt(url: re.Match[str], scheme: str, host: str) -> str:
    return f"{scheme}://{url['user'] or ''}{host}{url['port'] or ''}{url['rest'] or ''}"


_STEPS: tuple[Step, ...] = (
    ("invisible", without_controls),
    ("blanks", _stripped),
    ("width", _in_half_width),
    ("url_scheme", _with_scheme),
    ("case", _with_lower_start),
    ("idn", _with_ascii_host),
)


def read_url(value: str) -> Reading:
    """`HTTPS://日本語.JP/a?utm_source=x` is `https://xn--wgv71a119e.jp/a?utm_source=x`."""
    reading = stepped(value, _STEPS)
    if not reading.value:
        return NOTHING
    found = _URL.fullmatch(reading.value)
    if found is None or not _is_host(found["scheme"], found["host"]) or int((found["port"] or ":0")[1:]) > _LAST_PORT:
        raise RecordError("url.invalid")
    return reading


def _is_host(scheme: str, host: str) -> bool:
    """On the web a domain, an IP address or `localhost`; an app's own scheme may name what it likes."""
    if scheme not in _WEB:
        return host.isascii()
    if _IPV4.fullmatch(host):
        return all(int(part) < 256 for part in host.split("."))
    return host[0] == "[" or host == "localhost" or is_domain(host)


SHORTCUTS = (
    Shortcut(r"^https?://(?:[a-z0-9]+(?:-+[a-z0-9]+)*\.)+[a-z]{2,24}(?:[/?#][!-~]*)?$", unless=r"//[^/?#]{60}"),
)

url_way = partial(Way, read_url, SHORTCUTS)
