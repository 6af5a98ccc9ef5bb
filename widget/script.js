/* What amoCRM calls, and nothing else. */
define(['./api.js', './card.js', './settings.js'], function (api, card, settings) {
  'use strict';

  const CONTACTS_MS = 1500;
  const STYLE_MS = 2000;
  const KEPT_MS = 10 * 60 * 1000;

  /* What was seen is kept for the next card, of one user. amoCRM says `destroy` between two cards as it does at the end: so what is
     left is forgotten when nobody opened another card for a while, when the widget is switched off, and when another user comes. */
  let user = null;
  let forgetting = null;

  function enter(who) {
    clearTimeout(forgetting);
    if (user !== who) { forget(); }
    user = who;
  }

  function leave() {
    clearTimeout(forgetting);
    if (user !== null) { forgetting = setTimeout(forget, KEPT_MS); }
  }

  function forget() {
    clearTimeout(forgetting);
    user = null;
    card.forget();
    settings.forget();
  }

  return function () {
    const self = this;
    const hub = api.create(self);
    const waiting = new Set();
    let opened = null;
    let box = null;
    let drawn = 0;
    let styled = Promise.resolve();

    /* Resolves as `promise` does; with `otherwise` if that fails or takes too long. */
    function within(ms, promise, otherwise) {
      return new Promise(function (resolve) {
        const timer = setTimeout(done, ms, otherwise);
        waiting.add(timer);
        promise.then(done, function () { done(otherwise); });

        function done(value) {
          clearTimeout(timer);
          waiting.delete(timer);
          resolve(value);
        }
      });
    }

    /* A test and a released widget may stand in one account: each has a style sheet of its own. */
    function style() {
      return document.getElementById('identlink-style-' + self.get_settings().widget_code);
    }

    function close() {
      drawn += 1;
      if (opened) { opened.close(); }
      opened = null;
    }

    function key() {
      const kind = APP.getBaseEntity();
      const id = APP.isCard() && APP.data.current_card && Number(APP.data.current_card.id);
      return id > 0 && (kind === 'leads' || kind === 'contacts') ? { kind: kind === 'leads' ? 'deals' : 'contacts', id: id } : null;
    }

    function link() {
      const own = self.get_settings();
      const href = own.path.replace(/\/$/, '') + '/style.css?v=' + own.version;
      const old = style();
      if (old && old.getAttribute('href') === href) { return; }
      if (old) { old.remove(); }
      const node = document.createElement('link');
      node.id = 'identlink-style-' + own.widget_code;
      node.rel = 'stylesheet';
      node.href = href;
      styled = within(STYLE_MS, new Promise(function (resolve) { node.onload = node.onerror = resolve; }));
      document.head.appendChild(node);
    }

    function place() {
      return document.querySelector('.card-widgets__widget-' + CSS.escape(self.get_settings().widget_code) + ' .identlink-place');
    }

    /* The contacts come by a promise: if the operator has gone to another card by then, that card's own call draws. */
    function open(asked) {
      const mine = drawn;
      Promise.all([contactsOf(asked), styled]).then(function (done) {
        const found = place();
        if (mine !== drawn || !found) { return; }
        opened = card.open(found, { kind: asked.kind, id: asked.id, contacts: done[0] }, hub, self.i18n('panel'));
      });
    }

    /* The hub knows them too: a promise that does not come holds nothing up. */
    function contactsOf(asked) {
      if (asked.kind === 'contacts') { return Promise.resolve([]); }
      const listed = Promise.resolve().then(function () { return self.get_current_card_contacts_data(); }).then(function (all) {
        return all.map(function (one) { return Number(one.id); }).filter(function (id) { return id > 0; });
      });
      return within(CONTACTS_MS, listed, []);
    }

    this.callbacks = {
      render: function () {
        if (!key()) { return true; }
        self.render_template({
          caption: { class_name: 'identlink-caption', html: '' },
          body: '<div class="identlink-place"></div>',
          render: '',
        });
        return true;
      },
      init: function () {
        enter(self.system().amouser_id);
        link();
        return true;
      },
      bind_actions: function () {
        const asked = key();
        if (asked) {
          close();
          open(asked);
        }
        return true;
      },
      settings: function ($modal) {
        link();
        if (box) { box.close(); }
        box = settings.modal($modal, hub, self.i18n('settings'));
        return true;
      },
      advancedSettings: function () {
        const code = self.get_settings().widget_code;
        const found = document.getElementById('work-area-' + code) || document.getElementById('list_page_holder');
        link();
        close();
        const mine = drawn;
        styled.then(function () {
          if (found && mine === drawn) { opened = settings.open(found, hub, self.i18n('settings')); }
        });
        return true;
      },
      onSave: function (saved) {
        if (saved && saved.active === 'N') { forget(); }
        return true;
      },
      destroy: function () {
        close();
        if (box) { box.close(); }
        box = null;
        hub.abort();
        waiting.forEach(clearTimeout);
        waiting.clear();
        leave();
        if (style()) { style().remove(); }
        return true;
      },
    };
    return this;
  };
});
