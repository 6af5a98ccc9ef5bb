"""Notes in the feeds of cards; they may be changed, there is no way to delete one."""

from dataclasses import replace

from demo.amocrm.bodies import MassNoteBody, NoteBody, NotePatch
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.checks import Checks, batch, existing, named, single
from demo.amocrm.model import Entity, Json, Note
from demo.amocrm.query import Spec, refuse_not_numbers, within
from demo.amocrm.store import ENTITIES, SINGULAR, Account

_CALL: dict[str, type | tuple[type, ...]] = {
    "uniq": str,
    "duration": int,
    "source": str,
    "link": str,
    "phone": str,
    "call_responsible": (str, int),
}
PARAMS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "common": {"text": str},
    "call_in": _CALL,
    "call_out": _CALL,
    "service_message": {"service": str, "text": str},
    "extended_service_message": {"service": str, "text": str},
    "message_cashier": {"status": str, "text": str},
    "geolocation": {"text": str, "address": str, "longitude": str, "latitude": str},
    "sms_in": {"text": str, "phone": str},
    "sms_out": {"text": str, "phone": str},
    "attachment": {"file_uuid": str, "version_uuid": str, "file_name": str},
}
EVENTS = {
    "common": "common_note_added",
    "call_in": "incoming_call",
    "call_out": "outgoing_call",
    "service_message": "service_note_added",
    "extended_service_message": "service_note_added",
    "message_cashier": "message_to_cashier_note_added",
    "geolocation": "geo_note_added",
    "sms_in": "incoming_sms",
    "sms_out": "outgoing_sms",
    "attachment": "attachment_note_added",
}
"""What a new note of each type is as an event of its card."""
_OPTIONAL = ("version_uuid",)
_FILTERS = (r"filter\[(id|note_type)\](\[\d*\])?", r"filter\[updated_at\](\[(from|to)\])?")
_OF_ONE = Spec(paged=True, order=frozenset({"updated_at", "id"}), filters=_FILTERS)
_OF_MANY = replace(_OF_ONE, filters=(*_FILTERS, r"filter\[entity_id\](\[\d*\])?"))


def check(account: Account, entity: Entity, entity_id: int, body: NoteBody, checks: Checks) -> None:
    """Check a note to be."""
    checks.choice("entity_id", account.card(entity, entity_id) is not None)
    checks.choice("created_by", body.created_by == 0 or body.created_by in account.users)
    if checks.choice("note_type", body.note_type in PARAMS):
        _check_params(body, checks)


def _check_params(body: NoteBody | NotePatch, checks: Checks) -> None:
    wanted = PARAMS[body.note_type]
    for name in body.params.keys() - wanted.keys():
        checks.refuse("NotExpected", f"params.{name}", "This field is not documented here, or not built.")
    for name, kind in wanted.items():
        if name not in body.params:
            if name not in _OPTIONAL:
                checks.refuse("FieldMissing", f"params.{name}", "This field is missing.")
        elif not isinstance(body.params[name], kind) or isinstance(body.params[name], bool):
            checks.refuse("InvalidType", f"params.{name}", "This value should be of another type.")


def create(account: Account, entity: Entity, entity_id: int, body: NoteBody, by: int) -> Note:
    """Make what was checked."""
    card, now = account.cards(entity)[entity_id], account.now()
    created_by = body.given("created_by").get("created_by", by)
    note = Note(
        account.next_id("note"),
        entity,
        entity_id,
        body.note_type,
        body.params,
        created_by,
        now,
        card.responsible_user_id,
        body.is_need_to_trigger_digital_pipeline,
        updated_by=created_by,
        updated_at=now,
        by_integration=account.by_integration,
    )
    account.notes[entity][note.id] = note
    card.notes.append(note.id)
    account.happened(EVENTS[note.note_type], entity, entity_id, created_by, [], [{"note": {"id": note.id}}])
    account.changed(entity, entity_id)
    account.announce(f"note_{SINGULAR[entity]}", note)
    return note


def _change(note: Note, body: NotePatch, checks: Checks, entity_id: int | None) -> tuple[Note, NotePatch]:
    """Check a patch: a note stays where it is, and what it is."""
    checks.choice("id", body.id in (None, note.id))
    checks.choice("entity_id", body.entity_id in (None, note.entity_id) and entity_id in (None, note.entity_id))
    if checks.choice("note_type", body.note_type == note.note_type, "Not documented: another type."):
        _check_params(body, checks)
    return note, body


def _patched(call: Call, note: Note, body: NotePatch) -> Json:
    now = call.account.now()
    changed = replace(note, params=body.params, updated_by=call.actor.id, updated_at=now)
    call.account.notes[note.entity][note.id] = changed
    call.account.changed(note.entity, note.entity_id)
    link = call.itself(f"{note.entity}/{note.entity_id}/notes/{note.id}")
    return {"id": note.id, "entity_id": note.entity_id, "updated_at": now, "_links": link}


