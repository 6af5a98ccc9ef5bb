"""What the settings page says of balances: how each clinic's are reckoned, what is off and why, and who confirmed them. Pure."""

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime, BaseModel, ConfigDict

from hub.amocrm.directory import Directory
from hub.panel.settings_page import who
from hub.panel.settings_store import Changed, ClinicRow
from hub.rules.settings import MoneyWay

DEBT, ADVANCE, NET = "balance.debt", "balance.advance", "balance.net"
"""As agents name what they can read."""

_SEE = "Чего не хватает, покажет ident-agent check на компьютере клиники."
_BOTH = "Долг и аванс считаются раздельно, по журналу счетов IDENT."
_NO_ADVANCE = f"Долг считается по журналу счетов IDENT. Аванс не показываем: оплаты из базы IDENT не читаются. {_SEE}"
_ONLY_NET = (
    "Журнал счетов из базы IDENT не читается: известен только общий итог, долг или аванс. "
    f"«Оплачено» и «Долг по сделке» не заполняются. {_SEE}"
)
_NOTHING = f"Ни долг, ни аванс из базы IDENT не читаются. {_SEE}"
_UNKNOWN = "Агент этой клиники ещё не сообщил, какие суммы читаются."


class MoneyLine(BaseModel):
    """One clinic database. `way` is what can be confirmed now, None: nothing; `confirmed` is what was, perhaps for another way."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database: str
    name: str
    way: MoneyWay | None
    text: str
    confirmed_by: str | None = None
    confirmed_at: AwareDatetime | None = None


def lines(clinics: Sequence[ClinicRow], confirmed: Mapping[str, Changed], account: Directory) -> tuple[MoneyLine, ...]:
    """In the order of the clinics."""
    return tuple(_line(clinic, confirmed.get(clinic.id), account) for clinic in clinics)


def _line(clinic: ClinicRow, by: Changed | None, account: Directory) -> MoneyLine:
    way, text = _way(clinic.capabilities)
    return MoneyLine(
        database=clinic.id,
        name=clinic.name,
        way=way,
        text=text,
        confirmed_by=who(by.user_id, account) if by else None,
        confirmed_at=by.at if by else None,
    )


def _way(can: Mapping[str, bool]) -> tuple[MoneyWay | None, str]:
    if DEBT not in can:
        return None, _UNKNOWN
    if can[DEBT]:
        return "journal", _BOTH if can.get(ADVANCE) else _NO_ADVANCE
    return ("net", _ONLY_NET) if can.get(NET) else (None, _NOTHING)
