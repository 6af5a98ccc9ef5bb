"""Draws the widget's pictures: a tooth, beside the lines of a card where there is room, at the sizes that amoCRM asks for. Nothing in
them looks like a light that tells how things stand: a picture cannot know. Curves become polygons, polygons are filled row by row with
smooth edges. Standard library only."""

import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import cos, pi, sin
from typing import TypeAlias

SIZES = {
    "logo_main": (400, 272),
    "logo_small": (108, 108),
    "logo": (130, 100),
    "logo_medium": (240, 84),
    "logo_min": (84, 84),
}

Point: TypeAlias = tuple[float, float]
Colour: TypeAlias = tuple[float, float, float]
Paint: TypeAlias = Callable[[float, float], Colour]
Layer: TypeAlias = tuple[Sequence[Point], Paint, float]

_SKY, _DEEP = (58, 141, 217), (22, 92, 163)
_ENAMEL, _SHADOW = (255, 255, 255), (207, 226, 245)
_ROWS = 5
"""Each row of points is looked at so many times, so that edges are smooth; across, the covered part is known exactly."""
_WIDE = 1.4
"""From this shape on there is room for the card's lines."""

_HALF = (
    ((0.0, -0.60), (0.17, -0.69), (0.33, -0.82), (0.54, -0.78)),
    ((0.54, -0.78), (0.84, -0.72), (0.92, -0.36), (0.83, -0.04)),
    ((0.83, -0.04), (0.76, 0.20), (0.70, 0.34), (0.67, 0.58)),
    ((0.67, 0.58), (0.63, 0.90), (0.42, 0.98), (0.35, 0.74)),
    ((0.35, 0.74), (0.28, 0.48), (0.22, 0.22), (0.0, 0.22)),
)
"""The right half of the tooth as cubic curves, from the dent of the crown to the arch between the roots; both axes from -1 to 1."""
_LINES = ((-0.52, 1.0), (-0.06, 0.72), (0.40, 0.86))
"""Of the card: where each lies, and how long it is."""


def png(width: int, height: int) -> bytes:
    """The picture as a PNG file."""
    rows = [[_between(_SKY, _DEEP, y / height)] * width for y in range(height)]
    for layer in _layers(width, height):
        _lay(rows, layer)
    return _packed(rows, width, height)


def _layers(width: int, height: int) -> list[Layer]:
    wide = width / height >= _WIDE
    size = min(height * 0.36, width * 0.2) if wide else min(width, height) * 0.36
    x, y = width / 2 - size * (1.13 if wide else 0.0), height / 2
    tooth = [(x + size * px, y + size * py) for px, py in _tooth()]
    layers: list[Layer] = [
        (tooth, lambda px, py: _between(_ENAMEL, _SHADOW, (px - x + py - y) / size / 2), 1.0),
    ]
    if wide:
        left, thick = x + size * 1.5, size * 0.13
        bars = [_bar(left, y + size * (at + 0.06), size * 1.5 * long, thick) for at, long in _LINES]
        layers += [(bar, lambda *_: _ENAMEL, 0.92 if place == 0 else 0.5) for place, bar in enumerate(bars)]
    return layers


def _tooth() -> list[Point]:
    right = [point for curve in _HALF for point in _curve(*curve)]
    return [*right, *((-x, y) for x, y in reversed(right))]


def _curve(a: Point, b: Point, c: Point, d: Point, steps: int = 16) -> list[Point]:
    def at(t: float, axis: int) -> float:
        s = 1 - t
        return s**3 * a[axis] + 3 * s * s * t * b[axis] + 3 * s * t * t * c[axis] + t**3 * d[axis]

    return [(at(step / steps, 0), at(step / steps, 1)) for step in range(steps + 1)]


def _circle(middle: Point, radius: float, start: float = 0.0, turn: float = 2 * pi) -> list[Point]:
    angles = [start + turn * step / 48 for step in range(49)]
    return [(middle[0] + radius * cos(angle), middle[1] + radius * sin(angle)) for angle in angles]


def _bar(left: float, middle: float, length: float, radius: float) -> list[Point]:
    """A line with round ends."""
    right = left + length
    return [*_circle((right, middle), radius, -pi / 2, pi), *_circle((left, middle), radius, pi / 2, pi)]


def _lay(rows: list[list[Colour]], layer: Layer) -> None:
    polygon, paint, strength = layer
    top, bottom = min(y for _, y in polygon), max(y for _, y in polygon)
    for y in range(max(0, int(top)), min(len(rows), int(bottom) + 1)):
        covered = [0.0] * len(rows[y])
        for step in range(_ROWS):
            for left, right in _spans(polygon, y + (step + 0.5) / _ROWS):
                _cover(covered, left, right)
        for x, share in enumerate(covered):
            if share:
                rows[y][x] = _between(rows[y][x], paint(x, y), share / _ROWS * strength)


def _spans(polygon: Sequence[Point], y: float) -> Iterable[tuple[float, float]]:
    """From where to where a row lies inside."""
    edges = pairwise([*polygon, polygon[0]])
    crossed = sorted(x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in edges if (y1 <= y) != (y2 <= y))
    return zip(crossed[::2], crossed[1::2], strict=True)


def _cover(covered: list[float], left: float, right: float) -> None:
    for x in range(max(0, int(left)), min(len(covered), int(right) + 1)):
        covered[x] += max(0.0, min(right, x + 1) - max(left, x))


def _between(one: Colour, other: Colour, share: float) -> Colour:
    part = min(1.0, max(0.0, share))
    return (
        one[0] + (other[0] - one[0]) * part,
        one[1] + (other[1] - one[1]) * part,
        one[2] + (other[2] - one[2]) * part,
    )


def _packed(rows: list[list[Colour]], width: int, height: int) -> bytes:
    """Each row as the difference from the one above: smooth colours pack well."""
    lines = [bytes(round(channel) for colour in row for channel in colour) for row in rows]
    above = [bytes(3 * width), *lines]
    told = b"".join(
        b"\2" + bytes((now - up) % 256 for now, up in zip(line, before, strict=True))
        for line, before in zip(lines, above, strict=False)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(told, 9)) + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
