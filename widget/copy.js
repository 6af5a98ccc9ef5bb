/* Puts a text into the clipboard, also where the browser refuses the modern way. */
define([], function () {
  'use strict';

  /** @returns a promise of whether it is there */
  function copy(text, place) {
    if (!navigator.clipboard) { return Promise.resolve(bySelection(text, place)); }
    return navigator.clipboard.writeText(text).then(function () { return true; }, function () { return bySelection(text, place); });
  }

  function bySelection(text, place) {
    const before = document.activeElement;
    const field = document.createElement('textarea');
    field.className = 'identlink__away';
    field.value = text;
    (place.firstElementChild || place).appendChild(field);
    field.select();
    let done = false;
    try { done = document.execCommand('copy'); } catch (refused) { done = false; }
    field.remove();
    if (before && before.focus) { before.focus({ preventScroll: true }); }
    return done;
  }

  return { copy: copy };
});
