/* Debt and advance as two figures, and the bills behind them. */
define(['./dom.js', './format.js'], function (dom, format) {
  'use strict';

  const h = dom.h;

  function balance(sums, now, t) {
    return h('section', { class: 'identlink__block' },
      h('h3', { class: 'identlink__label' }, t.money,
        sums.verified ? null : h('span', { class: 'identlink__tag', title: t.unverified_hint }, t.unverified)),
      h('div', { class: 'identlink__figures' }, figure(t.debt, sums.debt, 'debt', t), figure(t.advance, sums.advance, 'advance', t)),
      sums.bills && sums.bills.length ? bills(sums.bills, now, t) : null);
  }

  function figure(label, sum, kind, t) {
    const known = sum !== null && sum !== undefined;
    const some = known && Number(sum) > 0;
    return h('div', { class: 'identlink__figure' + (some ? ' identlink__figure_' + kind : '') },
      h('span', { class: 'identlink__sum' }, known ? format.money(sum) : t.unknown), h('span', { class: 'identlink__facts' }, label));
  }

  function bills(all, now, t) {
    const title = format.counted(all.length, [t.bill_1, t.bill_2, t.bill_5]);
    return h('details', { class: 'identlink__more' }, h('summary', {}, title), h('table', { class: 'identlink__bills' },
      h('thead', {}, h('tr', {}, [t.bill_date, t.billed, t.paid, t.debt].map(function (name) { return h('th', { scope: 'col' }, name); }))),
      h('tbody', {}, all.map(function (bill) {
        return h('tr', {}, h('td', {}, format.day(bill.date, now).replace(/^\S+?\u00a0/, '')), h('td', {}, format.money(bill.billed)),
          h('td', {}, format.money(bill.paid)), h('td', {}, format.money(bill.debt)));
      }))));
  }

  return { balance: balance };
});
