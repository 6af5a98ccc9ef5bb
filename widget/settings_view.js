/* The settings page: a pure function from what is known to elements. It knows neither amoCRM nor the network.

   view = {phase: 'loading' | 'failed' | 'shown', answer: the hub's, draft, problems: {path: text}, failed: sentence, conflict, saving, told, kept}
   act  = {edit(next draft), save(), discard(), pause(isOn), reload()} */
define(['./dom.js', './format.js', './settings_draft.js', './settings_changes.js', './settings_fields.js'], function (dom, format, draft, changes, fields) {
  'use strict';

  const h = dom.h;
  const ZONES = [['Europe/Kaliningrad', 'Калининград, UTC+2'], ['Europe/Moscow', 'Москва, UTC+3'], ['Europe/Samara', 'Самара, UTC+4'],
    ['Asia/Yekaterinburg', 'Екатеринбург, UTC+5'], ['Asia/Omsk', 'Омск, UTC+6'], ['Asia/Krasnoyarsk', 'Красноярск, UTC+7'],
    ['Asia/Irkutsk', 'Иркутск, UTC+8'], ['Asia/Yakutsk', 'Якутск, UTC+9'], ['Asia/Vladivostok', 'Владивосток, UTC+10'],
    ['Asia/Magadan', 'Магадан, UTC+11'], ['Asia/Kamchatka', 'Камчатка, UTC+12']];

  function render(view, act, t) {
    return h('div', { class: 'identlink identlink_page', 'data-state': view.phase, 'aria-busy': view.phase === 'loading' || view.saving ? 'true' : 'false', tabindex: '-1' },
      h('div', { class: 'identlink__away', role: 'status', key: 'told' }, view.told),
      view.phase === 'loading' ? h('p', { class: 'identlink__hint', role: 'status' }, t.loading)
        : view.phase === 'failed' ? h('div', { class: 'identlink__told', role: 'alert' }, h('strong', {}, t.failed), h('p', {}, view.failed), helped(view, t, button(t.retry, act.reload)))
          : page(view, act, t));
  }

  function page(view, act, t) {
    const told = view.answer;
    const settings = view.draft;
    return [
      told.settings && told.settings.paused ? notice('red', t.paused_now) : null,
      told.health.trouble ? notice('red', told.health.trouble) : null,
      connection(told.health, t),
      settings ? [
        stages(view, act, t), budget(view, act, t), branches(view, act, t), rights(view, act, t), money(view, act, t), pause(view, act, t), history(told, t), footer(view, act, t),
      ] : h('div', { class: 'identlink__told', key: 'none' }, h('strong', {}, t.not_prepared), h('p', {}, t.not_prepared_hint), helped(view, t)),
    ];
  }

  function helped(view, t, first) {
    return h('div', { class: 'identlink__buttons' }, first, view.support ? dom.outside(view.support, t.support) : null);
  }

  function connection(health, t) {
    return fields.section('connection', t.connection, null, [
      health.clinics.length ? h('ul', { class: 'identlink__list' }, health.clinics.map(function (clinic) { return h('li', { key: clinic.id, class: 'identlink__clinic' },
        h('span', { class: 'identlink__dot identlink__dot_' + clinic.level }), h('strong', {}, dom.said(clinic.name)), h('span', {}, clinic.text),
        clinic.outbox ? h('span', { class: 'identlink__facts' }, t.outbox + '\u00a0' + clinic.outbox) : null,
        clinic.parked ? h('span', { class: 'identlink__late' }, t.parked + '\u00a0' + clinic.parked) : null,
        (clinic.off || []).length ? h('span', { class: 'identlink__facts' }, t.off + '\u00a0' + clinic.off.join(', ')) : null); }))
        : h('p', { class: 'identlink__none' }, t.no_clinics),
      h('p', { class: 'identlink__waits' }, health.undelivered ? t.undelivered + '\u00a0' + format.counted(health.undelivered, [t.patient_1, t.patient_2, t.patient_5]) : t.delivered),
      health.outcomes.length ? h('details', { class: 'identlink__more', key: 'outcomes' }, h('summary', {}, t.outcomes),
        h('ul', { class: 'identlink__list' }, health.outcomes.map(function (one) { return h('li', {}, h('span', { class: 'identlink__value' }, one.count), h('span', {}, one.text)); }))) : null,
    ]);
  }

  function stages(view, act, t) {
    const settings = view.draft;
    const choices = view.answer.choices;
    const used = Object.keys(settings.pipelines).map(function (name) { return settings.pipelines[name].pipeline_id; });
    const free = choices.pipelines.filter(function (one) { return used.indexOf(one.id) < 0; });
    return fields.section('stages', t.stages, t.stages_hint, [
      Object.keys(settings.pipelines).map(function (name) { return pipeline(name, view, act, t); }),
      free.length ? fields.select('pipelines.+', t.add_pipeline, [{ value: '', name: t.add_pipeline_choose }].concat(named(free)), '', {},
        function (id) { if (id) { act.edit(draft.withPipeline(settings, choices, Number(id))); } }) : null,
    ]);
  }

  function pipeline(name, view, act, t) {
    const settings = view.draft;
    const choices = view.answer.choices;
    const at = 'pipelines.' + name;
    const own = settings.pipelines[name];
    const title = t['role_' + name] || changes.nameOf(own, choices, t);
    const found = (draft.offer(choices, own.pipeline_id) || { stages: [] }).stages;
    return h('div', { class: 'identlink__pipeline', key: at, role: 'group', 'aria-label': title },
      h('div', { class: 'identlink__row' }, h('div', {}, h('h3', {}, title), t['role_' + name + '_hint'] ? h('p', { class: 'identlink__facts' }, t['role_' + name + '_hint']) : null),
        h('div', {}, fields.select(at + '.pipeline_id', t.pipeline, named(choices.pipelines), own.pipeline_id, view.problems,
          function (id) { act.edit(draft.toPipeline(settings, choices, name, Number(id))); }),
        draft.isNeeded(settings, name) ? null : button(t.remove, function () { act.edit(draft.withoutPipeline(settings, name)); }, 'identlink__link'))),
      choices.targets.map(function (target) { return targetRow(name, target, found, view, act, t); }));
  }

  function targetRow(name, target, found, view, act, t) {
    const settings = view.draft;
    const at = 'pipelines.' + name + '.targets.' + target.key;
    const rule = draft.get(settings, ['pipelines', name, 'targets', target.key]) || { stage: null, accepted: [], from: 'any' };
    const chosen = found.find(function (one) { return one.id === rule.stage; });
    return h('div', { class: 'identlink__row identlink__row_target', key: at },
      h('div', {}, h('strong', {}, target.name), h('p', { class: 'identlink__facts' }, target.hint)),
      h('div', {}, h('div', { class: 'identlink__stage', style: 'border-left-color:' + (chosen && /^#[0-9a-f]{6}$/i.test(chosen.color) ? chosen.color : 'transparent') },
        fields.select(at + '.stage', target.name + ': ' + t.stage, [{ value: '', name: t.no_move }].concat(named(found)), rule.stage === null ? '' : rule.stage, view.problems,
          function (id) { act.edit(draft.toStage(settings, name, target.key, id === '' ? null : Number(id))); }, true)),
      rule.stage === null ? null : h('details', { class: 'identlink__more', key: 'accepted' },
        h('summary', {}, t.accepted + (rule.accepted.length > 1 ? ': ' + format.counted(rule.accepted.length - 1, [t.more_1, t.more_2, t.more_5]) : '')),
        fields.checks(at + '.accepted', target.name + ': ' + t.accepted, t.accepted_hint, found.filter(function (one) { return one.id !== rule.stage; }).map(function (one) {
          return fields.check(dom.said(one.name), rule.accepted.indexOf(one.id) >= 0, function (isOn) {
            const others = rule.accepted.filter(function (id) { return id !== one.id; });
            act.edit(draft.put(settings, ['pipelines', name, 'targets', target.key, 'accepted'], isOn ? others.concat(one.id) : others));
          }, { key: one.id });
        }), view.problems))));
  }

  function budget(view, act, t) {
    const settings = view.draft;
    return fields.section('budget', t.budget, t.budget_hint, Object.keys(settings.pipelines).map(function (name) {
      const own = settings.pipelines[name];
      const path = ['pipelines', name, 'budget'];
      return h('div', { class: 'identlink__row', key: name }, h('h3', {}, changes.nameOf(own, view.answer.choices, t)), h('div', {},
        fields.select(path.concat('basis').join('.'), t.basis, ['bills', 'payments', 'plan'].map(function (one) { return { value: one, name: t['basis_' + one] }; }),
          own.budget.basis, view.problems, function (basis) { act.edit(draft.put(settings, path.concat('basis'), basis)); }),
        fields.check(t.people_win, own.budget.people_win, function (isOn) { act.edit(draft.put(settings, path.concat('people_win'), isOn)); }),
        own.budget.people_win ? null : h('p', { class: 'identlink__facts' }, t.basis_wins)));
    }));
  }

  function branches(view, act, t) {
    const settings = view.draft;
    const choices = view.answer.choices;
    const all = draft.branches(settings, choices);
    const pipelines = Object.keys(settings.pipelines).map(function (name) { return { value: name, name: changes.nameOf(settings.pipelines[name], choices, t) }; });
    return fields.section('branches', t.branches, all.length ? t.branches_hint : t.no_branches, all.map(function (one, place) {
      const route = one.route;
      const at = 'branches.' + (one.isSet ? place : 'new-' + place);
      const to = function (part) { return function (value) {
        const next = Object.assign({}, route);
        if (part === 'zone') { next.zone = value; } else { next.pipelines = Object.assign({}, route.pipelines); next.pipelines[part] = value; }
        act.edit(draft.toRoute(settings, next));
      }; };
      const base = choices.databases.find(function (other) { return other.id === route.database; });
      return h('div', { class: 'identlink__row identlink__row_branch', key: route.database + ':' + route.branch, role: 'group', 'aria-label': route.name },
        h('div', {}, h('h3', {}, dom.said(route.name || t.nameless)), choices.databases.length > 1 && base ? h('p', { class: 'identlink__facts' }, dom.said(base.name)) : null),
        h('div', { class: 'identlink__trio' },
          fields.select(at + '.pipelines.primary', t.role_primary, pipelines, route.pipelines.primary, view.problems, to('primary')),
          fields.select(at + '.pipelines.repeat', t.role_repeat, pipelines, route.pipelines.repeat, view.problems, to('repeat')),
          fields.select(at + '.zone', t.zone, ZONES.map(function (zone) { return { value: zone[0], name: zone[1] }; }).concat(
            ZONES.some(function (zone) { return zone[0] === route.zone; }) ? [] : { value: route.zone, name: route.zone }), route.zone, view.problems, to('zone')),
          view.problems[at + '.database'] ? h('p', { class: 'identlink__late' }, view.problems[at + '.database']) : null,
          view.problems[at + '.branch'] ? h('p', { class: 'identlink__late' }, view.problems[at + '.branch']) : null));
    }));
  }

  function rights(view, act, t) {
    const settings = view.draft;
    const choices = view.answer.choices;
    const whom = ['all', 'admin'].concat(choices.groups.map(function (one) { return 'group:' + one.id; }), choices.roles.map(function (one) { return 'role:' + one.id; }));
    return fields.section('rights', t.rights, t.rights_hint, draft.rights(settings).map(function (right) {
      const chosen = settings.rights[right];
      const names = whom.concat(chosen.filter(function (one) { return whom.indexOf(one) < 0; }));
      return fields.checks('rights.' + right, t['right_' + right], t['right_' + right + '_hint'], names.map(function (one) {
        return fields.check(dom.said(changes.whom(one, choices, t)), chosen.indexOf(one) >= 0, function (isOn) { act.edit(draft.toWhom(settings, right, one, isOn)); }, { key: one });
      }), view.problems);
    }));
  }

  /* Who compared a sample with IDENT's screen says so; for sums that are reckoned otherwise since, that says nothing. */
  function money(view, act, t) {
    const all = view.answer.money;
    return all.length ? fields.section('money', t.reconcile, t.reconcile_hint, all.map(function (one) {
      const held = draft.get(view.draft, ['money_verified', one.database]);
      const box = one.way || held ? fields.check(t.reconciled_box, Boolean(held) && held === one.way, function (isOn) {
        act.edit(draft.toConfirmed(view.draft, one.database, isOn ? one.way : null));
      }) : null;
      return fields.checks('money_verified.' + one.database, dom.said(one.name), one.text, [box,
        held && held !== one.way ? h('p', { class: 'identlink__late' }, t.reconciled_otherwise) : null,
        one.confirmed_by ? h('p', { class: 'identlink__facts' }, t.reconciled_by + ' ', dom.said(one.confirmed_by), ', ' + when(one.confirmed_at)) : null], view.problems);
    })) : null;
  }

  function pause(view, act, t) {
    const isOn = view.answer.settings.paused;
    return fields.section('pause', t.pause, t.pause_hint, button(isOn ? t.pause_off : t.pause_on, function () { act.pause(!isOn); },
      'identlink__button' + (isOn ? '' : ' identlink__button_danger'), null, view.saving));
  }

  function history(told, t) {
    return told.changed.length ? fields.section('history', t.history, null, h('ul', { class: 'identlink__list' }, told.changed.map(function (one) {
      return h('li', { key: one.version }, h('span', {}, when(one.at)), h('span', { class: 'identlink__value' }, dom.said(one.user)), h('span', { class: 'identlink__facts' }, one.what));
    }))) : null;
  }

  /* By the admin's own clock: it is the admin's own doing. */
  function when(iso) {
    const at = new Date(iso);
    const here = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    return format.moment(here + '+00:00', new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString());
  }

  function footer(view, act, t) {
    const found = changes.list(view.answer.settings, view.draft, view.answer.choices, t);
    const bad = Object.keys(view.problems).length;
    return h('div', { class: 'identlink__footer', key: 'footer' },
      view.failed ? h('div', { class: 'identlink__notice identlink__notice_red', role: 'alert', key: 'failed' }, h('span', {}, dom.said(view.failed)),
        view.conflict ? button(t.reload, act.reload) : null) : null,
      view.kept ? h('p', { class: 'identlink__facts', key: 'kept' }, t.kept) : null,
      found.length ? h('details', { class: 'identlink__more', key: 'changes' }, h('summary', {}, t.changes + '\u00a0' + found.length),
        h('ul', { class: 'identlink__list' }, found.map(function (one) { return h('li', {}, dom.said(one)); })))
        : h('p', { class: 'identlink__facts', key: 'none' }, view.saved ? t.saved : t.no_changes),
      h('div', { class: 'identlink__buttons' },
        button(view.saving ? t.saving : t.save, act.save, 'identlink__button identlink__button_main', null, view.saving || !found.length),
        button(t.discard, act.discard, 'identlink__button', null, view.saving || (!found.length && !bad))));
  }

  function named(offers) {
    return offers.map(function (one) { return { value: one.id, name: one.name }; });
  }

  function notice(level, text) {
    return h('div', { class: 'identlink__notice identlink__notice_' + level, role: 'status' }, h('span', {}, text));
  }

  /* A button that cannot be pressed now keeps the focus of whoever has just pressed it. */
  function button(text, onclick, look, label, disabled) {
    return h('button', { type: 'button', class: look || 'identlink__button', onclick: disabled ? null : onclick, 'aria-label': label,
      'aria-disabled': disabled ? 'true' : null }, text);
  }

  return { render: render };
});
