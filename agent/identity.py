"""Who this agent is to its hub: a key made in the clinic, and the names that the hub gave on enrolment."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from agent import files, secret, web
from agent.address import WrongAddress, hub_address, link_address
from wire.errors import NeedsOperator
from wire.frames import Challenge, signed_text
from wire.model import Id

NAME = "identity.json"
PATH = "/agent/v1/enroll"

Ask: TypeAlias = Callable[[str, bytes], web.Answer]


class Enrolled(BaseModel):
    """The names by which hub and agent know each other."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    agent: Id
    hub: Id
    database: Id
    link: str


class _File(BaseModel):
    """What stands in the file. `next_key` was offered to a hub and not yet accepted: a repeated request offers it
    again. The old key serves until then."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    hub_url: str | None = None
    enrolled: Enrolled | None = None
    key: str | None = None
    next_key: str | None = None


class Identity:
    """An enrolled agent. It can sign; its key never leaves this object."""

    def __init__(self, enrolled: Enrolled, hub_url: str, key: Ed25519PrivateKey) -> None:
        self.agent, self.hub, self.database, self.link = (
            enrolled.agent,
            enrolled.hub,
            enrolled.database,
            enrolled.link,
        )
        self.hub_url = hub_url
        self._key = key

    def sign(self, challenge: Challenge) -> str:
        """Prove to this hub, this time, who we are."""
        signature = self._key.sign(signed_text(challenge.nonce, challenge.hub, self.agent))
        return base64.b64encode(signature).decode()


def identity(folder: Path) -> Identity | None:
    """Who we are; None before the enrolment."""
    file = _load(folder)
    if file.enrolled is None or file.key is None or file.hub_url is None:
        return None
    key = _opened(file.key)
    if key is None:
        raise NeedsOperator(
            "Ключ агента сделан на другом компьютере: возьмите у интегратора новый код и выполните ident-agent enroll."
        )
    return Identity(file.enrolled, file.hub_url, key)


def enroll(folder: Path, hub: str, code: str, ask: Ask = web.ask) -> Identity:
    """Make a key, register its public half with the hub, keep the names it gave."""
    address = _hub(hub)
    file = _load(folder)
    key = None if file.next_key is None else _opened(file.next_key)
    if key is None:
        key = Ed25519PrivateKey.generate()
        file = file.model_copy(update={"next_key": _closed(key)})
        _store(folder, file)  # before the hub hears of it: a lost answer must not leave the hub alone with the key
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    try:
        answer = ask(address + PATH, json.dumps({"code": code, "public_key": public}).encode())
    except web.NoAnswer as failure:
        raise NeedsOperator(_NO_ANSWER[failure.stage]) from None
    enrolled = _understood(answer, address)
    _store(folder, _File(hub_url=address, enrolled=enrolled, key=file.next_key))
    return Identity(enrolled, address, key)


_NO_ANSWER: dict[web.Stage, str] = {
    "connect": "Хаб не отвечает: проверьте адрес и выход в интернет, затем повторите с тем же кодом.",
    "certificate": "Сертификат хаба не подошёл: проверьте адрес, дату и время на компьютере, затем повторите с тем же кодом.",
    "answer": "Ответ хаба потерялся, код мог быть уже использован: возьмите у интегратора новый код и повторите.",
}


def _understood(answer: web.Answer, address: str) -> Enrolled:
    if answer.status in (400, 403):  # 400: what was typed does not even look like a code
        raise NeedsOperator(
            "Хаб не принял код: он неверен, просрочен или уже использован. Возьмите новый у интегратора."
        )
    if answer.status in (429, 500, 502, 503, 504):
        raise NeedsOperator(f"Хаб сейчас занят (ответ {answer.status}): повторите через минуту с тем же кодом.")
    enrolled = _named(answer, address)
    if enrolled is None:
        raise NeedsOperator(f"По адресу {address} отвечает не хаб (ответ {answer.status}): проверьте адрес.")
    return enrolled


def _named(answer: web.Answer, address: str) -> Enrolled | None:
    """What a hub says; None where something else answered, or where it would have us talk in the clear."""
    try:
        enrolled = Enrolled.model_validate_json(answer.body)
        link = link_address(enrolled.link)
    except (ValidationError, WrongAddress):
        return None
    secure = link.startswith("wss:") or address.startswith("http:")
    return enrolled if answer.status == 200 and secure else None


def _hub(text: str) -> str:
    try:
        return hub_address(text)
    except WrongAddress:
        raise NeedsOperator(
            "Адрес хаба не подходит: нужен вид https://hub.example.ru (http:// только на этом же компьютере)."
        ) from None


def _closed(key: Ed25519PrivateKey) -> str:
    return secret.sealed(key.private_bytes_raw(), secret.here())


def _opened(text: str) -> Ed25519PrivateKey | None:
    try:
        return Ed25519PrivateKey.from_private_bytes(secret.unsealed(text, secret.here()))
    except (secret.SealedElsewhere, ValueError):
        return None


def _load(folder: Path) -> _File:
    raw = files.read(folder / NAME)
    if raw is None:
        return _File()
    try:
        return _File.model_validate_json(raw)
    except ValidationError:
        raise NeedsOperator(
            f"Файл {folder / NAME} испорчен: удалите его и выполните ident-agent enroll с новым кодом."
        ) from None


def _store(folder: Path, file: _File) -> None:
    files.keep(folder / NAME, file.model_dump_json(indent=1, exclude_none=True).encode())