def shape(call: Call, note: Note) -> Json:
    """A note, whole."""
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.updated_by,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "responsible_user_id": note.responsible_user_id,
        "group_id": 0,
        "note_type": note.note_type,
        "params": note.params,
        "account_id": call.account.id,
        "_links": call.itself(f"{note.entity}/{note.entity_id}/notes/{note.id}"),
    }


def _made(call: Call, name: str, note: Note) -> Json:
    link = call.itself(f"{note.entity}/{note.entity_id}/notes/{note.id}")
    return {"id": note.id, "entity_id": note.entity_id, "request_id": name, "_links": link}


def _listed(call: Call, notes: list[Note]) -> Answer:
    wanted = call.query.wanted()
    refuse_not_numbers(wanted, "id", "entity_id", "updated_at", "updated_at from", "updated_at to")
    found = [note for note in notes if _fits(note, wanted)]
    name, down = call.query.order or ("id", False)
    found.sort(key=lambda note: (getattr(note, name), note.id), reverse=down)
    return page(call, "notes", found, lambda note: shape(call, note))


def _fits(note: Note, wanted: dict[str, set[str]]) -> bool:
    named_ones = [(name, wanted[name]) for name in ("id", "entity_id", "note_type") if name in wanted]
    return within(note.updated_at, wanted, "updated_at") and all(
        str(getattr(note, name)) in values for name, values in named_ones
    )


def sees(call: Call, note: Note) -> bool:
    """A note is seen with its card."""
    card = call.account.card(note.entity, note.entity_id)
    return card is not None and call.sees(card)


def _routes(entity: Entity) -> list[Route]:
    """The routes of one kind of card."""

    def everyones(call: Call) -> Answer:
        return _listed(call, [note for note in call.account.notes[entity].values() if sees(call, note)])

    def of_one(call: Call) -> Answer:
        card = call.seen(call.account.cards(entity))
        return _listed(call, [call.account.notes[entity][note_id] for note_id in card.notes] if card else [])

    def one(call: Call) -> Answer:
        note = call.account.notes[entity].get(call.ids[-1])
        if note is None or not sees(call, note) or (len(call.ids) == 2 and note.entity_id != call.ids[0]):
            return EMPTY
        return Answer(200, shape(call, note))

    def add_to_one(call: Call) -> Answer:
        def prepare(body: NoteBody, checks: Checks) -> NoteBody:
            call.mine(call.account.card(entity, call.ids[0]))
            check(call.account, entity, call.ids[0], body, checks)
            return body

        plans = batch(call.body, NoteBody, prepare)
        made = [(name, create(call.account, entity, call.ids[0], body, call.actor.id)) for name, body in plans]
        return written(call, "notes", [_made(call, name, note) for name, note in made])

    def add(call: Call) -> Answer:
        def prepare(body: MassNoteBody, checks: Checks) -> MassNoteBody:
            call.mine(call.account.card(entity, body.entity_id))
            check(call.account, entity, body.entity_id, body, checks)
            return body

        plans = batch(call.body, MassNoteBody, prepare)
        made = [(name, create(call.account, entity, body.entity_id, body, call.actor.id)) for name, body in plans]
        return written(call, "notes", [_made(call, name, note) for name, note in made])

    def patch(call: Call) -> Answer:
        seen: set[int] = set()
        card_id = call.ids[0] if call.ids else None

        def prepare(body: NotePatch, checks: Checks) -> tuple[Note, NotePatch] | None:
            note = named(call.account.notes[entity], body.id, seen, checks)
            if note:
                call.mine(call.account.card(entity, note.entity_id))
            return _change(note, body, checks, card_id) if note else None

        plans = [plan for _, plan in batch(call.body, NotePatch, prepare) if plan]
        return written(call, "notes", [_patched(call, *plan) for plan in plans])

    def patch_one(call: Call) -> Answer:
        note = existing(call.account.notes[entity], call.ids[1])
        call.mine(call.account.card(entity, note.entity_id))
        plan = single(call.body, NotePatch, lambda body, checks: _change(note, body, checks, call.ids[0]))
        return Answer(200, _patched(call, *plan))

    return [
        Route("GET", f"{entity}/notes", everyones, _OF_MANY),
        Route("POST", f"{entity}/notes", add),
        Route("PATCH", f"{entity}/notes", patch),
        Route("GET", f"{entity}/notes/{{}}", one),
        Route("GET", f"{entity}/{{}}/notes", of_one, _OF_ONE),
        Route("POST", f"{entity}/{{}}/notes", add_to_one),
        Route("PATCH", f"{entity}/{{}}/notes", patch),
        Route("GET", f"{entity}/{{}}/notes/{{}}", one),
        Route("PATCH", f"{entity}/{{}}/notes/{{}}", patch_one),
    ]


ROUTES = [route for entity in ENTITIES for route in _routes(entity)]
