/* The middle of a card: what happened, by day, and a line to write a note. */
define(['dom', 'words'], function (dom, words) {
  'use strict';

  const h = dom.h;

  function draw(card, write) {
    const list = h('ol', { class: 'feed__list', 'data-feed': '' });
    fill(list, card);
    const input = h('textarea', { class: 'feed__input', rows: 1, placeholder: 'Примечание: введите текст', 'aria-label': 'Примечание' });
    input.addEventListener('keydown', function (event) {
      if (event.key !== 'Enter' || event.shiftKey) { return; }
      event.preventDefault();
      if (input.value.trim()) { write(input.value.trim()); }
      input.value = '';
    });
    return h('section', { class: 'feed', 'aria-label': 'Лента' },
      h('div', { class: 'feed__scroll', tabindex: '0', role: 'region', 'aria-label': 'События и примечания' }, list),
      card.id ? h('div', { class: 'feed__compose' }, input) : null);
  }

  function fill(list, card) {
    let day = null;
    const lines = card.feed.map(function (line) {
      const its = words.day(line.at, card.now);
      const head = its === day ? null : h('li', { class: 'feed__day' }, h('span', {}, its));
      day = its;
      return [head, line.kind === 'note' ? note(line) : happened(line)];
    });
    list.replaceChildren(...lines.flat().filter(Boolean));
    toEnd(list);
  }

  function toEnd(list) {
    requestAnimationFrame(function () {
      if (list.parentElement) { list.parentElement.scrollTop = list.parentElement.scrollHeight; }
    });
  }

  function note(line) {
    return h('li', { class: 'feed__note', 'data-feed-line': line.type },
      h('div', { class: 'feed__meta feed__meta_own' }, words.time(line.at) + ' ' + line.by), h('div', { class: 'feed__text' }, line.text));
  }

  function happened(line) {
    const said = { lead_added: 'Создана сделка', contact_added: 'Создан контакт' }[line.type];
    return h('li', { class: 'feed__event', 'data-feed-line': line.type },
      h('span', { class: 'feed__meta' }, words.time(line.at) + ' ' + line.by),
      said || h('span', {}, 'Новый этап: ', stage(line.after), ' из ', stage(line.before)));
  }

  function stage(one) { return h('span', { class: 'stage-chip', style: 'background:' + one.color }, one.name); }

  return { draw: draw, fill: fill };
});
