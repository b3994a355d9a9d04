/** The Annotate page without the server: the service worker serves it from what this browser keeps. */
import { mount } from './main.mjs';
import { watchForServer } from './page/returning.mjs';

const root = document.querySelector('.mw-root');
void mount(root);
watchForServer({ bar: document.querySelector('.mw-offline'), state: () => root.maskwright.state() });
