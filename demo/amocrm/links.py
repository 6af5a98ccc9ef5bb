"""Which cards belong together: contacts and a company of a lead, a company of a contact; and a lead's main contact."""

from demo.amocrm.bodies import LinkBody, MassLinkBody, MassUnlinkBody, UnlinkBody
from demo.amocrm.call import EMPTY, Answer, Call, Route, total
from demo.amocrm.checks import Checks, batch
from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import Card, Entity, Json, Lead, Values
from demo.amocrm.query import Spec, refuse_not_numbers
from demo.amocrm.store import ENTITIES, SINGULAR, Account

_FROM: dict[Entity, tuple[Entity, ...]] = {
    "leads": ("contacts", "companies"),
    "contacts": ("companies",),
    "companies": ("contacts", "leads"),
}
"""What may be linked from where: a contact gets its lead from the lead's side only."""
_TO = r"filter\[(to_entity_id|to_entity_type)\]"
_ENTITY_ID = r"filter\[entity_id\](\[\d*\])?"


def link(
    account: Account, entity: Entity, card_id: int, to_entity: Entity, to_id: int, *, by: int, is_main: bool = False
) -> None:
    """Link two cards. A lead's first contact is its main one, a new main one takes the place of the old."""
    card, other = _both(account, entity, card_id, to_entity, to_id)
    if to_id not in linked(card, to_entity):
        linked(card, to_entity).append(to_id)
        linked(other, entity).append(card_id)
        _happened(account, "linked", entity, card_id, to_entity, to_id, by)
    if isinstance(card, Lead) and to_entity == "contacts" and (is_main or card.main_contact is None):
        card.main_contact = to_id
    _changed(account, entity, card_id, to_entity, to_id)


def unlink(account: Account, entity: Entity, card_id: int, to_entity: Entity, to_id: int, *, by: int) -> None:
    """Take a link away; where it was the main contact, the next becomes it."""
    card, other = _both(account, entity, card_id, to_entity, to_id)
    linked(card, to_entity).remove(to_id)
    linked(other, entity).remove(card_id)
    _happened(account, "unlinked", entity, card_id, to_entity, to_id, by)
    if isinstance(card, Lead) and to_entity == "contacts" and card.main_contact == to_id:
        card.main_contact = card.contacts[0] if card.contacts else None
    _changed(account, entity, card_id, to_entity, to_id)


def linked(card: Card, entity: Entity) -> list[int]:
    """The cards of one kind at a card."""
    ids: list[int] = getattr(card, entity)
    return ids


def _both(account: Account, entity: Entity, card_id: int, to_entity: Entity, to_id: int) -> tuple[Card, Card]:
    return account.cards(entity)[card_id], account.cards(to_entity)[to_id]


def _happened(
    account: Account, what: str, entity: Entity, card_id: int, to_entity: Entity, to_id: int, by: int
) -> None:
    """An event at each of the two; it names the other one."""
    for at, at_id, of, of_id in ((entity, card_id, to_entity, to_id), (to_entity, to_id, entity, card_id)):
        value: Values = [{"link": {"entity": {"type": SINGULAR[of], "id": of_id}}}]
        before, after = ([], value) if what == "linked" else (value, [])
        account.happened(f"{SINGULAR[of]}_{what}", at, at_id, by, before, after)


def _changed(account: Account, entity: Entity, card_id: int, to_entity: Entity, to_id: int) -> None:
    account.changed(entity, card_id)
    account.changed(to_entity, to_id)


def _shape(entity: Entity, card: Card, to_entity: Entity, to_id: int) -> Json:
    may_be_main = isinstance(card, Lead) and to_entity == "contacts"
    return {
        "entity_id": card.id,
        "entity_type": entity,
        "to_entity_id": to_id,
        "to_entity_type": to_entity,
        "metadata": {"main_contact": to_id == getattr(card, "main_contact", None)} if may_be_main else None,
    }


def _shapes(call: Call, entity: Entity, cards: list[Card]) -> Answer:
    """All links of the cards, or those to the one card that the filter names."""
    wanted = call.query.wanted()
    refuse_not_numbers(wanted, "to_entity_id", "entity_id")
    if ("to_entity_id" in wanted) != ("to_entity_type" in wanted):
        missing = "filter[to_entity_type]" if "to_entity_id" in wanted else "filter[to_entity_id]"
        raise Refused(400, f"{missing} is missing", (Problem("FieldMissing", missing, "The two go together."),))
    found = [_shape(entity, card, to, to_id) for card in cards for to in _FROM[entity] for to_id in linked(card, to)]
    if "to_entity_id" in wanted:
        found = [
            one
            for one in found
            if one["to_entity_type"] in wanted["to_entity_type"] and str(one["to_entity_id"]) in wanted["to_entity_id"]
        ]
    return total(call, "links", found)


