/* People around a call: who shares the phone, who speaks for the patient, who was searched for. Names, ages and days of visits only. */
define(['./dom.js', './format.js'], function (dom, format) {
  'use strict';

  const h = dom.h;
  const LEAST = 4;

  /** Persons to choose from; where this card cannot keep a choice, to read. */
  function list(persons, now, act, t) {
    return h('ul', { class: 'identlink__people' }, persons.map(function (person) {
      const facts = [format.age(person.age), booked(person, now, t)];
      const inside = [h('span', { class: 'identlink__personname', title: person.name }, dom.said(person.name)),
        h('span', { class: 'identlink__facts' }, dom.joined(facts))];
      return h('li', { key: person.id }, act.choose
        ? h('button', { type: 'button', class: 'identlink__person', onclick: function () { act.choose(person.id); } }, inside)
        : h('div', { class: 'identlink__person identlink__person_told' }, inside));
    }));
  }

  /* While a clinic is read for the first time, no day does not mean that nothing is booked. */
  function booked(person, now, t) {
    if (person.next_visit_on) { return t.visit_on + ' ' + format.day(person.next_visit_on, now); }
    return person.next_visit_known === false ? null : t.no_visit;
  }

  /** Another patient of the clinic: by a part of the name, the phone or the card number. */
  function search(panel, view, act, t) {
    if (!act.search || !(panel.rights || {}).search) { return null; }
    return h('form', { class: 'identlink__search', role: 'search', key: 'search', onsubmit: function (event) { submitted(event, act); } },
      h('label', { class: 'identlink__label' }, t.search_label,
        h('span', { class: 'identlink__field' },
          h('input', { type: 'search', name: 'text', class: 'identlink__input', placeholder: t.search_hint, autocomplete: 'off', maxlength: '100', oninput: forgive }),
          h('button', { type: 'submit', class: 'identlink__button' }, t.search))),
      h('p', { class: 'identlink__facts identlink__few', hidden: true }, t.search_few),
      h('div', { class: 'identlink__found', role: 'status' }, view.search ? found(view.search, panel.now, act, t) : null));
  }

  /** The rules wait for a person's word: who is shown is an answer; whose the deal is, somebody else may be too. */
  function asked(panel, view, act, t) {
    if (!panel.asked || !act.choose) { return null; }
    const which = panel.asked === 'deal' ? 'deal' : 'person';
    return h('section', { class: 'identlink__asked', key: 'asked' }, h('h4', { class: 'identlink__ask' }, t['asked_' + which]), h('p', { class: 'identlink__facts' }, t['asked_hint_' + which]),
      h('div', { class: 'identlink__buttons' }, h('button', { type: 'button', class: 'identlink__button', onclick: function () { act.choose(panel.patient.id); } }, t['asked_yes_' + which])),
      which === 'person' ? search(panel, view, act, t) : null);
  }

  function submitted(event, act) {
    event.preventDefault();
    const text = event.currentTarget.elements.text.value.trim();
    const enough = (text.match(/[\p{L}\p{N}]/gu) || []).length >= LEAST;
    event.currentTarget.querySelector('.identlink__few').hidden = enough;
    if (enough) { act.search(text); }
  }

  function forgive(event) {
    event.currentTarget.form.querySelector('.identlink__few').hidden = true;
  }

  function found(search, now, act, t) {
    if (search.busy) { return h('p', { class: 'identlink__facts' }, t.searching); }
    if (search.failed) { return h('p', { class: 'identlink__late' }, search.failed); }
    const nobody = h('p', { class: 'identlink__facts' }, t.search_none);
    return [search.unsearched ? h('p', { class: 'identlink__gap', key: 'unsearched' }, dom.said(search.unsearched)) : null,
      search.persons.length ? list(search.persons, now, act, t) : nobody, search.more ? h('p', { class: 'identlink__facts' }, t.search_more) : null];
  }

  /** Representatives and family. */
  function relatives(patient, now, t) {
    const all = (patient.representatives || []).concat(patient.family || []);
    if (!all.length) { return null; }
    return format.block('relatives', t.relatives, h('ul', { class: 'identlink__list' }, all.map(function (one) {
      const facts = [one.relation, format.age(one.age), one.next_visit_on ? t.visit_on + ' ' + format.day(one.next_visit_on, now) : null];
      return h('li', {}, dom.said(one.name, { class: 'identlink__relative', title: one.name }), h('span', { class: 'identlink__facts' }, dom.joined(facts)));
    })));
  }

  return { asked: asked, list: list, relatives: relatives, search: search };
});
