"""Floor M1: what a process weighs that imports the agent's libraries and does nothing with them."""

import asyncio  # noqa: F401 weighed
import importlib
import json
import sqlite3  # noqa: F401
from pathlib import Path

import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
import jwt  # noqa: F401
import phonenumbers  # noqa: F401
import pydantic  # noqa: F401
import sqlglot  # noqa: F401
import websockets.asyncio.client  # noqa: F401

importlib.import_module("pyodbc")  # it has no types


def resident_mib(process: int | str = "self") -> float:
    """Of a process, as Linux counts it."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


if __name__ == "__main__":
    print(json.dumps({"mib": resident_mib()}), flush=True)
