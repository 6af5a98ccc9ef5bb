/* Builds elements. Text reaches the page as text only, never as markup. */
define([], function () {
  'use strict';

  /** h('button', {class: 'x', onclick: f, 'aria-label': 'y'}, 'text', node, null) */
  function h(tag, props) {
    const node = document.createElement(tag);
    Object.keys(props || {}).forEach(function (key) {
      const value = props[key];
      if (value === null || value === undefined || value === false) { return; }
      if (key.slice(0, 2) === 'on') { node.addEventListener(key.slice(2), value); return; }
      node.setAttribute(key, value === true ? '' : value);
    });
    Array.prototype.slice.call(arguments, 2).forEach(function (child) { add(node, child); });
    return node;
  }

  function add(node, child) {
    if (Array.isArray(child)) { child.forEach(function (one) { add(node, one); }); return; }
    if (child === null || child === undefined || child === false || child === '') { return; }
    node.appendChild(child.nodeType ? child : document.createTextNode(String(child)));
  }

  return { h: h };
});
