"""An account's pipelines, groups and fields in memory, as far as the preparation needs them: shapes as in amoCRM's documentation."""

from functools import partial
from itertools import count
from typing import Any

from hub.amocrm.api import Entity
from tests.hub.amocrm.server import EMPTY, Asked, Reply, Server, listed

Json = dict[str, Any]
PAGE = 7
"""Small pages: whoever does not follow `_links.next` does not find the rest."""


class Furniture:
    """What stands in the account, and the handlers that show and change it."""

    def __init__(self, server: Server, *, filter_enabled: bool = True) -> None:
        self.server = server
        self.filter_enabled = filter_enabled
        self.ids = count(100)
        self.pipelines: list[Json] = [self.pipeline("Воронка", ["Первичный контакт"], is_main=True)]
        self.groups: dict[Entity, list[Json]] = {"leads": [], "contacts": []}
        self.fields: dict[Entity, list[Json]] = {"leads": [], "contacts": []}
        self.wire()

    def wire(self) -> None:
        on = self.server.on
        account = {"id": 28805383, "name": "Клиника", "subdomain": "x", "is_api_filter_enabled": self.filter_enabled}
        on("GET /api/v4/account", Reply(200, account))
        on("GET /api/v4/leads/pipelines", lambda _: self.total("pipelines", self.pipelines))
        on("POST /api/v4/leads/pipelines", self.make_pipelines)
        for entity in self.fields:
            on(f"GET /api/v4/{entity}/custom_fields/groups", partial(self.show_groups, entity))
            on(f"POST /api/v4/{entity}/custom_fields/groups", partial(self.make_groups, entity))
            on(f"GET /api/v4/{entity}/custom_fields", partial(self.show_fields, entity))
            on(f"POST /api/v4/{entity}/custom_fields", partial(self.make_fields, entity))

    def writes(self) -> list[str]:
        return [asked.what for asked in self.server.asked if asked.method != "GET"]

    def total(self, name: str, items: list[Json]) -> Reply:
        return Reply(200, {"_total_items": len(items), "_embedded": {name: items}}) if items else EMPTY

    def show_fields(self, entity: Entity, asked: Asked) -> Reply:
        number = int(dict(asked.query).get("page", 1))
        items = self.fields[entity][(number - 1) * PAGE : number * PAGE]
        more = len(self.fields[entity]) > number * PAGE
        following = f"{self.server.base}/api/v4/{entity}/custom_fields?page={number + 1}"
        return listed("custom_fields", items, following if more else None) if items else EMPTY

    def pipeline(self, name: str, stages: list[str], **more: Any) -> Json:
        made: Json = {"id": next(self.ids), "name": name, "sort": 1, "is_main": False, "is_archive": False} | more
        closed = [self.stage("Успешно реализовано", 142), self.stage("Закрыто и не реализовано", 143)]
        made["_embedded"] = {"statuses": [*(self.stage(stage) for stage in stages), *closed]}
        return made

    def stage(self, name: str, id_: int | None = None) -> Json:
        return {"id": id_ or next(self.ids), "name": name, "sort": 10, "color": "#fffeb2", "type": 0}

    def make_pipelines(self, asked: Asked) -> Reply:
        made = [
            self.pipeline(item["name"], [s["name"] for s in item["_embedded"]["statuses"]], sort=item["sort"])
            for item in asked.body
        ]
        self.pipelines += made
        return self.total("pipelines", made)

    def accept_stages(self, pipeline: Json) -> None:
        def make(asked: Asked) -> Reply:
            made = [self.stage(item["name"]) for item in asked.body]
            pipeline["_embedded"]["statuses"] += made
            return self.total("statuses", made)

        self.server.on(f"POST /api/v4/leads/pipelines/{pipeline['id']}/statuses", make)

    def show_groups(self, entity: Entity, _: Asked) -> Reply:
        return self.total("custom_field_groups", self.groups[entity])

    def make_groups(self, entity: Entity, asked: Asked) -> Reply:
        made = [{"id": f"{entity}_{next(self.ids)}", "type": "custom_field_group"} | item for item in asked.body]
        self.groups[entity] += made
        return Reply(201, {"_embedded": {"custom_field_groups": made}})

    def make_fields(self, entity: Entity, asked: Asked) -> Reply:
        made = [self.field(entity, **item) for item in asked.body]
        return Reply(201, {"_total_items": len(made), "_embedded": {"custom_fields": made}})

    def field(self, entity: Entity, **item: Any) -> Json:
        field: Json = {"id": next(self.ids), "code": None, "is_required": False, "required_statuses": []} | item
        field["enums"] = [enum | {"id": next(self.ids)} for enum in item.get("enums", [])] or None
        self.fields[entity].append(field)
        self.server.on(f"PATCH /api/v4/{entity}/custom_fields/{field['id']}", lambda asked: self.patch(field, asked))
        return field

    def patch(self, field: Json, asked: Asked) -> Reply:
        """As documented: an enum that comes without its id is a new one."""
        field["enums"] = [enum | {"id": enum.get("id") or next(self.ids)} for enum in asked.body["enums"]]
        return Reply(200, field)

    def named(self, entity: Entity, name: str) -> Json:
        return next(field for field in self.fields[entity] if field["name"] == name)
