"""Notes in the feeds of leads and contacts; there is no way to delete one."""

from demo.amocrm.bodies import MassNoteBody, NoteBody
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.checks import Checks, batch
from demo.amocrm.model import Entity, Json, Note
from demo.amocrm.query import Spec
from demo.amocrm.store import ENTITIES, Account

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
_OPTIONAL = ("version_uuid",)
_ORDER = Spec(paged=True, order=frozenset({"updated_at", "id"}))


def check(account: Account, entity: Entity, entity_id: int, body: NoteBody, checks: Checks) -> None:
    """Check a note to be."""
    checks.choice("entity_id", account.card(entity, entity_id) is not None)
    checks.choice("created_by", body.created_by == 0 or body.created_by in account.users)
    if not checks.choice("note_type", body.note_type in PARAMS):
        return
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
    card = account.cards(entity)[entity_id]
    note = Note(
        account.next_id("note"),
        entity,
        entity_id,
        body.note_type,
        body.params,
        body.given("created_by").get("created_by", by),
        account.now(),
        card.responsible_user_id,
        body.is_need_to_trigger_digital_pipeline,
    )
    account.notes[entity][note.id] = note
    card.notes.append(note.id)
    account.changed(entity, entity_id)
    return note


def shape(call: Call, note: Note) -> Json:
    """A note, whole."""
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.created_by,
        "created_at": note.created_at,
        "updated_at": note.created_at,
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
    name, down = call.query.order or ("id", False)
    by_time = name == "updated_at"
    notes.sort(key=lambda note: (note.created_at if by_time else 0, note.id), reverse=down)
    return page(call, "notes", notes, lambda note: shape(call, note))


def _routes(entity: Entity) -> list[Route]:
    """The routes of one kind of card."""

    def everyones(call: Call) -> Answer:
        return _listed(call, list(call.account.notes[entity].values()))

    def of_one(call: Call) -> Answer:
        card = call.seen(call.account.cards(entity))
        return _listed(call, [call.account.notes[entity][note_id] for note_id in card.notes] if card else [])

    def one(call: Call) -> Answer:
        note = call.account.notes[entity].get(call.ids[-1])
        if note is None or (len(call.ids) == 2 and note.entity_id != call.ids[0]):
            return EMPTY
        return Answer(200, shape(call, note))

    def add_to_one(call: Call) -> Answer:
        def prepare(body: NoteBody, checks: Checks) -> NoteBody:
            check(call.account, entity, call.ids[0], body, checks)
            return body

        plans = batch(call.body, NoteBody, prepare)
        made = [(name, create(call.account, entity, call.ids[0], body, call.actor.id)) for name, body in plans]
        return written(call, "notes", [_made(call, name, note) for name, note in made])

    def add(call: Call) -> Answer:
        def prepare(body: MassNoteBody, checks: Checks) -> MassNoteBody:
            check(call.account, entity, body.entity_id, body, checks)
            return body

        plans = batch(call.body, MassNoteBody, prepare)
        made = [(name, create(call.account, entity, body.entity_id, body, call.actor.id)) for name, body in plans]
        return written(call, "notes", [_made(call, name, note) for name, note in made])

    return [
        Route("GET", f"{entity}/notes", everyones, _ORDER),
        Route("POST", f"{entity}/notes", add),
        Route("GET", f"{entity}/notes/{{}}", one),
        Route("GET", f"{entity}/{{}}/notes", of_one, _ORDER),
        Route("POST", f"{entity}/{{}}/notes", add_to_one),
        Route("GET", f"{entity}/{{}}/notes/{{}}", one),
    ]


ROUTES = [route for entity in ENTITIES for route in _routes(entity)]
