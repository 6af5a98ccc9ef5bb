"""The feed of a card as the pages show it: notes, what changed and who did it, tasks. JSON of our own; writes nothing."""

from typing import Any

from demo.amocrm import changes
from demo.amocrm.model import Card, Entity, Event, Json, Note, Task, User
from demo.amocrm.notes import EVENTS
from demo.amocrm.store import SINGULAR, Account
from demo.amocrm.tasks import TYPES

MOST_LINES = 60
_NOT_TOLD = {*EVENTS.values(), *(f"{one}_{what}" for one in SINGULAR.values() for what in ("linked", "unlinked"))}
"""Notes tell themselves, and what is linked stands on the card."""
_PLAIN = {changes.NAME: "Название", changes.SALE: "Бюджет", changes.RESPONSIBLE: "Ответственный"}


def lines(account: Account, entity: Entity, card: Card, user: User) -> list[Json]:
    """The latest, oldest first, and after them the tasks that are open, by when they are due."""
    notes = [_note(account, account.notes[entity][note_id]) for note_id in card.notes]
    of_card = (event for event in account.events if event.entity_id == card.id and event.type not in _NOT_TOLD)
    events = [_event(account, entity, event) for event in of_card if event.entity_type == SINGULAR[entity]]
    tasks = [
        task
        for task in account.tasks.values()
        if (task.entity_type, task.entity_id) == (entity, card.id) and (user.is_free or account.sees(user, task))
    ]
    done = [_task(account, task) for task in tasks if task.is_completed]
    past = sorted(notes + events + done, key=lambda line: (line["at"], line["key"]))[-MOST_LINES:]
    ahead = sorted((task for task in tasks if not task.is_completed), key=lambda task: (task.complete_till, task.id))
    return past + [_task(account, task) for task in ahead]


def _note(account: Account, note: Note) -> Json:
    text = note.params.get("text") or note.params.get("service") or note.note_type
    service = note.params.get("service")
    return {
        "kind": "note",
        "key": f"note-{note.id}",
        "type": note.note_type,
        "at": note.created_at,
        "who": who(account, note.created_by, by_integration=note.by_integration)
        | ({"name": service} if service else {}),
        "text": text,
    }


def _event(account: Account, entity: Entity, event: Event) -> Json:
    return {
        "kind": "event",
        "key": f"event-{event.id}",
        "type": event.type,
        "at": event.created_at,
        "who": who(account, event.created_by, by_integration=event.by_integration),
        **_said(account, entity, event),
    }


def _said(account: Account, entity: Entity, event: Event) -> Json:
    """What of it is shown: `field` names what changed, `before` and `after` are texts, or stages with their colours."""
    if event.type == "lead_status_changed":
        return {"before": _stage(account, event.value_before[0]), "after": _stage(account, event.value_after[0])}
    if event.type in _PLAIN:
        told = [_text(account, values[0]) for values in (event.value_before, event.value_after)]
        return {"field": _PLAIN[event.type], "before": told[0], "after": told[1]}
    values = event.value_before + event.value_after
    if values and "custom_field_value" in values[0]:
        changed = account.fields[entity].get(values[0]["custom_field_value"]["field_id"])
        return {
            "type": "field_changed",
            "field": changed.name if changed else "Удалённое поле",
            "fieldType": changed.type if changed else "text",
            "before": [value["custom_field_value"]["text"] for value in event.value_before],
            "after": [value["custom_field_value"]["text"] for value in event.value_after],
        }
    return {"tags": [value["tag"]["name"] for value in values if "tag" in value]}


def _text(account: Account, value: Json) -> Any:
    """Of a name, of a budget, or of whoever is responsible."""
    if "responsible_user" in value:
        return _name(account, value["responsible_user"]["id"])
    return value["sale_field_value"]["sale"] if "sale_field_value" in value else value["name_field_value"]["name"]


def _stage(account: Account, value: Json) -> Json:
    """As it is called now; of one that was deleted since only that it was there."""
    at = value["lead_status"]
    pipeline = account.pipelines.get(at["pipeline_id"])
    status = pipeline.statuses.get(at["id"]) if pipeline else None
    if pipeline is None or status is None:
        return {"name": "Удалённый этап", "color": "#e6e8ea", "pipeline": ""}
    return {"name": status.name, "color": status.color, "pipeline": pipeline.name}


def _task(account: Account, task: Task) -> Json:
    return {
        "kind": "task",
        "key": f"task-{task.id}",
        "id": task.id,
        "type": TYPES[task.task_type_id][0],
        "at": task.updated_at if task.is_completed else task.created_at,
        "who": who(account, task.updated_by if task.is_completed else task.created_by),
        "due": task.complete_till,
        "is_late": not task.is_completed and task.complete_till < account.now(),
        "is_done": task.is_completed,
        "responsible": _name(account, task.responsible_user_id),
        "text": task.text,
        "result": task.result,
    }


def who(account: Account, user_id: int, *, by_integration: bool = False) -> Json:
    """A person, a robot of the account's own, or an integration, which may name a person."""
    kind = "integration" if by_integration else "robot" if user_id not in account.users else "person"
    return {"name": _name(account, user_id), "kind": kind}


def _name(account: Account, user_id: int) -> str:
    user = account.users.get(user_id)
    return user.name if user else "Робот"
