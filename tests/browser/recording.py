"""A tiny widget that writes down what amoCRM's page calls, and shows its `self` to the test as `window.seen`."""

import json
from pathlib import Path

from tests.widget.archives import packed, png
from widget.rules.files import LOGOS

LOCATIONS = ["lcard-1", "ccard-1", "settings", "advanced_settings"]
_MANIFEST = {
    "widget": {
        "name": "widget.name",
        "description": "widget.description",
        "short_description": "widget.short_description",
        "version": "1.2.3",
        "interface_version": 2,
        "init_once": False,
        "locale": ["ru"],
        "installation": True,
        "support": {"email": "help@example.ru"},
    },
    "settings": {"key": {"name": "settings.key", "type": "text", "required": False}},
    "advanced": {"title": "widget.name"},
}
_TEXTS = {
    "widget": {"name": "Пишущий", "short_description": "Кратко", "description": "Подробно"},
    "settings": {"key": "Ключ"},
}
_SCRIPT = """
define(['jquery', 'underscore', 'backbone', 'moment', 'twigjs', 'lib/components/base/modal', './part.js'],
  function ($, underscore, backbone, moment, twigjs, Modal, part) {
    return function () {
      const self = this;
      const note = function (name) {
        return function () {
          window.seen.calls.push([name, APP.getWidgetsArea(), APP.data.current_card && APP.data.current_card.id]);
          if (name === 'render' && APP.isCard()) {
            const body = '<b class="mine__b">{{ word }}</b>';
            self.render_template({ caption: { class_name: 'mine' }, body: '', render: body }, { word: part.word });
          }
          if (name === 'advancedSettings') {
            document.getElementById('work-area-' + self.get_settings().widget_code).textContent = part.word;
          }
          return true;
        };
      };
      window.seen = window.seen || { calls: [] };
      window.seen.self = self;
      window.seen.modules = { $: $, underscore: underscore, backbone: backbone, moment: moment, twigjs: twigjs, Modal: Modal };
      this.callbacks = {};
      ['render', 'init', 'bind_actions', 'settings', 'onSave', 'advancedSettings', 'destroy'].forEach(function (name) {
        self.callbacks[name] = note(name);
      });
      return this;
    };
  });
"""


def build(target: Path, locations: list[str] = LOCATIONS) -> Path:
    """Write the archive."""
    manifest = _MANIFEST | {"locations": locations}
    if "advanced_settings" not in locations:
        del manifest["advanced"]
    files = {
        "manifest.json": json.dumps(manifest),
        "script.js": _SCRIPT,
        "part.js": "define([], function () { return { word: 'part' }; });",
        "i18n/ru.json": json.dumps(_TEXTS),
    }
    pictures = {f"images/{name}.png": png(*size) for name, size in LOGOS.items()}
    target.write_bytes(packed({name: text.encode() for name, text in files.items()} | pictures))
    return target
