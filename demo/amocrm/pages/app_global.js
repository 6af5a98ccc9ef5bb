/* The global APP: the documented members and no others, so that a widget that leans on more fails here first. */
define(['state', 'toasts'], function (state, toasts) {
  'use strict';

  function constants() {
    const start = state.start;
    const users = Object.fromEntries(start.users.map(function (one) { return [one.id, { id: one.id, title: one.name }]; }));
    return {
      user: { id: start.user.id, name: start.user.name, login: start.user.email },
      user_rights: start.user_rights,
      account: start.account,
      managers: users,
      groups: start.groups,
      task_types: start.task_types,
    };
  }

  return {
    lang_id: 'ru',
    element_types: { contacts: 1, leads: 2, companies: 3, customers: 12 },
    cf_types: {
      text: 1, numeric: 2, checkbox: 3, select: 4, multiselect: 5, date: 6, url: 7, multitext: 8, textarea: 9,
      radiobutton: 10, streetaddress: 11, birthday: 14, date_time: 19,
    },
    data: { current_view: null, current_list: null, current_card: null },
    isCard: function () { return state.view.card !== null; },
    getBaseEntity: function () { return state.view.entity; },
    getWidgetsArea: function () { return state.view.area; },
    constant: function (name) { return constants()[name]; },
    notifications: {
      show_message: function (told) { toasts.show('message', told.header, told.text); },
      show_message_error: function (told) { toasts.show('error', told.header, told.text); },
      show_notification: function (told) { toasts.show('message', told.header, told.text); },
      add_error: function (told) { toasts.show('error', told.header, told.text); },
    },
  };
});
