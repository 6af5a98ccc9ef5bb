"""Pictures of screens in a fraction of their bytes: 256 colours are more than such a picture has to tell.

The first of each kind of colour is kept, so that a small green dot stays green; then those that are seen most."""

import base64
import struct
import zlib
from dataclasses import dataclass

from playwright.async_api import Page

_READ = """async text => {
  const blob = await (await fetch('data:image/png;base64,' + text)).blob();
  const picture = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(picture.width, picture.height), brush = canvas.getContext('2d');
  brush.drawImage(picture, 0, 0);
  const dots = new Uint32Array(brush.getImageData(0, 0, picture.width, picture.height).data.buffer);
  const counts = new Map();
  for (const dot of dots) { counts.set(dot, (counts.get(dot) || 0) + 1); }
  const wanted = Array.from(counts).sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(one => one[0]);
  const kinds = new Set(), kind = dot => dot & 0xf0f0f0;
  const firsts = wanted.filter(dot => !kinds.has(kind(dot)) && kinds.add(kind(dot)));
  const palette = Array.from(new Set([...firsts.slice(0, 200), ...wanted])).slice(0, 256).sort((a, b) => a - b);
  const places = new Map(palette.map((dot, place) => [dot, place]));
  const apart = (a, b) => [0, 8, 16].reduce((sum, at) => sum + ((a >> at & 255) - (b >> at & 255)) ** 2, 0);
  const nearest = dot => palette.reduce((best, one, at) => apart(dot, one) < apart(dot, palette[best]) ? at : best, 0);
  const rows = new Uint8Array(dots.length);
  dots.forEach((dot, at) => {
    if (!places.has(dot)) { places.set(dot, nearest(dot)); }
    rows[at] = places.get(dot);
  });
  let packed = '';
  for (let at = 0; at < rows.length; at += 8192) { packed += String.fromCharCode(...rows.subarray(at, at + 8192)); }
  return { width: picture.width, height: picture.height, rows: btoa(packed),
           palette: palette.flatMap(dot => [dot & 255, dot >> 8 & 255, dot >> 16 & 255]) };
}"""


@dataclass(frozen=True)
class _Read:
    width: int
    height: int
    rows: str
    palette: list[int]


async def compact(picture: bytes, page: Page) -> bytes:
    """The same picture as a PNG with a palette; any page's canvas reads it."""
    read = _Read(**await page.evaluate(_READ, base64.b64encode(picture).decode()))
    rows = base64.b64decode(read.rows)
    lines = b"".join(b"\0" + rows[at : at + read.width] for at in range(0, len(rows), read.width))
    header = struct.pack("!IIBBBBB", read.width, read.height, 8, 3, 0, 0, 0)
    parts = (b"IHDR", header), (b"PLTE", bytes(read.palette)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))
