// The clients as programs use them, over long-polling and websockets.
import { story } from './story.mjs';
import { openCometd, openCometdSocket, openFaye, openFayeSocket } from './libraries.mjs';

story('cometd in Node', { type: 'long-polling', open: openCometd, openPeer: openFaye });
story('faye in Node', { type: 'long-polling', open: openFaye, openPeer: openCometd });
story('cometd in Node, four loops', { type: 'long-polling', open: openCometd, openPeer: openFaye, flags: ['--loops', '4'] });
story('faye in Node, four loops', { type: 'long-polling', open: openFaye, openPeer: openCometd, flags: ['--loops', '4'] });
story('cometd in Node, websocket', { type: 'websocket', open: openCometdSocket, openPeer: openFaye });
story('faye in Node, websocket', { type: 'websocket', open: openFayeSocket, openPeer: openCometdSocket });
story('cometd in Node, websocket, four loops', { type: 'websocket', open: openCometdSocket, openPeer: openFayeSocket, flags: ['--loops', '4'] });
