"""The files that an integrator copies fit the hub of this release."""

import re
from pathlib import Path

from hub.app import GRACE_SECONDS
from hub.config import HubConfig, load

DEPLOY = Path(__file__).parents[2] / "deploy" / "hub"


def environment(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z_]+=", line))


def test_the_example_environment_is_accepted_and_names_every_setting() -> None:
    text = (DEPLOY / "hub.env.example").read_text()

    load(environment(text))

    named = environment(re.sub(r"(?m)^#(?=HUB_)", "", text))
    assert named.keys() == {f"HUB_{field.upper()}" for field in HubConfig.model_fields}
    load(named)


def test_what_the_example_shows_as_default_is_the_default() -> None:
    shown = load(environment((DEPLOY / "hub.env.example").read_text()))
    needed = {"HUB_PUBLIC_URL": "https://hub.example.ru", "HUB_MASTER_KEY_FILE": "k", "HUB_KEYS_DIR": "d"}

    same = {"listen", "ops_listen", "amocrm_rate"}
    assert shown.model_dump(include=same) == load(needed).model_dump(include=same)


def test_the_service_waits_longer_than_the_hub_takes_to_stop() -> None:
    unit = (DEPLOY / "ident-hub.service").read_text()

    assert int(re.findall(r"(?m)^TimeoutStopSec=(\d+)$", unit)[0]) > GRACE_SECONDS
    assert re.findall(r"(?m)^RestartPreventExitStatus=(\d+)$", unit) == ["2"]
    assert re.findall(r"(?m)^ExecStart=\S+/ident-hub run$", unit)
