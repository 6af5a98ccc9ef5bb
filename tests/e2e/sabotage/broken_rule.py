"""A hub that forgot R1: a cancelled visit with nothing ahead leaves its deal where it stands."""

import sys

from hub.__main__ import main
from hub.rules.model import Stage, Target
from hub.rules.settings import Pipeline

_stage = Pipeline.stage


def _broken(pipeline: Pipeline, target: Target) -> Stage | None:
    return None if target == "cancelled" else _stage(pipeline, target)


if __name__ == "__main__":
    Pipeline.stage = _broken  # type: ignore[assignment,method-assign]  # that is the sabotage
    sys.exit(main())
