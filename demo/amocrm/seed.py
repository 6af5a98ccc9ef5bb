"""What an account holds when it begins: people, a pipeline and loss reasons, and what a seed file adds. Made-up, all of it."""

import json
from pathlib import Path

from pydantic import Field

from demo.amocrm import contacts, fields, leads, pipelines
from demo.amocrm.bodies import ContactCreate, FieldCreate, LeadComplex, Part, PipelineCreate
from demo.amocrm.cards import Writer
from demo.amocrm.checks import single
from demo.amocrm.model import Entity, Json, LossReason, User, View
from demo.amocrm.store import ENTITIES, Account

_STAGES = (("Первичный контакт", "#98cbff"), ("Переговоры", "#fffd7f"), ("Принимают решение", "#ffc8c8"))
_MAIN: Json = {
    "name": "Воронка",
    "sort": 1,
    "is_main": True,
    "is_unsorted_on": True,
    "_embedded": {
        "statuses": [{"name": name, "sort": 20 + 10 * n, "color": color} for n, (name, color) in enumerate(_STAGES)]
    },
}
_PEOPLE = (("Орлова Анна", True), ("Белова Ольга", False), ("Соколов Иван", False))
_LOSS_REASONS = ("Слишком дорого", "Пропала потребность", "Выбрали других", "Дубль (IDENT)")


class SeedUser(Part):
    """Somebody more who works in the account."""

    name: str
    email: str
    is_admin: bool = False
    is_active: bool = True
    is_free: bool = False
    group_id: int = 0
    view: View = "A"


class SeedFile(Part):
    """What `--seed-file` may hold: items are the bodies of the API, written by the first admin."""

    users: list[SeedUser] = Field(default_factory=list)
    loss_reasons: list[str] = Field(default_factory=list)
    pipelines: list[Json] = Field(default_factory=list)
    fields: dict[Entity, list[Json]] = Field(default_factory=dict)
    contacts: list[Json] = Field(default_factory=list)
    leads: list[Json] = Field(default_factory=list)


def begin(account: Account) -> None:
    """The account as bought."""
    for number, (name, is_admin) in enumerate(_PEOPLE, 1):
        _add_user(account, SeedUser(name=name, email=f"user{number}@example.ru", is_admin=is_admin))
    for name in _LOSS_REASONS:
        _add_loss_reason(account, name)
    fields.predefine(account)
    _add_pipelines(account, [_MAIN])


def add(account: Account, path: Path) -> None:
    """Add what the file holds; a wrong item raises and names its place."""
    seed = SeedFile.model_validate(json.loads(path.read_text("utf-8")))
    writer = Writer(admin(account).id)
    for user in seed.users:
        _add_user(account, user)
    for name in seed.loss_reasons:
        _add_loss_reason(account, name)
    _add_pipelines(account, seed.pipelines)
    for entity in ENTITIES:
        for one_field in seed.fields.get(entity, []):
            _add_field(account, entity, one_field)
    for body in seed.contacts:
        contacts.create(account, single(body, ContactCreate, lambda b, c: contacts.new(account, b, c, writer)))
    for body in seed.leads:
        leads.create(account, single(body, LeadComplex, lambda b, c: leads.new_complex(account, b, c, writer)))


def admin(account: Account) -> User:
    """The first admin."""
    return next(user for user in account.users.values() if user.is_admin)


def _add_user(account: Account, seed: SeedUser) -> None:
    user = User(account.next_id("user"), **seed.model_dump())
    account.users[user.id] = user


def _add_loss_reason(account: Account, name: str) -> None:
    reason_id = account.next_id("loss_reason")
    account.loss_reasons[reason_id] = LossReason(reason_id, name, 1000 * len(account.loss_reasons), account.now())


def _add_pipelines(account: Account, bodies: list[Json]) -> None:
    for body in bodies:
        pipelines.create(account, single(body, PipelineCreate, lambda b, c: pipelines.check(account, b, c)))


def _add_field(account: Account, entity: Entity, body: Json) -> None:
    fields.create(account, entity, single(body, FieldCreate, lambda b, c: fields.check(account, entity, b, c)))
