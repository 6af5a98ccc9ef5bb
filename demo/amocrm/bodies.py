"""The bodies that writes take, as far as they are documented and built: strict types, and no other keys."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from demo.amocrm.model import Entity, Json

FieldType: TypeAlias = Literal[
    "text",
    "textarea",
    "url",
    "streetaddress",
    "numeric",
    "checkbox",
    "date",
    "date_time",
    "birthday",
    "select",
    "radiobutton",
    "multiselect",
]
Color: TypeAlias = Literal[
    "#fffeb2", "#fffd7f", "#fff000", "#ffeab2", "#ffdc7f", "#ffce5a", "#ffdbdb",
    "#ffc8c8", "#ff8f92", "#d6eaff", "#c1e0ff", "#98cbff", "#ebffb1", "#deff81",
    "#87f2c0", "#f9deff", "#f3beff", "#ccc8f9", "#eb93ff", "#f2f3f4", "#e6e8ea",
]  # fmt: skip
Money: TypeAlias = Annotated[int, Field(ge=0)]
Name: TypeAlias = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    """Nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    def given(self, *names: str) -> Json:
        """Those of the named keys that the body holds."""
        return {name: getattr(self, name) for name in names if name in self.model_fields_set}


class Item(Part):
    """One of a batch; the answer names it by `request_id`."""

    request_id: str = ""


class TagBody(Part):
    id: int | None = None
    name: str | None = None


class ValueBody(Part):
    value: Any = None
    enum_id: int | None = None
    enum_code: str | None = None


class FieldValuesBody(Part):
    field_id: int | None = None
    field_code: str | None = None
    values: list[ValueBody] | None


class CardBody(Item):
    """What leads and contacts take alike."""

    name: str = ""
    responsible_user_id: int = 0
    updated_by: int = 0
    custom_fields_values: list[FieldValuesBody] = []
    tags_to_add: list[TagBody] = []


class ContactRef(Part):
    id: int
    is_main: bool = False


class TagsEmbedded(Part):
    tags: list[TagBody] | None = None


class CompanyRef(Part):
    id: int


class LeadSource(Part):
    external_id: str
    type: Literal["widget"]


class LeadEmbedded(TagsEmbedded):
    contacts: list[ContactRef] = []
    companies: Annotated[list[CompanyRef], Field(max_length=1)] = []
    source: LeadSource | None = None


class _LeadBody(CardBody):
    price: Money = 0
    status_id: int = 0
    pipeline_id: int = 0
    loss_reason_id: int | None = None


class LeadCreate(_LeadBody):
    created_by: int = 0
    embedded: LeadEmbedded = Field(default=LeadEmbedded(), alias="_embedded")


class ContactCreate(CardBody):
    first_name: str = ""
    last_name: str = ""
    created_by: int = 0
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class CompanyCreate(CardBody):
    created_by: int = 0
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class ComplexContact(ContactCreate):
    """Either an id alone, or a whole new contact."""

    id: int | None = None


class ComplexCompany(CompanyCreate):
    """Either an id alone, or a whole new company."""

    id: int | None = None


class ComplexEmbedded(TagsEmbedded):
    contacts: Annotated[list[ComplexContact], Field(max_length=1)] = []
    companies: Annotated[list[ComplexCompany], Field(max_length=1)] = []


class LeadComplex(_LeadBody):
    created_by: int = 0
    embedded: ComplexEmbedded = Field(default=ComplexEmbedded(), alias="_embedded")


class LeadPatch(_LeadBody):
    id: int | None = None
    tags_to_delete: list[TagBody] = []
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class ContactPatch(CardBody):
    id: int | None = None
    first_name: str = ""
    last_name: str = ""
    tags_to_delete: list[TagBody] = []
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class CompanyPatch(CardBody):
    id: int | None = None
    tags_to_delete: list[TagBody] = []
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class LinkMetadata(Part):
    is_main: bool


class UnlinkBody(Part):
    to_entity_id: int
    to_entity_type: Entity


class MassUnlinkBody(UnlinkBody):
    entity_id: int


class LinkBody(UnlinkBody):
    metadata: LinkMetadata | None = None


class MassLinkBody(LinkBody):
    entity_id: int


class ChoiceBody(Part):
    id: int | None = None
    value: Name
    sort: int
    code: str | None = None


class StageRef(Part):
    pipeline_id: int
    status_id: int


class _FieldBody(Item):
    sort: int = 0
    group_id: str | None = None
    is_api_only: bool = False
    enums: list[ChoiceBody] = []
    required_statuses: list[StageRef] = []
    hidden_statuses: list[StageRef] = []


class FieldCreate(_FieldBody):
    name: Name
    type: FieldType
    code: str | None = None


class FieldPatch(_FieldBody):
    id: int | None = None
    name: Name = "-"


class GroupCreate(Item):
    name: Name
    sort: int


class StatusCreate(Item):
    name: Name
    sort: int
    color: Color


class StatusPatch(Part):
    name: Name = "-"
    sort: int = 0
    color: Color = "#fffeb2"


class PipelinePatch(Part):
    name: Name = "-"
    sort: int = 0
    is_main: bool = False
    is_unsorted_on: bool = False


class StatusInPipeline(Part):
    """A new stage, or another name for 142 or 143."""

    id: Literal[142, 143] | None = None
    name: Name
    sort: int | None = None
    color: Color | None = None


class PipelineEmbedded(Part):
    statuses: Annotated[list[StatusInPipeline], Field(max_length=100)]


class PipelineCreate(Item):
    name: Name
    sort: int
    is_main: bool
    is_unsorted_on: bool
    embedded: PipelineEmbedded = Field(alias="_embedded")


class TagCreate(Item):
    name: Name


class NoteBody(Item):
    note_type: str
    params: dict[str, Any]
    created_by: int = 0
    is_need_to_trigger_digital_pipeline: bool = True


class MassNoteBody(NoteBody):
    entity_id: int


class NotePatch(Item):
    """Type and params are sent whole; the type stays what it was."""

    id: int | None = None
    entity_id: int | None = None
    note_type: str
    params: dict[str, Any]
