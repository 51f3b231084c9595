// The clients as programs use them, over long-polling.
import { story } from './story.mjs';
import { openCometd, openFaye } from './libraries.mjs';

story('cometd in Node', { type: 'long-polling', open: openCometd, openPeer: openFaye });
story('faye in Node', { type: 'long-polling', open: openFaye, openPeer: openCometd });
story('cometd in Node, four loops', { type: 'long-polling', open: openCometd, openPeer: openFaye, flags: ['--loops', '4'] });
story('faye in Node, four loops', { type: 'long-polling', open: openFaye, openPeer: openCometd, flags: ['--loops', '4'] });
