/* The tester's drawer: no part of amoCRM and not in its looks. It breaks the stand-in through the control routes, shows what waits, and
   puts all of it right. Hidden until it is opened; what it asks for is open as long as the drawer is. */
define(['dom', 'state', 'words', 'toasts'], function (dom, state, words, toasts) {
  'use strict';

  const h = dom.h;
  const CONTROL = '/_stand-in/';
  const EVERY_MS = 1000;
  const ROBOT = 0;
  const LATE_SECONDS = 20;
  const KINDS = [
    ['429', '429', 'Слишком часто: страница HTML'], ['429_json', '429 JSON', 'Слишком часто: JSON с retry_after'],
    ['429_empty', '429 пусто', 'Слишком часто: без тела'], ['500', '500', 'Ошибка сервера'], ['502', '502', 'Плохой шлюз'],
    ['503', '503', 'Недоступен'], ['504', '504', 'Шлюз не дождался'], ['403_html', '403 HTML', 'Отказ веб-сервера'],
    ['200_html', '200 HTML', 'Страница вместо данных'], ['timeout', 'Тайм-аут', 'Ответа нет минуту, запрос не выполнен'],
    ['drip', 'По капле', 'Ответ идёт 20 секунд, по байту'], ['lost', 'Потерян ответ', 'Запрос выполнен, ответ пропал'],
    ['late', 'Позже', 'Ответ сразу, выполнится через 20 секунд'], ['late_lost', 'Позже молча', 'Ответа нет, выполнится через 20 секунд'],
  ];
  const NAMES = Object.fromEntries(KINDS.map(function ([kind, name]) { return [kind, name]; }));
  const MODES = [['ok', 'Работает'], ['unpaid', 'Не оплачен'], ['blocked', 'Заблокирован']];
  const SAYS = { unpaid: 'не оплачен: записи получают 402', blocked: 'заблокирован: всё получает 403' };
  let drawer = null;
  let timer = null;

  async function ask(method, path, body) {
    const answer = await fetch(CONTROL + path, {
      method: method, headers: { 'Content-Type': 'application/json' }, body: method === 'GET' ? undefined : JSON.stringify(body || {}),
    });
    if (!answer.ok) {
      const told = await answer.json();
      throw new Error(told.detail);
    }
    return answer.status === 204 ? null : answer.json();
  }

  async function turn(path, body) {
    try {
      await ask('POST', path, body);
    } catch (failed) {
      toasts.show('error', 'Стенд отказал', failed.message);
    }
    await look();
  }

  function toggle() {
    if (drawer) { close(); } else { open(); }
  }

  function open() {
    drawer = draw();
    document.body.append(drawer.root);
    pressed(true);
    drawer.root.querySelector('button').focus();
    look();
    timer = setInterval(look, EVERY_MS);
  }

  function close() {
    clearInterval(timer);
    drawer.root.remove();
    drawer = null;
    pressed(false);
    document.querySelector('[data-action="trouble"]').focus();
  }

  function pressed(shown) { document.querySelector('[data-action="trouble"]').setAttribute('aria-expanded', String(shown)); }

  /* A failed look shows as such: the stand-in itself may be gone. */
  async function look() {
    if (!drawer) { return; }
    const mine = drawer;
    const told = await ask('GET', 'trouble').catch(function () { return null; });
    if (drawer === mine) { mine.show(told); }
  }

  function draw() {
    const waits = h('ul', { class: 'trouble__waits', 'data-waits': '', 'aria-label': 'Что сейчас сломано', 'aria-live': 'polite' });
    const calm = button('Всё исправить', 'calm', function () { turn('calm'); });
    const route = h('select', { class: 'trouble__field', 'aria-label': 'Каким запросам', 'data-field': 'route' }, h('option', { value: '*' }, 'любым запросам'));
    const count = h('select', { class: 'trouble__field', 'aria-label': 'Скольким', 'data-field': 'count' },
      [1, 3, 10, 50].map(function (one) { return h('option', { value: one }, one); }));
    const modes = h('div', { class: 'trouble__row', role: 'group', 'aria-label': 'Аккаунт' }, MODES.map(function ([mode, name]) {
      return button(name, null, function () { turn(mode === 'ok' ? 'lift' : 'mode', mode === 'ok' ? {} : { mode: mode }); }, { 'data-mode': mode });
    }));
    const knobs = {
      others: number('Чужой трафик, запросов в секунду', 'others', function (value) { turn('limits', { others: value }); }),
      index: number('Поиск отстаёт, секунд', 'index', function (value) { turn('index-delay', { seconds: value }); }),
      batch: number('504 на пачку больше, штук (0: нет)', 'batch', function (value) { turn('limits', { large_batch: value }); }),
    };
    const moving = h('div', { 'data-moving': '' });
    let card = null;
    moving.append(...pipeline(null));

    function show(told) {
      waits.replaceChildren(...(told ? waiting(told) : [h('li', { class: 'trouble__none' }, 'Стенд не отвечает')]));
      waits.classList.toggle('trouble__waits_calm', Boolean(told) && !isBroken(told));
      if (!told) { return; }
      calm.setAttribute('aria-disabled', String(!isBroken(told))); // not `disabled`: the focus would be lost with the press
      offer(route, told.routes);
      modes.querySelectorAll('button').forEach(function (one) { one.setAttribute('aria-pressed', String(one.getAttribute('data-mode') === told.mode)); });
      set(knobs.others, told.limits.others);
      set(knobs.index, told.index_delay);
      set(knobs.batch, told.limits.large_batch);
      const now = state.view.card && state.view.card.entity === 'leads' && state.view.card.id ? state.view.card : null;
      if ((now && now.id) !== (card && card.id) || (now && now.status_id) !== (card && card.status_id)) { moving.replaceChildren(...pipeline(now)); }
      card = now;
    }

    const root = h('aside', {
      class: 'trouble', 'data-trouble': '', 'aria-label': 'Пульт испытателя',
      onkeydown: function (event) { if (event.key === 'Escape') { close(); } },
    },
    h('header', { class: 'trouble__head' }, h('h2', {}, 'Пульт испытателя'),
      h('button', { type: 'button', class: 'trouble__close', 'aria-label': 'Закрыть', onclick: close }, dom.icon('close')),
      h('p', {}, 'Не часть amoCRM: ломает стенд, чтобы увидеть, как это переживёт интеграция.')),
    h('div', { class: 'trouble__now' }, h('h3', {}, 'Сейчас'), waits, calm),
    h('div', { class: 'trouble__body', tabindex: '0', role: 'region', 'aria-label': 'Что сломать' },
      h('h3', {}, 'Следующим запросам интеграции'),
      h('div', { class: 'trouble__row' }, count, route),
      h('div', { class: 'trouble__kinds' }, KINDS.map(function ([kind, name, hint]) {
        return button(name, null, function () { turn('faults', { route: route.value, kind: kind, count: +count.value, seconds: LATE_SECONDS }); }, { title: hint, 'data-kind': kind });
      })),
      h('h3', {}, 'Аккаунт'), modes,
      h('div', { class: 'trouble__row' }, button('Отозвать токены', 'revoke', revoke,
        { title: 'Как если администратор отключил интеграцию: её нужно установить заново' })),
      h('h3', {}, 'Эта сделка и её воронка'), moving,
      h('h3', {}, 'Сайт'),
      h('div', { class: 'trouble__row' }, button('Заявка в «Неразобранное»', 'form', bring, { title: 'До принятия её контакта нет ни в списке, ни в поиске' })),
      h('h3', {}, 'Вебхуки'),
      h('div', { class: 'trouble__row' }, [['lose', 'Потерять'], ['duplicate', 'Удвоить'], ['reverse', 'Переставить']].map(function ([knob, name]) {
        return button(name, null, function () { turn('webhooks', { [knob]: knob === 'reverse' ? 2 : 1 }); }, { 'data-post': knob });
      })),
      h('h3', {}, 'Ручки'), Object.values(knobs)));
    return { root: root, show: show };
  }

  /* Somebody moves the deal right after the integration has read it: what it writes then is about a deal that was. A robot of the
     digital pipeline moves every deal that comes to the stage where this one stands. */
  function pipeline(card) {
    if (!card) { return [h('p', { class: 'trouble__none' }, 'Откройте карточку сделки.')]; }
    const its = card.pipelines.find(function (one) { return one.id === card.pipeline_id; });
    const to = h('select', { class: 'trouble__field', 'aria-label': 'На какой этап', 'data-field': 'stage' }, its.stages
      .filter(function (one) { return one.id !== card.status_id; }).map(function (one) { return h('option', { value: one.id }, one.name); }));
    const after = function () { return { pipeline_id: its.id, status_id: +to.value }; };
    return [
      h('div', { class: 'trouble__row' }, h('span', { class: 'trouble__label' }, 'На этап'), to),
      h('div', { class: 'trouble__row' },
        button('Сдвинуть после чтения', 'between', function () { turn('between', { user_id: ROBOT, lead_id: card.id, body: after() }); },
          { title: 'Кто-то двигает сделку между чтением и записью интеграции' }),
        button('Робот на этапе', 'robot', function () { turn('robots', { pipeline_id: its.id, status_id: card.status_id, body: after(), seconds: 1 }); },
          { title: 'Двигает каждую сделку, что приходит на этап, где стоит эта' }),
        button('Контроль дублей', 'duplicates', function () {
          turn('duplicates', { pipeline_id: its.id, statuses: its.stages.map(function (one) { return one.id; }) });
        }, { title: 'По телефону, во всех этапах воронки' })),
    ];
  }

  function stageName(statusId) {
    const stages = state.start.pipelines.flatMap(function (one) { return one.stages; });
    const found = stages.find(function (one) { return one.id === statusId; });
    return found ? found.name : statusId;
  }

  /* Nothing here brings them back. */
  async function revoke() {
    await turn('revoke');
    toasts.show('message', 'Токены отозваны', 'Отключите и снова установите интеграцию в «Настройках», тогда она получит новые.');
  }

  /* Made-up people, a number of their own for each. */
  async function bring() {
    const number = String(Date.now()).slice(-4);
    const names = [['Анна', 'Фомина'], ['Олег', 'Лаптев'], ['Дарья', 'Сомова']][+number % 3];
    const phone = { field_code: 'PHONE', values: [{ value: '+7999000' + number, enum_code: 'MOB' }] };
    await turn('form', {
      source_name: 'Сайт', source_uid: 'form-' + Date.now(),
      metadata: { form_id: '1', form_name: 'Запись на приём', form_page: 'http://site.example', form_sent_at: state.start.now },
      _embedded: { leads: [{ name: 'Заявка с сайта' }], contacts: [{ first_name: names[0], last_name: names[1], custom_fields_values: [phone] }] },
    });
    toasts.show('message', 'Заявка ждёт', 'В «Неразобранном» главной воронки.');
  }

  function isBroken(told) {
    return waiting(told).length > 0 && !waiting(told)[0].matches('.trouble__none');
  }

  function waiting(told) {
    const lines = [];
    if (told.mode !== 'ok') { lines.push(h('li', {}, h('b', {}, 'аккаунт'), SAYS[told.mode])); }
    told.faults.forEach(function (one) {
      lines.push(h('li', {}, h('b', {}, NAMES[one.kind] || one.kind), words.times(one.count) + ', ' + (one.route === '*' ? 'любой запрос' : one.route)));
    });
    told.between.forEach(function (one) { lines.push(h('li', {}, h('b', {}, 'сделка ' + one.lead_id), 'сдвинется после чтения')); });
    told.late.forEach(function (one) { lines.push(h('li', {}, h('b', {}, 'запоздало'), one.path + ', выполнится через ' + Math.max(0, Math.round(one.seconds)) + ' с')); });
    told.robots.forEach(function (one) {
      lines.push(h('li', {}, h('b', {}, 'робот'), 'с этапа «' + stageName(one.status_id) + '» на «' + stageName(one.body.status_id) + '»'));
    });
    if (told.duplicates.length) { lines.push(h('li', {}, h('b', {}, 'дубли'), 'контроль включён')); }
    if (told.limits.others) { lines.push(h('li', {}, h('b', {}, 'чужой трафик'), told.limits.others + ' в секунду')); }
    if (told.limits.large_batch) { lines.push(h('li', {}, h('b', {}, '504'), 'на пачку больше ' + told.limits.large_batch)); }
    if (told.index_delay) { lines.push(h('li', {}, h('b', {}, 'поиск'), 'отстаёт на ' + told.index_delay + ' с')); }
    Object.entries({ lose: 'потеряется', duplicate: 'придёт дважды', reverse: 'придут в обратном порядке' }).forEach(function ([knob, text]) {
      if (told.post[knob]) { lines.push(h('li', {}, h('b', {}, 'вебхук'), text + ', ' + words.times(told.post[knob]))); }
    });
    return lines.length ? lines : [h('li', { class: 'trouble__none' }, 'Всё исправно')];
  }

  function button(name, action, press, more) {
    return h('button', Object.assign({ type: 'button', class: 'trouble__button', 'data-action': action, onclick: press }, more), name);
  }

  function number(label, name, changed) {
    const input = h('input', { type: 'number', min: 0, step: 1, class: 'trouble__field', 'data-field': name });
    input.addEventListener('change', function () { changed(Math.max(0, Math.floor(+input.value || 0))); });
    return h('label', { class: 'trouble__knob' }, h('span', {}, label), input);
  }

  /* Not under the hands of whoever types into it. */
  function set(knob, value) {
    const input = knob.querySelector('input');
    if (document.activeElement !== input) { input.value = value; }
  }

  function offer(select, routes) {
    const known = Array.from(select.options, function (one) { return one.value; });
    routes.filter(function (one) { return !known.includes(one) && one !== 'unknown'; })
      .forEach(function (one) { select.append(h('option', { value: one }, one)); });
  }

  return { toggle: toggle, isOpen: function () { return drawer !== null; } };
});
