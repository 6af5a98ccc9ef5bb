"""The composition of the panel: who answers at which address."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from hub.amocrm.client import AmoCrms
from hub.clock import Clock
from hub.config import HubConfig
from hub.link import Registry
from hub.link.lookups import Lookups
from hub.news import News
from hub.panel import support
from hub.panel.actions import Actions
from hub.panel.card import Cards
from hub.panel.door import Door
from hub.panel.journal import Journal
from hub.panel.offered import Offered
from hub.panel.rights import Rights
from hub.panel.search import Searches
from hub.panel.settings import SettingsDesk
from hub.panel.streams import Streams
from hub.store.engine import Store


@dataclass(frozen=True)
class Service:
    """What the panel serves; `close` ends its open streams at once."""

    routes: tuple[web.RouteDef, ...]
    close: Callable[[], None]


def panel_routes(
    store: Store, amocrms: AmoCrms, clock: Clock, registry: Registry, news: News, config: HubConfig
) -> Service:
    """The panel of a hub."""
    door = Door(amocrms.tools.integrations, amocrms.tools.hosts)
    rights, journal = Rights(amocrms), Journal(store)
    lookups, offered = Lookups(registry), Offered()
    cards = Cards(store, rights, lookups, registry, journal, clock, offered)
    searches = Searches(store, rights, lookups, registry, journal, clock, offered)
    actions = Actions(store, amocrms, rights, journal, cards, clock, news)
    settings = SettingsDesk(store, amocrms, rights, clock, registry)
    streams = Streams(door, store, rights, news, config.public_url, watch_of=cards.watch, freshness_of=cards.freshness)
    return Service(
        routes=(
            *cards.routes(door),
            *searches.routes(door),
            *actions.routes(door),
            *settings.routes(door),
            *streams.routes(),
            support.route(config.support, config.privacy_url),
            door.rest(),  # last: whatever nobody else serves
        ),
        close=streams.close,
    )
