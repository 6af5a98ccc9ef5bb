/* Dates, money and counts as Russian operators read them. A time is shown as the branch's wall clock: the
   digits of the ISO text, never converted to the zone of the operator's computer. */
define(['./dom.js'], function (dom) {
  'use strict';

  const WEEKDAYS = ['вс', 'пн', 'вт', 'ср', 'чт', 'пт', 'сб'];
  const MONTHS = ['янв', 'фев', 'мар', 'апр', 'мая', 'июн', 'июл', 'авг', 'сен', 'окт', 'ноя', 'дек'];
  const DAY = 24 * 60 * 60 * 1000;
  const NBSP = '\u00a0';

  /** @param {string} iso an ISO date, or a time with offset; @returns the wall clock as UTC parts */
  function wall(iso) {
    const found = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?/.exec(iso);
    return new Date(Date.UTC(+found[1], found[2] - 1, +found[3], +(found[4] || 0), +(found[5] || 0)));
  }

  /** The moment `now`, as the wall clock of the zone in which `iso` is written. */
  function wallNow(iso, now) {
    const found = /([+-])(\d\d):(\d\d)$/.exec(iso) || /([+-])(\d\d):(\d\d)$/.exec(now || '');
    const minutes = found ? (found[1] === '-' ? -1 : 1) * (found[2] * 60 + +found[3]) : 0;
    return new Date((now ? Date.parse(now) : Date.now()) + minutes * 60000);
  }

  function daysBetween(from, to) {
    return Math.round((Date.UTC(to.getUTCFullYear(), to.getUTCMonth(), to.getUTCDate()) -
      Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate())) / DAY);
  }

  /** plural(2, ['день', 'дня', 'дней']) is «дня». */
  function plural(count, forms) {
    const tens = Math.abs(count) % 100;
    const ones = tens % 10;
    if (tens > 10 && tens < 20) { return forms[2]; }
    return ones === 1 ? forms[0] : ones > 1 && ones < 5 ? forms[1] : forms[2];
  }

  function counted(count, forms) {
    return count + NBSP + plural(count, forms);
  }

  /** «3 дек», or «3 дек 2025» for another year than now's. */
  function date(iso, now) {
    const at = wall(iso);
    const year = at.getUTCFullYear() === wallNow(iso, now).getUTCFullYear() ? '' : NBSP + at.getUTCFullYear();
    return at.getUTCDate() + NBSP + MONTHS[at.getUTCMonth()] + year;
  }

  /** «вт 3 дек». */
  function day(iso, now) {
    return WEEKDAYS[wall(iso).getUTCDay()] + NBSP + date(iso, now);
  }

  function clock(iso) {
    const at = wall(iso);
    return String(at.getUTCHours()).padStart(2, '0') + ':' + String(at.getUTCMinutes()).padStart(2, '0');
  }

  /** «вт 3 дек, 14:30». */
  function moment(iso, now) {
    return day(iso, now) + ', ' + clock(iso);
  }

  /** «сегодня», «завтра», «через 9 дней», «вчера», «22 дня назад». */
  function distance(iso, now) {
    const days = daysBetween(wallNow(iso, now), wall(iso));
    const near = { '-1': 'вчера', 0: 'сегодня', 1: 'завтра', 2: 'послезавтра' }[days];
    if (near) { return near; }
    const text = counted(Math.abs(days), ['день', 'дня', 'дней']);
    return days > 0 ? 'через ' + text : text + ' назад';
  }

  /** «12 500 ₽», with kopecks only where there are any. */
  function money(text) {
    const parts = text.split('.');
    const whole = parts[0].replace(/\B(?=(\d{3})+$)/g, NBSP);
    return whole + (parts[1] && parts[1] !== '00' ? ',' + parts[1] : '') + NBSP + '₽';
  }

  /** Whether the day lies before today. */
  function isPast(iso, now) {
    return daysBetween(wallNow(iso, now), wall(iso)) < 0;
  }

  /** «9 лет», or nothing. */
  function age(years) {
    return years === null || years === undefined ? null : counted(years, ['год', 'года', 'лет']);
  }

  /** «+7 999 000-01-01». */
  function phone(e164) {
    const found = /^\+7(\d{3})(\d{3})(\d\d)(\d\d)$/.exec(e164);
    return found ? '+7' + NBSP + found[1] + NBSP + found[2] + '\u2011' + found[3] + '\u2011' + found[4] : e164;
  }

  /** «Иванова М. П.»: surname and initials, for lines that have no room. */
  function initials(name) {
    if (!name) { return null; }
    const parts = name.trim().split(/\s+/);
    return parts[0] + parts.slice(1, 3).map(function (part) { return NBSP + Array.from(part)[0] + '.'; }).join('');
  }

  /** A part of the card under its small heading. */
  function block(key, title, content) {
    return dom.h('section', { class: 'identlink__block identlink__block_' + key, key: key }, dom.h('h4', { class: 'identlink__label' }, title), content);
  }

  return {
    age: age, block: block, clock: clock, counted: counted, date: date, day: day, distance: distance, initials: initials, isPast: isPast,
    moment: moment, money: money, phone: phone, plural: plural,
  };
});
