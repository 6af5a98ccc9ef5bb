/* The integrations of the account: a tile, the settings modal that opens from it, and the widget's own settings page. */
define(['dom', 'state', 'server', 'host', 'lib/components/base/modal', 'toasts'],
  function (dom, state, server, host, Modal, toasts) {
    'use strict';

    const h = dom.h;

    /** The list, /settings/widgets/. */
    function list(place, go) {
      state.view = { area: 'widgetsSettings', location: 'settings', entity: 'settings', card: null };
      place.replaceChildren(frame('widgets', 'Интеграции', tile(go)));
      document.title = 'Интеграции – amoCRM: стенд';
      host.enter('settings');
      return { changed: function () {}, leave: host.leave };
    }

    /** The menu of settings, in which a widget's own page stands after amoCRM's, and what was chosen in it. */
    function frame(name, title, content) {
      const widget = state.start.widget;
      const own = widget.locations.includes('advanced_settings') && widget.is_active
        ? item('/settings/widgets/' + widget.code + '/', text(widget, widget.advanced_title) || widget.langs.widget.name, 'advanced', name) : null;
      return h('div', { class: 'settings', 'data-page': name },
        h('nav', { class: 'settings__menu', 'aria-label': 'Настройки' }, item('/settings/widgets/', 'Интеграции', 'widgets', name), own),
        h('div', { class: 'market' }, h('h1', { class: 'market__title' }, title), content));
    }

    function item(path, title, name, here) {
      return h('a', { class: 'settings__item', href: path, 'data-go': '', 'data-action': name, 'aria-current': name === here ? 'page' : null }, title);
    }

    /** A text of the widget by its key in the manifest, like `widget.name`. */
    function text(widget, key) {
      return key && key.split('.').reduce(function (at, part) { return at && at[part]; }, widget.langs);
    }

    function tile(go) {
      const widget = state.start.widget;
      return h('article', { class: 'market__tile', 'data-widget': widget.code },
        h('img', { class: 'market__logo', src: widget.path + '/images/logo_main.png', alt: '', width: 200, height: 136 }),
        h('div', { class: 'market__about' }, h('h2', {}, widget.langs.widget.name), h('p', {}, widget.langs.widget.short_description),
          h('p', { class: 'market__status', 'data-status': widget.is_active ? 'on' : 'off' }, widget.is_active ? 'Включена' : 'Выключена'),
          h('div', { class: 'market__actions' },
            h('button', { type: 'button', class: 'button button_main', 'data-action': 'open-modal', onclick: function () { modal(go); } }, widget.is_active ? 'Открыть' : 'Установить'))));
    }

    async function modal(go) {
      const told = state.start.widget;
      const widget = await host.instance();
      const box = new Modal({
        class_name: 'market-modal',
        init: function ($body) {
          $body.attr('aria-label', told.langs.widget.name);
          $body.append(inside(told, widget, function () {
            box.destroy();
            go('/settings/widgets/');
          }));
          widget.callbacks.settings($body, {});
        },
      });
    }

    function inside(told, widget, done) {
      const inputs = Object.entries(told.settings_fields).map(function ([key, field]) { return input(told, key, field); });
      return h('div', { class: 'widget-settings' },
        h('img', { class: 'widget-settings__logo', src: told.path + '/images/logo_main.png', alt: '' }),
        h('div', { class: 'widget-settings__main' }, h('h2', {}, told.langs.widget.name), h('p', {}, told.langs.widget.description),
          h('div', { class: 'widget_settings_block' }, h('div', { class: 'widget_settings_block__fields' }, inputs),
            h('div', { class: 'widget_settings_block__controls' },
              h('button', { type: 'button', class: 'button button_main js-widget-save', 'data-action': 'save-widget', onclick: function () { save(told, widget, inputs, true, done); } }, told.is_active ? 'Сохранить' : 'Установить'),
              told.is_active ? h('button', { type: 'button', class: 'button js-widget-uninstall', 'data-action': 'disable-widget', onclick: function () { save(told, widget, inputs, false, done); } }, 'Отключить') : null))));
    }

    function input(told, key, field) {
      const value = told.settings[key] || '';
      if (field.type === 'custom') {
        return h('div', { class: 'widget_settings_block__item_field' }, h('div', { id: told.code + '_custom_content' }),
          h('input', { type: 'hidden', name: key, id: told.code + '_custom', value: value }));
      }
      return h('label', { class: 'widget_settings_block__item_field' }, h('span', {}, text(told, field.name) || key),
        h('input', { class: 'field__input', name: key, value: value, type: field.type === 'pass' ? 'password' : 'text', required: field.required }));
    }

    async function save(told, widget, inputs, isActive, done) {
      const values = Object.fromEntries(inputs.flatMap(function (node) {
        return Array.from(node.querySelectorAll('input[name]'), function (one) { return [one.name, one.value]; });
      }));
      const agreed = await Promise.resolve(widget.callbacks.onSave({ active: isActive ? 'Y' : 'N', fields: values })).catch(function () { return false; });
      if (agreed !== true && agreed !== undefined) {
        toasts.show('error', told.langs.widget.name, 'Виджет не сохранил настройки');
        return;
      }
      if (!isActive) { host.leave(); }
      try {
        await server.put('widget', { is_active: isActive, settings: values });
      } catch (failed) {
        toasts.show('error', 'Не сохранено', failed.message);
        return;
      }
      Object.assign(told, { is_active: isActive, settings: values });
      widget.set_settings(Object.assign({ active: isActive ? 'Y' : 'N', widget_active: isActive ? 'Y' : 'N', status: isActive ? 'installed' : 'not_configured' }, values));
      done();
    }

    /** The widget's own page, /settings/widgets/{code}/: it draws into #work-area-{code}. */
    function advanced(place) {
      const widget = state.start.widget;
      state.view = { area: 'advanced-settings:' + widget.code, location: 'advanced_settings', entity: 'settings', card: null };
      const title = text(widget, widget.advanced_title) || widget.langs.widget.name;
      place.replaceChildren(frame('advanced', title,
        h('div', { id: 'list_page_holder' }, h('div', { id: 'work-area-' + widget.code, class: 'market__area' }))));
      document.title = title + ' – amoCRM: стенд';
      host.enter('advanced_settings').then(function (entered) { if (entered) { entered.callbacks.advancedSettings(); } });
      return { changed: function () {}, leave: host.leave };
    }

    return { list: list, advanced: advanced };
  });
