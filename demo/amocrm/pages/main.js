/* Names the modules as amoCRM does, leaves no library as a global, and starts the page. */
requirejs.config({
  baseUrl: '/_stand-in/files',
  paths: {
    jquery: '/_stand-in/vendor/jquery',
    underscore: '/_stand-in/vendor/underscore',
    backbone: '/_stand-in/vendor/backbone',
    moment: '/_stand-in/vendor/moment',
    twigjs: '/_stand-in/vendor/twig',
    'lib/components/base/modal': '/_stand-in/files/modal',
  },
});
require(['jquery', 'underscore', 'backbone', 'app_global', 'shell', 'twigjs'], function ($, underscore, backbone, app, shell) {
  'use strict';

  underscore.noConflict();
  $.noConflict(true);
  backbone.noConflict();
  window.Twig = undefined; // declared by twig.js at its top, not needed by it afterwards
  Object.defineProperty(window, 'APP', { value: app, configurable: true });
  shell.start();
});
