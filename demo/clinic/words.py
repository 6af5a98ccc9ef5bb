"""What happened last at the clinic, in a few Russian words for the demo's map. Names there are made up."""

from demo.clinic.database import Database

_WORDS = {
    "book": "записан новый приём",
    "move": "приём перенесён",
    "cancel": "приём отменён",
    "transfer": "приём перенесён",
    "restore": "отмена снята",
    "appear": "пациент в клинике",
    "start": "приём начался",
    "end": "приём закончен",
    "bill": "счёт выставлен",
    "pay": "оплата принята",
    "phone": "сменился телефон",
    "rename": "сменилась фамилия",
    "refuse": "отказ от сообщений",
    "agree": "согласие на сообщения",
    "merge": "карты объединены",
    "checkup": "назначен профосмотр",
    "put off": "профосмотр отложен",
    "close checkup": "профосмотр закрыт",
    "plan": "составлен план лечения",
    "do planned": "услуги плана оказаны",
    "close plan": "план лечения закрыт",
    "touch": "обновление программы",
    "delete": "приём удалён",
    "drop column": "обновление программы",
    "backup": "резервная копия",
    "roll back": "база восстановлена из копии",
}


def last_event(database: Database) -> dict[str, str] | None:
    """`at` and `text` of what was done last; None before the first."""
    found = database.execute("SELECT at, act, who FROM _log ORDER BY n DESC LIMIT 1")
    if not found:
        return None
    at, act, who = found[0]
    kind, *numbers = who.split() or [""]
    name = short_name(database, int(numbers[0])) if kind == "patient" else ""
    return {"at": at, "text": f"{name}: {_WORDS[act]}" if name else _WORDS[act].capitalize()}


def short_name(database: Database, patient: int) -> str:
    """Surname and initials."""
    row = database.row("Persons", patient)
    initials = [f"{part[0]}." for part in (row["Name"], row["Patronymic"]) if part]
    return " ".join(filter(None, [row["Surname"], "".join(initials)]))
