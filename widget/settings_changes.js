/* Says in words what a draft of the settings would change. Pure. */
define(['./settings_draft.js'], function (draft) {
  'use strict';

  /** [«Первичные, Записан: «Думает» вместо «Записан»», …] */
  function list(before, after, choices, t) {
    const told = [];
    const differ = function (path) { return !draft.same(draft.get(before, path), draft.get(after, path)); };
    const say = function (where, what) { told.push(where + ': ' + what); };

    Array.from(new Set(Object.keys(before.pipelines).concat(Object.keys(after.pipelines)))).forEach(function (name) {
      const at = ['pipelines', name];
      const was = draft.get(before, at);
      const is = draft.get(after, at);
      const where = nameOf(is || was, choices, t);
      if (!was || !is) { say(where, was ? t.removed : t.added); return; }
      if (differ(at.concat('pipeline_id'))) { say(t['role_' + name] || where, where); }
      if (differ(at.concat('budget', 'basis'))) { say(where, t.basis + ' — ' + t['basis_' + is.budget.basis]); }
      if (differ(at.concat('budget', 'people_win'))) { say(where, is.budget.people_win ? t.people_win : t.basis_wins); }
      choices.targets.forEach(function (target) {
        const path = at.concat('targets', target.key);
        const rule = draft.get(after, path);
        if (differ(path.concat('stage'))) { say(where + ', ' + target.name, stage(is, rule.stage, choices, t)); }
        else if (differ(path.concat('accepted'))) { say(where + ', ' + target.name, t.accepted_changed); }
      });
    });
    draft.branches(after, choices).forEach(function (one) {
      const route = one.route;
      const old = before.branches.find(function (other) { return other.database === route.database && other.branch === route.branch; });
      if (one.isSet && !draft.same(old, route)) { say(t.branch + ' «' + route.name + '»', t.changed_one); }
    });
    draft.rights(after).forEach(function (right) {
      if (differ(['rights', right])) { say(t['right_' + right], after.rights[right].map(function (one) { return whom(one, choices, t); }).join(', ') || t.nobody); }
    });
    choices.databases.forEach(function (one) {
      if (differ(['money_verified', one.id])) { say(t.reconciled + ' «' + one.name + '»', draft.get(after, ['money_verified', one.id]) ? t.reconciled_on : t.reconciled_off); }
    });
    return told;
  }

  function nameOf(pipeline, choices, t) {
    return (draft.offer(choices, pipeline.pipeline_id) || { name: t.gone }).name;
  }

  function stage(pipeline, id, choices, t) {
    return id === null ? t.no_move : draft.stageName(choices, pipeline.pipeline_id, id) || t.gone;
  }

  /** «Все», «Администраторы», «Группа «Ресепшен»». */
  function whom(name, choices, t) {
    if (name === 'all' || name === 'admin') { return t['whom_' + name]; }
    const parts = name.split(':');
    if (['group', 'role'].indexOf(parts[0]) < 0) { return t.whom_other + ' «' + name + '»'; }
    const found = (choices[parts[0] + 's'] || []).find(function (one) { return one.id === Number(parts[1]); });
    return t['whom_' + parts[0]] + ' «' + (found && found.name ? found.name : t.gone) + '»';
  }

  return { list: list, nameOf: nameOf, whom: whom };
});
