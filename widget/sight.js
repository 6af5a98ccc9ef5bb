/* Whether an element is seen: in a visible tab, on the page, not folded away. And whether the paper behind it is dark. */
define([], function () {
  'use strict';

  const LOOK_MS = 5000;

  /** @param changed (isSeen) => called at `start` if it is seen, at every change, and when the element has left the page */
  function watch(place, changed) {
    let was = false;
    let beat = null;

    function look() {
      const is = isSeen(place);
      if (is === was && place.isConnected) { return; }
      was = is;
      changed(is);
    }

    const observer = new IntersectionObserver(look);
    return {
      /* Whoever asks must not see another thing than was told last: what is not told again would wait for ever. */
      now: function () { look(); return was; },
      start: function () {
        observer.observe(place);
        document.addEventListener('visibilitychange', look);
        beat = setInterval(look, LOOK_MS);
        look();
      },
      stop: function () {
        observer.disconnect();
        document.removeEventListener('visibilitychange', look);
        clearInterval(beat);
      },
    };
  }

  function isSeen(place) {
    return document.visibilityState === 'visible' && place.isConnected && place.getClientRects().length > 0 && !isFolded(place);
  }

  /* A block may be folded by its height alone. */
  function isFolded(place) {
    for (let node = place.parentElement; node; node = node.parentElement) {
      if (node.clientHeight === 0 && getComputedStyle(node).overflowY !== 'visible') { return true; }
    }
    return false;
  }

  /** The card may be dark while the computer's theme is light, and the other way round: the paper behind decides. */
  function isDark(place) {
    for (let node = place; node; node = node.parentElement) {
      const found = /rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)/.exec(getComputedStyle(node).backgroundColor);
      if (found && found[4] !== '0') { return +found[1] * 0.3 + +found[2] * 0.6 + +found[3] * 0.1 < 128; }
    }
    return false;
  }

  /** Calls `changed` when the page turned dark or light; @returns a function that ends it. */
  function paper(place, changed) {
    let was = isDark(place);
    const observer = new MutationObserver(function () {
      if (isDark(place) === was) { return; }
      was = !was;
      changed();
    });
    [document.documentElement, document.body].forEach(function (node) { observer.observe(node, { attributes: true }); });
    return function () { observer.disconnect(); };
  }

  return { isDark: isDark, paper: paper, watch: watch };
});
