// The libraries as pages use them, in a real browser: from the server's own origin and from another.
import { after } from 'node:test';
import { story } from './story.mjs';
import { launch, openInPage, otherOrigin } from './browser.mjs';
import { openCometd, openFaye } from './libraries.mjs';

const { context, close } = await launch();
const elsewhere = await otherOrigin();
const admitted = ['--allow-origin', elsewhere.origin];

after(async () => {
  await close();
  elsewhere.close();
});

function tell(library, where, type, flags = []) {
  story(`${library} in a browser, ${type}, ${where} origin`, {
    type,
    flags,
    open: (server) => openInPage(context, {
      library, type, url: server.url, origin: where === 'same' ? server.origin : elsewhere.origin,
    }),
    openPeer: library === 'faye' ? openCometd : openFaye,
  });
}

tell('cometd', 'same', 'long-polling');
tell('cometd', 'same', 'websocket');
tell('cometd', 'another', 'long-polling', admitted);
tell('cometd', 'another', 'websocket', admitted);
tell('cometd', 'another', 'callback-polling', admitted);
tell('faye', 'same', 'long-polling');
tell('faye', 'same', 'websocket');
// Faye's client hears of the end of its stream's session by its next connect, which follows when one has been held for long.
tell('faye', 'same', 'eventsource', ['--hold', '4s']);
tell('faye', 'another', 'cross-origin-long-polling', admitted);
tell('faye', 'another', 'websocket', admitted);
tell('faye', 'another', 'callback-polling', admitted);
