"""For how long a refusal holds: the CRM is not asked for the same again on the same day under the same settings. What caused it may be
mended in the settings, of which each change is a version, or in the CRM itself, which tells nobody. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hub.rules.settings import Settings
from hub.rules.visits import midnight_after


def refusal(digest: str, settings: Settings, now: datetime) -> str:
    """The mark of what was refused: another one tomorrow, and under other settings."""
    return digest + _holds_for(settings, now)


def holds(mark: str | None, settings: Settings, now: datetime) -> bool:
    """Whether this is the mark of a refusal that holds."""
    return mark is not None and mark.endswith(_holds_for(settings, now))


def ends_at(settings: Settings, now: datetime) -> datetime:
    """When refusals of today hold no longer."""
    return midnight_after(_today(settings, now), ZoneInfo(settings.zone))


def _holds_for(settings: Settings, now: datetime) -> str:
    return f" refused under {settings.version} on {_today(settings, now)}"


def _today(settings: Settings, now: datetime) -> date:
    return now.astimezone(ZoneInfo(settings.zone)).date()
