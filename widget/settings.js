/* The settings: the modal that amoCRM opens on installing, and the page of the settings with what an admin is changing. */
define(['./dom.js', './settings_draft.js', './settings_view.js', './sight.js'], function (dom, draft, view_, sight) {
  'use strict';

  const h = dom.h;
  const TOLD_MS = 4000;

  /* What somebody changed and did not save outlives leaving the page, as long as nobody else saves meanwhile. In memory only. */
  let unsaved = null;

  /** What was changed and not saved is nobody's any more. */
  function forget() {
    unsaved = null;
  }

  /** The page. @returns {close()} */
  function open(place, api, t) {
    const view = { phase: 'loading', answer: null, draft: null, problems: Object.create(null), failed: null, conflict: false, saving: false, saved: false, kept: false, told: '', support: null };
    const act = { edit: edit, save: save, discard: discard, pause: pause, reload: load };
    let root = null;
    let closed = false;
    let telling = null;

    function draw() {
      if (closed) { return; }
      const next = view_.render(view, act, t);
      next.classList.toggle('identlink_dark', sight.isDark(place));
      const inside = root && root.contains(document.activeElement);
      if (root && root.parentNode === place) { root = dom.morph(root, next); } else { root = next; place.replaceChildren(root); }
      if (inside && !root.contains(document.activeElement)) { root.focus({ preventScroll: true }); }
    }

    function load() {
      view.phase = 'loading';
      draw();
      api.settings().then(function (answer) {
        if (closed) { return; }
        view.support = answer.ok || answer.status ? api.support : null;
        if (answer.ok) { show(answer.body); } else { view.phase = 'failed'; view.failed = answer.reason || t.unreachable; }
        draw();
      });
    }

    function show(body) {
      view.phase = 'shown';
      view.answer = body;
      view.draft = body.settings;
      view.problems = Object.create(null);
      view.failed = null;
      view.conflict = view.kept = view.saved = false;
      if (unsaved && body.settings && unsaved.version === body.version) {
        view.draft = unsaved.draft;
        view.kept = true;
      }
      unsaved = null;
    }

    function isChanged() {
      return Boolean(view.draft) && !draft.same(view.draft, view.answer.settings);
    }

    function edit(next) {
      view.draft = next;
      view.saved = false;
      draw();
    }

    function save() {
      const sent = view.draft;
      send(sent, function (body) {
        saved(body, view.draft === sent ? null : view.draft);
        view.saved = view.draft === body.settings;
        tell(t.saved);
      });
    }

    /* At once, and without what else is being changed: that stays a draft. */
    function pause(isOn) {
      send(draft.put(view.answer.settings, ['paused'], isOn), function (body) {
        saved(body, isChanged() ? Object.assign({}, view.draft, { paused: isOn }) : null);
        tell(isOn ? t.paused_told : t.resumed_told);
      });
    }

    /* What was changed and not sent, or while the answer was on its way, is a draft of what stands now. */
    function saved(body, mine) {
      show(body);
      if (mine) { view.draft = Object.assign({}, mine, { version: body.version }); }
    }

    function send(settings, done) {
      if (view.saving) { return; }
      view.saving = true;
      view.failed = null;
      view.problems = Object.create(null);
      draw();
      api.save(view.answer.version, settings).then(function (answer) {
        if (closed) { return; }
        view.saving = false;
        if (answer.ok) { done(answer.body); } else { refuse(answer); }
        draw();
        if (!answer.ok) { lead(); }
      });
    }

    function refuse(answer) {
      view.failed = answer.reason || t.unreachable;
      view.conflict = answer.status === 409;
      ((answer.body && answer.body.problems) || []).forEach(function (one) { view.problems[one.path] = one.text; });
    }

    /* To the first field that is wrong, unfolded. */
    function lead() {
      const first = root.querySelector('.identlink__error, .identlink__input_bad');
      if (!first) { return; }
      for (let node = first.parentElement; node && node !== root; node = node.parentElement) { if (node.nodeName === 'DETAILS') { node.open = true; } }
      const field = first.closest('.identlink__control, .identlink__group').querySelector('select, input');
      if (field) { field.focus(); }
    }

    function discard() {
      view.draft = view.answer.settings;
      view.problems = Object.create(null);
      view.failed = null;
      view.kept = view.conflict = false;
      draw();
    }

    function tell(text) {
      clearTimeout(telling);
      view.told = text;
      telling = setTimeout(function () { view.told = ''; draw(); }, TOLD_MS);
    }

    function warn(event) {
      if (!isChanged()) { return; }
      event.preventDefault();
      event.returnValue = '';
    }

    const unpaper = sight.paper(place, draw);
    window.addEventListener('beforeunload', warn);
    load();
    return {
      close: function () {
        unsaved = isChanged() ? { version: view.answer.version, draft: view.draft } : null;
        closed = true;
        clearTimeout(telling);
        unpaper();
        window.removeEventListener('beforeunload', warn);
        api.abort();
        place.replaceChildren();
      },
    };
  }

  /** The modal: what the widget does, whether the hub answers, where the settings are and whom to ask. @returns {close()} */
  function modal($modal, api, t) {
    const box = $modal && $modal[0];
    const place = box && (box.querySelector('.widget_settings_block__fields') || box.querySelector('.widget-settings__desc-space') || box);
    const root = h('div', { class: 'identlink identlink_modal' });
    const close = function () { root.remove(); };
    if (!place || place.querySelector('.identlink')) { return { close: close }; }
    place.appendChild(root);
    const draw = function (level, text, support) {
      root.classList.toggle('identlink_dark', sight.isDark(place));
      root.replaceChildren(
        h('p', {}, t.modal_about),
        h('p', { class: 'identlink__clinic', role: 'status' }, h('span', { class: 'identlink__dot identlink__dot_' + level }), h('span', {}, text)),
        h('p', { class: 'identlink__hint' }, t.modal_where), support ? h('p', {}, dom.outside(support, t.support)) : '');
    };
    draw('soft', t.modal_checking);
    api.settings().then(function (answer) {
      if (!root.isConnected) { return; }
      if (answer.ok) { draw.apply(null, standing(answer.body, t).concat(api.support)); return; }
      draw(answer.status ? 'amber' : 'red', answer.reason || t.modal_unreachable, answer.status ? api.support : null);
    });
    return { close: close };
  }

  function standing(body, t) {
    if (!body.settings || !body.health.clinics.length) { return ['amber', t.modal_no_clinic]; }
    const worst = ['red', 'amber', 'green'].find(function (level) { return body.health.clinics.some(function (one) { return one.level === level; }); });
    const clinic = body.health.clinics.find(function (one) { return one.level === worst; });
    return [body.settings.paused ? 'amber' : worst, body.settings.paused ? t.paused_now : t.modal_connected + ' ' + clinic.text + '.'];
  }

  return { forget: forget, modal: modal, open: open };
});
