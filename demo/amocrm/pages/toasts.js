/* Short messages in the corner; what APP.notifications shows, too. */
define(['dom'], function (dom) {
  'use strict';

  const LASTS_MS = 6000;

  function show(look, header, text) {
    const toast = dom.h('div', { class: 'toast toast_' + look, 'data-toast': look },
      header ? dom.h('strong', {}, header) : null, text ? dom.h('span', {}, text) : null);
    document.getElementById('toasts').append(toast);
    setTimeout(function () { toast.remove(); }, LASTS_MS);
  }

  return { show: show };
});
