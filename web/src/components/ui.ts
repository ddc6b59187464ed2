// The Element Plus components in use, each imported alone with its own style, so that the bundle carries nothing else.
// Screens import from here, never from 'element-plus'.

import 'element-plus/es/components/base/style/css';
import 'element-plus/es/components/button/style/css';
import 'element-plus/es/components/dialog/style/css';
import 'element-plus/es/components/drawer/style/css';
import 'element-plus/es/components/input/style/css';
import 'element-plus/es/components/segmented/style/css';
import 'element-plus/es/components/switch/style/css';
import 'element-plus/theme-chalk/dark/css-vars.css';

export { ElButton } from 'element-plus/es/components/button/index.mjs';
export { ElConfigProvider } from 'element-plus/es/components/config-provider/index.mjs';
export { ElDialog } from 'element-plus/es/components/dialog/index.mjs';
export { ElDrawer } from 'element-plus/es/components/drawer/index.mjs';
export { ElInput } from 'element-plus/es/components/input/index.mjs';
export { ElSegmented } from 'element-plus/es/components/segmented/index.mjs';
export { ElSwitch } from 'element-plus/es/components/switch/index.mjs';
