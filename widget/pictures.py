"""Draws the widget's pictures: a tooth of two curves on amoCRM's blue, at the sizes that amoCRM asks for. Standard library only."""

import struct
import zlib

SIZES = {
    "logo_main": (400, 272),
    "logo_small": (108, 108),
    "logo": (130, 100),
    "logo_medium": (240, 84),
    "logo_min": (84, 84),
}
_BLUE, _WHITE = (31, 109, 181), (255, 255, 255)
_SHARP = 3
"""Each point is looked at so many times across and down, so that edges are smooth."""


def png(width: int, height: int) -> bytes:
    """The picture as a PNG file."""
    rows = b"".join(
        b"\0" + bytes(channel for x in range(width) for channel in _colour(x, y, width, height)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


def _colour(x: int, y: int, width: int, height: int) -> tuple[int, int, int]:
    unit = min(width, height) / 2 * 0.8
    steps = [(step + 0.5) / _SHARP for step in range(_SHARP)]
    inside = sum(_in_tooth((x + dx - width / 2) / unit, (y + dy - height / 2) / unit) for dx in steps for dy in steps)
    share = inside / _SHARP**2
    return tuple(round(blue + (white - blue) * share) for blue, white in zip(_BLUE, _WHITE, strict=True))  # type: ignore[return-value]


def _in_tooth(x: float, y: float) -> bool:
    """A crown of two bumps, two roots with an arch between them; both axes from -1 to 1."""
    crown = (abs(x) - 0.32) ** 2 / 0.42**2 + (y + 0.3) ** 2 / 0.5**2 < 1 or (abs(x) < 0.36 and -0.62 < y < 0.1)
    root = abs(x) < 0.7 - 0.42 * max(0.0, y) and -0.1 < y < 0.85 and abs(x) > 0.12 + 0.25 * max(0.0, y - 0.2) ** 0.5
    arch = y < 0.35 and abs(x) < 0.6 and y > -0.3
    return crown or root or (arch and abs(x) < 0.55)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
