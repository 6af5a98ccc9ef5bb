/* Builds elements for the pages. Text is text, never markup. */
define([], function () {
  'use strict';

  /** h('button', {class: 'x', onclick: f, 'data-y': 1}, 'text', node, [nodes], null) */
  function h(tag, props) {
    const node = document.createElement(tag);
    Object.entries(props || {}).forEach(function ([key, value]) {
      if (value === null || value === undefined || value === false) { return; }
      if (key.startsWith('on')) { node.addEventListener(key.slice(2), value); return; }
      node.setAttribute(key, value === true ? '' : value);
    });
    node.append(...Array.prototype.slice.call(arguments, 2).flat(Infinity).filter(function (child) {
      return child !== null && child !== undefined && child !== false && child !== '';
    }));
    return node;
  }

  /* One hand-drawn set of line icons, 20 x 20. */
  const ICONS = {
    deals: 'M3 5h4v10H3zM8.5 5h4v6h-4zM14 5h3v8h-3z',
    settings: 'M3 6h8m4 0h2M3 14h2m4 0h8M13 4v4M7 12v4',
    back: 'M12.5 4 6.5 10l6 6',
    down: 'M5 8l5 5 5-5',
    phone: 'M5 3h3l1.5 4L8 8.500a8 8 0 0 0 3.5 3.500L13 10.500l4 1.500v3c0 1-1 2-2 2A12 12 0 0 1 3 5c0-1 1-2 2-2Z',
    paper: 'M5 3h7l3 3v11H5zM12 3v3h3M7.5 10h5M7.5 13h5',
    moon: 'M16 12.500A7 7 0 0 1 7.5 4 7 7 0 1 0 16 12.500Z',
    sun: 'M10 6.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM10 2v2m0 12v2M2 10h2m12 0h2M4.3 4.300l1.4 1.400m8.6 8.6 1.4 1.400m0-11.4-1.4 1.400m-8.6 8.6-1.4 1.4',
    puzzle: 'M4 7h3a2 2 0 1 1 4 0h4v4a2 2 0 1 0 0 4v2H4z',
    check: 'M4 10.500l4 4 8-9',
    robot: 'M4.5 8h11v8h-11zM10 8V4.500M8 12v.5m4-.5v.5M2.500 11v2.500m15-2.500v2.500',
    dots: 'M4.5 10h.1m5.400 0h.1m5.400 0h.1',
    wrench: 'M16.500 5.500l-3 3-2-2 3-3a4.500 4.500 0 0 0-6 5.600L3 14.500 5.500 17l5.400-5.500a4.500 4.500 0 0 0 5.600-6Z',
    merge: 'M4 4v3l6 5v5M16 4v3l-6 5',
    bin: 'M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11M9 9v5m2-5v5',
    close: 'M5 5l10 10M15 5 5 15',
  };

  function icon(name) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 20 20');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', ICONS[name]);
    svg.append(path);
    return svg;
  }

  return { h: h, icon: icon };
});
