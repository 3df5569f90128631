/** `npm start`: installs and builds when needed, then runs `weft quickstart` with the arguments given. */

import { join } from 'node:path';

import { become, build, install, requireNode, root } from './prepare.mjs';

requireNode();
install();
build();
become(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'quickstart', ...process.argv.slice(2)]);
