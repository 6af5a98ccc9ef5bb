/* The list of deals by stage. It follows every change by itself; a deal that came to another stage lights up for a moment. */
define(['dom', 'words', 'state', 'server', 'host', 'toasts'], function (dom, words, state, server, host, toasts) {
  'use strict';

  const h = dom.h;
  const SETTLE_MS = 250;

  /** Reads the list; what comes back draws it, see shell.js. */
  async function open(pipelineId, go) {
    const told = await server.get('board/' + pipelineId);
    return function (place) { return draw(place, pipelineId, told, go); };
  }

  function draw(place, pipelineId, first, go) {
    let told = first;
    let stood = stages(told);
    let waiting = null;
    let asked = 0;
    const root = h('div', { class: 'board', 'data-page': 'board' });
    state.view = { area: 'leads-pipeline', location: 'everywhere', entity: 'leads', card: null };
    root.append(head(), columns());
    place.replaceChildren(root);
    document.title = 'Сделки – amoCRM: стенд';
    host.enter('everywhere');

    function head() {
      const all = told.columns.reduce(function (sum, one) { return { count: sum.count + one.count, sum: sum.sum + one.sum }; }, { count: 0, sum: 0 });
      const choice = h('select', {
        class: 'board__pipeline', 'aria-label': 'Воронка', 'data-action': 'pipeline',
        onchange: function () { go('/leads/list/pipeline/' + choice.value); },
      }, state.start.pipelines.map(function (one) {
        return h('option', { value: one.id, selected: one.id === told.pipeline.id }, one.name);
      }));
      return h('header', { class: 'board__head' }, h('h1', { class: 'board__title' }, 'Сделки'), choice,
        h('span', { class: 'board__total', 'data-total': '' }, words.deals(all.count) + ': ' + words.money(all.sum)),
        h('a', { class: 'button button_main board__new', href: '/leads/add', 'data-go': '', 'data-action': 'new-deal' }, '+ Новая сделка'));
    }

    function columns() {
      return h('div', { class: 'board__columns', tabindex: '0', role: 'region', 'aria-label': 'Этапы воронки' }, 
        told.unsorted.length ? unsorted() : null, told.columns.map(column));
    }

    /* What nobody has taken yet stands before the stages, in no stage's colour. */
    function unsorted() {
      return h('section', { class: 'board__column', 'data-unsorted': '', 'aria-label': 'Неразобранное' },
        h('header', { class: 'board__stage', style: '--stage:#c1c1c1' }, h('h2', { class: 'board__stagename' }, 'Неразобранное'),
          h('span', { class: 'board__count', 'data-count': told.unsorted.length }, words.forms(told.unsorted.length))),
        h('ul', { class: 'board__tiles' }, told.unsorted.map(form)));
    }

    function form(one) {
      const sort = function (what) {
        return async function () {
          const done = await server.post('unsorted/' + one.uid + '/' + what, {}).catch(function (failed) { toasts.show('error', 'Не получилось', failed.message); });
          if (done && done.id) { go('/leads/detail/' + done.id); } else { refresh(); }
        };
      };
      return h('li', { class: 'tile tile_waiting', 'data-uid': one.uid },
        h('div', { class: 'tile__row' }, h('span', { class: 'tile__contact' }, one.contact), h('time', { class: 'tile__time' }, words.moment(one.created_at, told.now))),
        h('span', { class: 'tile__name' }, one.name), h('div', { class: 'tile__row' }, one.source),
        h('div', { class: 'tile__sort' },
          h('button', { type: 'button', class: 'button button_main', 'data-action': 'accept', onclick: sort('accept') }, 'Принять'),
          h('button', { type: 'button', class: 'button', 'data-action': 'decline', onclick: sort('decline') }, 'Отклонить')));
    }

    function column(one) {
      return h('section', { class: 'board__column', 'data-status-id': one.id, 'aria-label': one.name },
        h('header', { class: 'board__stage', style: '--stage:' + one.color },
          h('h2', { class: 'board__stagename', title: one.name }, one.name),
          h('span', { class: 'board__count', 'data-count': one.count }, words.deals(one.count) + ': ' + words.money(one.sum))),
        h('ul', { class: 'board__tiles' }, one.leads.map(function (lead) { return tile(lead, one.id); }),
          one.count > one.leads.length ? h('li', { class: 'board__more' }, 'и ещё ' + (one.count - one.leads.length)) : null));
    }

    function tile(lead, stage) {
      const moved = stood.size && stood.get(lead.id) !== stage;
      return h('li', { class: 'tile' + (moved ? ' tile_moved' : ''), 'data-lead-id': lead.id },
        h('div', { class: 'tile__row' }, h('span', { class: 'tile__contact' }, lead.contact), h('time', { class: 'tile__time' }, words.moment(lead.created_at, told.now))),
        h('a', { class: 'tile__name', href: '/leads/detail/' + lead.id, 'data-go': '' }, lead.name),
        h('div', { class: 'tile__row' }, h('span', { class: 'tile__sum' }, lead.price ? words.money(lead.price) : ''),
          lead.tags.map(function (tag) { return h('span', { class: 'tag tag_small' }, tag); })));
    }

    async function refresh() {
      waiting = null;
      const mine = ++asked;
      const fresh = await server.get('board/' + pipelineId).catch(function () { return null; });
      if (!fresh || mine !== asked || !root.isConnected) { return; } // the stream tells when the server is there again
      told = fresh;
      const across = root.querySelector('.board__columns').scrollLeft;
      const down = Array.from(root.querySelectorAll('.board__tiles'), function (list) { return list.scrollTop; });
      const focused = root.contains(document.activeElement) && document.activeElement.getAttribute('href');
      root.querySelector('.board__columns').replaceWith(columns());
      root.querySelector('[data-total]').replaceWith(head().querySelector('[data-total]'));
      root.querySelector('.board__columns').scrollLeft = across;
      root.querySelectorAll('.board__tiles').forEach(function (list, n) { list.scrollTop = down[n] || 0; });
      const again = focused && root.querySelector('a[href="' + focused + '"]');
      if (again) { again.focus(); }
      stood = stages(told);
    }

    return {
      changed: function (what) {
        if (waiting === null && (!what || what.entity === 'leads' || what.entity === 'contacts')) { waiting = setTimeout(refresh, SETTLE_MS); }
      },
      leave: function () {
        clearTimeout(waiting);
        host.leave();
      },
    };
  }

  function stages(told) {
    return new Map(told.columns.flatMap(function (one) { return one.leads.map(function (lead) { return [lead.id, one.id]; }); }));
  }

  return { open: open };
});
