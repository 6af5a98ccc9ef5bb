/* Builds elements, and brings what stands on the page to what is wanted without tearing it down: focus, open details, what was
   typed and the place of scrolling outlive an update. Text reaches the page as text only, never as markup. */
define([], function () {
  'use strict';

  const HANDLERS = ['onclick', 'onsubmit', 'oninput', 'onchange'];
  const keys = new WeakMap();

  /** h('button', {class: 'x', onclick: f, key: 'same as before', 'aria-label': 'y'}, 'text', node, null) */
  function h(tag, props) {
    const node = document.createElement(tag);
    Object.keys(props || {}).forEach(function (name) {
      const value = props[name];
      if (value === null || value === undefined || value === false) { return; }
      if (name === 'key') { keys.set(node, value); return; }
      if (HANDLERS.indexOf(name) >= 0) { node[name] = value; return; }
      node.setAttribute(name, value === true ? '' : value);
    });
    Array.prototype.slice.call(arguments, 2).forEach(function (child) { add(node, child); });
    return node;
  }

  function add(node, child) {
    if (Array.isArray(child)) { child.forEach(function (one) { add(node, one); }); return; }
    if (child === null || child === undefined || child === false || child === '') { return; }
    node.appendChild(child.nodeType ? child : document.createTextNode(String(child)));
  }

  /** What somebody typed: marks of direction in it turn nothing around it. */
  function said(text, props) {
    return text === null || text === undefined || text === '' ? null : h('bdi', props || {}, text);
  }

  /** A page beside amoCRM's, which learns nothing of the one that it was opened from. */
  function outside(href, text) {
    return h('a', { class: 'identlink__link', href: href, target: '_blank', rel: 'noopener noreferrer' }, text);
  }

  /** «9 лет · карта 1187»: what is empty is left out. */
  function joined(parts) {
    const found = parts.filter(Boolean);
    return found.map(function (part, place) { return place ? [' · ', said(part)] : said(part); });
  }

  /** Make `old` stand as `next` does; returns what stands now. */
  function morph(old, next) {
    if (!alike(old, next)) { old.replaceWith(next); return next; }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== next.data) { old.data = next.data; }
      return old;
    }
    attributes(old, next);
    HANDLERS.forEach(function (name) { if (old[name] !== next[name]) { old[name] = next[name]; } });
    children(old, next);
    values(old, next);
    return old;
  }

  function alike(one, other) {
    return one.nodeType === other.nodeType && one.nodeName === other.nodeName && keys.get(one) === keys.get(other);
  }

  /* A person opens and closes details; nothing that arrives does. */
  function attributes(old, next) {
    Array.from(old.attributes).forEach(function (one) {
      if (!next.hasAttribute(one.name) && !(one.name === 'open' && old.nodeName === 'DETAILS')) { old.removeAttribute(one.name); }
    });
    Array.from(next.attributes).forEach(function (one) {
      if (old.getAttribute(one.name) !== one.value) { old.setAttribute(one.name, one.value); }
    });
  }

  function children(old, next) {
    const wanted = Array.from(next.childNodes);
    const standing = Array.from(old.childNodes);
    const kept = wanted.map(function (node) {
      const place = standing.findIndex(function (one) { return alike(one, node); });
      return place < 0 ? null : standing.splice(place, 1)[0];
    });
    standing.forEach(function (node) { node.remove(); });
    wanted.forEach(function (node, place) {
      const there = old.childNodes[place] || null;
      if (!kept[place]) { old.insertBefore(node, there); return; }
      if (kept[place] !== there) { old.insertBefore(kept[place], there); }
      morph(kept[place], node);
    });
  }

  /* What stands in a field is no attribute. A text field without `value` belongs to whoever types into it. */
  function values(old, next) {
    if (old.nodeName === 'SELECT' && old.value !== next.value) { old.value = next.value; }
    if (old.nodeName !== 'INPUT') { return; }
    if (old.checked !== next.checked) { old.checked = next.checked; }
    if (next.hasAttribute('value') && old.value !== next.value) { old.value = next.value; }
  }

  return { h: h, joined: joined, morph: morph, outside: outside, said: said };
});
