/* What is open now, in one place: filled by the pages, read by APP and by the widgets' methods. */
define([], function () {
  'use strict';

  return {
    /** What the server told once, see screens.py `start`. */
    start: null,
    /** {area, location, entity, card}: `card` is the data of the open card, else null. */
    view: { area: '', location: '', entity: '', card: null },
  };
});
