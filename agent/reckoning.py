"""A patient's money in words and columns, every term beside the figures, as a person compares it with IDENT's screen. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from agent.mis.balance import is_open, share_by_lines, share_of
from agent.mis.money import amount_of, is_formed, kopecks, line_sum, total
from agent.mis.port import Row
from agent.mis.reconcile import Looked, Reckoned
from agent.mis.texts import day_of, id_of

_MISSING, _EMPTY = "нет данных", "—"
_NEGATIVE = "отрицательный счёт"
_BY_JOURNAL = (
    "долг — сумма положительных долгов по счетам, аванс — баланс плюс долг, не меньше нуля; раздельно, без зачёта"
)
_BY_LINES = "журнал счетов не читается, поэтому счета сложены по строкам нарядов и известен только итог"
CONFIRM = (
    "Как сверить. Откройте этих пациентов в IDENT и сравните счета, оплаты и итог. Возьмите не меньше 20 пациентов:",
    "с долгом, с авансом, со скидкой, со страховой, с возвратом и из одной семьи.",
    "Всё совпало: администратор amoCRM открывает Настройки — IDENT: сделки и приёмы — Сверка сумм и отмечает",
    "«Суммы сверены с экраном IDENT». Тогда из карточек уйдёт «не сверено».",
    "Не совпало: отметку не ставьте, пришлите интегратору номер пациента и строку, которая расходится.",
)


def lines(looked: Looked) -> Iterator[str]:
    """All that there is to print, but for who was not found."""
    way = "по журналу счетов" if looked.by_journal else "одним итогом"
    yield f"База IDENT прочитана {looked.read_at:%d.%m.%Y %H:%M:%S} (часы сервера). Суммы считаются {way}:"
    yield f"{_BY_JOURNAL if looked.by_journal else _BY_LINES}."
    yield from looked.off
    for each in looked.found:
        yield ""
        yield from _patient(each, by_journal=looked.by_journal)
    yield ""
    yield from CONFIRM


def _patient(one: Reckoned, *, by_journal: bool) -> Iterator[str]:
    card = f", карта {one.patient.card_number}" if one.patient.card_number else ""
    yield f"Пациент {one.patient.id}: {one.patient.name or 'имя не указано'}{card}"
    yield from _bills(one) if by_journal else _bills_by_lines(one)
    yield from _payments(one.account.payments)
    yield from _sums(one, by_journal=by_journal)


def _bills(one: Reckoned) -> Iterator[str]:
    heads = ("Сумма", "Со скидкой", "Страховая", "Долг", "Доля пациента")
    rows = [(_order(order), _amounts(order), _why_journal(order)) for order in one.account.orders or ()]
    yield from _table("Наряды", heads, rows, is_read=one.account.orders is not None)


def _amounts(order: Row) -> list[str]:
    cells = [_money(kopecks(order, name)) for name in ("Amount", "AmountWithDiscount", "InsuranceAmount", "Debt")]
    return [*cells, _money(share_of(order))]


def _why_journal(order: Row) -> str:
    if is_formed(order) is False:
        return "счёт не выставлен, не считается"
    if order.get("JournalID") is None:
        return "в журнале счетов нет: сумма неизвестна"
    return _NEGATIVE if (amount_of(order, "AmountWithDiscount") or 0) < 0 else ""


def _bills_by_lines(one: Reckoned) -> Iterator[str]:
    heads = ("Строк", "Сумма строк", "Доля пациента")
    rows = []
    for order in one.account.orders or ():
        own = (one.account.lines or {}).get(order["ID"], ())
        cells = [str(len(own)), _money(total(map(line_sum, own))), _money(share_by_lines(order, own))]
        rows.append((_order(order), cells, _why_lines(order, own)))
    yield from _table("Наряды", heads, rows, is_read=one.account.orders is not None)


def _why_lines(order: Row, own: Sequence[Row]) -> str:
    if not is_formed(order):
        return "счёт не выставлен, не считается"
    if any(map(is_open, own)):
        return "страховая, возврат или отложенная скидка: сумма неизвестна"
    if any(line.get("IsWarranty") for line in own):
        return "есть гарантия: её строки не считаются"
    return "у строки нет цены: сумма неизвестна" if None in map(line_sum, own) else ""


def _payments(payments: Sequence[Row] | None) -> Iterator[str]:
    rows = [
        (
            _numbered(payment, "DateTimePayment"),
            [_money(kopecks(payment, "Payment"))],
            "возврат" if (amount_of(payment, "Payment") or 0) < 0 else "",
        )
        for payment in payments or ()
    ]
    yield from _table("Оплаты", ("Сумма",), rows, is_read=payments is not None)


def _sums(one: Reckoned, *, by_journal: bool) -> Iterator[str]:
    terms, figures = one.terms, one.figures
    issued = sum(1 for order in one.account.orders or () if is_formed(order) is not False)
    told = [
        (" ", "начальный баланс (InitialBalance)", terms.opening),
        ("+", f"оплаты: {len(one.account.payments or ())}", terms.payments),
        ("-", f"доля пациента в счетах: {issued}", terms.bills),
        ("=", "баланс", terms.net),
    ]
    shown = (("долг", "debt"), ("аванс", "advance")) if by_journal else (("баланс одним итогом", "net"),)
    yield "  Расчёт"
    for sign, words, value in (*told, *((" ", f"{words}, как в карточке", figures.get(name)) for words, name in shown)):
        yield f"    {sign} {words:<48}{_money(value, _MISSING):>15}"


def _table(
    title: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str], str]], *, is_read: bool
) -> Iterator[str]:
    rows = list(rows)
    if not rows:
        yield f"  {title}: {'нет' if is_read else 'не читаются'}"
        return
    yield f"  {title:<24}" + "".join(f"{head:>15}" for head in heads)
    for name, cells, why in rows:
        yield (f"    {name:<22}" + "".join(f"{cell:>15}" for cell in cells) + (f"  {why}" if why else "")).rstrip()


def _order(order: Row) -> str:
    day = "DateTimeBill" if order.get("DateTimeBill") else "DateTimeBillFormed"
    return _numbered(order, day)


def _numbered(row: Row, day: str) -> str:
    found = day_of(row.get(day))
    return f"№ {id_of(row['ID'])}" + (f" {found[8:]}.{found[5:7]}.{found[:4]}" if found else "")


def _money(value: Decimal | None, missing: str = _EMPTY) -> str:
    """As IDENT and people write it: 12 500,00."""
    return missing if value is None else f"{value:,.2f}".replace(",", " ").replace(".", ",")
