/* The documented methods of a widget's `self`, and no others. */
define(['jquery', 'twigjs', 'state', 'token', 'column', 'server'], function ($, twig, state, token, column, server) {
  'use strict';

  function template(text, params) { return twig.twig({ data: text }).render(params || {}); }

  /** What a widget inherits. `told` is the server's word on it, see screens.py `widget_shape`. */
  function methods(told) {
    const own = {
      settings: Object.assign({
        active: told.is_active ? 'Y' : 'N',
        id: told.code,
        images_path: told.path + '/images',
        oauth_client_uuid: told.client_uuid,
        path: told.path,
        status: told.is_active ? 'installed' : 'not_configured',
        version: told.version,
        widget_active: told.is_active ? 'Y' : 'N',
        widget_code: told.code,
      }, told.settings),
      status: told.is_active ? 'installed' : 'install',
    };

    function fromUrl(options, params) {
      const url = (options.base_path || '') + options.href + (options.v ? '?v=' + options.v : '');
      return $.ajax({ url: url, dataType: 'text' }).then(function (text) {
        const loaded = { render: function (more) { return template(text, Object.assign({}, params, more)); } };
        if (options.load) { options.load(loaded); }
        return loaded;
      });
    }

    return {
      params: own.settings,
      langs: told.langs,
      get_settings: function () { return own.settings; },
      set_settings: function (more) { Object.assign(own.settings, more); },
      system: function () {
        const start = state.start;
        return {
          area: state.view.location, amouser_id: start.user.id, amouser: start.user.email,
          subdomain: start.account.subdomain, domain: location.host, server: '.' + location.hostname,
        };
      },
      i18n: function (key) { return this.langs[key]; },
      set_lang: function (langs) { this.langs = langs; },
      render: function (options, params) {
        if (options.data !== undefined) { return template(options.data, params); }
        if (options.href !== undefined) { return fromUrl(options, params); }
        throw new Error('self.render: amoCRM\'s own twig controls (ref) are not built in the stand-in');
      },
      render_template: function (options, params) {
        const html = options.render ? template(options.render, params) : template(options.body || '', params);
        column.fill(told.code, options.caption || {}, html);
      },
      get_current_card_contacts_data: function () {
        const card = state.view.card;
        const contacts = !card ? [] : card.entity === 'leads' ? card.contacts : [card];
        return Promise.resolve(contacts.map(function (one) {
          return {
            id: one.id, name: one.name, first_name: one.first_name, last_name: one.last_name,
            phones: one.phones.slice(), emails: one.emails.slice(),
          };
        }));
      },
      $authorizedAjax: function (options) { return token.authorizedAjax(told.client_uuid, options); },
      crm_post: function (url, data, done, type, failed) {
        server.post('crm_post', { url: url, data: data || {} }).then(function (answer) {
          const isJson = (type || 'text') === 'json';
          if (done) { done(isJson ? JSON.parse(answer.text) : answer.text); }
        }, failed);
      },
      set_status: function (status) { own.status = status; },
      get_install_status: function () { return own.status; },
      get_version: function () { return told.version; },
      get_accounts_current: function () { return Promise.resolve(state.start.account); },
    };
  }

  return { methods: methods };
});
