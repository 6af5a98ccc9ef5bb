/* The stage switch in the head of a deal's card: where the deal stands, and a menu of all pipelines with their stages. */
define(['dom'], function (dom) {
  'use strict';

  const h = dom.h;
  const CLOSING = 2;

  /** `act.move(pipelineId, statusId)`, and `act.shut()` when the menu was closed without a choice. */
  function draw(card, act) {
    const pipeline = card.pipelines.find(function (one) { return one.id === card.pipeline_id; });
    const at = pipeline.stages.findIndex(function (one) { return one.id === card.status_id; });
    const choices = menu(card, act);
    const button = h('button', {
      type: 'button', class: 'stages__now', 'data-action': 'stages', 'data-focus': 'stages', 'aria-expanded': 'false',
      disabled: !card.id, onclick: toggle,
    }, h('span', { class: 'stages__names' }, h('span', { class: 'stages__title' }, pipeline.name),
      h('span', { 'data-stage-name': '' }, pipeline.stages[at].name, card.loss_reason ? ' (' + card.loss_reason + ')' : '')), dom.icon('down'));

    function toggle() {
      choices.hidden = !choices.hidden;
      button.setAttribute('aria-expanded', String(!choices.hidden));
      if (choices.hidden) { act.shut(); }
    }

    const box = h('div', {
      class: 'stages', 'data-menu': '',
      onkeydown: function (event) {
        if (event.key !== 'Escape' || choices.hidden) { return; }
        button.focus();
        toggle();
      },
      onfocusout: function (event) {
        if (!choices.hidden && event.relatedTarget && !box.contains(event.relatedTarget)) { toggle(); }
      },
    }, button, bar(pipeline.stages, at), choices);
    return box;
  }

  /* One segment for each stage on the way, without the two that close a deal. */
  function bar(stages, at) {
    const way = stages.slice(0, Math.max(1, stages.length - CLOSING));
    return h('div', { class: 'stages__bar', 'aria-hidden': 'true' }, way.map(function (_, n) {
      return h('span', { style: n <= at ? 'background:' + stages[at].color : null });
    }));
  }

  function menu(card, act) {
    return h('div', { class: 'stages__menu', hidden: true, 'data-stages': '' }, card.pipelines.map(function (pipeline) {
      return h('div', { class: 'stages__pipeline' }, h('div', { class: 'stages__title' }, pipeline.name),
        pipeline.stages.map(function (stage) { return choice(card, pipeline, stage, act); }));
    }));
  }

  function choice(card, pipeline, stage, act) {
    const isNow = pipeline.id === card.pipeline_id && stage.id === card.status_id;
    return h('button', {
      type: 'button', class: 'stages__stage', style: 'background:' + stage.color, 'data-stage': pipeline.id + ':' + stage.id,
      'aria-current': isNow ? 'true' : null, onclick: function () { act.move(pipeline.id, stage.id); },
    }, stage.name);
  }

  /** A press elsewhere shuts the menu that is open in `root`. */
  function pressed(root, target) {
    const open = root.querySelector('[data-stages]:not([hidden])');
    if (open && !target.closest('[data-menu]')) { root.querySelector('[data-action="stages"]').click(); }
  }

  return { draw: draw, pressed: pressed };
});
