"""What an account calls our things: ids of fields, of options, of pipelines and stages. Kept as JSON in `accounts.crm_schema`. Pure."""

from pydantic import BaseModel, ConfigDict

from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, ContactField, DealField
from hub.rules.model import Role


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FieldRef(_Part):
    """A field of ours; `options` are the enum ids of a select by their text."""

    id: int
    options: dict[str, int] = {}


class PipelineRef(_Part):
    """A pipeline of ours; `stages` by the preset's key."""

    id: int
    stages: dict[str, int] = {}


class CrmSchema(_Part):
    """All of an account. `filter_enabled`: the paid option without which amoCRM silently ignores filters (amocrm.md 4.7)."""

    zone: str = "Europe/Moscow"
    filter_enabled: bool = False
    deal_fields: dict[DealField, FieldRef] = {}
    contact_fields: dict[ContactField, FieldRef] = {}
    pipelines: dict[Role, PipelineRef] = {}
    stage_names: dict[int, dict[int, str]] = {}
    """Of all the account's pipelines, as they were called when it was last prepared: by pipeline and stage."""

    def stage_name(self, pipeline_id: int, stage_id: int) -> str | None:
        """What people call a stage; None: it was not there yet."""
        return self.stage_names.get(pipeline_id, {}).get(stage_id)

    def lacks(self) -> tuple[str, ...]:
        """Fields of this release that were never made in the account: `prepare` makes them."""
        return tuple(f"deal.{key}" for key in DEAL_FIELDS if key not in self.deal_fields) + tuple(
            f"contact.{key}" for key in CONTACT_FIELDS if key not in self.contact_fields
        )
