"""What a visitor may see (R25), as amoCRM says: who the user is, by the hub's own token; cards, as this very user. Knows nothing of
patients."""

import time
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Literal, TypeAlias, TypeVar

from hub.accounts import Account
from hub.amocrm.client import AmoCrm, AmoCrms
from hub.amocrm.limits import Priority
from hub.crm import CrmBlocked, CrmRefusesUser, CrmUnauthorised, CrmUnpaid, SeenContact, SeenDeal, User
from hub.panel.shared import Shared
from hub.panel.visitor import Told, Visitor
from wire.errors import NeedsOperator, Park, Retry

__all__ = ["Rights", "SeenContact", "SeenDeal", "User", "granted"]

HOLDS_SECONDS = 300.0
CARD_HOLDS_SECONDS = 5.0
"""What stands in a card: a number that was just corrected is to be seen. Where amoCRM cannot be asked, it counts as long as the rest."""
REFUSAL_HOLDS_SECONDS = 30.0
"""Whoever was just given a right does not want to wait for it."""

Denied: TypeAlias = Literal["refused", "gone"]
Card = TypeVar("Card", SeenDeal, SeenContact)
T = TypeVar("T")

NOT_YOURS = "У вас нет права на просмотр этой карточки в amoCRM. Доступ даёт администратор аккаунта."
FREE = "Бесплатному пользователю amoCRM данные пациентов не показываются. Доступ даёт администратор аккаунта."
INACTIVE = "Ваш доступ в amoCRM отключён. Обратитесь к администратору аккаунта."
NO_SUCH_USER = "amoCRM не знает такого пользователя. Войдите в amoCRM заново."
GONE = "Этой карточки в amoCRM больше нет: возможно, её удалили или объединили с другой."
UNPAID = "Подписка amoCRM закончилась. Данные появятся, когда её продлят."
BLOCKED = "amoCRM заблокировала обращения к аккаунту. Администратору стоит написать в поддержку amoCRM."
UNAUTHORISED = "Нет связи с аккаунтом amoCRM. Попросите администратора установить виджет ещё раз."
NO_ADMIN = "Виджет установлен без прав администратора. Попросите администратора установить его ещё раз."
BUSY = "amoCRM сейчас не отвечает: право на просмотр не проверить. Повторите через несколько секунд."


def granted(user: User, whom: tuple[str, ...]) -> bool:
    """Whether `settings.rights` (`all`, `admin`, `group:5`, `role:7`) name this user. Free users are never meant."""
    if user.is_free or not user.is_active:
        return False
    names = {"all", f"group:{user.group_id}", f"role:{user.role_id}"} | ({"admin"} if user.is_admin else set())
    return not names.isdisjoint(whom)


class Rights:
    """Of all accounts. Who somebody is counts for five minutes, what stands in a card for some seconds."""

    def __init__(self, amocrms: AmoCrms, now: Callable[[], float] = time.monotonic) -> None:
        self._amocrms = amocrms
        self._users: Shared[tuple[int, int], User | None] = Shared(lambda user: _holds(user is not None), now)
        self._deals: Shared[tuple[int, int, int], SeenDeal | Denied] = Shared(_card_holds, now, _card_counts)
        self._contacts: Shared[tuple[int, int, int], SeenContact | Denied] = Shared(_card_holds, now, _card_counts)

    async def user(self, visitor: Visitor) -> User:
        """Who asks. Whether this user is free or an admin, is for whoever calls to judge (`granted`)."""
        crm = self._hub(visitor.account)
        asked = self._users.get((visitor.account.id, visitor.user_id), lambda: crm.user(visitor.user_id))
        user = await told(asked)
        if user is None:
            raise Told(403, "refused", NO_SUCH_USER)
        return user

    async def seen_deal(self, visitor: Visitor, deal_id: int) -> SeenDeal:
        """The deal, if this user may see it."""
        return await self._seen(self._deals, visitor, deal_id, lambda crm: crm.seen_deal(deal_id))

    async def seen_contact(self, visitor: Visitor, contact_id: int) -> SeenContact:
        """The contact, if this user may see it."""
        return await self._seen(self._contacts, visitor, contact_id, lambda crm: crm.seen_contact(contact_id))

    async def _seen(
        self,
        held: Shared[tuple[int, int, int], Card | Denied],
        visitor: Visitor,
        card_id: int,
        read: Callable[[AmoCrm], Awaitable[Card | None]],
    ) -> Card:
        user = await self.user(visitor)
        if user.is_free or not user.is_active:
            raise Told(403, "refused", FREE if user.is_free else INACTIVE)
        key = (visitor.account.id, visitor.user_id, card_id)
        found = await told(held.get(key, lambda: self._ask(visitor, read)))
        if found == "refused":
            raise Told(403, "refused", NOT_YOURS)
        if found == "gone":
            raise Told(404, "unknown_card", GONE)
        return found

    async def _ask(self, visitor: Visitor, read: Callable[[AmoCrm], Awaitable[Card | None]]) -> Card | Denied:
        """As the user. It is not documented how amoCRM refuses: whatever is no card is asked for once more with the hub's own token,
        which tells a card that is gone, and an account or a token that is refused altogether, from a right that is missing."""
        as_user = self._amocrms.crm_of(visitor.account, Priority.OPERATOR, as_user=visitor.user_id)
        try:
            card = await read(as_user)
        except CrmRefusesUser:
            return await self._ask_again(visitor, as_user, read)
        if card is not None:
            return card
        return "gone" if await read(self._hub(visitor.account)) is None else "refused"

    async def _ask_again(
        self, visitor: Visitor, as_user: AmoCrm, read: Callable[[AmoCrm], Awaitable[Card | None]]
    ) -> Card | Denied:
        """Refused outright: perhaps it was the token that was worn out. The hub's own question renews it."""
        if await read(self._hub(visitor.account)) is None:
            return "gone"
        try:
            return await read(as_user) or "refused"
        except CrmRefusesUser:
            return "refused"

    def _hub(self, account: Account) -> AmoCrm:
        return self._amocrms.crm_of(account, Priority.OPERATOR)


def _holds(good: bool, seconds: float = HOLDS_SECONDS) -> float:
    return seconds if good else REFUSAL_HOLDS_SECONDS


def _card_holds(card: SeenDeal | SeenContact | Denied) -> float:
    return _holds(not isinstance(card, str), CARD_HOLDS_SECONDS)


def _card_counts(card: SeenDeal | SeenContact | Denied) -> float:
    return _holds(not isinstance(card, str))


async def told(asking: Awaitable[T]) -> T:
    """What amoCRM's refusals mean to an operator."""
    try:
        return await asking
    except Retry as retry:
        raise Told(503, "busy", BUSY, ceil(retry.after) if retry.after else 5) from None
    except CrmUnpaid:
        raise Told(403, "refused", UNPAID) from None
    except CrmBlocked:
        raise Told(403, "refused", BLOCKED) from None
    except CrmUnauthorised:
        raise Told(403, "refused", UNAUTHORISED) from None
    except (NeedsOperator, Park):
        raise Told(403, "refused", NO_ADMIN) from None
