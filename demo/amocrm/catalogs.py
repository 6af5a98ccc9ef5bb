"""Lists (catalogs) and their elements, without custom fields: of goods, of invoices, of anything."""

from collections import Counter
from typing import Literal

from demo.amocrm.bodies import Item, Name
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.checks import Checks, batch, existing, named, single
from demo.amocrm.errors import Refused
from demo.amocrm.model import Catalog, Element, Json
from demo.amocrm.query import PAGES, Spec, refuse_not_numbers
from demo.amocrm.store import Account

_MOST = {"regular": 10, "invoices": 1, "products": 1}


class CatalogCreate(Item):
    name: Name
    type: Literal["regular", "invoices", "products"] = "regular"
    sort: int = 0
    can_add_elements: bool = False
    can_link_multiple: bool = False


class CatalogPatch(Item):
    id: int | None = None
    name: Name = "-"
    can_add_elements: bool = False
    can_link_multiple: bool = False


class ElementCreate(Item):
    name: Name


class ElementPatch(Item):
    id: int | None = None
    name: Name = "-"


def _shape(call: Call, catalog: Catalog) -> Json:
    return {
        "id": catalog.id,
        "name": catalog.name,
        "created_by": catalog.created_by,
        "updated_by": catalog.updated_by,
        "created_at": catalog.created_at,
        "updated_at": catalog.updated_at,
        "sort": catalog.sort,
        "type": catalog.kind,
        "can_add_elements": catalog.can_add_elements,
        "can_show_in_cards": False,
        "can_link_multiple": catalog.can_link_multiple,
        "can_be_deleted": catalog.kind == "regular",
        "sdk_widget_code": None,
        "account_id": call.account.id,
        "_links": call.itself(f"catalogs/{catalog.id}"),
    }


def _element_shape(call: Call, catalog: Catalog, element: Element) -> Json:
    return {
        "id": element.id,
        "catalog_id": catalog.id,
        "name": element.name,
        "created_by": element.created_by,
        "updated_by": element.updated_by,
        "created_at": element.created_at,
        "updated_at": element.updated_at,
        "is_deleted": False,
        "custom_fields_values": None,
        "account_id": call.account.id,
        "_links": call.itself(f"catalogs/{catalog.id}/elements/{element.id}"),
    }


def _catalog(call: Call) -> Catalog:
    catalog = call.account.catalogs.get(call.ids[0])
    if catalog is None:
        raise Refused(404, "No such catalog.")
    return catalog


def _list(call: Call) -> Answer:
    found = sorted(call.account.catalogs.values(), key=lambda catalog: (catalog.sort, catalog.id))
    return page(call, "catalogs", found, lambda catalog: _shape(call, catalog))


def _one(call: Call) -> Answer:
    return Answer(200, _shape(call, _catalog(call)))


def _create(call: Call) -> Answer:
    kinds = Counter(catalog.kind for catalog in call.account.catalogs.values())

    def prepare(body: CatalogCreate, checks: Checks) -> CatalogCreate:
        kinds[body.type] += 1
        if kinds[body.type] > _MOST[body.type]:
            checks.refuse("TooMany", "type", f"An account holds {_MOST[body.type]} of this type or less.")
        return body

    plans = batch(call.body, CatalogCreate, prepare)
    made = [(name, _made(call.account, body, call.actor.id)) for name, body in plans]
    return written(call, "catalogs", [{**_shape(call, catalog), "request_id": name} for name, catalog in made])


def _made(account: Account, body: CatalogCreate, by: int) -> Catalog:
    now = account.now()
    catalog = Catalog(account.next_id("catalog"), body.name, body.type, body.sort, by, by, now, now)
    catalog.can_add_elements, catalog.can_link_multiple = body.can_add_elements, body.can_link_multiple
    account.catalogs[catalog.id] = catalog
    return catalog


