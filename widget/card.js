/* One opened card: asks, shows, listens for changes while it is seen, and leaves nothing behind when it is closed.
   The last answer of each card is kept in memory only, so that a card opened again shows something at once. */
define(['./panel.js'], function (panel) {
  'use strict';

  const KEPT = 100;
  const remembered = new Map();

  /** @param place element to fill  @param key {kind: 'deals' | 'contacts', id, contacts} */
  function open(place, key, api, texts) {
    const name = key.kind + ':' + key.id;
    const view = { phase: 'loading', panel: remembered.get(name) || null, stale: true, failed: null };
    let closed = false;
    let source = null;
    let asked = 0;

    const act = {
      choose: function (patient) { change(key.kind === 'deals' ? api.choose(key.id, patient) : null); },
      forget: function () { change(api.forget(key.id)); },
      confirm: key.kind === 'deals' ? function (visit) { change(api.confirm(key.id, visit)); } : null,
      retry: ask,
      copy: copy,
    };

    function draw() {
      if (closed) { return; }
      const node = panel.render(view, act, texts);
      node.classList.toggle('identlink_dark', isDark(place));
      const opened = openDetails(place);
      place.replaceChildren(node);
      reopen(place, opened);
    }

    function ask() {
      view.stale = true;
      draw();
      const mine = ++asked;
      api.card(key.kind, key.id, key.contacts).then(function (answer) { if (mine === asked) { take(answer); } });
    }

    function change(call) {
      if (!call) { return; }
      const mine = ++asked;
      view.stale = true;
      draw();
      call.then(function (answer) { if (mine === asked) { take(answer); } });
    }

    function take(answer) {
      if (closed) { return; }
      view.stale = false;
      view.failed = null;
      if (answer.ok) {
        view.phase = 'answered';
        view.panel = answer.body;
        remember(name, answer.body);
      } else if (answer.reason) {
        view.phase = view.panel ? 'answered' : 'unreachable';
        view.failed = answer.reason;
      } else {
        view.phase = 'unreachable';
      }
      draw();
    }

    function listen() {
      if (closed || source || !isSeen(place)) { return; }
      source = 'asking';
      api.stream(key.kind, key.id).then(function (answer) {
        if (source !== 'asking') { return; }
        source = null;
        if (closed || !answer.ok || !isSeen(place)) { return; }
        source = new EventSource(answer.body.url);
        source.addEventListener('changed', ask);
        source.onerror = mute;
      });
    }

    function mute() {
      if (source && source.close) { source.close(); }
      source = null;
    }

    function look() {
      if (isSeen(place)) { listen(); } else { mute(); }
    }

    const watch = new IntersectionObserver(look);
    watch.observe(place);
    document.addEventListener('visibilitychange', look);
    const beat = setInterval(look, 5000);
    ask();

    return {
      close: function () {
        closed = true;
        mute();
        clearInterval(beat);
        watch.disconnect();
        document.removeEventListener('visibilitychange', look);
        api.abort();
        place.replaceChildren();
      },
    };
  }

  function remember(name, answer) {
    remembered.delete(name);
    remembered.set(name, answer);
    if (remembered.size > KEPT) { remembered.delete(remembered.keys().next().value); }
  }

  function isSeen(place) {
    return document.visibilityState === 'visible' && place.isConnected && place.getClientRects().length > 0;
  }

  /* The card may be dark while the computer's theme is light, and the other way round: the paper behind decides. */
  function isDark(place) {
    for (let node = place; node; node = node.parentElement) {
      const found = /rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)/.exec(getComputedStyle(node).backgroundColor);
      if (found && found[4] !== '0') { return +found[1] * 0.3 + +found[2] * 0.6 + +found[3] * 0.1 < 128; }
    }
    return false;
  }

  function openDetails(place) {
    return Array.from(place.querySelectorAll('details[open] > summary')).map(function (summary) { return summary.textContent; });
  }

  function reopen(place, opened) {
    place.querySelectorAll('details > summary').forEach(function (summary) {
      if (opened.indexOf(summary.textContent) >= 0) { summary.parentElement.open = true; }
    });
  }

  function copy(text, button) {
    navigator.clipboard.writeText(text).then(function () { button.classList.add('identlink__button_done'); });
  }

  return { open: open };
});
