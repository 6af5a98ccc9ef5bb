/* The panel: a pure function from what is known to elements. It knows neither amoCRM nor the network.

   view = {phase: 'loading' | 'answered' | 'unreachable' | 'expired' | 'failed', panel: the hub's answer (docs/panel.md) or null,
           stale: whether a newer answer is on its way, failed: the hub's sentence or null, refused: why a click did nothing, told: what is said aloud for a moment,
           done: what was copied just now, search: null or {busy, persons, more, unsearched, failed}, support: where it says whom to ask}
   act  = {choose(id), forget(), confirm(visit), search(text): null where this card cannot; retry(), copy(what, text)} */
define(['./dom.js', './format.js', './people.js', './visits.js', './money.js'], function (dom, format, people, visits, money) {
  'use strict';

  const h = dom.h;
  const STATES = { found: card, several: several, nobody: nobody, offline: offline, refused: told, not_configured: told };

  function render(view, act, t) {
    const old = isOld(view) && view.panel;
    const panel = view.panel && Object.assign({}, view.panel, { freshness: fresh(view, t) });
    if (old) { act = Object.assign({}, act, { confirm: null }); }
    const isKnown = panel && Object.prototype.hasOwnProperty.call(STATES, panel.state);
    const state = !panel ? view.phase : isKnown ? panel.state : 'unknown';
    return h('section', {
      class: 'identlink identlink_' + state + (panel && view.stale ? ' identlink_stale' : ''), 'data-state': state, tabindex: '-1',
      'aria-label': t.title, 'aria-busy': view.stale ? 'true' : 'false',
    },
    h('div', { class: 'identlink__away', role: 'status', key: 'told' }, view.told),
    panel ? [trouble(view, act, t), freshness(panel), h('div', { class: 'identlink__body', key: 'body' }, (isKnown ? STATES[state] : unknown)(panel, view, act, t))]
      : view.phase === 'loading' ? skeleton(t) : failed(view, act, t));
  }

  function isOld(view) {
    return view.phase !== 'answered' && view.phase !== 'loading';
  }

  /* Nothing is called fresh that nobody has just asked about: its dot is grey, and says of when it is. What was not fresh even then
     says so itself, and keeps its words. */
  function fresh(view, t) {
    const said = view.panel.freshness || null;
    if (view.phase === 'answered' || !said || said.level !== 'green') { return said; }
    const at = dataAt(view.panel);
    return { level: 'soft', text: (isOld(view) ? t.not_fresh : t.refreshing) + (at ? '. ' + t.data_at + ' ' + at : '') };
  }

  /* Of when the data are: the time of the answer says nothing of that. */
  function dataAt(panel) {
    const at = (panel.freshness || {}).read_through;
    return at ? format.moment(at, panel.now) : null;
  }

  /* Something went wrong while an older answer stands below. */
  function trouble(view, act, t) {
    const refused = view.refused ? notice('amber', view.refused) : null;
    if (!isOld(view)) { return refused; }
    const text = view.failed || (view.phase === 'expired' ? t.expired + '. ' + t.expired_hint : t.unreachable + '. ' + older(view.panel, t));
    return [notice('red', text, [button(t.retry, act.retry), view.phase === 'expired' && view.failed ? asked(view, t) : null]), refused];
  }

  function older(panel, t) {
    const at = dataAt(panel);
    return at ? t.unreachable_at + ' ' + at + '. ' + t.again + '.' : t.unreachable_old + '.';
  }

  /* Why amoCRM's token was not taken only the hub knows: to come in again helps where it says nothing of it. */
  function failed(view, act, t) {
    const expired = view.phase === 'expired' && !view.failed;
    return h('div', { class: 'identlink__told', role: 'alert', key: 'failed' },
      h('strong', {}, expired ? t.expired : view.failed ? t.failed : t.unreachable),
      h('p', {}, expired ? t.expired_hint : view.failed || t.unreachable_hint),
      h('div', { class: 'identlink__buttons' }, button(t.retry, act.retry), view.failed ? asked(view, t) : null));
  }

  function told(panel, view, act, t) {
    return h('div', { class: 'identlink__told', key: panel.state },
      h('strong', {}, panel.state === 'refused' ? t.refused : t.not_configured), h('p', {}, panel.reason),
      panel.state === 'not_configured' ? h('div', { class: 'identlink__buttons' }, asked(view, t)) : null);
  }

  /* A newer hub knows states that this widget does not: what it says of one in words is shown, and a patient as ever. */
  function unknown(panel, view, act, t) {
    return [h('div', { class: 'identlink__told', key: 'unknown' }, h('strong', {}, t.outdated), h('p', {}, panel.reason || t.outdated_hint)),
      panel.patient ? card(panel, view, act, t) : null];
  }

  function asked(view, t) {
    return view.support ? dom.outside(view.support, t.support) : null;
  }

  function offline(panel, view, act, t) {
    return panel.patient ? card(panel, view, act, t) : h('div', { class: 'identlink__told', key: 'offline' },
      h('strong', {}, t.offline), h('p', {}, t.offline_unknown));
  }

  function card(panel, view, act, t) {
    const patient = panel.patient;
    const now = panel.now;
    return h('article', { key: patient.id }, [
      banners(patient, now, t),
      who(panel, act, t),
      people.asked(panel, view, act, t),
      visits.next(patient, panel, act, t),
      visits.past(patient, now, t),
      patient.balance ? money.balance(patient.balance, now, t) : null,
      people.relatives(patient, now, t),
      ahead(patient, now, t),
      why(panel, t),
    ]);
  }

  function banners(patient, now, t) {
    return [
      patient.do_not_message ? notice('amber', t.do_not_message) : null,
      patient.cancelled_today ? notice('red', visits.cancelled(patient.cancelled_today, now, t)) : null,
      patient.archived ? notice('amber', t.archived) : null,
    ];
  }

  function who(panel, act, t) {
    const patient = panel.patient;
    const others = panel.others || [];
    const facts = [format.age(patient.age), patient.card_number ? t.card + '\u00a0' + patient.card_number : null];
    return h('header', { class: 'identlink__who', key: 'who' },
      heading(h('h3', { class: 'identlink__name', title: patient.name }, dom.said(patient.name)), panel),
      facts.some(Boolean) ? h('div', { class: 'identlink__facts' }, dom.joined(facts)) : null,
      others.length || panel.chosen ? h('div', { class: 'identlink__switch' },
        others.length ? h('details', { class: 'identlink__more', key: 'others' }, h('summary', {}, t.more_on_phone + '\u00a0' + others.length),
          people.list(others, panel.now, act, t)) : null,
        panel.chosen && act.forget ? button(t.forget, act.forget, 'identlink__link') : null) : null);
  }

  function several(panel, view, act, t) {
    return h('div', { key: 'several' }, heading(h('h3', { class: 'identlink__ask' }, t.who_calls), panel),
      h('p', { class: 'identlink__hint' }, act.choose ? t.who_calls_hint : t.who_calls_contact),
      people.list(panel.persons, panel.now, act, t), people.search(panel, view, act, t));
  }

  function nobody(panel, view, act, t) {
    const phone = panel.typed_phone;
    return h('div', { key: 'nobody' }, heading(h('h3', { class: 'identlink__ask' }, t.nobody), panel),
      h('p', { class: 'identlink__hint' }, t.nobody_hint),
      panel.typed_name ? copyable('name', t.name, panel.typed_name, panel.typed_name, view, act, t) : null,
      phone ? copyable('phone', t.phone, format.phone(phone), phone, view, act, t) : null,
      people.search(panel, view, act, t));
  }

  function copyable(what, label, shown, copied, view, act, t) {
    const done = view.done === what;
    return h('div', { class: 'identlink__copy', key: what }, h('div', { class: 'identlink__copied' },
      h('span', { class: 'identlink__label' }, label), dom.said(shown, { class: 'identlink__value' })),
      button(done ? '✓\u00a0' + t.copied : t.copy, function () { act.copy(what, copied); },
        'identlink__button' + (done ? ' identlink__button_done' : ''), (done ? t.copied : t.copy) + ': ' + label));
  }

  function ahead(patient, now, t) {
    const checkup = patient.checkup;
    const plan = patient.plan;
    const unbooked = plan && Number(plan.unscheduled) > 0;
    if (!checkup && !unbooked) { return null; }
    const late = checkup && format.isPast(checkup.due_on, now);
    return format.block('ahead', t.ahead, [
      checkup ? line(t.checkup, late ? t.overdue + ' ' + format.day(checkup.due_on, now) : format.day(checkup.due_on, now),
        t['basis_' + checkup.basis], late) : null,
      unbooked ? line(t.plan, t.unscheduled + ' ' + format.money(plan.unscheduled), t.of + ' ' + format.money(plan.agreed)) : null,
    ]);
  }

  function why(panel, t) {
    const found = panel.why;
    return found ? format.block('why', t.why, h('p', { class: 'identlink__why' }, dom.said(found.text.replace(/\.?$/, '.')),
      found.stage_before ? [' ' + t.stage_before + ' «', dom.said(found.stage_before), '».'] : null)) : null;
  }

  /* Fresh data need but a dot beside the heading; what is old or missing is said in words above everything. */
  function heading(title, panel) {
    const said = panel.freshness;
    return h('div', { class: 'identlink__heading' }, title, said && ['green', 'soft'].indexOf(said.level) >= 0
      ? h('span', { class: 'identlink__dot identlink__fresh_' + said.level, title: said.text, role: 'img', 'aria-label': said.text }) : null);
  }

  function freshness(panel) {
    const said = panel.freshness;
    return said && ['green', 'soft'].indexOf(said.level) < 0 ? h('div', { class: 'identlink__fresh identlink__fresh_' + said.level, role: 'status', key: 'fresh' },
      h('span', { class: 'identlink__dot' }), h('span', {}, dom.said(said.text))) : null;
  }

  function skeleton(t) {
    return h('div', { class: 'identlink__skeleton', role: 'status', 'aria-label': t.loading, key: 'skeleton' },
      ['name', 'facts', 'label', 'date', 'facts', 'label', 'date', 'label', 'sums'].map(function (look) {
        return h('span', { class: 'identlink__bone identlink__bone_' + look });
      }));
  }

  function notice(level, text, extra) {
    return h('div', { class: 'identlink__notice identlink__notice_' + level, role: 'status' }, h('span', {}, dom.said(text)), extra);
  }

  function line(label, value, hint, late) {
    return h('div', { class: 'identlink__line' }, h('span', {}, label),
      h('span', { class: 'identlink__value' + (late ? ' identlink__value_late' : '') }, value),
      hint ? h('span', { class: 'identlink__facts' }, hint) : null);
  }

  function button(text, onclick, look, label) {
    return h('button', { type: 'button', class: look || 'identlink__button', onclick: onclick, 'aria-label': label }, text);
  }

  return { render: render };
});