def _patch_many(call: Call) -> Answer:
    seen: set[int] = set()

    def prepare(body: CatalogPatch, checks: Checks) -> tuple[Catalog, CatalogPatch] | None:
        catalog = named(call.account.catalogs, body.id, seen, checks)
        return (catalog, body) if catalog else None

    plans = [(name, plan) for name, plan in batch(call.body, CatalogPatch, prepare) if plan]
    return written(call, "catalogs", [{**_patched(call, *plan), "request_id": name} for name, plan in plans])


def _patch_one(call: Call) -> Answer:
    catalog = existing(call.account.catalogs, call.ids[0])

    def prepare(body: CatalogPatch, checks: Checks) -> CatalogPatch:
        checks.choice("id", body.id in (None, catalog.id))
        return body

    return Answer(200, _patched(call, catalog, single(call.body, CatalogPatch, prepare)))


def _patched(call: Call, catalog: Catalog, body: CatalogPatch) -> Json:
    for name, value in body.given("name", "can_add_elements", "can_link_multiple").items():
        setattr(catalog, name, value)
    catalog.updated_by, catalog.updated_at = call.actor.id, call.account.now()
    return _shape(call, catalog)


def _elements(call: Call) -> Answer:
    catalog, wanted = _catalog(call), call.query.wanted()
    refuse_not_numbers(wanted, "id")
    ids = set(map(int, wanted["id"])) if "id" in wanted else catalog.elements.keys()
    found = [element for element in catalog.elements.values() if element.id in ids]
    return page(call, "elements", found, lambda element: _element_shape(call, catalog, element))


def _element(call: Call) -> Answer:
    catalog = _catalog(call)
    element = catalog.elements.get(call.ids[1])
    return Answer(200, _element_shape(call, catalog, element)) if element else EMPTY


def _add_elements(call: Call) -> Answer:
    catalog, by, now = _catalog(call), call.actor.id, call.account.now()
    done = []
    for name, body in batch(call.body, ElementCreate, lambda body, _: body):
        element = Element(call.account.next_id("element"), body.name, by, by, now, now)
        catalog.elements[element.id] = element
        done.append({**_element_shape(call, catalog, element), "request_id": name})
    return written(call, "elements", done)


def _patch_elements(call: Call) -> Answer:
    catalog, seen = _catalog(call), set[int]()

    def prepare(body: ElementPatch, checks: Checks) -> tuple[Element, ElementPatch] | None:
        element = named(catalog.elements, body.id, seen, checks)
        return (element, body) if element else None

    plans = [(name, plan) for name, plan in batch(call.body, ElementPatch, prepare) if plan]
    done = [{**_patched_element(call, catalog, *plan), "request_id": name} for name, plan in plans]
    return written(call, "elements", done)


def _patch_element(call: Call) -> Answer:
    catalog = _catalog(call)
    element = existing(catalog.elements, call.ids[1])

    def prepare(body: ElementPatch, checks: Checks) -> ElementPatch:
        checks.choice("id", body.id in (None, element.id))
        return body

    return Answer(200, _patched_element(call, catalog, element, single(call.body, ElementPatch, prepare)))


def _patched_element(call: Call, catalog: Catalog, element: Element, body: ElementPatch) -> Json:
    element.name = body.given("name").get("name", element.name)
    element.updated_by, element.updated_at = call.actor.id, call.account.now()
    return _element_shape(call, catalog, element)


ROUTES = [
    Route("GET", "catalogs", _list, PAGES),
    Route("POST", "catalogs", _create),
    Route("PATCH", "catalogs", _patch_many),
    Route("GET", "catalogs/{}", _one),
    Route("PATCH", "catalogs/{}", _patch_one),
    Route("GET", "catalogs/{}/elements", _elements, Spec(paged=True, filters=(r"filter\[id\](\[\d*\])?",))),
    Route("POST", "catalogs/{}/elements", _add_elements),
    Route("PATCH", "catalogs/{}/elements", _patch_elements),
    Route("GET", "catalogs/{}/elements/{}", _element),
    Route("PATCH", "catalogs/{}/elements/{}", _patch_element),
]
