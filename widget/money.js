/* Debt and advance as two figures, or the one that is left over of both, and the bills behind them. */
define(['./dom.js', './format.js'], function (dom, format) {
  'use strict';

  const h = dom.h;

  function balance(sums, now, t) {
    const title = [t.money, sums.net ? tag(t.net, t.net_hint) : null, sums.verified ? null : tag(t.unverified, t.unverified_hint)];
    return format.block('money', title, [
      h('div', { class: 'identlink__figures' }, figure(t.debt, sums.debt, 'debt', sums.net, t), figure(t.advance, sums.advance, 'advance', sums.net, t)),
      sums.bills && sums.bills.length ? bills(sums.bills, now, t) : null,
    ]);
  }

  function tag(text, hint) {
    return h('span', { class: 'identlink__tag', title: hint }, text);
  }

  /* Of a net sum the other figure is not missing: there is none. */
  function figure(label, sum, kind, alone, t) {
    const known = sum !== null && sum !== undefined;
    if (!known && alone) { return null; }
    const some = known && Number(sum) > 0;
    return h('div', { class: 'identlink__figure' + (some ? ' identlink__figure_' + kind : '') },
      h('span', { class: 'identlink__facts' }, label), h('span', { class: 'identlink__sum' }, known ? format.money(sum) : t.unknown));
  }

  function bills(all, now, t) {
    const title = format.counted(all.length, [t.bill_1, t.bill_2, t.bill_5]);
    return h('details', { class: 'identlink__more', key: 'bills' }, h('summary', {}, title), h('table', { class: 'identlink__bills' },
      h('thead', {}, h('tr', {}, [t.bill_date, t.billed, t.paid, t.debt].map(function (name) { return h('th', { scope: 'col' }, name); }))),
      h('tbody', {}, all.map(function (bill) {
        const discounted = Number(bill.discount) > 0;
        return h('tr', {}, h('td', {}, format.date(bill.date, now)),
          h('td', { title: discounted ? t.before_discount + ' ' + format.money(bill.gross) : null }, format.money(bill.billed)),
          h('td', {}, format.money(bill.paid)), h('td', { class: Number(bill.debt) > 0 ? 'identlink__late' : null }, format.money(bill.debt)));
      }))));
  }

  return { balance: balance };
});
