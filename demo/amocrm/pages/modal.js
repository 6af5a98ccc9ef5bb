/* `lib/components/base/modal` as documented: new Modal({class_name, init($body), destroy}), and `destroy()` closes it. */
define(['jquery', 'dom'], function ($, dom) {
  'use strict';

  return function Modal(options) {
    const self = this;
    const body = dom.h('div', { class: 'modal-body', role: 'dialog', 'aria-modal': 'true', tabindex: '-1' });
    const overlay = dom.h('div', { class: 'modal ' + (options.class_name || '') }, dom.h('div', { class: 'modal-scroller' }, body));
    const before = document.activeElement;

    function onKey(event) { if (event.key === 'Escape') { self.destroy(); } }

    this.destroy = function () {
      if (!overlay.isConnected || (options.destroy && options.destroy() === false)) { return; }
      document.removeEventListener('keydown', onKey);
      overlay.remove();
      if (before) { before.focus(); }
    };

    overlay.addEventListener('mousedown', function (event) { if (!body.contains(event.target)) { self.destroy(); } });
    document.addEventListener('keydown', onKey);
    document.body.append(overlay);
    options.init($(body));
    body.focus();
  };
});
