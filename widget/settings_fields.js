/* The controls of the settings page: each with its label, and with its error beside it. */
define(['./dom.js'], function (dom) {
  'use strict';

  const h = dom.h;

  /** `path` as the hub names it in its problems, e.g. `pipelines.primary.pipeline_id`. */
  function id(path) {
    return 'identlink-' + path.replace(/[^A-Za-z0-9]+/g, '-');
  }

  function error(path, problems) {
    return problems[path] ? h('p', { class: 'identlink__late identlink__error', id: id(path) + '-error' }, problems[path]) : null;
  }

  /** @param options [{value, name, color}] @param label an element or a text @param change (value as text) => */
  function select(path, label, options, value, problems, change, quiet) {
    const bad = Boolean(problems[path]);
    const known = options.some(function (one) { return String(one.value) === String(value); });
    const all = known ? options : [{ value: value, name: '—' }].concat(options);
    return h('div', { class: 'identlink__control', key: path },
      h('label', { for: id(path), class: quiet ? 'identlink__away' : 'identlink__label' }, label),
      h('select', { id: id(path), class: 'identlink__input identlink__select' + (bad ? ' identlink__input_bad' : ''), 'aria-invalid': bad ? 'true' : null,
        'aria-describedby': bad ? id(path) + '-error' : null, onchange: function (event) { change(event.currentTarget.value); } },
      all.map(function (one) { return h('option', { value: String(one.value), selected: String(one.value) === String(value) }, one.name); })),
      error(path, problems));
  }

  function check(label, checked, change, props) {
    return h('label', Object.assign({ class: 'identlink__check' }, props || {}),
      h('input', { type: 'checkbox', checked: checked, onchange: function (event) { change(event.currentTarget.checked); } }), h('span', {}, label));
  }

  /** A group of boxes under one heading. */
  function checks(path, legend, hint, boxes, problems) {
    return h('fieldset', { class: 'identlink__group', key: path, 'aria-describedby': problems[path] ? id(path) + '-error' : null },
      h('legend', {}, legend), hint ? h('p', { class: 'identlink__facts' }, hint) : null,
      h('div', { class: 'identlink__checks' }, boxes), error(path, problems));
  }

  function section(key, title, hint, content) {
    return h('section', { class: 'identlink__section', key: key, 'aria-labelledby': id('section-' + key) },
      h('h2', { id: id('section-' + key) }, title), hint ? h('p', { class: 'identlink__hint' }, hint) : null, content);
  }

  return { check: check, checks: checks, id: id, section: section, select: select };
});
