"""What has happened in an account: `/events`, as far as it is recorded. Asking for what is not is refused: silence would mean «none»."""

import re
from collections.abc import Iterator

from demo.amocrm import changes
from demo.amocrm.call import Answer, Call, Route, page, total
from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import Card, Event, Json, Task
from demo.amocrm.query import Spec, refuse_not_numbers, within
from demo.amocrm.store import SUBJECTS

RECORDED = {
    "lead_added": "Новая сделка",
    "contact_added": "Новый контакт",
    "company_added": "Новая компания",
    "lead_status_changed": "Изменение этапа продажи",
    "lead_deleted": "Сделка удалена",
    "entity_merged": "Выполнено объединение",
    "lead_linked": "Прикрепление сделки",
    "contact_linked": "Прикрепление контакта",
    "company_linked": "Прикрепление компании",
    "lead_unlinked": "Открепление сделки",
    "contact_unlinked": "Открепление контакта",
    "company_unlinked": "Открепление компании",
    "task_added": "Новая задача",
    "task_completed": "Завершение задачи",
    "common_note_added": "Новое примечание",
    "service_note_added": "Новое системное примечание",
    "geo_note_added": "Новое примечание с гео-меткой",
    "attachment_note_added": "Добавлен новый файл",
    "message_to_cashier_note_added": "Сообщение кассиру",
    "incoming_call": "Входящий звонок",
    "outgoing_call": "Исходящий звонок",
    "incoming_sms": "Входящее SMS",
    "outgoing_sms": "Исходящее SMS",
    changes.SALE: "Изменение поля «Бюджет»",
    changes.RESPONSIBLE: "Ответственный изменён",
    changes.NAME: "Изменение поля «Название»",
    changes.TAGGED: "Теги добавлены",
    changes.UNTAGGED: "Теги убраны",
}
"""By what they are called in the interface."""
_OF_FIELD = re.compile(r"custom_field_\d+_value_changed")
_PLURAL = {one: entity for entity, one in SUBJECTS.items()}
_MOST_IDS = 10


def _events(call: Call) -> Answer:
    wanted = _wanted(call)
    found = [event for event in call.account.events if _fits(event, wanted) and _sees(call, event)]
    found.sort(key=lambda event: event.id, reverse=True)
    return page(call, "events", found, lambda event: _event_shape(call, event))


def _event(call: Call) -> Answer:
    event = next((event for event in call.account.events if event.id == call.words[0]), None)
    if event is None or not _sees(call, event):
        raise Refused(404, "No such event.")
    return Answer(200, _event_shape(call, event))


def _sees(call: Call, event: Event) -> bool:
    """An event is seen with its card or its task; of a card that is gone by those who see all."""
    entity = _PLURAL[event.entity_type]
    one, account = event.entity_id, call.account
    subject: Card | Task | None = account.tasks.get(one) if entity == "tasks" else account.card(entity, one)
    return call.sees(subject) if subject else call.actor.is_admin or call.actor.view == "A"


def _wanted(call: Call) -> dict[str, set[str]]:
    """The filters, each with all its values."""
    wanted = call.query.wanted()
    refuse_not_numbers(wanted, "entity_id", "created_by", "created_at", "created_at from", "created_at to")
    if problems := list(_event_problems(wanted)):
        raise Refused(400, "; ".join(f"{p.path}: {p.detail}" for p in problems), tuple(problems))
    return wanted


def _event_problems(wanted: dict[str, set[str]]) -> Iterator[Problem]:
    kinds = wanted.get("type", set())
    if len(kinds) > 1 and any(map(_OF_FIELD.fullmatch, kinds)):
        yield Problem("TooMany", "filter[type]", "a field's changes are asked for alone")
    for kind in sorted(kind for kind in kinds - RECORDED.keys() if not _OF_FIELD.fullmatch(kind)):
        yield Problem("NotSupportedChoice", "filter[type]", f"the stand-in records no {kind}")
    for name in ("entity_id", "created_by"):
        if len(wanted.get(name, ())) > _MOST_IDS:
            yield Problem("TooMany", f"filter[{name}]", f"{_MOST_IDS} ids or less")
    if "entity_id" in wanted and "entity" not in wanted:
        yield Problem("FieldMissing", "filter[entity]", "filter[entity_id] needs it")
    if wanted.get("entity", set()) - _PLURAL.keys():
        yield Problem("NotSupportedChoice", "filter[entity]", ", ".join(_PLURAL))


def _fits(event: Event, wanted: dict[str, set[str]]) -> bool:
    attributes = {
        "id": "id",
        "type": "type",
        "entity": "entity_type",
        "entity_id": "entity_id",
        "created_by": "created_by",
    }
    return within(event.created_at, wanted, "created_at") and all(
        str(getattr(event, attribute)) in wanted[name] for name, attribute in attributes.items() if name in wanted
    )


def _event_shape(call: Call, event: Event) -> Json:
    return {
        "id": event.id,
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": event.value_after,
        "value_before": event.value_before,
        "account_id": call.account.id,
        "_links": call.itself(f"events/{event.id}"),
        "_embedded": {
            "entity": {"id": event.entity_id, "_links": call.itself(f"{_PLURAL[event.entity_type]}/{event.entity_id}")}
        },
    }


def _types(call: Call) -> Answer:
    """What happens in an account, in its own words."""
    known = [{"key": key, "type": number, "lang": lang} for number, (key, lang) in enumerate(RECORDED.items(), 1)]
    return total(call, "events_types", known)


_EVENTS = Spec(
    paged=True,
    most=100,
    filters=(
        r"filter\[created_at\](\[(from|to)\])?",
        r"filter\[(id|type|entity|entity_id|created_by)\](\[\d*\])?",
    ),
)
ROUTES = [
    Route("GET", "events", _events, _EVENTS),
    Route("GET", "events/types", _types),
    Route("GET", "events/{word}", _event),
]
