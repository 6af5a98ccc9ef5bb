"""Why something is not done, in an operator's words: a sentence for each code that the rules and the delivery may give."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.panel.model import Asked
from hub.rules.plan import Outcome


@dataclass(frozen=True)
class Reason:
    """By which rule, and the sentence. `asks`: which choice of an operator would end it."""

    rule: str
    text: str
    asks: Asked | None = None


REASONS: Mapping[str, Reason] = {
    "several_deals": Reason(
        "R11", "У пациента несколько открытых сделок: выберите, в какую ставить новые приёмы", asks="deal"
    ),
    "several_candidates": Reason(
        "R11", "На этом номере несколько подходящих сделок или контактов: выберите пациента", asks="person"
    ),
    "other_name_on_phone": Reason(
        "R11", "На номере пациента сделка с другим именем: выберите, кто звонил", asks="person"
    ),
    "no_patient": Reason("R24", "Приём без карты пациента: сделка не ведётся"),
    "nameless": Reason("R24", "В карте пациента нет ни имени, ни телефона: сделка не ведётся"),
    "archived": Reason("R24", "Карта пациента в архиве: новые приёмы сделку не создают"),
    "staff": Reason("R24", "Это сотрудник клиники: приёмы сделку не создают"),
    "filtered": Reason("R24", "Приёмы исключены настройками: филиал, врач, источник или пациент"),
    "another_person": Reason("R15", "Под этим номером в IDENT теперь другой человек: ждём, пока уточнят, кто это"),
    "unknown_patient": Reason("R24", "Карта пациента ещё не пришла из IDENT: подождите немного"),
    "no_stage": Reason("R10", "В настройках не назначен этап «Записан»: сделка не создана, скажите администратору"),
    "robot_quarrel": Reason("R1", "Спор с роботом: этап дважды вернули обратно, ждём час и не двигаем"),
    "gone": Reason("R16", "Карточка удалена в amoCRM: заново её не создаём"),
    "contact_of_another": Reason("R8", "В контакте теперь записан другой пациент: контакт не меняем"),
    "unsettled": Reason("R17", "Не удалось привести сделку в порядок: попробуем при следующем изменении в IDENT"),
    "internal_error": Reason("R17", "Ошибка на нашей стороне: попробуем при следующем изменении в IDENT"),
}
REFUSED = Reason("R17", "amoCRM не приняла изменение: скажите администратору, пусть проверит поля и этапы")
"""What amoCRM answers is for engineers: its codes are in the log, not in the card."""


def reason_of(outcome: Outcome) -> Reason:
    """In words."""
    return REASONS.get(outcome.reason, REFUSED)
