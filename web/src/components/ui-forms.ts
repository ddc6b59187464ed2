// Element Plus for forms, apart from ui.ts so that the first page does not carry it.

import 'element-plus/es/components/option/style/css';
import 'element-plus/es/components/option-group/style/css';
import 'element-plus/es/components/select/style/css';

export { ElOption, ElOptionGroup, ElSelect } from 'element-plus/es/components/select/index.mjs';