class _Checker:
    """Checks the links of one batch; remembers who gets a company, because nobody has two."""

    def __init__(self, call: Call, entity: Entity) -> None:
        self._call, self._account, self._entity = call, call.account, entity
        self._given: dict[tuple[Entity, int], int] = {}

    def link(self, card_id: int, path: str, body: LinkBody, checks: Checks) -> tuple[int, LinkBody]:
        """A link to be."""
        card = self._call.mine(self._account.card(self._entity, card_id))
        checks.choice(path, card is not None)
        if not checks.choice("to_entity_type", body.to_entity_type in _FROM[self._entity]):
            return card_id, body
        other = self._account.card(body.to_entity_type, body.to_entity_id)
        checks.choice("to_entity_id", other is not None)
        if body.metadata and (self._entity, body.to_entity_type) != ("leads", "contacts"):
            checks.refuse("NotExpected", "metadata.is_main", "Only a contact of a lead is the main one.")
        if body.to_entity_type == "companies":
            self._one_company(self._entity, card, body.to_entity_id, checks)
        elif self._entity == "companies":
            self._one_company(body.to_entity_type, other, card_id, checks)
        return card_id, body

    def _one_company(self, entity: Entity, card: Card | None, company_id: int, checks: Checks) -> None:
        if card is None:
            return
        others = {*linked(card, "companies"), self._given.setdefault((entity, card.id), company_id)} - {company_id}
        if others:
            checks.refuse("TooMany", "to_entity_id", "Not documented: a second company of one card.")

    def unlink(self, card_id: int, path: str, body: UnlinkBody, checks: Checks) -> tuple[int, UnlinkBody]:
        """A link to take away."""
        card = self._call.mine(self._account.card(self._entity, card_id))
        checks.choice(path, card is not None)
        if checks.choice("to_entity_type", body.to_entity_type in _FROM[self._entity]) and card is not None:
            checks.choice("to_entity_id", body.to_entity_id in linked(card, body.to_entity_type), "Not linked.")
        return card_id, body


def _linked(call: Call, entity: Entity, plans: list[tuple[str, tuple[int, LinkBody]]]) -> Answer:
    cards, done = call.account.cards(entity), [plan for _, plan in plans]
    for card_id, body in done:
        is_main = body.metadata is not None and body.metadata.is_main
        link(call.account, entity, card_id, body.to_entity_type, body.to_entity_id, by=call.actor.id, is_main=is_main)
    shapes = [_shape(entity, cards[card_id], body.to_entity_type, body.to_entity_id) for card_id, body in done]
    return total(call, "links", shapes)


def _unlinked(call: Call, entity: Entity, plans: list[tuple[str, tuple[int, UnlinkBody]]]) -> Answer:
    gone = [(card_id, body.to_entity_type, body.to_entity_id) for _, (card_id, body) in plans]
    for card_id, to_entity, to_id in dict.fromkeys(gone):
        unlink(call.account, entity, card_id, to_entity, to_id, by=call.actor.id)
    return EMPTY


def _routes(entity: Entity) -> list[Route]:
    """The routes of one kind of card."""

    def of_one(call: Call) -> Answer:
        card = call.seen(call.account.cards(entity))
        return _shapes(call, entity, [card] if card else [])

    def of_many(call: Call) -> Answer:
        wanted = [int(i) for key, i in call.query.filters if key.startswith("filter[entity_id]") and i.isdigit()]
        return _shapes(
            call, entity, [card for i in wanted if (card := call.account.card(entity, i)) and call.sees(card)]
        )

    def add_to_one(call: Call) -> Answer:
        check = _Checker(call, entity).link
        return _linked(call, entity, batch(call.body, LinkBody, lambda b, c: check(call.ids[0], "id", b, c)))

    def add(call: Call) -> Answer:
        check = _Checker(call, entity).link
        plans = batch(call.body, MassLinkBody, lambda b, c: check(b.entity_id, "entity_id", b, c))
        return _linked(call, entity, plans)

    def take_from_one(call: Call) -> Answer:
        check = _Checker(call, entity).unlink
        return _unlinked(call, entity, batch(call.body, UnlinkBody, lambda b, c: check(call.ids[0], "id", b, c)))

    def take(call: Call) -> Answer:
        check = _Checker(call, entity).unlink
        plans = batch(call.body, MassUnlinkBody, lambda b, c: check(b.entity_id, "entity_id", b, c))
        return _unlinked(call, entity, plans)

    return [
        Route("GET", f"{entity}/{{}}/links", of_one, Spec(filters=(_TO,))),
        Route("POST", f"{entity}/{{}}/link", add_to_one),
        Route("POST", f"{entity}/{{}}/unlink", take_from_one),
        Route("GET", f"{entity}/links", of_many, Spec(filters=(_ENTITY_ID, _TO), needs="filter[entity_id]")),
        Route("POST", f"{entity}/link", add),
        Route("POST", f"{entity}/unlink", take),
    ]


ROUTES = [route for entity in ENTITIES for route in _routes(entity)]
