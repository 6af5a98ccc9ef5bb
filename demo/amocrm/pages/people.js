/* Who works at the pages: the face in the bar, and a list of everybody to log in as, with what each may see. */
define(['dom', 'state'], function (dom, state) {
  'use strict';

  const h = dom.h;
  const COLOURS = ['#3c5a78', '#7a4b8f', '#2f6f5b', '#8a5a2b', '#a0435c', '#4d5b99'];
  const MAY = { A: 'Менеджер: все сделки', G: 'Менеджер: сделки своего отдела', M: 'Менеджер: только свои сделки', D: 'Без доступа к сделкам' };

  function draw() {
    const user = state.start.user;
    const list = h('div', { class: 'people', id: 'people', hidden: true, 'data-people': '' },
      h('div', { class: 'people__title' }, 'Войти как'), state.start.users.map(one));
    const button = h('button', {
      type: 'button', class: 'nav__me', 'data-action': 'user', 'aria-expanded': 'false', 'aria-controls': 'people', title: user.name + ': ' + may(user),
      onclick: function () { turn(list.hidden); },
    }, face(user), h('span', { class: 'nav__name' }, user.name.split(' ')[0]));

    function turn(shown) {
      list.hidden = !shown;
      button.setAttribute('aria-expanded', String(shown));
    }

    const box = h('div', {
      class: 'nav__user', 'data-user': user.id,
      onkeydown: function (event) {
        if (event.key !== 'Escape' || list.hidden) { return; }
        turn(false);
        button.focus();
      },
      onfocusout: function (event) { if (event.relatedTarget && !box.contains(event.relatedTarget)) { turn(false); } },
    }, button, list);
    return box;
  }

  /* A press elsewhere shuts the list. */
  document.addEventListener('pointerdown', function (event) {
    const shown = document.querySelector('[data-people]:not([hidden])');
    if (shown && !event.target.closest('.nav__user')) { document.querySelector('[data-action="user"]').click(); }
  });

  /* A link of its own: what is open now opens again, as far as this user may see it, and the token with it is this user's. */
  function one(person) {
    const isMe = person.id === state.start.user.id;
    return h('a', {
      class: 'people__one', href: '/_stand-in/login/' + person.id + '?to=' + encodeURIComponent(location.pathname),
      'data-login': person.id, 'aria-current': isMe ? 'true' : null,
    }, face(person), h('span', { class: 'people__text' }, h('span', { class: 'people__name' }, person.name),
      h('span', { class: 'people__may' }, may(person))), isMe ? dom.icon('check') : null);
  }

  function may(person) {
    if (person.is_admin) { return 'Руководитель, администратор'; }
    return person.is_free ? 'Бесплатный пользователь' : MAY[person.view];
  }

  function face(person) {
    const place = state.start.users.findIndex(function (other) { return other.id === person.id; });
    return h('span', { class: 'face', style: '--face:' + COLOURS[Math.max(0, place) % COLOURS.length], 'aria-hidden': 'true' }, initials(person.name));
  }

  function initials(name) { return name.split(' ').map(function (part) { return part.slice(0, 1); }).join('').slice(0, 2).toUpperCase(); }

  return { draw: draw };
});
