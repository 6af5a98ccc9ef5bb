/* The middle of a card: what happened, by day and with whoever did it, and at the end what is to be done. Draws; writes nothing by itself.

   act = {write(text), plan(task), finish(taskId, result)}, each resolves to whether it was done */
define(['dom', 'words', 'state', 'compose'], function (dom, words, state, compose) {
  'use strict';

  const h = dom.h;
  const NEAR_END = 60;
  const drawn = new WeakMap();

  function draw(card, act) {
    const list = h('ol', { class: 'feed__list', 'data-feed': '' });
    const scroll = h('div', {
      class: 'feed__scroll', tabindex: '0', role: 'region', 'aria-label': 'События, примечания и задачи',
      onscroll: function () { follows = isAtEnd(scroll); },
    }, list);
    let follows = true;
    new ResizeObserver(function () { if (follows) { scroll.scrollTop = scroll.scrollHeight; } }).observe(scroll);
    fill(list, card, act);
    return h('section', { class: 'feed', 'aria-label': 'Лента' }, scroll, card.id ? foot(card, act) : null);
  }

  function isAtEnd(scroll) { return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END; }

  function foot(card, act) {
    if (mayWrite()) { return compose.draw(card, act); }
    return h('div', { class: 'feed__compose feed__readonly' }, 'Бесплатный пользователь смотрит карточку, но не пишет в неё.');
  }

  function mayWrite() { return !state.start.user.is_free; }

  /** What is already there stays where it is: somebody may be typing a task's result. */
  function fill(list, card, act) {
    const follows = isAtEnd(list.parentElement);
    const old = new Map(Array.from(list.children, function (node) { return [node.getAttribute('data-key'), node]; }));
    const nodes = withDays(card).map(function (line) {
      const told = JSON.stringify(line);
      const kept = old.get(line.key);
      if (kept && drawn.get(kept) === told) { return kept; }
      const node = DRAWERS[line.kind](line, card, act);
      node.setAttribute('data-key', line.key);
      drawn.set(node, told);
      return node;
    });
    const stays = new Set(nodes);
    Array.from(list.children).forEach(function (node) { if (!stays.has(node)) { node.remove(); } });
    nodes.forEach(function (node, n) { if (list.children[n] !== node) { list.insertBefore(node, list.children[n] || null); } });
    if (follows) { toEnd(list); }
  }

  function withDays(card) {
    let day = null;
    return card.feed.flatMap(function (line) {
      const open = line.kind === 'task' && !line.is_done;
      const its = open ? 'Задачи' : words.day(line.at, card.now);
      const head = its === day ? [] : [{ kind: 'day', key: 'day-' + its, text: its }];
      day = its;
      return head.concat(line);
    });
  }

  function toEnd(list) {
    requestAnimationFrame(function () { list.parentElement.scrollTop = list.parentElement.scrollHeight; });
  }

  const DRAWERS = {
    day: function (line) { return h('li', { class: 'feed__day' }, h('span', {}, line.text)); },
    note: function (line) {
      return h('li', { class: 'feed__note', 'data-feed-line': line.type },
        h('div', { class: 'feed__meta feed__meta_own' }, signed(line)), h('div', { class: 'feed__text' }, line.text));
    },
    event: function (line) {
      return h('li', { class: 'feed__event', 'data-feed-line': line.type, 'data-who': line.who.kind },
        h('span', { class: 'feed__meta' }, signed(line)), h('span', { class: 'feed__said' }, said(line)));
    },
    task: function (line, card, act) { return line.is_done ? done(line) : open(line, card, act); },
  };

  /* The time and who it was: a person, a robot of the account's own, or an integration, perhaps in a person's name. */
  function signed(line) {
    const marks = { person: null, robot: dom.icon('robot'), integration: dom.icon('puzzle') };
    return [words.time(line.at) + ' ', h('span', { class: 'feed__who' }, marks[line.who.kind], line.who.name),
      line.who.kind === 'integration' ? h('span', { class: 'feed__badge' }, 'интеграция') : null];
  }

  function said(line) {
    const one = SAID[line.type];
    return one ? one(line) : 'Событие ' + line.type;
  }

  const SAID = {
    lead_added: function () { return 'Создана сделка'; },
    contact_added: function () { return 'Создан контакт'; },
    entity_merged: function () { return 'Объединены карточки'; },
    lead_status_changed: function (line) { return ['Новый этап: ', stage(line.after), ' из ', stage(line.before), elsewhere(line)]; },
    sale_field_changed: function (line) { return change(line.field, words.money(line.after), words.money(line.before)); },
    name_field_changed: function (line) { return change(line.field, line.after, line.before); },
    entity_responsible_changed: function (line) { return change(line.field, line.after, line.before); },
    entity_tag_added: function (line) { return ['Добавлены теги: ', chips(line.tags)]; },
    entity_tag_deleted: function (line) { return ['Убраны теги: ', chips(line.tags)]; },
    field_changed: function (line) { return change(line.field, texts(line, line.after), texts(line, line.before)); },
  };

  function change(field, after, before) {
    if (!after) { return ['Поле «' + field + '» очищено, ', was(before)]; }
    return ['Поле «' + field + '»: ', h('b', { class: 'feed__value' }, after), ' ', was(before)];
  }

  function was(before) { return before ? h('span', { class: 'feed__was' }, 'было ' + before) : null; }

  function texts(line, values) {
    return values.map(function (text) {
      if (line.fieldType === 'checkbox') { return text === 'True' ? 'Да' : 'Нет'; }
      if (line.fieldType === 'date' || line.fieldType === 'birthday') { return words.date(+text); }
      return line.fieldType === 'date_time' ? words.date(+text) + ' ' + words.time(+text) : text;
    }).join(', ');
  }

  function chips(tags) { return tags.map(function (tag) { return h('span', { class: 'tag tag_small' }, tag); }); }

  function stage(one) { return h('span', { class: 'stage-chip', style: 'background:' + one.color }, one.name); }

  function elsewhere(line) {
    return line.after.pipeline === line.before.pipeline ? null : h('span', { class: 'feed__was' }, 'воронка «' + line.after.pipeline + '»');
  }

  function done(line) {
    return h('li', { class: 'feed__note feed__task_done', 'data-task-id': line.id, 'data-feed-line': 'task_done' },
      h('div', { class: 'feed__meta feed__meta_own' }, signed(line), ' · задача выполнена'),
      h('div', { class: 'feed__text feed__text_done' }, dom.icon('check'), h('span', {}, line.type + ': ' + line.text)),
      line.result ? h('div', { class: 'feed__text feed__result' }, line.result) : null);
  }

  function open(line, card, act) {
    const result = h('input', { class: 'feed__resultinput', placeholder: 'Добавить результат', 'aria-label': 'Результат задачи: ' + line.text });
    const send = h('button', { type: 'submit', class: 'button', 'data-action': 'finish' }, 'Выполнить');
    return h('li', { class: 'feed__note feed__task' + (line.is_late ? ' feed__task_late' : ''), 'data-task-id': line.id, 'data-feed-line': 'task' },
      h('div', { class: 'feed__meta feed__meta_own' }, h('b', { class: 'feed__due' }, line.is_late ? 'Просрочена: ' : '', words.ahead(line.due, card.now)),
        ' для ', line.responsible, h('span', { class: 'feed__set' }, 'поставил: ' + line.who.name)),
      h('div', { class: 'feed__text' }, h('b', {}, line.type), ': ' + line.text),
      mayWrite() ? h('form', {
        class: 'feed__finish',
        onsubmit: async function (event) {
          event.preventDefault();
          send.disabled = true;
          send.disabled = await act.finish(line.id, result.value.trim());
        },
      }, result, send) : null);
  }

  return { draw: draw, fill: fill };
});
