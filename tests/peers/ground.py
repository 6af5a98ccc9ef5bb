"""Where the peers play: an own account for each, with a clock for its tokens, and a certificate for the one that insists on TLS."""

import contextlib
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from demo.amocrm.app import serving
from demo.amocrm.model import Json
from demo.amocrm.stand_in import Options, StandIn

HOST = "127.0.0.1"
REDIRECT = "https://hub.example.ru/oauth/peer"
BUSINESS = 1_795_400_000
MACHINE = 1_800_000_000.0
_PLENTY = 1_000_000
_BEGIN, _END = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2045, 1, 1, tzinfo=dt.UTC)


@dataclass
class Clock:
    """Machine time, as the tour turns it."""

    now: float = MACHINE


@dataclass(frozen=True)
class Played:
    """What a tour left behind: what the peer read, by step, and what the stand-in saw of it."""

    said: dict[str, Any]
    routes: dict[str, dict[str, int]]
    refused: list[Json]


@dataclass
class Ground:
    """An account to play with."""

    stand_in: StandIn
    url: str
    clock: Clock
    said: dict[str, Any] = field(default_factory=dict)

    def played(self) -> Played:
        return Played(self.said, self.stand_in.counts()["by_route"], self.stand_in.refused)


@contextlib.asynccontextmanager
async def ground(tls: ssl.SSLContext | None = None, rate: int = _PLENTY) -> AsyncIterator[Ground]:
    """A new account on a socket; the paid filters are on. Its limits are on the tour's clock as well."""
    options = Options(redirect_uri=REDIRECT, rate=rate, account_rate=_PLENTY, filters=True)
    clock = Clock()
    stand_in = StandIn(options, lambda: BUSINESS, lambda: clock.now, lambda: clock.now)
    async with serving(stand_in, HOST, tls=tls) as url:
        yield Ground(stand_in, url, clock)


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS for loopback, and the file with the authority that vouches for it."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Tests' own authority", authority, None, authority)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    leaf = _certificate("stand-in", server, ca, authority, names)
    ca_file, chain, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(server.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context, ca_file


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signer: ec.EllipticCurvePrivateKey,
    names: x509.SubjectAlternativeName | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())
