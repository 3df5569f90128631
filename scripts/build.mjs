/** `npm run build`: dist/ from the sources, the page included. */

import { build, install, requireNode } from './prepare.mjs';

requireNode();
install();
build({ force: true });
