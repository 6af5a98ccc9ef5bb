/* Shows how all stands, once a second, and asks for what the controls want. Texts of others are never markup. */
(function () {
  'use strict';

  const EVERY_MS = 1000;
  const TOLD_MS = 9000;
  const DAYS = ['вс', 'пн', 'вт', 'ср', 'чт', 'пт', 'сб'];
  const MONTHS = ['янв', 'фев', 'мар', 'апр', 'мая', 'июн', 'июл', 'авг', 'сен', 'окт', 'ноя', 'дек'];
  const by = function (id) { return document.getElementById(id); };
  const frame = by('frame');
  const page = { path: '' };
  let sliding = false;
  let hiding = 0;

  /* Asking. */

  async function ask(path, body) {
    const answer = await fetch(path, body === undefined ? {} : {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    return { ok: answer.ok, body: await answer.json() };
  }

  async function look() {
    if (document.visibilityState === 'hidden') { return; }
    try {
      show((await ask('/state')).body);
    } catch (failed) {
      gone();
    }
  }

  async function want(path, body) {
    try {
      show((await ask(path, body)).body);
    } catch (failed) {
      gone();
    }
  }

  /* Showing. */

  function show(stand) {
    document.body.classList.remove('gone');
    const paused = stand.pace.paused;
    const last = stand.last ? ' · ' + stand.last.text : '';
    put('clinic', when(stand.now, paused) + last, '', short(stand.now) + last);
    put('agent', agentText(stand), agentMood(stand));
    put('hub', hubText(stand), stand.undelivered ? 'busy' : stand.connected ? 'good' : 'warn', hubTitle(stand.undelivered));
    put('crm', crmText(stand));
    by('crm').title = stand.people ? 'Последнее, что сделали операторы: ' + stand.people : '';
    by('wire').dataset.mood = stand.line && !stand.connected ? 'warn' : '';
    by('line').setAttribute('aria-checked', String(stand.line));
    by('pause').setAttribute('aria-pressed', String(paused));
    by('pause').setAttribute('aria-label', paused ? 'Продолжить' : 'Пауза');
    if (!sliding) { slide(stand.pace.speed); }
  }

  function put(id, text, mood, title) {
    const state = by(id).querySelector('[data-text]');
    if (state.textContent !== text) { state.textContent = text; }
    state.title = title || text;
    by(id).dataset.mood = mood || '';
  }

  function when(iso, paused) {
    if (!iso) { return 'открывается'; }
    return short(iso).replace(/ \d+ [а-я]+,/, '') + (paused ? ', пауза' : '');
  }

  /* The clinic's own wall clock, whatever zone the browser is in. */
  function short(iso) {
    const day = new Date(iso.slice(0, 10) + 'T00:00Z');
    return DAYS[day.getUTCDay()] + ' ' + day.getUTCDate() + ' ' + MONTHS[day.getUTCMonth()] + ', ' + iso.slice(11, 16);
  }

  function agentText(stand) {
    if (!stand.line) { return stand.waiting ? 'копит: ' + changes(stand.waiting) : 'связи нет'; }
    if (!stand.connected) { return 'соединяется' + (stand.waiting ? ', ждёт ' + stand.waiting : '…'); }
    return stand.waiting ? 'передаёт: ' + stand.waiting : 'на связи';
  }

  function agentMood(stand) {
    if (!stand.line) { return 'bad'; }
    if (!stand.connected) { return 'warn'; }
    return stand.waiting ? 'busy' : 'good';
  }

  function hubText(stand) {
    if (stand.undelivered) { return 'вносит: ' + stand.undelivered; }
    return stand.connected ? 'всё внесено' : 'ждёт клинику';
  }

  function hubTitle(count) {
    return count ? 'Ещё не в amoCRM: изменения у ' + count + ' ' + plural(count, 'пациента', 'пациентов', 'пациентов') : '';
  }

  function crmText(stand) {
    return stand.deals + ' ' + plural(stand.deals, 'сделка', 'сделки', 'сделок') + ' · ' +
      stand.requests + ' ' + plural(stand.requests, 'запрос', 'запроса', 'запросов');
  }

  function changes(count) { return count + ' ' + plural(count, 'изменение', 'изменения', 'изменений'); }

  function plural(count, one, few, many) {
    const tens = count % 100;
    const ones = count % 10;
    if (ones === 1 && tens !== 11) { return one; }
    return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? few : many;
  }

  function gone() {
    document.body.classList.add('gone');
    put('clinic', 'демонстрация остановлена');
    ['agent', 'hub', 'crm'].forEach(function (id) { put(id, '—'); });
  }

  /** A message under the bar, with what can be done about it. */
  function tell(text, name, act) {
    const box = document.createElement('div');
    const words = document.createElement('span');
    words.textContent = text;
    box.append(words);
    if (name) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'act';
      button.textContent = name;
      button.addEventListener('click', function () { act(); by('told').replaceChildren(); });
      box.append(button);
    }
    by('told').replaceChildren(box);
    clearTimeout(hiding);
    hiding = setTimeout(function () { by('told').replaceChildren(); }, TOLD_MS);
  }

  /* Controls. */

  function slide(speed) {
    const range = by('speed');
    range.value = String(speed);
    range.setAttribute('aria-valuetext', 'быстрее в ' + Math.round(speed) + ' раз');
    by('times').textContent = '×' + Math.round(speed);
  }

  async function book() {
    const button = by('book');
    button.disabled = true;
    try {
      const told = await ask('/book', { card: page.path });
      if (!told.ok) { tell('Записывать некого: откройте карточку сделки и нажмите ещё раз'); return; }
      const path = '/leads/detail/' + told.body.deal;
      const away = by('line').getAttribute('aria-checked') === 'false';
      const text = 'Клиника записала: ' + told.body.name + ', ' + short(told.body.start) + (away ? '. Связи с клиникой нет: хаб узнает, когда она вернётся' : '');
      if (told.body.deal && page.path !== path) { tell(text, 'Открыть сделку', function () { open(path); }); } else { tell(text); }
    } catch (failed) {
      gone();
    } finally {
      button.disabled = false;
    }
  }

  function open(path) { frame.src = new URL(path, frame.src).href; }

  function about(isOpen) {
    by('about').hidden = !isOpen;
    by('help').setAttribute('aria-expanded', String(isOpen));
    (isOpen ? by('about-close') : by('help')).focus();
  }

  function fold() {
    const folded = by('bar').classList.toggle('folded');
    by('fold').setAttribute('aria-expanded', String(!folded));
    by('fold').setAttribute('aria-label', folded ? 'Развернуть панель' : 'Свернуть панель');
    if (folded) { by('about').hidden = true; }
  }

  by('line').addEventListener('click', function () { want('/line', { whole: by('line').getAttribute('aria-checked') === 'false' }); });
  by('pause').addEventListener('click', function () { want('/pace', { paused: by('pause').getAttribute('aria-pressed') === 'false' }); });
  by('speed').addEventListener('input', function () { sliding = true; slide(+by('speed').value); });
  by('speed').addEventListener('change', function () { sliding = false; want('/pace', { speed: +by('speed').value }); });
  by('book').addEventListener('click', book);
  by('help').addEventListener('click', function () { about(by('about').hidden); });
  by('about-close').addEventListener('click', function () { about(false); });
  by('fold').addEventListener('click', fold);
  document.addEventListener('keydown', function (event) { if (event.key === 'Escape' && !by('about').hidden) { about(false); } });
  document.addEventListener('visibilitychange', look);

  /* The pages in the frame say which card is open and whether they are dark. */
  window.addEventListener('message', function (event) {
    if (event.source !== frame.contentWindow || event.origin !== new URL(frame.src).origin) { return; }
    page.path = String(event.data.path);
    document.body.classList.toggle('dark', event.data.dark === true);
  });

  frame.src = frame.dataset.first; // only now: they say it once
  look();
  setInterval(look, EVERY_MS);
}());
