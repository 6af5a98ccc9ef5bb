/* Speaks to the hub: each call carries amoCRM's disposable token. An answer is {ok, body} or {ok: false, status, reason}. */
define([], function () {
  'use strict';

  const HUB = '@HUB@';
  const LIMIT_MS = 8000;

  /** @param widget amoCRM's widget object; calls in flight are ended by `abort()` */
  function create(widget) {
    const flying = new Set();

    function call(method, path, data) {
      return new Promise(function (resolve) {
        const request = widget.$authorizedAjax({
          url: HUB + '/panel/v1' + path, method: method, type: method, timeout: LIMIT_MS, dataType: 'json',
          contentType: 'application/json', data: data === undefined ? undefined : JSON.stringify(data),
        });
        flying.add(request);
        request.then(function (body) {
          flying.delete(request);
          resolve({ ok: true, body: body });
        }, function (failed) {
          flying.delete(request);
          const told = failed && failed.responseJSON;
          resolve({ ok: false, status: (failed && failed.status) || 0, reason: (told && told.reason) || null });
        });
      });
    }

    function abort() {
      flying.forEach(function (request) { if (request.abort) { request.abort(); } });
      flying.clear();
    }

    return {
      abort: abort,
      card: function (kind, id, contacts) {
        const query = contacts && contacts.length ? '?contacts=' + contacts.join(',') : '';
        return call('GET', '/' + kind + '/' + id + query);
      },
      choose: function (deal, patient) { return call('PUT', '/deals/' + deal + '/patient', { patient: patient }); },
      forget: function (deal) { return call('DELETE', '/deals/' + deal + '/patient'); },
      confirm: function (deal, visit) { return call('POST', '/deals/' + deal + '/confirmation', { visit: visit }); },
      stream: function (kind, id) { return call('POST', '/stream', kind === 'deals' ? { deal: id } : { contact: id }); },
    };
  }

  return { create: create };
});
