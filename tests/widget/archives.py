"""A small widget that keeps every rule, and ways to pack and to spoil one."""

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from widget.rules.files import LOGOS

HUB = "https://hub.example.ru"


@cache
def png(width: int, height: int) -> bytes:
    """A black picture."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes((1 + 3 * width) * height))),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def gif(width: int, height: int) -> bytes:
    """As much of a picture as its size."""
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width: int, height: int) -> bytes:
    """Likewise, with a comment before the frame."""
    return b"\xff\xd8\xff\xfe\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03"


def manifest() -> dict[str, Any]:
    """Of a widget with cards and a page of settings."""
    return {
        "widget": {
            "name": "widget.name",
            "description": "widget.description",
            "short_description": "widget.short_description",
            "version": "1.0.0",
            "interface_version": 2,
            "init_once": False,
            "locale": ["ru", "en"],
            "installation": True,
            "support": {"link": f"{HUB}/support"},
        },
        "locations": ["lcard-1", "settings", "advanced_settings"],
        "settings": {"key": {"name": "widget.key", "type": "text", "required": False}},
        "advanced": {"title": "widget.name"},
    }


RUSSIAN = {"widget": {"name": "Имя", "description": "Длинно", "short_description": "Кратко", "key": "Ключ"}}
ENGLISH = {"widget": {"name": "Name", "description": "Long", "short_description": "Short", "key": "Key"}}
SCRIPT = """/* What amoCRM calls. */
define(['jquery', './part.js'], function ($, part) {
  'use strict';

  return function () {
    const self = this;
    this.callbacks = {
      render: function () { return true; },
      init: function () { part.style(self.get_settings().path + '/style.css'); return true; },
      bind_actions: function () { return true; },
      onSave: function () { return true; },
      advancedSettings: function () { $('#work-area').text(part.word(1)); },
      destroy: function () {},
    };
    return this;
  };
});
"""
PART = f"""/* Words, and the one address. */
define([], function () {{
  'use strict';

  const HUB = '{HUB}';

  function word(count) {{ return `${{count}} / ${{HUB}}`.replace(/[/"'`]+/g, ''); }}

  return {{ style: function (path) {{ return path; }}, word: word }};
}});
"""
STYLE = """/* Everything stands below .identlink. */
.identlink, .identlink__a > b { color: red; }
@media (min-width: 1px) { .identlink p + p { margin: 0; } }
@keyframes identlink-run { 0% { left: 0; } }
"""


def good() -> dict[str, bytes]:
    """Its files."""
    texts = {
        "manifest.json": json.dumps(manifest()),
        "script.js": SCRIPT,
        "part.js": PART,
        "style.css": STYLE,
        "i18n/ru.json": json.dumps(RUSSIAN),
        "i18n/en.json": json.dumps(ENGLISH),
    }
    pictures = {f"images/{stem}.png": png(*size) for stem, size in LOGOS.items()}
    return {name: text.encode() for name, text in texts.items()} | pictures


def packed(files: Mapping[str, bytes], twice: str = "") -> bytes:
    """The archive; one file may lie in it twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, data in [*files.items(), *([(twice, files[twice])] if twice else [])]:
            archive.writestr(name, data)
    return target.getvalue()
