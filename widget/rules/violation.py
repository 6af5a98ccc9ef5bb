"""What can be wrong with a widget's archive: one name for each rule. It knows nothing of how a rule is checked."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """amoCRM's rules that a program can check; marked (ours): stricter than what amoCRM asks."""

    ARCHIVE_NAME = "archive.name"
    ARCHIVE_ZIP = "archive.zip"
    ARCHIVE_ROOT = "archive.root"
    ARCHIVE_MISSING = "archive.missing"
    ARCHIVE_UNKNOWN = "archive.unknown"
    ARCHIVE_UNUSED = "archive.unused"
    ARCHIVE_SIZE = "archive.size"  # ours
    TEXT_UTF8 = "text.utf8"
    TEXT_BOM = "text.bom"
    TEXT_LINES = "text.lines"

    IMAGE_MISSING = "image.missing"
    IMAGE_FORMAT = "image.format"
    IMAGE_SIZE = "image.size"
    IMAGE_WEIGHT = "image.weight"

    MANIFEST_JSON = "manifest.json"
    MANIFEST_MISSING = "manifest.missing"
    MANIFEST_UNKNOWN = "manifest.unknown"
    MANIFEST_TYPE = "manifest.type"
    MANIFEST_INTERFACE = "manifest.interface_version"
    MANIFEST_VERSION = "manifest.version"
    MANIFEST_LOCALE = "manifest.locale"
    MANIFEST_TEXT = "manifest.text"
    MANIFEST_SUPPORT = "manifest.support"
    MANIFEST_INSTALLATION = "manifest.installation"
    MANIFEST_SHOWCASE = "manifest.showcase"
    MANIFEST_LOCATION = "manifest.location"
    MANIFEST_SUFFIX = "manifest.suffix"
    MANIFEST_EVERYWHERE = "manifest.everywhere"
    MANIFEST_CARD_SDK = "manifest.card_sdk"
    MANIFEST_AREA = "manifest.area"
    MANIFEST_SETTINGS = "manifest.settings"
    MANIFEST_CUSTOM = "manifest.custom"
    MANIFEST_DP = "manifest.dp"
    MANIFEST_ADDRESS = "manifest.address"
    MANIFEST_TOUR = "manifest.tour"
    MANIFEST_SALESBOT = "manifest.salesbot"

    TEXTS_JSON = "texts.json"
    TEXTS_LOCALE = "texts.locale"
    TEXTS_STRUCTURE = "texts.structure"
    TEXTS_LANGUAGE = "texts.language"
    TEXTS_NAME = "texts.name"
    TEXTS_LINKS = "texts.links"
    TEXTS_SUPPORT = "texts.support"

    JS_SYNTAX = "js.syntax"
    JS_EVAL = "js.eval"
    JS_DIALOG = "js.dialog"
    JS_CONSOLE = "js.console"  # ours: amoCRM allows console.trace where something failed
    JS_SCRIPT = "js.script"
    JS_EXTERNAL = "js.external"
    JS_SYNC = "js.sync"
    JS_LOOP = "js.loop"
    JS_MINIFIED = "js.minified"
    JS_OBFUSCATED = "js.obfuscated"
    JS_COMMENTED = "js.commented-code"
    JS_LEFTOVER = "js.leftover"
    JS_DEFINE = "js.define"
    JS_DEPENDENCY = "js.dependency"
    JS_UNDECLARED = "js.undeclared"
    JS_GLOBAL = "js.global"
    JS_APP = "js.app"
    JS_ALIAS = "js.deprecated-alias"  # ours: amoCRM still allows to read it
    JS_CALLBACKS = "js.callbacks"
    JS_AREA = "js.area"
    JS_SWITCHER = "js.switcher"
    JS_CLICK = "js.click"

    CSS_SYNTAX = "css.syntax"
    CSS_ROOT = "css.root"
    CSS_GLOBAL = "css.global"
    CSS_SIBLING = "css.sibling"
    CSS_EXTERNAL = "css.external"
    CSS_COVERS = "css.covers"  # ours: what is fixed to the window lies over amoCRM's controls sooner or later
    CSS_MINIFIED = "css.minified"
    CSS_COMMENTED = "css.commented-code"


@dataclass(frozen=True, order=True)
class Violation:
    """Where a rule does not hold, and what to do."""

    file: str
    line: int
    rule: Rule
    advice: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.rule}: {self.advice}"
