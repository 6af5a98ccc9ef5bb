/* A deal's or a contact's card: left what it is, in the middle what happened, right the widgets. */
define(['backbone', 'dom', 'words', 'state', 'server', 'fields', 'feed', 'column', 'host', 'app_global', 'toasts'],
  function (backbone, dom, words, state, server, fields, feed, column, host, app, toasts) {
    'use strict';

    const h = dom.h;
    const KINDS = {
      leads: { area: 'leads_card', location: 'lcard', type: 2, form: 'lead', empty: 'Новая сделка' },
      contacts: { area: 'contacts_card', location: 'ccard', type: 1, form: 'contact', empty: 'Новый контакт' },
    };

    /** Reads the card; what comes back draws it, see shell.js. `go(path)` opens another page. */
    async function open(entity, id, go) {
      const path = entity + '/' + (id || 'new');
      const told = await server.get(path);
      return function (place) { return draw(place, entity, id, path, told, go); };
    }

    function draw(place, entity, id, path, first, go) {
      const kind = KINDS[entity];
      let card = first;
      let edits = new Map();
      let plain = {};
      let tab = 'default';
      let asked = 0;

      function isDirty() { return edits.size > 0 || Object.keys(plain).length > 0; }

      function typedPlain(key, value) {
        plain[key] = value;
        app.data.current_card.model.set(kind.form + '[' + key.toUpperCase() + ']', value);
        markDirty();
      }

      function typed(field, text) {
        edits.set(field.id, text);
        app.data.current_card.model.set(kind.form + '[CFV][' + field.id + ']', text);
        markDirty();
      }

      function markDirty() { root.classList.toggle('card_dirty', isDirty()); }

      async function save() {
        const body = Object.assign({}, plain);
        if (edits.size) { body.custom_fields_values = fields.body(edits, card); }
        if (body.price !== undefined) { body.price = parseInt(String(body.price).replace(/\D/g, ''), 10) || 0; }
        if (!id) {
          const made = await attempt(server.post('leads', body));
          if (made) { go('/leads/detail/' + made.id, { replace: true }); }
          return;
        }
        if (await attempt(server.patch(path, body))) { forget(); }
      }

      function forget() {
        edits = new Map();
        plain = {};
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
        const told = id ? await server.get(path).catch(function () { return null; }) : null;
        if (!told || mine !== asked || state.view.card !== card) { return; } // gone, not to be seen any more, or left meanwhile
        card = told;
        state.view.card = card;
        feed.fill(root.querySelector('[data-feed]'), card);
        if (!isDirty() && !root.querySelector('[data-stages]:not([hidden])')) { redraw(); }
      }

      function redraw() {
        const old = root.querySelector('.card__left');
        const scrolled = old.querySelector('.card__fields').scrollTop;
        const held = old.contains(document.activeElement) && document.activeElement.getAttribute('data-focus');
        const fresh = left();
        old.replaceWith(fresh);
        fresh.querySelector('.card__fields').scrollTop = scrolled;
        const focus = held && fresh.querySelector('[data-focus="' + held + '"]');
        if (focus) { focus.focus(); }
        markDirty();
        document.title = title() + ' – amoCRM: стенд';
      }

      function title() { return card.name || kind.empty; }

      function left() {
        return h('section', { class: 'card__left', 'aria-label': entity === 'leads' ? 'Сделка' : 'Контакт' },
          h('header', { class: 'card__head' },
            h('h1', { class: 'unseen' }, title()),
            h('div', { class: 'card__top' },
              h('button', { type: 'button', class: 'card__back', 'data-action': 'back', title: 'К списку сделок', 'aria-label': 'К списку сделок', onclick: back }, dom.icon('back')),
              name(), h('span', { class: 'card__id' }, card.id ? '#' + card.id : '')),
            card.tags.length ? h('div', { class: 'card__tags' }, card.tags.map(function (tag) { return h('span', { class: 'tag' }, tag); })) : null,
            entity === 'leads' ? stages() : null,
            tabs()),
          h('div', { class: 'card__fields' }, tab === 'default' ? basics() : null,
            card.fields.filter(function (field) { return field.group_id === tab; })
              .map(function (field) { return fields.row(field, card.values[field.id], edits.get(field.id), typed); }),
            tab === 'default' && entity === 'leads' ? people() : null,
            tab === 'default' && entity === 'contacts' ? deals() : null),
          h('footer', { class: 'card__save' },
            h('button', { type: 'button', class: 'button button_main', 'data-action': 'save', onclick: save }, 'Сохранить'),
            h('button', { type: 'button', class: 'button', 'data-action': 'cancel', onclick: forget }, 'Отменить')));
      }

      function back() { go('/leads/list/pipeline/' + (card.pipeline_id || card.pipelines[0].id)); }

      function name() {
        const input = h('input', {
          class: 'card__name', 'data-field': 'name', 'data-focus': 'name', 'aria-label': 'Название', placeholder: kind.empty,
          oninput: function () { typedPlain('name', input.value); },
        });
        input.value = plain.name !== undefined ? plain.name : card.name;
        return input;
      }

      function stages() {
        const pipeline = card.pipelines.find(function (one) { return one.id === card.pipeline_id; });
        const at = pipeline.stages.findIndex(function (one) { return one.id === card.status_id; });
        const now = pipeline.stages[at];
        const menu = h('div', { class: 'stages__menu', hidden: true, 'data-stages': '' }, card.pipelines.map(function (one) {
          return h('div', { class: 'stages__pipeline' }, h('div', { class: 'stages__title' }, one.name), one.stages.map(function (stage) {
            const isNow = one.id === card.pipeline_id && stage.id === card.status_id;
            return h('button', {
              type: 'button', class: 'stages__stage', style: 'background:' + stage.color, 'data-stage': one.id + ':' + stage.id,
              'aria-current': isNow ? 'true' : null, onclick: function () { move(one.id, stage.id); },
            }, stage.name);
          }));
        }));
        const button = h('button', {
          type: 'button', class: 'stages__now', 'data-action': 'stages', 'data-focus': 'stages', 'aria-expanded': 'false',
          disabled: !card.id, onclick: toggle,
        }, h('span', { class: 'stages__names' }, h('span', { class: 'stages__title' }, pipeline.name),
          h('span', { 'data-stage-name': '' }, now.name, card.loss_reason ? ' (' + card.loss_reason + ')' : '')), dom.icon('down'));
        function toggle() {
          menu.hidden = !menu.hidden;
          button.setAttribute('aria-expanded', String(!menu.hidden));
          if (menu.hidden) { redraw(); }
        }
        const box = h('div', {
          class: 'stages', 'data-menu': '',
          onkeydown: function (event) { if (event.key === 'Escape' && !menu.hidden) { button.focus(); toggle(); } },
          onfocusout: function (event) { if (!menu.hidden && event.relatedTarget && !box.contains(event.relatedTarget)) { toggle(); } },
        }, button, h('div', { class: 'stages__bar', 'aria-hidden': 'true' }, pipeline.stages.slice(0, Math.max(1, pipeline.stages.length - 2)).map(function (stage, n) {
          return h('span', { style: n <= at ? 'background:' + now.color : '' });
        })), menu);
        return box;
      }

      async function move(pipelineId, statusId) {
        await attempt(server.patch(path, { pipeline_id: pipelineId, status_id: statusId }));
        root.querySelector('[data-stages]').hidden = true;
        refresh();
      }

      function closeMenu(event) {
        const menu = root.querySelector('[data-stages]');
        if (menu && !menu.hidden && !event.target.closest('[data-menu]')) { root.querySelector('[data-action="stages"]').click(); }
      }

      function tabs() {
        const used = card.groups.filter(function (group) {
          return group.id === 'default' || card.fields.some(function (field) { return field.group_id === group.id; });
        });
        return h('div', { class: 'tabs', role: 'group', 'aria-label': 'Группы полей' }, used.map(function (group) {
          return h('button', {
            type: 'button', class: 'tabs__tab', 'aria-pressed': String(group.id === tab), 'data-tab': group.name, 'data-focus': 'tab-' + group.id,
            onclick: function () { tab = group.id; redraw(); },
          }, group.name);
        }));
      }

      function basics() {
        const rows = [h('div', { class: 'field' }, h('span', { class: 'field__label' }, 'Отв-ный'), h('span', { class: 'field__value' }, card.responsible))];
        if (entity === 'leads') {
          const input = h('input', {
            class: 'field__input', inputmode: 'numeric', 'data-field': 'price', 'data-focus': 'price', 'aria-label': 'Бюджет',
            oninput: function () { typedPlain('price', input.value); },
          });
          input.value = plain.price !== undefined ? plain.price : words.money(card.price);
          rows.push(h('div', { class: 'field' }, h('span', { class: 'field__label' }, 'Бюджет'), input));
        }
        return rows;
      }

      function people() {
        if (!card.contacts.length) { return h('div', { class: 'linked__none' }, 'Контактов нет'); }
        return h('div', { class: 'linked' }, card.contacts.map(function (one) {
          return h('article', { class: 'linked__contact', 'data-contact-id': one.id },
            h('div', { class: 'linked__head' }, h('span', { class: 'linked__face', 'aria-hidden': 'true' }, (one.name || '?').trim().slice(0, 1).toUpperCase()),
              h('a', { class: 'linked__name', href: '/contacts/detail/' + one.id, 'data-go': '' }, one.name || 'Без имени'),
              one.is_main && card.contacts.length > 1 ? h('span', { class: 'linked__main' }, 'основной') : null),
            one.phones.map(function (phone) { return h('div', { class: 'field' }, h('span', { class: 'field__label' }, 'Телефон'), h('span', { class: 'field__value', 'data-phone': '' }, phone)); }),
            one.emails.map(function (email) { return h('div', { class: 'field' }, h('span', { class: 'field__label' }, 'Email'), h('span', { class: 'field__value' }, email)); }));
        }));
      }

      function deals() {
        if (!card.leads.length) { return h('div', { class: 'linked__none' }, 'Сделок нет'); }
        return h('div', { class: 'linked' }, h('div', { class: 'linked__title' }, words.deals(card.leads.length)), card.leads.map(function (one) {
          return h('a', { class: 'linked__deal', href: '/leads/detail/' + one.id, 'data-go': '', 'data-lead-id': one.id },
            h('span', { class: 'linked__name' }, one.name), h('span', { class: 'linked__sum' }, words.money(one.price)),
            h('span', { class: 'stage-chip', style: 'background:' + one.stage.color }, one.stage.name));
        }));
      }

      async function write(text) {
        await attempt(server.post(path + '/notes', { text: text }));
        refresh();
      }

      const root = h('div', { class: 'card', 'data-page': entity === 'leads' ? 'deal' : 'contact', 'data-card-id': card.id, onpointerdown: closeMenu });
      state.view = { area: kind.area, location: kind.location, entity: entity, card: card };
      app.data.current_card = {
        id: card.id, main_user: card.responsible_user_id, element_type: kind.type, model: new backbone.Model({}),
      };
      root.append(left(), feed.draw(card, write), column.draw(card));
      place.replaceChildren(root);
      document.title = title() + ' – amoCRM: стенд';
      if (!id) { root.querySelector('.card__name').focus(); }
      host.enter(kind.location);

      return {
        changed: function (what) {
          const touches = !what || (what.entity === entity && what.id === id)
            || (entity === 'leads' && what.entity === 'contacts' && card.contacts.some(function (one) { return one.id === what.id; }));
          if (touches) { refresh(); }
        },
        leave: function () {
          host.leave();
          app.data.current_card = null;
        },
      };
    }

    return { open: open };
  });
