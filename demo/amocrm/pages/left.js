/* The left column of a card: name, stage, fields in tabs, and whom or what it is linked to. Draws; writes nothing by itself.

   view = {card, kind, tab, plain, edits, choosing}: `plain` and `edits` were typed and are not saved
   act  = {back, save, forget, move, shut, plain(key, value), typed(field, text), turn(tab)}, and what more.js wants */
define(['dom', 'words', 'fields', 'stages', 'more'], function (dom, words, fields, stages, more) {
  'use strict';

  const h = dom.h;
  const FIRST_TAB = 'default';

  function draw(view, act) {
    const card = view.card;
    return h('section', { class: 'card__left', 'aria-label': view.kind.name },
      h('header', { class: 'card__head' },
        h('h1', { class: 'unseen' }, card.name || view.kind.empty),
        h('div', { class: 'card__top' }, back(act), name(view, act), h('span', { class: 'card__id' }, card.id ? '#' + card.id : ''), more.draw(view, act)),
        card.tags.length ? h('div', { class: 'card__tags' }, card.tags.map(function (tag) { return h('span', { class: 'tag' }, tag); })) : null,
        card.entity === 'leads' ? stages.draw(card, act) : null,
        tabs(view, act)),
      h('div', { class: 'card__fields' }, view.tab === FIRST_TAB ? basics(view, act) : null,
        card.fields.filter(function (field) { return field.group_id === view.tab; })
          .map(function (field) { return fields.row(field, card.values[field.id], view.edits.get(field.id), act.typed); }),
        view.tab === FIRST_TAB ? (card.entity === 'leads' ? people(card) : deals(card)) : null),
      h('footer', { class: 'card__save' },
        h('button', { type: 'button', class: 'button button_main', 'data-action': 'save', onclick: act.save }, 'Сохранить'),
        h('button', { type: 'button', class: 'button', 'data-action': 'cancel', onclick: act.forget }, 'Отменить')));
  }

  function back(act) {
    const text = 'К списку сделок';
    return h('button', { type: 'button', class: 'card__back', 'data-action': 'back', title: text, 'aria-label': text, onclick: act.back }, dom.icon('back'));
  }

  function name(view, act) {
    const input = h('input', {
      class: 'card__name', 'data-field': 'name', 'data-focus': 'name', 'aria-label': 'Название', placeholder: view.kind.empty,
      oninput: function () { act.plain('name', input.value); },
    });
    input.value = view.plain.name !== undefined ? view.plain.name : view.card.name;
    return input;
  }

  function tabs(view, act) {
    const used = view.card.groups.filter(function (group) {
      return group.id === FIRST_TAB || view.card.fields.some(function (field) { return field.group_id === group.id; });
    });
    return h('div', { class: 'tabs', role: 'group', 'aria-label': 'Группы полей' }, used.map(function (group) {
      return h('button', {
        type: 'button', class: 'tabs__tab', 'aria-pressed': String(group.id === view.tab), 'data-tab': group.name,
        'data-focus': 'tab-' + group.id, onclick: function () { act.turn(group.id); },
      }, group.name);
    }));
  }

  function basics(view, act) {
    return [row('Отв-ный', view.card.responsible), view.card.entity === 'leads' ? budget(view, act) : null];
  }

  function budget(view, act) {
    const input = h('input', {
      class: 'field__input', inputmode: 'numeric', 'data-field': 'price', 'data-focus': 'price', 'aria-label': 'Бюджет',
      oninput: function () { act.plain('price', input.value); },
    });
    input.value = view.plain.price !== undefined ? view.plain.price : words.money(view.card.price);
    return h('div', { class: 'field' }, h('span', { class: 'field__label' }, 'Бюджет'), input);
  }

  function row(label, value, hook) {
    return h('div', { class: 'field' }, h('span', { class: 'field__label' }, label),
      h('span', Object.assign({ class: 'field__value' }, hook), value));
  }

  function people(card) {
    if (!card.contacts.length) { return h('div', { class: 'linked__none' }, 'Контактов нет'); }
    return h('div', { class: 'linked' }, card.contacts.map(function (one) {
      return h('article', { class: 'linked__contact', 'data-contact-id': one.id },
        h('div', { class: 'linked__head' },
          h('span', { class: 'linked__face', 'aria-hidden': 'true' }, (one.name.trim() || '?').slice(0, 1).toUpperCase()),
          h('a', { class: 'linked__name', href: '/contacts/detail/' + one.id, 'data-go': '' }, one.name || 'Без имени'),
          one.is_main && card.contacts.length > 1 ? h('span', { class: 'linked__main' }, 'основной') : null),
        one.phones.map(function (phone) { return row('Телефон', phone, { 'data-phone': '' }); }),
        one.emails.map(function (email) { return row('Email', email); }));
    }));
  }

  function deals(card) {
    if (!card.leads.length) { return h('div', { class: 'linked__none' }, 'Сделок нет'); }
    return h('div', { class: 'linked' }, h('div', { class: 'linked__title' }, words.deals(card.leads.length)), card.leads.map(function (one) {
      return h('a', { class: 'linked__deal', href: '/leads/detail/' + one.id, 'data-go': '', 'data-lead-id': one.id },
        h('span', { class: 'linked__name' }, one.name), h('span', { class: 'linked__sum' }, words.money(one.price)),
        h('span', { class: 'stage-chip', style: 'background:' + one.stage.color }, one.stage.name));
    }));
  }

  return { draw: draw, FIRST_TAB: FIRST_TAB };
});
