/* The frame around the pages: the bar on the left, light and dark, who looks, and going from page to page without a reload. */
define(['dom', 'state', 'server', 'board', 'card', 'market', 'people', 'trouble', 'words'], function (dom, state, server, board, card, market, people, trouble, words) {
  'use strict';

  const h = dom.h;
  const THEME = 'stand-in-theme';
  let page = null;
  let isStale = false;
  let wanted = 0;

  /* Each reads what it shows and resolves to what draws it: draw(place) -> {changed(what), leave()}. */
  const PAGES = [
    [/^\/leads\/list\/pipeline\/(\d+)$/, function (id) { return board.open(+id, go); }],
    [/^\/leads\/?$/, function () { return board.open(main(), go); }],
    [/^\/leads\/detail\/(\d+)$/, function (id) { return card.open('leads', +id, go); }],
    [/^\/leads\/add$/, function () { return card.open('leads', 0, go); }],
    [/^\/contacts\/detail\/(\d+)$/, function (id) { return card.open('contacts', +id, go); }],
    [/^\/settings\/widgets\/$/, async function () { return function (place) { return market.list(place, go); }; }],
    [/^\/settings\/widgets\/\w+\/$/, async function () { return market.advanced; }],
  ];

  function main() { return state.start.pipelines.find(function (one) { return one.is_main; }).id; }

  async function start() {
    state.start = await server.get('start');
    words.setZone(state.start.account.timezone);
    paint(new URLSearchParams(location.search).get('theme') || localStorage.getItem(THEME) || 'light');
    document.addEventListener('click', follow);
    window.addEventListener('popstate', show);
    await show();
    server.live(function (what) {
      if (page) { page.changed(what); } else { isStale = true; }
    });
  }

  /* Any link with data-go stays in this document. */
  function follow(event) {
    const link = event.target.closest('a[data-go]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) { return; }
    event.preventDefault();
    go(link.getAttribute('href'));
  }

  function go(path, how) {
    history[how && how.replace ? 'replaceState' : 'pushState']({}, '', path);
    show();
  }

  /** Leaves the page at once and draws the next when its data is there; of several that were asked for only the last is drawn. */
  async function show() {
    const mine = ++wanted;
    const place = document.getElementById('page');
    if (page) { page.leave(); }
    page = null;
    isStale = false;
    state.view = { area: '', location: '', entity: '', card: null };
    place.setAttribute('aria-busy', 'true');
    const draw = await read().catch(refused);
    if (mine !== wanted) { return; }
    page = draw(place);
    place.setAttribute('aria-busy', 'false');
    navigation();
    if (isStale) { page.changed(); } // while it was read
  }

  function read() {
    const [pattern, open] = PAGES.find(function ([one]) { return one.test(location.pathname); });
    return open.apply(null, location.pathname.match(pattern).slice(1));
  }

  function refused(failed) {
    const text = { 403: 'Недостаточно прав, чтобы открыть эту карточку', 404: 'Такой карточки нет' }[failed.status] || failed.message;
    return function (place) {
      place.replaceChildren(h('div', { class: 'page__refused', 'data-page': 'refused', 'data-status': failed.status }, h('h1', {}, text),
        h('a', { class: 'button', href: '/leads/', 'data-go': '' }, 'К списку сделок')));
      return { changed: function () {}, leave: function () {} };
    };
  }

  function navigation() {
    tellFrame();
    const isDeals = !location.pathname.startsWith('/settings');
    document.getElementById('nav').replaceChildren(
      h('a', { class: 'nav__logo', href: '/leads/', 'data-go': '' }, 'amo ', h('span', {}, 'стенд')),
      item('/leads/', 'deals', 'Сделки', isDeals),
      item('/settings/widgets/', 'settings', 'Настройки', !isDeals),
      h('span', { class: 'nav__space' }),
      h('button', { type: 'button', class: 'nav__item', 'data-action': 'trouble', 'aria-expanded': String(trouble.isOpen()), onclick: trouble.toggle },
        dom.icon('wrench'), h('span', {}, 'Пульт')),
      h('button', { type: 'button', class: 'nav__item', 'data-action': 'theme', onclick: turn },
        dom.icon(isDark() ? 'sun' : 'moon'), h('span', {}, isDark() ? 'Светлая' : 'Тёмная')),
      people.draw());
  }

  function item(path, icon, name, isHere) {
    return h('a', { class: 'nav__item', href: path, 'data-go': '', 'aria-current': isHere ? 'page' : null }, dom.icon(icon), h('span', {}, name));
  }

  /* The demo shows the pages in a frame: its bar follows which card is open, and light or dark. */
  function tellFrame() {
    if (window.parent !== window) { window.parent.postMessage({ path: location.pathname, dark: isDark() }, '*'); }
  }

  function isDark() { return document.body.classList.contains('theme-dark'); }

  function paint(theme) {
    document.body.classList.toggle('theme-dark', theme === 'dark');
    localStorage.setItem(THEME, theme);
  }

  function turn() {
    paint(isDark() ? 'light' : 'dark');
    navigation();
    document.querySelector('[data-action="theme"]').focus();
  }

  return { start: start };
});
