// The phone's page (/m): reports, tasks and progress, for a thumb, with or without a network. A light page of its own: Vue and nothing
// else at first; the map's code comes when a map is opened.

import { createApp } from 'vue';
import '../styles/tokens.css';
import '../styles/base.css';
import './phone.css';
import '../store/prefs';
import PhoneApp from './PhoneApp.vue';
import { watchSession } from '../store/renewal';
import { registerWorker } from './update';
import { begin } from './state';

createApp(PhoneApp).mount('#app');
void begin();
watchSession();
registerWorker();
