/* What the three dots of a card offer: to delete a deal, to make one contact of two. Asks before it does.

   view = {card, choosing}: whether the choices are shown outlives a card that is drawn anew
   act  = {leaving(isLeaving), leaveTo(path)}: the first while it is done, so that nothing is shown of a card that is going */
define(['dom', 'words', 'server', 'toasts', 'lib/components/base/modal'], function (dom, words, server, toasts, Modal) {
  'use strict';

  const h = dom.h;
  const SETTLE_MS = 200;

  function draw(view, act) {
    const card = view.card;
    if (!card.id) { return null; }
    const offered = card.entity === 'leads'
      ? choice('bin', 'Удалить сделку', 'delete', function () { remove(card, act); })
      : choice('merge', 'Объединить с другим контактом', 'merge', function () { merge(card, act); });
    const menu = h('div', { class: 'more__menu', hidden: !view.choosing }, offered);
    const button = h('button', {
      type: 'button', class: 'card__back', 'data-action': 'more', 'data-focus': 'more', 'aria-label': 'Ещё', title: 'Ещё', 'aria-expanded': String(view.choosing),
      onclick: function () { turn(menu.hidden); },
    }, dom.icon('dots'));

    function turn(shown) {
      view.choosing = shown;
      menu.hidden = !shown;
      button.setAttribute('aria-expanded', String(shown));
    }

    offered.addEventListener('click', function () { turn(false); });
    const box = h('div', {
      class: 'more', 'data-more': '',
      onkeydown: function (event) {
        if (event.key !== 'Escape' || menu.hidden) { return; }
        turn(false);
        button.focus();
      },
      onfocusout: function (event) { if (!box.contains(event.relatedTarget)) { turn(false); } },
    }, button, menu);
    return box;
  }

  /* A press leaves the focus where it is: else some browsers would shut the menu under it. */
  function choice(icon, name, action, press) {
    return h('button', { type: 'button', class: 'more__one', 'data-action': action, 'data-focus': action, onclick: press, onmousedown: function (event) { event.preventDefault(); } },
      dom.icon(icon), name);
  }

  function dialog(name, title, parts, main) {
    const modal = new Modal({
      class_name: name,
      init: function ($body) {
        const head = h('h2', { class: 'ask__title', id: name + '-title' }, title);
        const press = h('button', { type: 'button', class: 'button ' + main.look, 'data-action': main.action, disabled: main.waits, onclick: main.press }, main.name);
        $body.addClass('ask').attr('aria-labelledby', name + '-title').append(head, parts, h('div', { class: 'ask__buttons' }, press,
          h('button', { type: 'button', class: 'button', 'data-action': 'leave', onclick: function () { modal.destroy(); } }, 'Отменить')));
      },
    });
    return modal;
  }

  async function attempt(call, modal, said, act, path) {
    act.leaving(true);
    try {
      await call;
    } catch (failed) {
      act.leaving(false);
      toasts.show('error', 'Не получилось', failed.message);
      return;
    }
    modal.destroy();
    toasts.show('message', said, '');
    act.leaveTo(path);
  }

  function remove(card, act) {
    const modal = dialog('delete', 'Удалить сделку «' + card.name + '»?',
      [h('p', {}, 'Сделка уйдёт в корзину: в списке её больше не будет. Контакты останутся.')],
      { name: 'Удалить', action: 'delete-now', look: 'button_danger', press: function () {
        attempt(server.remove('leads/' + card.id), modal, 'Сделка удалена', act, '/leads/list/pipeline/' + card.pipeline_id);
      } });
  }

  function merge(card, act) {
    const list = h('div', { class: 'ask__found', role: 'radiogroup', 'aria-label': 'С кем объединить', 'data-found': '' });
    const fate = h('p', { class: 'ask__fate', 'aria-live': 'polite' }, 'Найдите второго по имени или телефону.');
    const search = h('input', { class: 'ask__search', type: 'search', placeholder: 'Имя или телефон', 'aria-label': 'Имя или телефон', oninput: later });
    let other = null;
    let waiting = null;
    const modal = dialog('merge', 'Объединить контакты', [search, list, fate], {
      name: 'Объединить', action: 'merge-now', look: 'button_main', waits: true, press: function () {
        attempt(server.post('contacts/' + card.id + '/merge', { others: [other.id] }), modal, 'Контакты объединены',
          act, '/contacts/detail/' + card.id);
      },
    });
    search.focus();

    function later() {
      clearTimeout(waiting);
      waiting = setTimeout(find, SETTLE_MS);
    }

    async function find() {
      const text = search.value.trim();
      const told = text ? await server.get('contacts?query=' + encodeURIComponent(text)).catch(function () { return { contacts: [] }; }) : { contacts: [] };
      if (text !== search.value.trim()) { return; }
      const others = told.contacts.filter(function (one) { return one.id !== card.id; });
      list.replaceChildren(...others.map(row));
      if (text && !others.length) { list.replaceChildren(h('p', { class: 'linked__none' }, 'Никого не нашли')); }
      choose(null);
    }

    function row(one) {
      const mark = h('input', { type: 'radio', name: 'other', value: one.id, onchange: function () { choose(one); } });
      return h('label', { class: 'ask__one' }, mark, h('span', { class: 'ask__name' }, one.name || 'Без имени'),
        h('span', { class: 'ask__about' }, [one.phones.join(', '), words.deals(one.deals)].filter(Boolean).join(' · ')));
    }

    function choose(one) {
      other = one;
      document.querySelector('[data-action="merge-now"]').disabled = !one;
      fate.textContent = one
        ? 'Останется контакт «' + (card.name || 'Без имени') + '»: к нему перейдут телефоны, сделки и примечания. Контакт «' + (one.name || 'Без имени') + '» исчезнет.'
        : 'Найдите второго по имени или телефону.';
    }
  }

  return { draw: draw };
});
