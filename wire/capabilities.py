"""What an agent may be able to tell, in Russian for whoever reads what is off. The names travel in `state`."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "database.known": "узнавание базы по её старым приёмам",
    "visit.versions": "быстрое обнаружение изменений приёмов",
    "visit.practitioner": "врач приёма",
    "visit.branch": "филиал приёма",
    "visit.booked_at": "когда записан",
    "visit.booked_by": "кто записал",
    "visit.billed": "отметка «счёт выдан»",
    "visit.moved_from": "связь перенесённых приёмов",
    "visit.notified_at": "отметка «оповещён»",
    "visit.cancelled_by": "кто отменил",
    "visit.cancel_reason": "причина отмены",
    "visit.source": "источник записи",
    "visit.comment": "комментарий приёма",
    "sums.planned": "сумма «План»",
    "sums.billed": "счета в карточке, «Выставлено», «Оплачено» и «Долг по сделке»",
    "balance.debt": "долг пациента",
    "balance.advance": "аванс пациента",
    "balance.net": "баланс пациента одной суммой, когда журнала счетов нет",
    "checkup.closed": "профосмотры",
    "checkup.due_on": "срок профосмотра; вместо него — полгода после последнего приёма",
    "checkup.branch": "филиал профосмотра",
    "plan.agreed": "план лечения",
    "plan.unscheduled": "сколько из плана лечения ещё не записано",
    "patient.mobile_phone": "мобильный телефон пациента",
    "patient.phone": "второй телефон пациента",
    "patient.birth_date": "дата рождения",
    "patient.card_number": "номер карты",
    "patient.representative": "представитель",
    "patient.practitioner": "лечащий врач",
    "patient.source": "откуда узнал о клинике",
    "patient.do_not_message": "отказ от сообщений",
    "patient.archived": "карта в архиве",
    "patient.staff": "пациент — сотрудник",
    "patient.changes": "быстрое обнаружение изменений карт пациентов",
    "sums.changes": "быстрое обнаружение счетов и оплат",
    "checkup.changes": "быстрое обнаружение задач на профосмотр",
    "plan.changes": "быстрое обнаружение планов лечения",
    "server.bound": "счётчик изменений SQL Server",
}


def missed_of(capabilities: Mapping[str, bool]) -> tuple[str, ...]:
    """What cannot be had. A thing that stands in for another is not missed while the other is there."""
    return tuple(name for name, there in capabilities.items() if not there and not _is_stood_in_for(name, capabilities))


def off(capabilities: Mapping[str, bool]) -> tuple[str, ...]:
    """The same in words; a name that only a newer agent knows has none yet."""
    return tuple(WORDS[name] for name in missed_of(capabilities) if name in WORDS)


def _is_stood_in_for(name: str, capabilities: Mapping[str, bool]) -> bool:
    """The net balance is for clinics where debt and advance are not known apart."""
    others = _INSTEAD.get(name, ())
    return bool(others) and all(capabilities.get(other, False) for other in others)


_INSTEAD: Mapping[str, tuple[str, ...]] = {
    "balance.net": ("balance.debt", "balance.advance"),
}
