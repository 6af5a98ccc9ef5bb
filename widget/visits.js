/* The visits of a patient: what is next, and what was. */
define(['./dom.js', './format.js'], function (dom, format) {
  'use strict';

  const h = dom.h;

  function next(patient, panel, act, t) {
    const visit = patient.next_visit;
    if (!visit) {
      return h('section', { class: 'identlink__block' }, h('h3', { class: 'identlink__label' }, t.next_visit),
        h('p', { class: 'identlink__none' }, t.no_next_visit));
    }
    return h('section', { class: 'identlink__block identlink__next' },
      h('h3', { class: 'identlink__label' }, visit.status === 'future' ? t.next_visit : visit.status_text),
      h('div', { class: 'identlink__when' }, h('span', { class: 'identlink__date' }, format.moment(visit.start, panel.now)),
        h('span', { class: 'identlink__facts' }, format.distance(visit.start, panel.now))),
      place(visit),
      signs(visit, panel, act, t),
      others(patient, visit, panel.now, t));
  }

  function place(visit) {
    const parts = [visit.practitioner, visit.branch].filter(Boolean);
    return h('div', { class: 'identlink__place' }, parts.join(' · '),
      visit.zone_note ? h('span', { class: 'identlink__facts' }, ' ' + visit.zone_note) : null);
  }

  function signs(visit, panel, act, t) {
    const chips = [
      visit.notified_at ? h('span', { class: 'identlink__chip', title: format.moment(visit.notified_at, panel.now) }, t.notified) : null,
      visit.confirmed ? h('span', { class: 'identlink__chip identlink__chip_good' }, visit.confirmed) : null,
      visit.status === 'future' && !visit.confirmed && panel.state === 'found' && act.confirm
        ? h('button', { type: 'button', class: 'identlink__button', onclick: function () { act.confirm(visit.id); } }, t.confirm) : null,
    ].filter(Boolean);
    return chips.length ? h('div', { class: 'identlink__chips' }, chips) : null;
  }

  function others(patient, shown, now, t) {
    const rest = (patient.future || []).filter(function (visit) { return visit.id !== shown.id; });
    if (!rest.length) { return null; }
    const title = t.more + ' ' + format.counted(rest.length, [t.visit_1, t.visit_2, t.visit_5]);
    return h('details', { class: 'identlink__more' }, h('summary', {}, title), list(rest, now));
  }

  function past(patient, now, t) {
    const last = patient.last_visit;
    const since = (patient.past || []).filter(function (visit) {
      return visit.status !== 'visited' && (!last || visit.start > last.start);
    });
    if (!last && !since.length && !(patient.past || []).length) { return null; }
    return h('section', { class: 'identlink__block' }, h('h3', { class: 'identlink__label' }, t.last_visit),
      last ? h('div', { class: 'identlink__line' }, h('span', { class: 'identlink__value' }, format.day(last.start, now)),
        h('span', { class: 'identlink__facts' }, [format.distance(last.start, now), last.practitioner && format.initials(last.practitioner)]
          .filter(Boolean).join(' · '))) : h('p', { class: 'identlink__none' }, t.never_visited),
      since.length ? list(since, now) : null,
      history(patient, now, t));
  }

  function history(patient, now, t) {
    const all = patient.past || [];
    if (all.length < 2) { return null; }
    return h('details', { class: 'identlink__more' }, h('summary', {}, t.history), list(all, now),
      patient.more_past ? h('p', { class: 'identlink__facts' }, t.more_past) : null);
  }

  function list(all, now) {
    return h('ul', { class: 'identlink__list' }, all.map(function (visit) {
      const facts = [visit.status_text, visit.cancel_reason, visit.practitioner && format.initials(visit.practitioner)].filter(Boolean);
      return h('li', { class: 'identlink__visit_' + visit.status }, h('span', {}, format.moment(visit.start, now)),
        h('span', { class: 'identlink__facts' }, facts.join(' · ')));
    }));
  }

  return { next: next, past: past };
});
