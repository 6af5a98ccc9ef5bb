/* The disposable token: fetched with the session's cookie, kept for 25 of its 30 minutes, so many requests carry the same one. */
define(['jquery'], function ($) {
  'use strict';

  const KEPT_MS = 25 * 60 * 1000;
  let kept = null;

  function token(clientUuid) {
    if (kept && Date.now() - kept.at < KEPT_MS) { return kept.asking; }
    const asking = $.ajax({ url: '/ajax/v2/integrations/' + clientUuid + '/disposable_token', dataType: 'json' })
      .then(function (told) { return told.token; });
    const mine = { at: Date.now(), asking: asking };
    kept = mine;
    asking.fail(function () { if (kept === mine) { kept = null; } });
    return asking;
  }

  /** $.ajax with the token in its header. What comes back is a promise, not a jqXHR: no abort is documented. */
  function authorizedAjax(clientUuid, options) {
    return token(clientUuid).then(function (text) {
      return $.ajax(Object.assign({}, options, { headers: Object.assign({}, options.headers, { 'X-Auth-Token': text }) }));
    });
  }

  return { authorizedAjax: authorizedAjax };
});
