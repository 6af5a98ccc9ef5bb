/* The panel: a pure function from what is known to elements. It knows neither amoCRM nor the network.

   view = {phase: 'loading' | 'unreachable' | 'answered', panel: the hub's answer (docs/panel.md) or null,
           stale: whether a newer answer is on its way, failed: the sentence of a refused action or null}
   act  = {choose(id), forget(), confirm(visit), retry(), copy(text)} */
define(['./dom.js', './format.js', './visits.js', './money.js'], function (dom, format, visits, money) {
  'use strict';

  const h = dom.h;

  function render(view, act, t) {
    const panel = view.panel;
    const body = panel ? answered(view, act, t) : view.phase === 'unreachable' ? unreachable(act, t) : skeleton(t);
    return h('section', {
      class: 'identlink' + (panel && panel.state === 'offline' ? ' identlink_offline' : ''),
      'aria-label': t.title, 'aria-busy': view.phase === 'loading' || view.stale ? 'true' : 'false',
    }, panel && view.phase === 'unreachable' ? notice('red', t.unreachable, button(t.retry, act.retry)) : null,
    view.failed ? notice('amber', view.failed) : null, body);
  }

  function answered(view, act, t) {
    const panel = view.panel;
    const states = { found: found, several: several, nobody: nobody, offline: offline, refused: told, not_configured: told };
    return [freshness(panel), h('div', { class: 'identlink__body' }, states[panel.state](panel, act, t))];
  }

  function found(panel, act, t) {
    return card(panel, act, t);
  }

  function offline(panel, act, t) {
    return panel.patient ? card(panel, act, t) : h('p', { class: 'identlink__hint' }, t.offline_unknown);
  }

  function told(panel, act, t) {
    const heading = panel.state === 'refused' ? t.refused : t.not_configured;
    return h('div', { class: 'identlink__told' }, h('strong', {}, heading), h('p', {}, panel.reason));
  }

  function card(panel, act, t) {
    const patient = panel.patient;
    const now = panel.now;
    return [
      banners(patient, now, t),
      who(panel, act, t),
      visits.next(patient, panel, act, t),
      visits.past(patient, now, t),
      patient.balance ? money.balance(patient.balance, now, t) : null,
      relatives(patient, now, t),
      ahead(patient, now, t),
      why(panel, t),
    ];
  }

  function banners(patient, now, t) {
    const cancelled = patient.cancelled_today;
    return [
      patient.do_not_message ? notice('amber', t.do_not_message) : null,
      cancelled ? notice('red', t.cancelled_today + ' ' + format.moment(cancelled.start, now) +
        (cancelled.cancel_reason ? '. ' + cancelled.cancel_reason : '')) : null,
      patient.archived ? notice('amber', t.archived) : null,
    ];
  }

  function who(panel, act, t) {
    const patient = panel.patient;
    const facts = [patient.age === null || patient.age === undefined ? null : format.age(patient.age),
      patient.card_number ? t.card + ' ' + patient.card_number : null].filter(Boolean);
    return h('header', { class: 'identlink__who' },
      h('div', { class: 'identlink__name', title: patient.name }, patient.name),
      facts.length ? h('div', { class: 'identlink__facts' }, facts.join(' · ')) : null,
      (panel.others || []).length ? switcher(panel, act, t) : null,
      panel.chosen ? button(t.forget, act.forget, 'identlink__link') : null);
  }

  function switcher(panel, act, t) {
    const label = t.more_on_phone + ' ' + panel.others.length;
    return h('details', { class: 'identlink__more' }, h('summary', {}, label), people(panel.others, panel.now, act, t));
  }

  function several(panel, act, t) {
    return h('div', {}, h('h3', { class: 'identlink__ask' }, t.who_calls),
      h('p', { class: 'identlink__hint' }, t.who_calls_hint), people(panel.persons, panel.now, act, t));
  }

  function people(persons, now, act, t) {
    return h('ul', { class: 'identlink__people' }, persons.map(function (person) {
      const facts = [person.age === null || person.age === undefined ? null : format.age(person.age),
        person.next_visit_on ? t.visit_on + ' ' + format.day(person.next_visit_on, now) : t.no_visit].filter(Boolean);
      return h('li', {}, h('button', { type: 'button', class: 'identlink__person', onclick: function () { act.choose(person.id); } },
        h('span', { class: 'identlink__personname' }, person.name), h('span', { class: 'identlink__facts' }, facts.join(' · '))));
    }));
  }

  function nobody(panel, act, t) {
    return h('div', {}, h('h3', { class: 'identlink__ask' }, t.nobody), h('p', { class: 'identlink__hint' }, t.nobody_hint),
      panel.typed_name ? copyable(t.name, panel.typed_name, panel.typed_name, act, t) : null,
      panel.typed_phone ? copyable(t.phone, format.phone(panel.typed_phone), panel.typed_phone, act, t) : null);
  }

  function copyable(label, shown, copied, act, t) {
    return h('div', { class: 'identlink__copy' }, h('span', { class: 'identlink__label' }, label),
      h('span', { class: 'identlink__copied' }, shown),
      button(t.copy, function (event) { act.copy(copied, event.currentTarget); }, 'identlink__button', label + ': ' + t.copy));
  }

  function relatives(patient, now, t) {
    const all = (patient.representatives || []).concat(patient.family || []);
    if (!all.length) { return null; }
    return block(t.relatives, h('ul', { class: 'identlink__list' }, all.map(function (one) {
      const facts = [one.relation, one.age === null || one.age === undefined ? null : format.age(one.age),
        one.next_visit_on ? t.visit_on + ' ' + format.day(one.next_visit_on, now) : null].filter(Boolean);
      return h('li', {}, h('span', {}, one.name), h('span', { class: 'identlink__facts' }, facts.join(' · ')));
    })));
  }

  function ahead(patient, now, t) {
    const checkup = patient.checkup;
    const plan = patient.plan;
    if (!checkup && !plan) { return null; }
    return block(t.ahead, [
      checkup ? line(t.checkup, format.day(checkup.due_on, now), t['basis_' + checkup.basis]) : null,
      plan ? line(t.plan, t.unscheduled + ' ' + format.money(plan.unscheduled), t.of + ' ' + format.money(plan.agreed)) : null,
    ]);
  }

  function why(panel, t) {
    if (!panel.why) { return null; }
    const before = panel.why.stage_before ? ' ' + t.stage_before + ' «' + panel.why.stage_before + '».' : '';
    return block(t.why, h('p', { class: 'identlink__why' }, panel.why.text + '.' + before));
  }

  function freshness(panel) {
    const fresh = panel.freshness;
    if (!fresh) { return null; }
    return h('div', { class: 'identlink__fresh identlink__fresh_' + fresh.level, role: 'status' },
      h('span', { class: 'identlink__dot', title: fresh.text, role: 'img', 'aria-label': fresh.text }),
      fresh.level === 'green' ? null : h('span', {}, fresh.text));
  }

  function skeleton(t) {
    return h('div', { class: 'identlink__skeleton', role: 'status', 'aria-label': t.loading },
      [60, 35, 90, 70, 45].map(function (width) { return h('span', { style: 'width:' + width + '%' }); }));
  }

  function unreachable(act, t) {
    return h('div', { class: 'identlink__told' }, h('strong', {}, t.unreachable), h('p', {}, t.unreachable_hint), button(t.retry, act.retry));
  }

  function notice(level, text, extra) {
    return h('div', { class: 'identlink__notice identlink__notice_' + level, role: 'status' }, h('span', {}, text), extra);
  }

  function block(title, content) {
    return h('section', { class: 'identlink__block' }, h('h3', { class: 'identlink__label' }, title), content);
  }

  function line(label, value, hint) {
    return h('div', { class: 'identlink__line' }, h('span', {}, label), h('span', { class: 'identlink__value' }, value),
      hint ? h('span', { class: 'identlink__facts' }, hint) : null);
  }

  function button(text, onclick, look, label) {
    return h('button', { type: 'button', class: look || 'identlink__button', onclick: onclick, 'aria-label': label }, text);
  }

  return { render: render };
});
