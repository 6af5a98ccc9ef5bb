/* Speaks to the stand-in: data for the pages, what the person writes, and which cards change while the tab is seen. */
define([], function () {
  'use strict';

  const DATA = '/_stand-in/pages/';

  /** The answer, or an Error with the server's reason and its status. */
  async function ask(method, path, body) {
    const answer = await fetch(DATA + path, {
      method: method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const told = await answer.json();
    if (!answer.ok) { throw Object.assign(new Error(reason(told)), { status: answer.status }); }
    return told;
  }

  function reason(told) {
    const first = told['validation-errors'] && told['validation-errors'][0].errors[0];
    return first ? first.path + ': ' + first.detail : told.detail;
  }

  /* A hidden tab holds no stream: browsers allow six connections to a host. Seen again, it is told that anything may have changed. */
  function live(changed) {
    let source = null;

    function look() {
      if (document.visibilityState === 'hidden') {
        if (source) { source.close(); }
        source = null;
        return;
      }
      if (source) { return; }
      source = new EventSource('/_stand-in/live');
      source.onopen = function () { changed(null); };
      source.onmessage = function (event) { changed(JSON.parse(event.data)); };
    }

    document.addEventListener('visibilitychange', look);
    look();
  }

  return {
    get: function (path) { return ask('GET', path); },
    post: function (path, body) { return ask('POST', path, body); },
    patch: function (path, body) { return ask('PATCH', path, body); },
    put: function (path, body) { return ask('PUT', path, body); },
    remove: function (path) { return ask('DELETE', path); },
    live: live,
  };
});
