"""A tiny widget that writes down what amoCRM's page calls, and shows its `self` to the test as `window.seen`."""

import json
import zipfile
from pathlib import Path

LOCATIONS = ["lcard-1", "ccard-1", "settings", "advanced_settings"]
_MANIFEST = {
    "widget": {"name": "widget.name", "version": "1.2.3", "interface_version": 2, "init_once": False, "locale": ["ru"]},
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
_PICTURE = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"
    b"\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\5\0\1\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)


def build(target: Path, locations: list[str] = LOCATIONS) -> Path:
    """Write the archive."""
    files: dict[str, str | bytes] = {
        "manifest.json": json.dumps({**_MANIFEST, "locations": locations}),
        "script.js": _SCRIPT,
        "part.js": "define([], function () { return { word: 'part' }; });",
        "i18n/ru.json": json.dumps(_TEXTS),
        "images/logo_small.png": _PICTURE,
        "images/logo_main.png": _PICTURE,
    }
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target
