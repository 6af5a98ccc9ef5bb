/* A deal's or a contact's card: left what it is, in the middle what happened, right the widgets. Saves what is typed, follows what others do. */
define(['backbone', 'dom', 'state', 'server', 'left', 'stages', 'fields', 'feed', 'column', 'host', 'app_global', 'toasts'],
  function (backbone, dom, state, server, left, stages, fields, feed, column, host, app, toasts) {
    'use strict';

    const KINDS = {
      leads: { area: 'leads_card', location: 'lcard', type: 2, page: 'deal', form: 'lead', name: 'Сделка', empty: 'Новая сделка' },
      contacts: { area: 'contacts_card', location: 'ccard', type: 1, page: 'contact', form: 'contact', name: 'Контакт', empty: 'Без имени' },
    };

    /** Reads the card; what comes back draws it, see shell.js. `go(path)` opens another page; id 0 is a card that nobody saved yet. */
    async function open(entity, id, go) {
      const path = entity + '/' + (id || 'new');
      const told = await server.get(path);
      return function (place) { return draw(place, path, told, go); };
    }

    function draw(place, path, first, go) {
      const view = { card: first, kind: KINDS[first.entity], tab: left.FIRST_TAB, plain: {}, edits: new Map(), choosing: false };
      const entity = first.entity;
      const id = first.id;
      let asked = 0;
      let isLeaving = false;

      const act = {
        back: function () { go('/leads/list/pipeline/' + (view.card.pipeline_id || view.card.pipelines[0].id)); },
        leaving: function (isIt) { isLeaving = isIt; },
        leaveTo: function (path_) { go(path_, { replace: true }); },
        turn: function (tab) {
          view.tab = tab;
          redraw();
        },
        plain: function (key, value) {
          view.plain[key] = value;
          remember(key.toUpperCase(), value);
        },
        typed: function (field, text) {
          view.edits.set(field.id, text);
          remember('CFV][' + field.id, text);
        },
        move: async function (pipelineId, statusId) {
          await attempt(server.patch(path, { pipeline_id: pipelineId, status_id: statusId }));
          root.querySelector('[data-stages]').hidden = true;
          refresh();
        },
        shut: redraw,
        save: save,
        forget: forget,
        write: function (text) { return wrote(server.post(path + '/notes', { text: text })); },
        plan: function (task) { return wrote(server.post(path + '/tasks', task)); },
        finish: function (taskId, result) { return wrote(server.patch('tasks/' + taskId, { result: result })); },
      };

      /* Unsaved values are in the page's model, as in amoCRM; under which keys is not documented. */
      function remember(key, value) {
        app.data.current_card.model.set(view.kind.form + '[' + key + ']', value);
        markDirty();
      }

      function isOpen() { return state.view.card === view.card; }

      function isDirty() { return view.edits.size > 0 || Object.keys(view.plain).length > 0; }

      function markDirty() { root.classList.toggle('card_dirty', isDirty()); }

      async function save() {
        const body = Object.assign({}, view.plain);
        if (view.edits.size) { body.custom_fields_values = fields.body(view.edits, view.card); }
        if (body.price !== undefined) { body.price = parseInt(String(body.price).replace(/\D/g, ''), 10) || 0; }
        const done = await attempt(id ? server.patch(path, body) : server.post(entity, body));
        if (!done || !isOpen()) { return; }
        if (id) { forget(); } else { go('/leads/detail/' + done.id, { replace: true }); }
      }

      function forget() {
        view.edits = new Map();
        view.plain = {};
        app.data.current_card.model.clear();
        redraw();
        refresh();
      }

      async function attempt(call) {
        try {
          return await call;
        } catch (failed) {
          toasts.show('error', 'Не сохранено', failed.message);
          return null;
        }
      }

      /* What others wrote shows at once, but not under the hands of somebody who types or chooses a stage. */
      async function refresh() {
        const mine = ++asked;
        const told = id && !isLeaving ? await server.get(path).catch(gone) : null;
        if (!told || mine !== asked || !isOpen()) { return; } // not to be seen any more, or left meanwhile
        view.card = told;
        state.view.card = told;
        feed.fill(root.querySelector('[data-feed]'), told, act);
        if (!isDirty() && !root.querySelector('[data-stages]:not([hidden])')) { redraw(); }
      }

      /* Somebody deleted it, or made one of it and another. */
      function gone(failed) {
        if (failed.status === 404 && isOpen() && !isLeaving) { go(location.pathname, { replace: true }); }
        return null;
      }

      function redraw() {
        const old = root.querySelector('.card__left');
        const scrolled = old.querySelector('.card__fields').scrollTop;
        const held = old.contains(document.activeElement) && document.activeElement.getAttribute('data-focus');
        const fresh = left.draw(view, act);
        old.replaceWith(fresh);
        fresh.querySelector('.card__fields').scrollTop = scrolled;
        const focus = held && fresh.querySelector('[data-focus="' + held + '"]');
        if (focus) { focus.focus(); }
        markDirty();
        entitle();
      }

      function entitle() { document.title = (view.card.name || view.kind.empty) + ' – amoCRM: стенд'; }

      async function wrote(call) {
        const done = await attempt(call);
        await refresh();
        return done !== null;
      }

      function concerns(what) {
        const isOfDeal = entity === 'leads' && what.entity === 'contacts';
        return (what.entity === entity && what.id === id)
          || (isOfDeal && view.card.contacts.some(function (one) { return one.id === what.id; }));
      }

      const root = dom.h('div', {
        class: 'card', 'data-page': view.kind.page, 'data-card-id': id,
        onpointerdown: function (event) { stages.pressed(root, event.target); },
      });
      state.view = { area: view.kind.area, location: view.kind.location, entity: entity, card: first };
      app.data.current_card = {
        id: id, main_user: first.responsible_user_id, element_type: view.kind.type, model: new backbone.Model({}),
      };
      root.append(left.draw(view, act), feed.draw(first, act), column.draw(first));
      place.replaceChildren(root);
      entitle();
      if (!id) { root.querySelector('.card__name').focus(); }
      host.enter(view.kind.location);

      return {
        changed: function (what) { if (!what || concerns(what)) { refresh(); } },
        leave: function () {
          host.leave();
          app.data.current_card = null;
        },
      };
    }

    return { open: open };
  });
