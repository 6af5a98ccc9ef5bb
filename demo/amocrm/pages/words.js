/* How the pages write sums, plurals and times: in Russian, in the account's time zone, by the account's (business) time. */
define([], function () {
  'use strict';

  const MONEY = new Intl.NumberFormat('ru-RU');
  let zone = 'Europe/Moscow';

  function money(sum) { return MONEY.format(sum) + ' ₽'; }

  function plural(count, one, few, many) {
    const tens = count % 100;
    const ones = count % 10;
    if (tens > 10 && tens < 15) { return many; }
    return ones === 1 ? one : ones > 1 && ones < 5 ? few : many;
  }

  function deals(count) { return MONEY.format(count) + ' ' + plural(count, 'сделка', 'сделки', 'сделок'); }

  function forms(count) { return MONEY.format(count) + ' ' + plural(count, 'заявка', 'заявки', 'заявок'); }

  function times(count) { return MONEY.format(count) + ' ' + plural(count, 'раз', 'раза', 'раз'); }

  function part(seconds, options) {
    return new Intl.DateTimeFormat('ru-RU', Object.assign({ timeZone: zone }, options)).format(new Date(seconds * 1000));
  }

  function time(seconds) { return part(seconds, { hour: '2-digit', minute: '2-digit' }); }

  function date(seconds) { return part(seconds, { day: '2-digit', month: '2-digit', year: 'numeric' }); }

  function day(seconds, now) {
    if (date(seconds) === date(now)) { return 'Сегодня'; }
    if (date(seconds) === date(now - 86400)) { return 'Вчера'; }
    return date(seconds);
  }

  /* Of what is still to come; the day with its time, as a person says it. */
  function ahead(seconds, now) {
    return dayAhead(seconds, now) + ' ' + time(seconds);
  }

  function dayAhead(seconds, now) {
    if (date(seconds) === date(now + 86400)) { return 'Завтра'; }
    return seconds > now && date(seconds) !== date(now) ? part(seconds, { weekday: 'short', day: 'numeric', month: 'short' }) : day(seconds, now);
  }

  function iso(seconds) { return date(seconds).split('.').reverse().join('-'); }

  function moment(seconds, now) { return day(seconds, now) + ' ' + time(seconds); }

  return {
    money: money, deals: deals, times: times, forms: forms, time: time, date: date, day: day, moment: moment, ahead: ahead, dayAhead: dayAhead, iso: iso,
    setZone: function (name) { zone = name; },
  };
});
