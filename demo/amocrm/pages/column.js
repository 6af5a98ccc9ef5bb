/* The right column of a card: folds as a whole, holds several widgets, of which only the first unfolds by itself.
   Two small widgets of nobody in particular stand around ours; `?widgets=first` puts ours before them, `?widgets=last` behind. */
define(['jquery', 'dom', 'state', 'words'], function ($, dom, state, words) {
  'use strict';

  const h = dom.h;
  const WIDE = 'stand-in-column';
  const ORDER = 'stand-in-widgets';
  const asked = new URLSearchParams(location.search).get('widgets');
  if (asked) { sessionStorage.setItem(ORDER, asked); }
  let slots = new Map();

  function order() {
    const ours = state.start.widget.is_active ? [state.start.widget.code] : [];
    const orders = { first: [ours, 'calls', 'papers'], last: ['calls', 'papers', ours] };
    return (orders[sessionStorage.getItem(ORDER)] || ['calls', ours, 'papers']).flat();
  }

  /** The empty column of a card that was just opened. */
  function draw(card) {
    slots = new Map(order().map(function (code) { return [code, h('div', { class: 'card-widgets__slot' })]; }));
    if (card.id) {
      fill('calls', {}, '');
      body('calls').append(calls(card));
      fill('papers', {}, '');
      body('papers').append(papers());
    }
    const aside = h('aside', { class: 'card-widgets', 'aria-label': 'Виджеты', 'data-column': '' },
      h('button', { class: 'card-widgets__fold', type: 'button', 'data-action': 'fold-column', onclick: toggle },
        h('span', { class: 'card-widgets__fold-title' }, 'Виджеты'), dom.icon('down')),
      h('div', { class: 'card-widgets__list' }, Array.from(slots.values()),
        card.id ? null : h('p', { class: 'card-widgets__later' }, 'Виджеты откроются, когда карточка будет сохранена.')));
    fold(aside, localStorage.getItem(WIDE) === 'folded');
    return aside;

    function toggle() {
      const folded = !aside.classList.contains('card-widgets_folded');
      localStorage.setItem(WIDE, folded ? 'folded' : 'open');
      fold(aside, folded);
    }
  }

  function fold(aside, folded) {
    aside.classList.toggle('card-widgets_folded', folded);
    const button = aside.querySelector('.card-widgets__fold');
    button.setAttribute('aria-expanded', String(!folded));
    button.title = folded ? 'Развернуть виджеты' : 'Свернуть виджеты';
  }

  /** A widget renders itself: the page draws the header with logo and name, the body is the widget's. */
  function fill(code, caption, html) {
    const slot = slots.get(code);
    if (!slot) { return; }
    const shown = code === slots.keys().next().value;
    const box = h('div', { class: 'card-widgets__widget__body js-body', id: 'widget-body-' + code });
    const section = h('section', { class: 'card-widgets__widget card-widgets__widget-' + code, 'data-widget': code },
      header(code, caption, box), box);
    $(box).html(html);
    slot.replaceChildren(section);
    unfold(section, shown);
  }

  function header(code, caption, box) {
    const look = describe(code);
    const extra = h('span', { class: 'card-widgets__widget__caption__html' });
    $(extra).html(caption.html || '');
    return h('h2', { class: 'card-widgets__widget__caption ' + (caption.class_name || '') },
      h('button', {
        type: 'button', class: 'card-widgets__widget__caption__button', 'data-action': 'fold-widget', 'aria-controls': box.id,
        onclick: function (event) {
          const section = event.currentTarget.closest('.card-widgets__widget');
          const column = section.closest('.card-widgets');
          const wasFolded = column.classList.contains('card-widgets_folded');
          if (wasFolded) { fold(column, false); }
          unfold(section, wasFolded || !section.classList.contains('card-widgets__widget_open'));
        },
      }, look.logo, h('span', { class: 'card-widgets__widget__caption__name' }, look.name), extra, dom.icon('down')));
  }

  function unfold(section, shown) {
    section.classList.toggle('card-widgets__widget_open', shown);
    section.querySelector('[data-action="fold-widget"]').setAttribute('aria-expanded', String(shown));
  }

  function body(code) { return slots.get(code).querySelector('.card-widgets__widget__body'); }

  function describe(code) {
    if (code === 'calls') { return { name: 'Телефония', logo: sign('phone', 'green') }; }
    if (code === 'papers') { return { name: 'Документы', logo: sign('paper', 'violet') }; }
    const widget = state.start.widget;
    const logo = h('img', { class: 'card-widgets__logo', src: widget.path + '/images/logo_small.png', alt: '', width: 28, height: 28 });
    return { name: widget.langs.widget.name, logo: logo };
  }

  function sign(icon, look) { return h('span', { class: 'card-widgets__logo card-widgets__logo_' + look }, dom.icon(icon)); }

  function calls(card) {
    const person = card.entity === 'leads' ? card.contacts[0] : card;
    const phone = person && person.phones[0];
    return h('div', { class: 'foreign' },
      h('p', {}, phone ? 'Номер для звонка: ' + phone : 'У сделки нет телефона'),
      h('p', { class: 'foreign__hint' }, 'Звонков по этой карточке сегодня не было.'));
  }

  function papers() {
    return h('div', { class: 'foreign' }, h('ul', {}, h('li', {}, 'Договор.docx'), h('li', {}, 'Согласие на обработку данных.docx')),
      h('p', { class: 'foreign__hint' }, 'Обновлено ' + words.date(state.start.now)));
  }

  return { draw: draw, fill: fill };
});
