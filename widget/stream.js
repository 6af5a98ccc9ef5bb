/* One live connection of a card that is seen: server-sent events, by a ticket that works once. A browser that reconnects by itself
   would come with a used ticket: so each connection that ends is closed here, and the next one has a ticket of its own. */
define([], function () {
  'use strict';

  const SLOTS = 3;
  const STEADY_MS = 10000;
  const LONGEST_MS = 60000;
  const SILENT_MS = 45000;

  /** @param ticket () => answer of the hub  @param on {opened(), lost(), changed(), freshness(value)} */
  function create(ticket, on) {
    let turn = 0;
    let source = null;
    let leave = null;
    let timer = null;
    let silence = null;
    let openedAt = 0;
    let failures = 0;
    let wanted = false;

    function connect() {
      const mine = ++turn;
      slot(0).then(function (release) {
        if (mine !== turn) { if (release) { release(); } return; }
        leave = release;
        if (!release) { again(); return; }
        ticket().then(function (answer) {
          if (mine !== turn) { return; }
          if (!answer.ok) { again(); return; }
          listen(answer.body.url);
        });
      });
    }

    function listen(url) {
      source = new EventSource(url);
      source.onopen = function () { openedAt = Date.now(); on.opened(); };
      source.onerror = lose;
      /* Where the line broke without a word, no error ever comes: the hub's beats are missed. */
      source.addEventListener('beat', function () {
        clearTimeout(silence);
        silence = setTimeout(lose, SILENT_MS);
      });
      source.addEventListener('changed', on.changed);
      source.addEventListener('freshness', function (event) {
        const value = parsed(event.data);
        if (value && value.text) { on.freshness(value); }
      });
    }

    function lose() {
      const wasOpen = openedAt > 0;
      again();
      if (wasOpen) { on.lost(); }
    }

    function drop() {
      turn += 1;
      clearTimeout(timer);
      clearTimeout(silence);
      if (source) { source.close(); }
      if (leave) { leave(); }
      timer = source = leave = null;
    }

    /* Twice as long each time, and by chance: a hub that was restarted is not stormed. */
    function again() {
      const steady = openedAt && Date.now() - openedAt > STEADY_MS;
      drop();
      openedAt = 0;
      failures = steady ? 1 : failures + 1;
      timer = setTimeout(connect, 500 + Math.random() * Math.min(LONGEST_MS, 1000 * Math.pow(2, failures)));
    }

    return {
      open: function () { if (!wanted) { wanted = true; failures = 0; connect(); } },
      close: function () { wanted = false; openedAt = 0; drop(); },
      live: function () { return openedAt > 0; },
    };
  }

  /* Over HTTP/1.1 browsers open six connections to a host. Whatever windows lie side by side, three streams leave room for questions;
     a card without a stream asks now and then. */
  function slot(place) {
    if (!navigator.locks) { return Promise.resolve(function () {}); }
    return new Promise(function (resolve) {
      navigator.locks.request('identlink-stream-' + place, { ifAvailable: true }, function (lock) {
        if (!lock) { resolve(place + 1 < SLOTS ? slot(place + 1) : null); return null; }
        return new Promise(function (release) { resolve(release); });
      }).catch(function () { resolve(function () {}); });
    });
  }

  function parsed(text) {
    try { return JSON.parse(text); } catch (broken) { return null; }
  }

  return { create: create };
});
