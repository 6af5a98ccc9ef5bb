/* Speaks to the hub: each call carries amoCRM's disposable token. An answer is {ok, body}, or {ok: false, status, reason, body}. */
define([], function () {
  'use strict';

  const HUB = '@HUB@';
  const PANEL = HUB + '/panel/v1';
  const LIMIT_MS = 8000;
  const TOKEN_MS = 2000;
  const NO_ANSWER = { ok: false, status: 0, reason: null, body: null };

  /** @param widget amoCRM's widget object; calls in flight are ended by `abort()` */
  function create(widget) {
    const flying = new Set();

    function call(method, path, data) {
      return new Promise(function (resolve) {
        const flight = { xhr: null, stop: stop };
        /* amoCRM fetches its token first, and that has no limit of its own. */
        const late = setTimeout(stop, LIMIT_MS + TOKEN_MS);
        flying.add(flight);

        function stop() {
          end(NO_ANSWER);
          if (flight.xhr) { flight.xhr.abort(); }
        }

        function end(answer) {
          clearTimeout(late);
          flying.delete(flight);
          resolve(answer);
        }

        /* Whatever amoCRM's page throws instead of promising is a call that failed. */
        try {
          widget.$authorizedAjax({
            url: PANEL + path, method: method, type: method, timeout: LIMIT_MS, dataType: 'json',
            contentType: 'application/json', data: data === undefined ? undefined : JSON.stringify(data),
            beforeSend: function (xhr) { flight.xhr = xhr; return flying.has(flight); },
          }).then(function (body) { end(isObject(body) ? { ok: true, body: body } : NO_ANSWER); }, function (failed) {
            const told = (failed && failed.responseJSON) || null;
            end({ ok: false, status: (failed && failed.status) || 0, reason: (told && told.reason) || null, body: told });
          });
        } catch (broken) {
          end(NO_ANSWER);
        }
      });
    }

    /* A stream is the hub's own or none: what names another place is not listened to. */
    function stream(asked) {
      return call('POST', '/stream', asked).then(function (answer) {
        return !answer.ok || String(answer.body.url).indexOf(PANEL + '/stream?') === 0 ? answer : NO_ANSWER;
      });
    }

    return {
      abort: function () { Array.from(flying).forEach(function (flight) { flight.stop(); }); },
      card: function (kind, id, contacts) {
        const query = contacts && contacts.length ? '?contacts=' + contacts.join(',') : '';
        return call('GET', '/' + kind + '/' + id + query);
      },
      choose: function (deal, patient) { return call('PUT', '/deals/' + deal + '/patient', { patient: patient }); },
      forget: function (deal) { return call('DELETE', '/deals/' + deal + '/patient'); },
      confirm: function (deal, visit) { return call('POST', '/deals/' + deal + '/confirmation', { visit: visit }); },
      search: function (text) { return call('POST', '/search', { text: text }); },
      stream: function (kind, id) { return stream(kind === 'deals' ? { deal: id } : { contact: id }); },
      settings: function () { return call('GET', '/settings'); },
      save: function (version, settings) { return call('PUT', '/settings', { version: version, settings: settings }); },
      support: HUB + '/support',
    };
  }

  function isObject(body) {
    return typeof body === 'object' && body !== null;
  }

  return { create: create };
});
