"""The settings page: reads and keeps the settings of an account for its admins. Reads amoCRM for what there is to choose from; what an
admin is, amoCRM says."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from hub.amocrm.client import AmoCrms
from hub.amocrm.directory import Directory, read_directory
from hub.amocrm.limits import Priority
from hub.clock import Clock
from hub.links.settings import read_settings
from hub.panel import settings_money as money
from hub.panel import settings_page as page
from hub.panel import settings_store as kept
from hub.panel.door import PREFIX, Door, asked
from hub.panel.known import Links, read_sites
from hub.panel.rights import Rights, told
from hub.panel.settings_check import Problem, Unfit, parsed, problems
from hub.panel.visitor import Told, Visitor
from hub.rules.settings import Settings
from hub.store.engine import Store
from wire import log

logger = logging.getLogger(__name__)

NOT_ADMIN = "Настройки видит и меняет только администратор amoCRM. Попросите его."
NOT_PREPARED = "Клиника ещё не подключена: её подключает интегратор. Настройки появятся после этого."
UNFIT = "Настройки не сохранены: исправьте отмеченные поля."


class Watched(Links, Protocol):
    """Beside that: which databases have two agents with one identity, and on which computers."""

    def doubled(self) -> Mapping[tuple[int, str], tuple[str, ...]]: ...


class SettingsDesk:
    """Of all accounts."""

    def __init__(self, store: Store, amocrms: AmoCrms, rights: Rights, clock: Clock, links: Watched) -> None:
        self._store, self._amocrms, self._rights = store, amocrms, rights
        self._clock, self._links = clock, links

    def routes(self, door: Door) -> tuple[web.RouteDef, ...]:
        """Where it answers."""
        at = PREFIX + "/settings"
        return door.route("GET", at, self.show), door.route("PUT", at, self.change)

    async def show(self, _request: web.Request, visitor: Visitor) -> dict[str, object]:
        """How the settings stand, what there is to choose from, how the clinics stand, who changed what."""
        await self._admin(visitor)
        return await self._page(visitor, await self._directory(visitor))

    async def change(self, request: web.Request, visitor: Visitor) -> dict[str, object] | web.Response:
        """Keep new settings, if nobody else did meanwhile."""
        await self._admin(visitor)
        wanted = await asked(request, _Change)
        account = await self._directory(visitor)
        try:
            settings = parsed(wanted.settings | {"version": wanted.version + 1})
            await self._keep(visitor, account, wanted.version, settings)
        except Unfit as unfit:
            return _unfit(unfit.problems)
        log.info(logger, "settings.changed", account=visitor.account.id, version=str(settings.version))
        return await self._page(visitor, account)

    async def _keep(self, visitor: Visitor, account: Directory, version: int, settings: Settings) -> None:
        async with self._store.writing(visitor.account) as unit:
            standing = await read_settings(unit)
            if standing is None:
                raise Told(403, "not_configured", NOT_PREPARED)
            if standing.version != version:
                raise Told(409, "changed_meanwhile", _meanwhile(await kept.read_changes(unit, 1), account))
            databases = {clinic.id for clinic in (await kept.read_standing(unit)).clinics}
            before = problems(
                standing, account, databases
            )  # what was wrong already stops nobody from changing something else
            if found := [one for one in problems(settings, account, databases) if one not in before]:
                raise Unfit(found)
            await kept.save_settings(unit, settings, visitor.user_id, self._clock.now())

    async def _page(self, visitor: Visitor, account: Directory) -> dict[str, object]:
        now = self._clock.now()
        async with self._store.reading(visitor.account) as unit:
            settings = await read_settings(unit)
            sites = await read_sites(unit, self._links, now)
            standing = await kept.read_standing(unit)
            branches = await kept.read_branches(unit)
            changes = await kept.read_changes(unit)
            confirmed = await kept.read_confirmed(unit, settings) if settings else {}
        return {
            "settings": settings and settings.model_dump(mode="json", by_alias=True),
            "version": settings.version if settings else 0,
            "choices": page.choices(account, standing.clinics, branches),
            "health": page.health(standing, sites, now, self._doubled(visitor)),
            "money": money.lines(standing.clinics, confirmed, account),
            "changed": page.lines(changes, account),
        }

    def _doubled(self, visitor: Visitor) -> dict[str, tuple[str, ...]]:
        return {
            database: computers
            for (account, database), computers in self._links.doubled().items()
            if account == visitor.account.id
        }

    async def _admin(self, visitor: Visitor) -> None:
        user = await self._rights.user(visitor)
        if not (user.is_admin and user.is_active) or user.is_free:
            raise Told(403, "refused", NOT_ADMIN)

    async def _directory(self, visitor: Visitor) -> Directory:
        return await told(read_directory(self._amocrms.crm_of(visitor.account, Priority.OPERATOR)))


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    version: int
    settings: dict[str, Any]


def _unfit(found: Collection[Problem]) -> web.Response:
    told_of = [{"path": problem.path, "text": problem.text} for problem in found]
    return web.json_response({"code": "bad_settings", "reason": UNFIT, "problems": told_of}, status=400)


def _meanwhile(changes: Collection[kept.Changed], account: Directory) -> str:
    last = next(iter(changes), None)
    by = (
        f"Настройки уже изменил другой администратор: {page.who(last.user_id, account)}."
        if last
        else "Настройки уже изменились."
    )
    return f"{by} Загрузите их заново и повторите."
