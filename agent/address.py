"""Where a hub may be: https, or http on this very machine. Pure."""

import ipaddress
from urllib.parse import SplitResult, urlsplit


class WrongAddress(ValueError):
    """Not an address that we would send a secret to; `code` says why: form, plain or extra."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def hub_address(text: str) -> str:
    """`https://host[:port]`, in one spelling; without a scheme https is meant."""
    parts = _split(text if "://" in text else f"https://{text}", plain="http", secure="https")
    if parts.path not in ("", "/"):
        raise WrongAddress("extra")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def link_address(text: str) -> str:
    """`wss://host[:port]/path`, as a hub names it on enrolment."""
    return _split(text, plain="ws", secure="wss").geturl()


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str, *, plain: str, secure: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as whoever looks it up does: no empty label, none too long
    except ValueError:
        raise WrongAddress("form") from None
    if parts.scheme not in (plain, secure) or not host or port == 0:
        raise WrongAddress("form")
    if parts.username is not None or parts.query or parts.fragment:
        raise WrongAddress("extra")
    if parts.scheme == plain and not is_loopback(host):
        raise WrongAddress("plain")
    return parts
