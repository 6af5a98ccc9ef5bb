/* Loads the account's widget through RequireJS and calls its callbacks in the documented order; draws nothing itself. */
define(['state', 'widget_api'], function (state, api) {
  'use strict';

  let loading = null;
  let entered = null;
  let visit = 0;

  function told() { return state.start.widget; }

  function declares(location) {
    return told().locations.some(function (one) { return one.replace(/-[01]$/, '') === location || one === 'everywhere'; });
  }

  /** The one object of the widget: made when it is first needed, kept as long as the page is. */
  function instance() {
    loading = loading || new Promise(function (resolve, reject) {
      window.require([told().path + '/script.js'], function (CustomWidget) {
        function Target() {}
        Target.prototype = Object.assign(Object.create(CustomWidget.prototype), api.methods(told()));
        resolve(Reflect.construct(CustomWidget, [], Target));
      }, reject);
    });
    return loading;
  }

  /** The page opened an area: render, then init and bind_actions. Resolves to the widget, or null if it does not take part. */
  async function enter(location) {
    leave();
    const mine = visit;
    if (!told().is_active || !declares(location)) { return null; }
    const widget = await instance();
    if (mine !== visit) { return null; }
    if (widget.callbacks.render() !== true) { return null; }
    entered = widget;
    widget.callbacks.init();
    widget.callbacks.bind_actions();
    return widget;
  }

  /** The page leaves the area, or the widget is switched off. */
  function leave() {
    visit += 1;
    const widget = entered;
    entered = null;
    if (widget) { widget.callbacks.destroy(); }
  }

  return { enter: enter, leave: leave, instance: instance };
});
