/* The settings: in the modal only a hint where they are; the page itself is the next step. */
define(['./dom.js'], function (dom) {
  'use strict';

  const h = dom.h;

  /** The modal that amoCRM opens when the widget is installed. */
  function hint($modal, t) {
    const place = $modal && $modal[0] && $modal[0].querySelector('.widget_settings_block__fields');
    if (!place || place.querySelector('.identlink')) { return; }
    place.appendChild(h('div', { class: 'identlink' }, h('p', { class: 'identlink__hint' }, t.hint)));
  }

  return { hint: hint };
});
