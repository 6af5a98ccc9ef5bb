/* Speaks to the hub: each call carries amoCRM's disposable token. An answer is {ok, body}, or {ok: false, status, reason, body}. */
define([], function () {
  'use strict';

  const HUB = '@HUB@';
  const LIMIT_MS = 8000;
  const TOKEN_MS = 2000;

  /** @param widget amoCRM's widget object; calls in flight are ended by `abort()` */
  function create(widget) {
    const flying = new Set();

    function call(method, path, data) {
      return new Promise(function (resolve) {
        const flight = { xhr: null, stop: stop };
        flying.add(flight);
        const request = widget.$authorizedAjax({
          url: HUB + '/panel/v1' + path, method: method, type: method, timeout: LIMIT_MS, dataType: 'json',
          contentType: 'application/json', data: data === undefined ? undefined : JSON.stringify(data),
          beforeSend: function (xhr) { flight.xhr = xhr; return flying.has(flight); },
        });
        /* amoCRM fetches its token first, and that has no limit of its own. */
        const late = setTimeout(stop, LIMIT_MS + TOKEN_MS);

        function stop() {
          end({ ok: false, status: 0, reason: null, body: null });
          if (flight.xhr) { flight.xhr.abort(); }
        }

        function end(answer) {
          clearTimeout(late);
          flying.delete(flight);
          resolve(answer);
        }

        request.then(function (body) { end({ ok: true, body: body }); }, function (failed) {
          const told = (failed && failed.responseJSON) || null;
          end({ ok: false, status: (failed && failed.status) || 0, reason: (told && told.reason) || null, body: told });
        });
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
      search: function (text) { return call('GET', '/search?q=' + encodeURIComponent(text)); },
      stream: function (kind, id) { return call('POST', '/stream', kind === 'deals' ? { deal: id } : { contact: id }); },
      settings: function () { return call('GET', '/settings'); },
      save: function (version, settings) { return call('PUT', '/settings', { version: version, settings: settings }); },
    };
  }

  return { create: create };
});
