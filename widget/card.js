/* One opened card: asks, shows, listens while it is seen, and leaves nothing behind when it is closed.
   The last answer of each card is kept in memory only, so that a card opened again shows something at once; whoever opens cards
   says when it is to be forgotten. */
define(['./dom.js', './panel.js', './stream.js', './sight.js', './copy.js'], function (dom, panel, stream, sight, copy) {
  'use strict';

  const KEPT = 50;
  const remembered = new Map();

  const FRESH_MS = 500;
  const BURST_MS = 150;
  const BETWEEN_MS = 1000;
  const ALONE_MS = 20000;
  const LIVE_MS = 600000;
  const LOST_MS = 2000;
  const LONGEST_MS = 60000;
  const SHUT = ['refused', 'not_configured'];
  const SHUT_MS = 120000;
  const TOLD_MS = 2500;
  const REFUSED_MS = 8000;

  /** @param place element to fill  @param key {kind: 'deals' | 'contacts', id, contacts} */
  function open(place, key, api, texts) {
    const name = key.kind + ':' + key.id;
    const deal = key.kind === 'deals';
    const view = { phase: 'loading', panel: remembered.get(name) || null, stale: true, failed: null, refused: null, told: '', done: null, search: null, support: api.support };
    let root = null;
    let closed = false;
    let flying = null;
    let turn = 0;
    let again = false;
    let answeredAt = 0;
    let failures = 0;
    let timer = null;
    let dueAt = Infinity;
    let telling = null;
    let refusing = null;

    const act = {
      choose: deal ? function (patient) { change(function () { return api.choose(key.id, patient); }); } : null,
      forget: deal ? function () { change(function () { return api.forget(key.id); }); } : null,
      confirm: deal ? function (visit) { change(function () { return api.confirm(key.id, visit); }, texts.confirm_told); } : null,
      search: deal ? find : null,
      retry: ask,
      copy: function (what, text) {
        copy.copy(text, place).then(function (done) { if (!closed) { tell(done ? texts.copied : texts.copy_failed, done ? what : null); } });
      },
    };

    const live = stream.create(function () { return api.stream(key.kind, key.id); }, {
      opened: function () {
        unplan();
        soon(failures || Date.now() - answeredAt > FRESH_MS ? BURST_MS : LIVE_MS);
      },
      /* Whether the hub is gone, the next question tells; all cards of a hub that goes lose their streams at once. */
      lost: function () { soon(LOST_MS * (0.25 + Math.random())); },
      changed: function () { soon(BURST_MS); },
      freshness: freshen,
    });
    const seen = sight.watch(place, look);
    const unpaper = sight.paper(place, draw);

    function draw() {
      if (closed) { return; }
      const next = rendered();
      next.classList.toggle('identlink_dark', sight.isDark(place));
      const inside = root && root.contains(document.activeElement);
      if (root && root.parentNode === place) { root = dom.morph(root, next); } else { root = next; place.replaceChildren(root); }
      if (inside && !root.contains(document.activeElement)) { root.focus({ preventScroll: true }); }
    }

    /* A newer hub may say what cannot be drawn here: the operator reads a sentence, and the page around goes on. */
    function rendered() {
      try { return panel.render(view, act, texts); } catch (broken) {
        remembered.delete(name);
        return panel.render(Object.assign({}, view, { phase: 'failed', panel: null, failed: texts.undrawable }), act, texts);
      }
    }

    /* One question at a time; what asks meanwhile asks once more afterwards. */
    function ask() {
      if (closed) { return; }
      unplan();
      if (flying) { again = true; return; }
      send('question', api.card(key.kind, key.id, key.contacts));
    }

    /* An answer that was on its way when the operator acted is not shown any more. */
    function change(call, told) {
      if (flying === 'change') { return; }
      unplan();
      refuse(null);
      send('change', call(), told);
    }

    function send(what, call, told) {
      const mine = ++turn;
      flying = what;
      view.stale = true;
      draw();
      call.then(function (answer) {
        if (closed || mine !== turn) { return; }
        flying = null;
        answeredAt = Date.now();
        take(answer, what);
        if (answer.ok && told) { tell(told, null); }
        plan();
      });
    }

    function take(answer, what) {
      view.stale = false;
      view.failed = null;
      if (answer.ok) {
        failures = 0;
        view.phase = 'answered';
        view.panel = answer.body;
        view.search = what === 'change' ? null : view.search;
        remember(name, answer.body);
      } else if (what === 'change' && answer.reason) {
        refuse(answer.reason);
        again = true;
      } else {
        failures += 1;
        view.phase = answer.status === 401 ? 'expired' : answer.reason ? 'failed' : 'unreachable';
        view.failed = answer.reason;
        if (answer.status === 403 || answer.status === 404) { view.panel = null; remembered.delete(name); }
      }
      draw();
    }

    /* When to ask again by itself: at once if somebody asked meanwhile, seldom under a live stream, ever more seldom in vain. */
    function plan() {
      if (!seen.now()) { return; }
      if (again) { again = false; soon(BURST_MS); return; }
      const grown = Math.min(LONGEST_MS, 1000 * Math.pow(2, failures));
      if (failures) { soon(grown * (0.5 + Math.random() / 2)); return; }
      if (SHUT.indexOf(view.panel.state) >= 0) {
        live.close();
        soon(SHUT_MS);
      } else {
        live.open();
        soon(live.live() ? LIVE_MS : ALONE_MS);
      }
    }

    function soon(ms) {
      const at = Math.max(Date.now() + ms, answeredAt + BETWEEN_MS);
      if (closed || at >= dueAt) { return; }
      unplan();
      dueAt = at;
      timer = setTimeout(ask, at - Date.now());
    }

    function unplan() {
      clearTimeout(timer);
      dueAt = Infinity;
    }

    /* A clinic that left or came back changes what may be shown as it stands, not only the line above it. */
    function freshen(value) {
      if (!view.panel) { return; }
      const turned = (view.panel.state === 'offline') !== (value.mis === 'offline');
      view.panel = Object.assign({}, view.panel, { freshness: value });
      draw();
      if (turned) { soon(BURST_MS); }
    }

    function find(text) {
      view.search = { busy: true, persons: [], more: false, failed: null };
      draw();
      const mine = view.search;
      api.search(text).then(function (answer) {
        if (closed || view.search !== mine) { return; }
        view.search = answer.ok ? { busy: false, persons: answer.body.persons || [], more: answer.body.more, unsearched: answer.body.unsearched, failed: null }
          : { busy: false, persons: null, more: false, failed: answer.reason || texts.unreachable };
        draw();
      });
    }

    function tell(text, done) {
      clearTimeout(telling);
      view.told = text;
      view.done = done;
      draw();
      telling = setTimeout(function () { view.told = ''; view.done = null; draw(); }, TOLD_MS);
    }

    /* Stands for a while beside what is asked anew: the question that was under way at the click was dropped, and the hub may have
       refused because the card is old. */
    function refuse(reason) {
      clearTimeout(refusing);
      view.refused = reason;
      if (reason) { refusing = setTimeout(function () { view.refused = null; draw(); }, REFUSED_MS); }
    }

    function look(isSeen) {
      if (!place.isConnected) { close(); return; }
      if (isSeen) { ask(); } else { unplan(); live.close(); }
    }

    function close() {
      closed = true;
      live.close();
      seen.stop();
      unpaper();
      unplan();
      clearTimeout(telling);
      clearTimeout(refusing);
      api.abort();
      place.replaceChildren();
    }

    draw();
    seen.start();
    return { close: close };
  }

  function remember(name, answer) {
    remembered.delete(name);
    if (answer.state === 'refused') { return; }
    remembered.set(name, answer);
    if (remembered.size > KEPT) { remembered.delete(remembered.keys().next().value); }
  }

  /** What was seen is nobody's any more. */
  function forget() {
    remembered.clear();
  }

  return { forget: forget, open: open };
});
