"""The hub's settings, read from the environment once. No other module reads the environment."""

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

AMOCRM_RATE = 7
"""Requests a second that amoCRM takes from one integration for one account."""

_PREFIX = "HUB_"
_SUPPORT_LENGTH = 300


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the environment."""

    name: str
    there: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name} {self.there}; {self.expected}"


class ConfigError(Exception):
    """The environment is wrong: one line for each problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class Address(BaseModel):
    """Where to listen; port 0 takes any free one."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(ge=0, le=65535)


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine; a port may follow."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _address(value: str | Address) -> Any:
    if isinstance(value, Address):
        return value
    host, _, port = value.rpartition(":")
    return {"host": host.strip("[]"), "port": port}


def _public_url(value: str) -> str:
    url = urlsplit(value)
    if not url.hostname or url.path.strip("/") or url.query or url.fragment or url.username:
        raise ValueError
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.netloc)):
        raise ValueError
    return f"{url.scheme}://{url.netloc}"


def _one_line(value: str) -> str:
    line = value.strip()
    if not line or len(line) > _SUPPORT_LENGTH or not line.isprintable():
        raise ValueError
    return line


def _https(value: str) -> str:
    url = urlsplit(value)
    if url.scheme != "https" or not url.hostname or url.username or not value.isprintable():
        raise ValueError
    return value


def _database_url(value: str) -> str:
    if not re.match(r"sqlite:///.|postgres(ql)?://.", value):
        raise ValueError
    return value


def _hosts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    hosts = tuple(host.strip() for host in given if host.strip())
    if not all(is_loopback(host) for host in hosts):
        raise ValueError
    return hosts


class HubConfig(BaseModel):
    """All settings; a field's description says what is expected there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    public_url: Annotated[str, BeforeValidator(_public_url)] = Field(
        description="write the address at which browsers, agents and amoCRM reach the hub, for example https://hub.example.ru"
    )
    master_key_file: Path = Field(
        description="write the path of the file that holds the master key (ident-hub key PATH makes one)"
    )
    keys_dir: Path = Field(description="write the folder of the wrapped keys, kept apart from the database's backups")
    listen: Annotated[Address, BeforeValidator(_address)] = Field(
        Address(host="127.0.0.1", port=8080), description="write host:port, for example 127.0.0.1:8080"
    )
    ops_listen: Annotated[Address, BeforeValidator(_address)] = Field(
        Address(host="127.0.0.1", port=9464),
        description="write host:port for metrics and status, never open to the public, for example 127.0.0.1:9464",
    )
    database_url: Annotated[str, BeforeValidator(_database_url)] = Field(
        "sqlite:///hub.db",
        repr=False,
        description="write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE",
    )
    amocrm_hosts: Annotated[tuple[str, ...], BeforeValidator(_hosts)] = Field(
        (), description="write loopback hosts of amoCRM stand-ins, for example 127.0.0.1:8090 (http), or leave it out"
    )
    amocrm_rate: int = Field(
        AMOCRM_RATE,
        ge=1,
        description=f"write requests a second, 1 to {AMOCRM_RATE} (more only for a stand-in named in HUB_AMOCRM_HOSTS)",
    )
    support: Annotated[str, BeforeValidator(_one_line)] | None = Field(
        None,
        description="write in one line whom the clinic calls, which /support shows, for example Поддержка, +7 999 000-00-01",
    )
    privacy_url: Annotated[str, BeforeValidator(_https)] | None = Field(
        None, description="write the https address of the text on personal data, which /support links, or leave it out"
    )
    business_clock: Path | None = Field(
        None, description="write the path of a file with the business time (demo only), or leave it out"
    )

    @field_validator("amocrm_rate")
    @classmethod
    def _never_above_what_amocrm_takes(cls, rate: int, info: ValidationInfo) -> int:
        if rate > AMOCRM_RATE and not info.data.get("amocrm_hosts"):
            raise ValueError
        return rate


def settings() -> list[str]:
    """Every setting with what is expected and its default, a line each."""
    return [_described(_PREFIX + field.upper(), info) for field, info in HubConfig.model_fields.items()]


def _described(name: str, info: FieldInfo) -> str:
    default = info.default
    shown = f"{default.host}:{default.port}" if isinstance(default, Address) else default
    given = "needed" if info.is_required() else f"default {shown}" if shown else "default: none"
    return f"{name}: {info.description} ({given})"


def load(environment: Mapping[str, str] = os.environ) -> HubConfig:
    """Read the environment; raises `ConfigError` with every problem at once. A name that is set to nothing counts as not set."""
    values = {name: value for name, value in environment.items() if name.startswith(_PREFIX) and value}
    try:
        return HubConfig.model_validate({name.removeprefix(_PREFIX).lower(): value for name, value in values.items()})
    except ValidationError as error:
        fields = dict.fromkeys(str(e["loc"][0]) for e in error.errors(include_input=False))
        raise ConfigError(tuple(_problem(field, values) for field in fields)) from None


def _problem(field: str, values: Mapping[str, str]) -> Problem:
    name = _PREFIX + field.upper()
    if field not in HubConfig.model_fields:
        known = [_PREFIX + key.upper() for key in HubConfig.model_fields]
        near = difflib.get_close_matches(name, known, n=1)
        return Problem(
            name, "is not known", f"write {near[0]}" if near else f"leave it out; known are {', '.join(known)}"
        )
    there = f"is {_without_password(values[name])}" if name in values else "is not set"
    return Problem(name, there, HubConfig.model_fields[field].description or "")


def _without_password(value: str) -> str:
    return re.sub(r"://.*@", "://…@", value)
