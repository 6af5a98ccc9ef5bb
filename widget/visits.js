/* The visits of a patient: what is next, and what was. */
define(['./dom.js', './format.js'], function (dom, format) {
  'use strict';

  const h = dom.h;

  function next(patient, panel, act, t) {
    const visit = patient.next_visit;
    if (!visit) {
      return format.block('next', t.next_visit, h('p', { class: 'identlink__none' }, t.no_next_visit));
    }
    return format.block('next', ['future', 'moved'].indexOf(visit.status) >= 0 ? t.next_visit : visit.status_text, [
      h('div', { class: 'identlink__when' }, h('span', { class: 'identlink__date' }, format.moment(visit.start, panel.now)),
        h('span', { class: 'identlink__facts' }, format.distance(visit.start, panel.now)),
        visit.zone_note ? h('span', { class: 'identlink__facts' }, dom.said(visit.zone_note)) : null),
      h('div', { class: 'identlink__place' }, dom.joined([visit.practitioner, visit.branch])),
      signs(visit, panel, act, t),
      others(patient, visit, panel.now, t),
    ]);
  }

  function signs(visit, panel, act, t) {
    const chips = [
      visit.status === 'moved' ? h('span', { class: 'identlink__chip', key: 'moved' }, visit.status_text) : null,
      visit.notified_at ? h('span', { class: 'identlink__chip', key: 'notified', title: format.moment(visit.notified_at, panel.now) }, t.notified) : null,
      visit.confirmed ? h('span', { class: 'identlink__chip identlink__chip_good', key: 'confirmed' }, '✓\u00a0' + t.confirmed) : null,
      act.confirm && isToConfirm(visit, panel)
        ? h('button', { type: 'button', class: 'identlink__button', onclick: function () { act.confirm(visit.id); } }, t.confirm) : null,
    ].filter(Boolean);
    const by = visit.confirmed ? h('div', { class: 'identlink__facts' }, dom.said(visit.confirmed)) : null;
    return chips.length ? [h('div', { class: 'identlink__chips' }, chips), by] : null;
  }

  /* Nobody confirms what has begun, nor over an old answer. */
  function isToConfirm(visit, panel) {
    return panel.state === 'found' && !visit.confirmed && ['future', 'moved'].indexOf(visit.status) >= 0
      && Date.parse(visit.start) > Date.parse(panel.now);
  }

  function others(patient, shown, now, t) {
    const rest = (patient.future || []).filter(function (visit) { return visit.id !== shown.id; });
    if (!rest.length) { return null; }
    const title = t.more + ' ' + format.counted(rest.length, [t.visit_1, t.visit_2, t.visit_5]);
    return h('details', { class: 'identlink__more', key: 'others' }, h('summary', {}, title), list(rest, now));
  }

  function past(patient, now, t) {
    const last = patient.last_visit;
    const all = patient.past || [];
    const since = all.filter(function (visit) {
      return visit.status !== 'visited' && (!last || Date.parse(visit.start) > Date.parse(last.start));
    });
    if (!last && !all.length) { return null; }
    return format.block('past', t.last_visit, [
      last ? h('div', { class: 'identlink__line' }, h('span', { class: 'identlink__value' }, format.day(last.start, now)),
        h('span', { class: 'identlink__facts' }, dom.joined([format.distance(last.start, now), format.initials(last.practitioner)])))
        : h('p', { class: 'identlink__none' }, t.never_visited),
      since.length ? h('div', { class: 'identlink__since', key: 'since' }, list(since, now)) : null,
      all.length > since.length + (last ? 1 : 0) || patient.more_past ? history(patient, now, t) : null,
    ]);
  }

  function history(patient, now, t) {
    return h('details', { class: 'identlink__more', key: 'history' }, h('summary', {}, t.history), list(patient.past || [], now),
      patient.more_past ? h('p', { class: 'identlink__facts' }, t.more_past) : null);
  }

  function list(all, now) {
    return h('ul', { class: 'identlink__list' }, all.map(function (visit) {
      return h('li', { class: 'identlink__visit_' + visit.status, key: visit.id }, h('span', {}, format.moment(visit.start, now)),
        h('span', { class: 'identlink__facts' }, dom.joined([visit.status_text, visit.cancel_reason, format.initials(visit.practitioner)])));
    }));
  }

  /** «Отменил сегодня в 12:30: приём вт 24 ноя, 17:00. Причина: заболел.» */
  function cancelled(visit, now, t) {
    return t.cancelled_today + (visit.cancelled_at ? ' ' + t.at + ' ' + format.clock(visit.cancelled_at) : '') + ': ' + t.visit_on + ' ' +
      format.moment(visit.start, now) + (visit.cancel_reason ? '. ' + t.reason + ': ' + visit.cancel_reason : '');
  }

  return { cancelled: cancelled, next: next, past: past };
});
