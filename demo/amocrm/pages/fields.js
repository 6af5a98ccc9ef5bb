/* The left column's fields: shown, typed into, and turned into the body that saves them. */
define(['dom', 'words'], function (dom, words) {
  'use strict';

  const h = dom.h;
  const TYPED = ['text', 'textarea', 'numeric', 'url', 'streetaddress'];

  function shown(field, values) {
    return (values || []).map(function (one) {
      if (field.type === 'checkbox') { return one.value ? 'Да' : 'Нет'; }
      if (field.type === 'date' || field.type === 'birthday') { return words.date(one.value); }
      if (field.type === 'date_time') { return words.date(one.value) + ' ' + words.time(one.value); }
      return String(one.value);
    }).join(', ');
  }

  /** A row of one custom field; `edited` is what was typed and not saved, `typed(field, text)` is told of each edit by hand. */
  function row(field, values, edited, typed) {
    const text = edited === undefined ? shown(field, values) : edited;
    const label = h('span', { class: 'field__label', id: 'label-' + field.id, title: field.name }, field.name);
    if (field.is_api_only || !(TYPED.includes(field.type) || field.type === 'multitext')) {
      return h('div', { class: 'field', 'data-field-id': field.id }, label, link(field, text));
    }
    const rows = field.type === 'textarea' && text.length > 30 ? Math.min(4, Math.ceil(text.length / 28)) : 1;
    const input = h(rows > 1 ? 'textarea' : 'input', {
      class: 'field__input', 'aria-labelledby': 'label-' + field.id, placeholder: '...', rows: rows > 1 ? rows : null,
      oninput: function () { typed(field, input.value); },
    });
    input.value = text;
    return h('div', { class: 'field', 'data-field-id': field.id }, label, input);
  }

  function link(field, text) {
    if (!text) { return h('span', { class: 'field__empty' }, '...'); }
    const isUrl = field.type === 'url' && /^https?:\/\//.test(text);
    return isUrl ? h('a', { class: 'field__value', href: text, target: '_blank', rel: 'noreferrer' }, text) : h('span', { class: 'field__value' }, text);
  }

  /** `custom_fields_values` of a patch, from a Map of field id -> text. */
  function body(edits, card) {
    return Array.from(edits, function ([id, text]) {
      const field = card.fields.find(function (one) { return one.id === id; });
      if (!text.trim()) { return { field_id: field.id, values: null }; }
      if (field.type !== 'multitext') { return { field_id: field.id, values: [{ value: text }] }; }
      const kinds = card.values[field.id] || [];
      return {
        field_id: field.id,
        values: text.split(',').map(function (one, n) {
          return { value: one.trim(), enum_code: (kinds[n] && kinds[n].enum_code) || field.choices[0].code };
        }),
      };
    });
  }

  return { row: row, body: body };
});
