import { createApp } from 'vue';
import './components/ui';
import './styles/tokens.css';
import './styles/base.css';
import './styles/thread.css';
import './styles/element.css';
import './store/prefs';
import App from './App.vue';
import { router } from './router';

createApp(App).use(router).mount('#app');
