/* What an admin is changing: pure steps from one draft of the settings to the next, and the list of what differs from what is kept. */
define([], function () {
  'use strict';

  function copy(value) {
    return JSON.parse(JSON.stringify(value));
  }

  function same(one, other) {
    return JSON.stringify(one) === JSON.stringify(other);
  }

  /** The settings with the value at `path` (a list of names) replaced. */
  function put(settings, path, value) {
    const next = copy(settings);
    const last = path[path.length - 1];
    const place = path.slice(0, -1).reduce(function (at, name) { return own(at, name) || set(at, name, {}); }, next);
    set(place, last, value);
    return next;
  }

  function get(settings, path) {
    return path.reduce(own, settings);
  }

  /* A name may be any text: `constructor` and `__proto__` are names like others, and never lead to what all objects share. */
  function own(at, name) {
    return at !== undefined && at !== null && Object.prototype.hasOwnProperty.call(at, name) ? at[name] : undefined;
  }

  function set(at, name, value) {
    Object.defineProperty(at, name, { value: value, configurable: true, enumerable: true, writable: true });
    return value;
  }

  /** The rights that both this page and the hub know: a hub may be older or newer than the widget. */
  function rights(settings) {
    return ['money', 'family', 'search'].filter(function (right) { return Array.isArray(own(settings.rights, right)); });
  }

  function offer(choices, id) {
    return choices.pipelines.find(function (one) { return one.id === id; });
  }

  function stageName(choices, pipelineId, stageId) {
    const found = (offer(choices, pipelineId) || { stages: [] }).stages.find(function (one) { return one.id === stageId; });
    return found ? found.name : null;
  }

  /** A target leads to another stage, or to none; being there counts as accepted, as before. */
  function toStage(settings, name, target, stage) {
    const path = ['pipelines', name, 'targets', target];
    const before = get(settings, path) || { stage: null, accepted: [], from: 'any' };
    const accepted = before.accepted.filter(function (id) { return id !== before.stage && id !== stage; });
    return put(settings, path, { stage: stage, accepted: stage === null ? accepted : [stage].concat(accepted), from: before.from });
  }

  /** Another pipeline: what stages have the same names there stay chosen. */
  function toPipeline(settings, choices, name, pipelineId) {
    const before = get(settings, ['pipelines', name]);
    const there = offer(choices, pipelineId);
    const moved = function (id) {
      const called = stageName(choices, before.pipeline_id, id);
      const found = there.stages.find(function (one) { return one.id === id || (called && one.name === called); });
      return found ? found.id : null;
    };
    const targets = {};
    Object.keys(before.targets).forEach(function (target) {
      const rule = before.targets[target];
      const kept = function (ids) { return ids.map(moved).filter(Boolean); };
      set(targets, target, { stage: rule.stage === null ? null : moved(rule.stage), accepted: kept(rule.accepted), from: rule.from === 'any' ? 'any' : kept(rule.from) });
    });
    return put(settings, ['pipelines', name], Object.assign({}, before, { pipeline_id: pipelineId, targets: targets }));
  }

  /** One more pipeline, for a branch that has its own: it begins as the first one stands. Its name may be that of a row which leads to
      another pipeline by now. */
  function withPipeline(settings, choices, pipelineId) {
    const first = 'pipeline_' + pipelineId;
    let name = first;
    for (let number = 2; own(settings.pipelines, name); number += 1) { name = first + '_' + number; }
    return toPipeline(put(settings, ['pipelines', name], copy(settings.pipelines.primary)), choices, name, pipelineId);
  }

  function withoutPipeline(settings, name) {
    const next = copy(settings);
    delete next.pipelines[name];
    return next;
  }

  /** Whether a branch is led there, or everybody is. */
  function isNeeded(settings, name) {
    return name === 'primary' || name === 'repeat' || settings.branches.some(function (route) {
      return Object.keys(route.pipelines).some(function (role) { return route.pipelines[role] === name; });
    });
  }

  /** Every branch that the clinic has or the settings name, with its route or the default one. */
  function branches(settings, choices) {
    const known = settings.branches.map(function (route) { return { route: route, isSet: true }; });
    choices.branches.forEach(function (one) {
      if (known.some(function (other) { return other.route.database === one.database && other.route.branch === one.branch; })) { return; }
      const base = choices.databases.find(function (other) { return other.id === one.database; });
      known.push({ isSet: false, route: {
        database: one.database, branch: one.branch, name: one.name, zone: base ? base.zone : settings.zone,
        pipelines: { primary: 'primary', repeat: 'repeat' }, responsible: [],
      } });
    });
    return known;
  }

  function toRoute(settings, route) {
    const isIt = function (one) { return one.database === route.database && one.branch === route.branch; };
    const place = settings.branches.findIndex(isIt);
    const next = copy(settings);
    if (place < 0) { next.branches.push(route); } else { next.branches[place] = route; }
    return next;
  }

  /** `all` leaves nobody to name beside it. */
  function toWhom(settings, right, whom, isOn) {
    const before = settings.rights[right].filter(function (one) { return one !== whom && (one !== 'all' || !isOn); });
    const next = isOn ? (whom === 'all' ? ['all'] : before.concat(whom)) : before;
    return put(settings, ['rights', right], next);
  }

  /** Sums of a database are confirmed as they are reckoned now (`way`), or not any more (null). */
  function toConfirmed(settings, database, way) {
    const next = {};
    const before = Object.assign({}, settings.money_verified);
    if (way) { before[database] = way; } else { delete before[database]; }
    Object.keys(before).sort().forEach(function (name) { next[name] = before[name]; });
    return put(settings, ['money_verified'], next);
  }

  return {
    branches: branches, copy: copy, get: get, isNeeded: isNeeded, offer: offer, put: put, rights: rights, same: same, stageName: stageName,
    toConfirmed: toConfirmed, toPipeline: toPipeline, toRoute: toRoute, toStage: toStage, toWhom: toWhom, withPipeline: withPipeline, withoutPipeline: withoutPipeline,
  };
});
