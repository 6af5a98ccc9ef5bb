"""An account's schema for tests: every field of ours has an id that tells which it is."""

from hub.amocrm.schema import CrmSchema, FieldRef, PipelineRef
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, ContactField, DealField

PRIMARY, REPEAT = 31, 32
BOOKED = 311

DEAL_IDS = {key: 500 + place for place, key in enumerate(DEAL_FIELDS)}
CONTACT_IDS = {key: 700 + place for place, key in enumerate(CONTACT_FIELDS)}
STATUS_OPTIONS = {text: 9000 + place for place, text in enumerate(DEAL_FIELDS[DealField.VISIT_STATUS].options)}


def schema(
    *, zone: str = "Europe/Moscow", filter_enabled: bool = True, without: frozenset[DealField] = frozenset()
) -> CrmSchema:
    return CrmSchema(
        zone=zone,
        filter_enabled=filter_enabled,
        deal_fields={
            key: FieldRef(id=id_, options=STATUS_OPTIONS if key is DealField.VISIT_STATUS else {})
            for key, id_ in DEAL_IDS.items()
            if key not in without
        },
        contact_fields={key: FieldRef(id=id_) for key, id_ in CONTACT_IDS.items()},
        pipelines={
            "primary": PipelineRef(id=PRIMARY, stages={"new": 310, "booked": BOOKED, "cancelled": 312}),
            "repeat": PipelineRef(id=REPEAT, stages={"new": 320, "booked": 321, "cancelled": 322, "visited": 323}),
        },
    )


def deal_id(key: DealField) -> int:
    return DEAL_IDS[key]


def contact_id(key: ContactField) -> int:
    return CONTACT_IDS[key]
