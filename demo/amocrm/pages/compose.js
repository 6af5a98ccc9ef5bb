/* The line below the feed: a note, or a task with when, for whom and what. Draws; what is typed is written by `act`, see feed.js. */
define(['dom', 'words', 'state'], function (dom, words, state) {
  'use strict';

  const h = dom.h;
  const MODES = { note: 'Примечание', task: 'Задача' };
  const DAY = 86400;
  const DAYS_AHEAD = 31;
  const TIMES = Array.from({ length: 29 }, function (_, n) { return String(8 + Math.floor(n / 2)).padStart(2, '0') + (n % 2 ? ':30' : ':00'); });

  function draw(card, act) {
    const box = h('div', { class: 'feed__compose' });

    function turn(mode, focus) {
      const form = mode === 'note' ? note(act) : task(card, act, function () { turn('note', true); });
      box.replaceChildren(tabs(mode, turn), form);
      if (focus) { form.querySelector('textarea').focus(); }
    }

    turn('note');
    return box;
  }

  function tabs(now, turn) {
    return h('div', { class: 'compose__modes', role: 'group', 'aria-label': 'Что написать' }, Object.entries(MODES).map(function ([mode, name]) {
      return h('button', {
        type: 'button', class: 'compose__mode', 'data-mode': mode, 'aria-pressed': String(mode === now),
        onclick: function () { turn(mode, true); },
      }, name);
    }));
  }

  function note(act) {
    const input = h('textarea', { class: 'feed__input', rows: 1, placeholder: 'Введите текст и нажмите Enter', 'aria-label': 'Примечание' });
    input.addEventListener('keydown', async function (event) {
      if (event.key !== 'Enter' || event.shiftKey) { return; }
      event.preventDefault();
      const text = input.value.trim();
      if (!text || !await act.write(text)) { return; }
      input.value = '';
    });
    return h('div', {}, input);
  }

  function task(card, act, close) {
    const days = Array.from({ length: DAYS_AHEAD }, function (_, n) { return { id: words.iso(card.now + n * DAY), name: words.dayAhead(card.now + n * DAY, card.now) }; });
    const times = TIMES.map(function (one) { return { id: one, name: one }; });
    const day = select('День', 'day', days, days[1].id);
    const time = select('Время', 'time', times, TIMES.find(function (one) { return one >= words.time(card.now); }) || TIMES[0]);
    const whom = select('Ответственный', 'responsible', state.start.users.filter(function (one) { return !one.is_free; }), card.responsible_user_id);
    const kinds = Object.entries(state.start.task_types).map(function ([id, name]) { return { id: +id, name: name }; });
    const kind = select('Тип задачи', 'kind', kinds, kinds[0].id);
    const text = h('textarea', { class: 'feed__input', rows: 2, placeholder: 'Что сделать?', 'aria-label': 'Текст задачи', required: true });
    const set = h('button', { type: 'submit', class: 'button button_main', 'data-action': 'set-task' }, 'Поставить задачу');
    return h('form', {
      class: 'compose__task',
      onsubmit: async function (event) {
        event.preventDefault();
        set.disabled = true;
        const done = await act.plan({ text: text.value.trim(), due: day.value + 'T' + time.value, responsible_user_id: +whom.value, task_type_id: +kind.value });
        set.disabled = false;
        if (done) { close(); }
      },
      onkeydown: function (event) { if (event.key === 'Escape') { close(); } },
    },
    h('div', { class: 'compose__row' }, day, time, h('span', {}, 'для'), whom, kind),
    text,
    h('div', { class: 'compose__row' }, set, h('button', { type: 'button', class: 'button', onclick: close }, 'Отменить')));
  }

  function select(label, field, options, chosen) {
    return h('select', { class: 'compose__field', 'aria-label': label, 'data-field': field }, options.map(function (one) {
      return h('option', { value: one.id, selected: one.id === chosen }, one.name);
    }));
  }

  return { draw: draw };
});
